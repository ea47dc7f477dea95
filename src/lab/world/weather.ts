// The luck of the network: what is lost, doubled, late. Drawn by hashing (link, tenth of a second,
// number within it, purpose) and not one after another, so that two protocols which send different
// amounts over one seed still meet the same weather elsewhere. The mixing is MurmurHash3's finisher.

import type { SeededRandom } from '../../base/random.ts'
import type { Link } from './links.ts'

const BUCKET_US = 100_000

/** What one draw decides. */
export const Purpose = { loss: 1, jitter: 2, duplicate: 3, reorder: 4, late: 5 } as const
export type Purpose = (typeof Purpose)[keyof typeof Purpose]

/** Twelve purposes from here on are those of one lognormal draw. */
const JITTER_FIRST = 16

/** Counts the draws of one directed link. */
export interface Draws {
  readonly from: number
  readonly to: number
  bucket: number
  index: number
}

export class Weather {
  readonly #key: number
  #originUs = 0

  constructor(stream: SeededRandom) {
    this.#key = stream.u32()
  }

  /**
   * Counts from a moment on: what a protocol needs to set itself up shifts no weather then. Draws are
   * not told: within one tenth of a second after it a number may come again.
   */
  restart(nowUs: number): void {
    this.#originUs = nowUs
  }

  /** Moves on to the next thing sent over a link: its draws are independent of the last one's. */
  next(draws: Draws, nowUs: number): void {
    const bucket = Math.floor((nowUs - this.#originUs) / BUCKET_US)
    draws.index = bucket === draws.bucket ? draws.index + 1 : 0
    draws.bucket = bucket
  }

  /** Whether something of this probability comes true for the current thing. */
  happens(draws: Draws, purpose: Purpose, probability: number): boolean {
    return probability > 0 && this.#draw(draws, purpose) < probability * 0x1_0000_0000
  }

  /** A whole number of microseconds, evenly from none up to the given milliseconds. */
  spreadUs(draws: Draws, purpose: Purpose, upToMs: number): number {
    if (upToMs <= 0) return 0
    return Math.floor((this.#draw(draws, purpose) / 0x1_0000_0000) * upToMs * 1_000)
  }

  /** What a link adds to its delay, in whole microseconds. */
  jitterUs(
    draws: Draws,
    { jitterMs, jitterSigma }: Pick<Link, 'jitterMs' | 'jitterSigma'>,
  ): number {
    if (jitterSigma <= 0) return this.spreadUs(draws, Purpose.jitter, jitterMs)
    const draw = (k: number) => this.#draw(draws, JITTER_FIRST + k) / 0x1_0000_0000
    return Math.floor(jitterMs * 1_000 * lognormal(jitterSigma, draw))
  }

  #draw({ from, to, bucket, index }: Draws, purpose: number): number {
    const link = mix(mix(this.#key, from), to)
    return mix(mix(mix(link, bucket), index), purpose) >>> 0
  }
}

function mix(before: number, word: number): number {
  let mixed = Math.imul(before ^ word, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

/** A lognormal factor of median 1. @param draw the k-th of a dozen even draws between 0 and 1 */
export function lognormal(sigma: number, draw: (k: number) => number): number {
  // They add up to a normal one; no logarithm is asked, whose last digit may differ.
  let sum = 0
  for (let k = 0; k < 12; k++) sum += draw(k)
  return exponentiated(sigma * (sum - 6))
}

/** e to this power, by additions and multiplications alone, which every machine does alike. */
export function exponentiated(power: number): number {
  // Small first, then squared as often as it was halved.
  const halvings = 10
  const small = power / 2 ** halvings
  let [sum, term] = [1, 1]
  for (let k = 1; k <= 8; k++) {
    term = (term * small) / k
    sum += term
  }
  for (let k = 0; k < halvings; k++) sum *= sum
  return sum
}
