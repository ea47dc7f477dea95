/**
 * When to dial whom. Everybody wanted and not linked is dialled in turn and for ever: eight dials a
 * second are shared by all, one peer is dialled at least a second apart and, as long as dials fail
 * quickly, at most two seconds (more than sixteen missing: an eighth of a second for each) apart.
 * There is no growing back-off: after a split has healed, links are back within seconds.
 * Turns go to whoever waited longest, in an order shuffled once; that alone keeps both bounds.
 */
import {
  DIALS_PER_SECOND_MAX,
  DIAL_SECOND_SIDE_MS,
  REDIAL_MAX_MS,
  REDIAL_MIN_MS,
} from '../../base/limits.ts'
import { readU32 } from '../../base/bytes.ts'
import { secondMs } from '../../base/time.ts'
import type { Env } from '../env.ts'
import type { PeerId } from '../input.ts'

/** Dials under way at once at most: each may hang for as long as the network lets it. */
const inFlightMax = 32
/** Least time between two dials of any peers, in ms. */
const dialGapMs = secondMs / DIALS_PER_SECOND_MAX

/** A peer to be linked with, and where it may be found. */
export interface Target {
  readonly peer: PeerId
  readonly addresses: readonly string[]
}

/** A dial to be made now. `key` names it when the outcome is told. */
export interface Dial {
  readonly key: string
  readonly peer: PeerId | undefined
  readonly addresses: readonly string[]
}

interface Missing {
  readonly key: string
  readonly peer: PeerId | undefined
  addresses: readonly string[]
  /** Random: who goes first among those never dialled. */
  readonly place: number
  /** When last dialled; before everything else while never. */
  dialledMs: number
  /** Not to be dialled before. */
  notBeforeMs: number
  inFlight: boolean
  /** Dials in vain since it was last linked. */
  failures: number
}

export interface Redial {
  readonly self: PeerId
  /** Everybody wanted and not linked, by key: a peer id, or the address of an unknown peer. */
  readonly missing: Map<string, Missing>
  /** Everybody wanted by peer id. */
  wanted: ReadonlyMap<PeerId, readonly string[]>
  /** Contact addresses, and who answered there. */
  readonly contacts: Map<string, PeerId | undefined>
  readonly linked: Set<PeerId>
  blocked: ReadonlySet<PeerId>
  /** Keys dialled within the last second, with the time: links that flap are held back by it. */
  readonly recent: Map<string, number>
  /** When the last dial was made, and when the next may be. */
  dialledMs: number
  nextMs: number
  /** Dials still to be made at full speed, after something changed for the better. */
  hurry: number
}

/** Nobody wanted yet. */
export function createRedial(self: PeerId): Redial {
  return {
    self,
    missing: new Map(),
    wanted: new Map(),
    contacts: new Map(),
    linked: new Set(),
    blocked: new Set(),
    recent: new Map(),
    dialledMs: -Infinity,
    nextMs: -Infinity,
    hurry: 0,
  }
}

/**
 * Replaces everybody wanted. A contact is an address whose peer id is unknown: it is dialled until
 * somebody answers, and from then on that peer is wanted for as long as the contact is.
 */
export function want(
  redial: Redial,
  targets: readonly Target[],
  contacts: readonly string[],
  env: Env,
): void {
  redial.wanted = new Map(targets.map(({ peer, addresses }) => [peer, addresses]))
  const kept = new Set(contacts)
  for (const address of redial.contacts.keys()) {
    if (!kept.has(address)) redial.contacts.delete(address)
  }
  for (const address of kept) {
    if (!redial.contacts.has(address)) redial.contacts.set(address, undefined)
  }
  reconcile(redial, env)
}

/**
 * The first link to a peer is up, whoever dialled; `key` is that of the dial, if it was one. That a
 * missing peer is back says that others may be: all are dialled once more at full speed.
 */
export function connected(redial: Redial, peer: PeerId, env: Env, key?: string): void {
  const contact = key !== undefined && redial.contacts.has(key)
  if (contact) {
    redial.contacts.set(key, peer)
    redial.recent.set(peer, redial.recent.get(key) ?? -Infinity)
  }
  const missed = contact || redial.missing.has(peer)
  redial.linked.add(peer)
  reconcile(redial, env)
  if (missed) hasten(redial, redial.missing.size)
}

/**
 * The dial of that key came to nothing. Late news of a dial that no longer matters is harmless.
 *
 * @returns whether that makes somebody unreachable who was not
 */
export function failed(redial: Redial, key: string): boolean {
  const entry = redial.missing.get(key)
  if (entry === undefined) return false
  entry.inFlight = false
  entry.failures++
  return entry.failures === 1
}

/** The last link to a peer is gone. Who fell silent has been tried in vain already. */
export function lost(redial: Redial, peer: PeerId, env: Env, silent = false): void {
  redial.linked.delete(peer)
  reconcile(redial, env)
  const entry = redial.missing.get(peer)
  if (silent && entry !== undefined) entry.failures++
}

/** Replaces the set of peers that may not be dialled. Whoever is let go is dialled first of all. */
export function block(redial: Redial, blocked: ReadonlySet<PeerId>, env: Env): void {
  let released = 0
  for (const peer of redial.blocked) {
    const entry = redial.missing.get(peer)
    if (blocked.has(peer) || entry === undefined) continue
    entry.dialledMs = -Infinity
    entry.notBeforeMs = earliest(redial, entry.key, env.nowMs)
    released++
  }
  redial.blocked = new Set(blocked)
  hasten(redial, released)
}

