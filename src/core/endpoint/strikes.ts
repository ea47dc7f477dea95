/**
 * Misdeeds of a peer, as they are held against it: a few within a short time end its link, and each is
 * forgotten after a quiet minute. A peer that errs once a week is never abandoned for it.
 */
import { minuteMs } from '../../base/time.ts'

/** Malformed frames after which a peer is reset. */
export const STRIKES_MAX = 3
/** How long it takes until one is forgotten, if no other comes. */
export const STRIKE_FADES_MS = minuteMs

export interface Strikes {
  readonly held: number
  /** When the last came, monotonic ms. */
  readonly atMs: number
}

/** What is left of them. */
export const strikesLeft = ({ held, atMs }: Strikes, nowMs: number): number =>
  Math.max(0, held - Math.floor((nowMs - atMs) / STRIKE_FADES_MS))

/** One more, now. */
export const struck = (before: Strikes | undefined, nowMs: number): Strikes => ({
  held: 1 + (before === undefined ? 0 : strikesLeft(before, nowMs)),
  atMs: nowMs,
})
