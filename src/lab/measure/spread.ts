// Of the same number measured in several runs: its median, and between which values the median would lie
// nineteen times out of twenty, by drawing the runs again and again with repetition (bootstrap). The
// draws come from a fixed seed: the same numbers give the same interval.

import { SeededRandom } from '../../base/random.ts'
import { quantile } from './quantile.ts'

export interface Spread {
  /** Runs in which it was measured at all. */
  readonly n: number
  readonly median: number
  readonly low: number
  readonly high: number
}

const DRAWS = 400
/** Fewer runs have no interval: it reaches from their least to their greatest. */
const RUNS_MIN = 5

export function spreadOf(values: readonly number[]): Spread {
  const measured = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b)
  const { length: n } = measured
  const median = quantile(measured, 0.5)
  if (n < RUNS_MIN) {
    return { n, median, low: measured[0] ?? Number.NaN, high: measured.at(-1) ?? Number.NaN }
  }
  const random = new SeededRandom(`bootstrap ${n}`)
  const medians = Array.from({ length: DRAWS }, () => {
    const drawn = measured.map(() => measured[random.below(n)] ?? Number.NaN)
    return quantile(drawn, 0.5)
  })
  return { n, median, low: quantile(medians, 0.025), high: quantile(medians, 0.975) }
}
