/**
 * Which leaders are believed online by their signs of life. Of one start of a leader only a higher number
 * counts, and a start that another has followed never counts again, so what is replayed is old. A sign that
 * was kept back and never seen here can still be shown late: it then buys one leader one turn of waiting.
 */
import { PRESENCE_INTERVAL_MS, PRESENCE_MISSED_MAX } from '../../base/limits.ts'

/** Starts of one leader that are remembered: it forgets older ones only after as many restarts. */
const STARTS_REMEMBERED = 32

/** Of one leader. */
interface Sign {
  /** Boot nonces seen, the latest last, in hex. */
  readonly starts: readonly string[]
  readonly seq: number
  /** Here, monotonic ms. */
  readonly atMs: number
  /** Others were given it. */
  passedOn: boolean
}

/** By memberId. */
export type Signs = Map<string, Sign>

/** A sign of life whose signature was checked. */
export interface SignOfLife {
  readonly member: string
  /** In hex. */
  readonly bootNonce: string
  readonly seq: number
}

/** Whether it says anything that an earlier one did not. */
export const isNewSign = (signs: Signs, { member, bootNonce, seq }: SignOfLife): boolean => {
  const known = signs.get(member)
  if (known === undefined) return true
  return known.starts.at(-1) === bootNonce ? seq > known.seq : !known.starts.includes(bootNonce)
}

/** Keeps a sign of life that is new. */
export const keepSign = (signs: Signs, sign: SignOfLife, nowMs: number): void => {
  const { member, bootNonce, seq } = sign
  const others = (signs.get(member)?.starts ?? []).filter((one) => one !== bootNonce)
  const starts = [...others, bootNonce].slice(-STARTS_REMEMBERED)
  signs.set(member, { starts, seq, atMs: nowMs, passedOn: false })
}

/** The very sign that was kept last, if others were not given it yet: it may have come over a link first. */
export const isUnpassed = (signs: Signs, { member, bootNonce, seq }: SignOfLife): boolean => {
  const known = signs.get(member)
  return known?.passedOn === false && known.starts.at(-1) === bootNonce && known.seq === seq
}

/** Others are given the last sign of a leader. */
export const notePassedOn = (signs: Signs, member: string): void => {
  const known = signs.get(member)
  if (known !== undefined) known.passedOn = true
}

/** Whether a leader showed a sign of life not long ago. */
export const showsLife = (signs: Signs, member: string, nowMs: number): boolean => {
  const atMs = signs.get(member)?.atMs
  return atMs !== undefined && nowMs - atMs < PRESENCE_MISSED_MAX * PRESENCE_INTERVAL_MS
}

/** How long ago, or infinity. */
export const sinceSign = (signs: Signs, member: string, nowMs: number): number =>
  nowMs - (signs.get(member)?.atMs ?? Number.NEGATIVE_INFINITY)