/** Peers wanted that fell silent or were dialled in vain since their last link, or that are blocked. */
export function unreachable(redial: Redial): Set<PeerId> {
  const peers = new Set(redial.blocked)
  for (const { peer, failures } of redial.missing.values()) {
    if (peer !== undefined && failures > 0) peers.add(peer)
  }
  return peers
}

/** When `due` has something to give, in monotonic ms; `undefined` while nothing can be dialled. */
export function deadline(redial: Redial): number | undefined {
  const open = dialable(redial)
  const free = inFlight(redial) < inFlightMax
  let earliestMs = Infinity
  for (const entry of open) {
    if (!entry.inFlight) earliestMs = Math.min(earliestMs, entry.notBeforeMs)
  }
  return free && earliestMs < Infinity ? Math.max(earliestMs, redial.nextMs) : undefined
}

/** The dials to be made now: none or one, as two are never closer than an eighth of a second. */
export function due(redial: Redial, env: Env): Dial[] {
  if (env.nowMs < redial.nextMs || inFlight(redial) >= inFlightMax) return []
  const open = dialable(redial)
  const [first] = open
    .filter((entry) => !entry.inFlight && entry.notBeforeMs <= env.nowMs)
    .sort((a, b) => (a.dialledMs === b.dialledMs ? a.place - b.place : a.dialledMs - b.dialledMs))
  if (first === undefined) return []
  for (const [key, atMs] of redial.recent) {
    if (atMs + REDIAL_MIN_MS <= env.nowMs) redial.recent.delete(key)
  }
  redial.recent.set(first.key, env.nowMs)
  first.dialledMs = env.nowMs
  first.notBeforeMs = env.nowMs + REDIAL_MIN_MS
  first.inFlight = true
  redial.dialledMs = env.nowMs
  redial.nextMs = env.nowMs + gap(redial, open.length, env)
  const { key, peer, addresses } = first
  return [{ key, peer, addresses }]
}

/**
 * Time until the next dial: as many of these as peers are missing make one round, which lasts
 * between the least and the greatest time between two dials of one peer.
 */
function gap(redial: Redial, missing: number, env: Env): number {
  if (redial.hurry > 0) {
    redial.hurry--
    return dialGapMs
  }
  const leastMs = Math.max(dialGapMs, Math.ceil(REDIAL_MIN_MS / missing))
  const mostMs = Math.max(leastMs, Math.floor(REDIAL_MAX_MS / missing))
  return leastMs + (drawn(env) % (mostMs - leastMs + 1))
}

/** Makes the next so many dials at full speed. */
function hasten(redial: Redial, dials: number): void {
  if (dials === 0) return
  redial.hurry = Math.max(redial.hurry, dials)
  redial.nextMs = Math.min(redial.nextMs, redial.dialledMs + dialGapMs)
}

/** Brings `missing` in line with who is wanted and who is linked. */
function reconcile(redial: Redial, env: Env): void {
  const targets = new Map<string, { peer: PeerId | undefined; addresses: Set<string> }>()
  const add = (peer: PeerId | undefined, addresses: readonly string[], key: string): void => {
    if (peer !== undefined && (peer === redial.self || redial.linked.has(peer))) return
    const known = targets.get(key)
    targets.set(key, { peer, addresses: new Set([...(known?.addresses ?? []), ...addresses]) })
  }
  for (const [peer, addresses] of redial.wanted) add(peer, addresses, peer)
  for (const [address, peer] of redial.contacts) add(peer, [address], peer ?? address)
  for (const key of redial.missing.keys()) if (!targets.has(key)) redial.missing.delete(key)
  let fresh = 0
  for (const [key, { peer, addresses }] of targets) {
    const entry = redial.missing.get(key)
    if (entry !== undefined) {
      entry.addresses = [...addresses]
      continue
    }
    // Of a pair the lower peer id dials first, or both would meet halfway with two links.
    const waitMs = peer !== undefined && redial.self > peer ? DIAL_SECOND_SIDE_MS : 0
    redial.missing.set(key, {
      key,
      peer,
      addresses: [...addresses],
      place: drawn(env),
      dialledMs: -Infinity,
      notBeforeMs: earliest(redial, key, env.nowMs + waitMs),
      inFlight: false,
      failures: 0,
    })
    fresh++
  }
  hasten(redial, fresh)
}

/** That time, or later if the key was dialled less than a second before. */
function earliest(redial: Redial, key: string, atMs: number): number {
  return Math.max(atMs, (redial.recent.get(key) ?? -Infinity) + REDIAL_MIN_MS)
}

/** Everybody missing who may be dialled at all. */
function dialable(redial: Redial): Missing[] {
  return [...redial.missing.values()].filter(
    ({ peer }) => peer === undefined || !redial.blocked.has(peer),
  )
}

function inFlight(redial: Redial): number {
  let count = 0
  for (const entry of redial.missing.values()) if (entry.inFlight) count++
  return count
}

function drawn(env: Env): number {
  return readU32(env.random(4), 0)
}
