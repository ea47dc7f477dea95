/**
 * Tells a quiet link from a dead one. A link on which nothing was heard for two seconds is pinged;
 * when nothing at all is heard for two more and a round trip, the peer is dead and the caller resets
 * it: so a far link lives, and a near one is given up as soon. Anything heard counts as an answer,
 * so a busy link is pinged only for a fresh round-trip time. The listener waits a little longer
 * than the dialler: on a quiet link one side asks, the other answers.
 */
import type { Bytes } from '../../base/bytes.ts'
import {
  LINK_DEAD_AFTER_MS,
  LINK_PING_AFTER_MS,
  LINK_ROUND_TRIP_MAX_MS,
} from '../../base/limits.ts'
import { secondMs } from '../../base/time.ts'
import { type Value, encode } from '../../codec/canonical.ts'
import { tuple, u32, where } from '../../codec/shape.ts'

/** Frame kinds: [6, number] asks, [7, number] answers with the same number. */
const pingKind = 6
const pongKind = 7

/** How much longer than the dialler the listener waits before it asks, in ms. */
const listenerWaitsMs = 500
/** What an answer may take besides its way: a silent cut is to be noticed within five seconds. */
const answerMs = LINK_DEAD_AFTER_MS - LINK_PING_AFTER_MS
/** A round-trip time older than this is measured again even on a busy link, in ms. */
const measureAgainMs = 30 * secondMs
/** A tick that comes this late was held up here, which says nothing about the peer, in ms. */
const ownStallMs = 1 * secondMs

export interface KeepAlive {
  /** Silence before a ping, in ms. */
  readonly quietMs: number
  heardMs: number
  /** When the last ping left. */
  askedMs: number
  /** True from a ping until anything is heard. */
  waiting: boolean
  /** Number of the last ping; 0 before the first. */
  number: number
  /** True from a ping until its own answer: other pings may leave meanwhile. */
  measuring: boolean
  /** That ping, and when it left. */
  measured: { readonly number: number; readonly sinceMs: number }
  /** The last measured round-trip time in ms, or null. */
  rttMs: number | null
}

export interface KeepAliveStep {
  /** To be sent now. */
  readonly frames: readonly Bytes[]
  /** True when the peer is to be reset. Nothing more comes of this state. */
  readonly dead: boolean
}

const nothing: KeepAliveStep = Object.freeze({ frames: Object.freeze([]), dead: false })

/** Frames of these kinds belong to the keep-alive. */
export function isKeepAliveKind(kind: number): boolean {
  return kind === pingKind || kind === pongKind
}

/** For a channel that has just opened; `initiator` when this side dialled. */
export function createKeepAlive(initiator: boolean, nowMs: number): KeepAlive {
  return {
    quietMs: LINK_PING_AFTER_MS + (initiator ? 0 : listenerWaitsMs),
    heardMs: nowMs,
    // As if asked long ago, so that the first tick measures.
    askedMs: nowMs - measureAgainMs,
    waiting: false,
    number: 0,
    measuring: false,
    measured: { number: 0, sinceMs: nowMs },
    rttMs: null,
  }
}

/** Any frame of any kind came on this channel. Cheap: call it for each, before looking at it. */
export function heard(link: KeepAlive, nowMs: number): void {
  link.heardMs = nowMs
  link.waiting = false
}

/** What an answer may take on its way; the most that is granted while nothing has been measured. */
const roundTrip = ({ rttMs }: KeepAlive): number =>
  Math.min(rttMs ?? LINK_ROUND_TRIP_MAX_MS, LINK_ROUND_TRIP_MAX_MS)

/** When `tick` has something to do, in monotonic ms. */
export function deadline(link: KeepAlive): number {
  if (link.waiting) return link.askedMs + answerMs + roundTrip(link)
  return Math.min(link.heardMs + link.quietMs, link.askedMs + measureAgainMs)
}

/** Asks when it is time to, and gives the peer up when it is time to. Does nothing before that. */
export function tick(link: KeepAlive, nowMs: number): KeepAliveStep {
  const dueMs = deadline(link)
  if (nowMs < dueMs) return nothing
  if (link.waiting && nowMs - dueMs < ownStallMs) return { frames: [], dead: true }
  link.askedMs = nowMs
  link.waiting = true
  link.number = (link.number + 1) >>> 0
  if (!link.measuring || nowMs - link.measured.sinceMs >= measureAgainMs) {
    link.measuring = true
    link.measured = { number: link.number, sinceMs: nowMs }
  }
  return { frames: [encode([pingKind, link.number])], dead: false }
}

const reader = tuple(where(u32, isKeepAliveKind, 'another kind'), u32)

/** Takes a decoded frame of kind 6 or 7 and answers a ping. `heard` was called for it already. */
export function receive(
  link: KeepAlive,
  value: Value,
  nowMs: number,
): KeepAliveStep & { readonly error?: 'keep-alive-malformed' } {
  const read = reader(value)
  if (!read.ok) return { ...nothing, error: 'keep-alive-malformed' }
  const [kind, number] = read.value
  if (kind === pingKind) return { frames: [encode([pongKind, number])], dead: false }
  // An answer to another ping is traffic, but it measures nothing.
  if (link.measuring && number === link.measured.number) {
    link.measuring = false
    link.rttMs = nowMs - link.measured.sinceMs
  }
  return nothing
}
