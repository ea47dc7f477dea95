// When operations of a workload come. Drawn without logarithms, whose last digit may differ from one
// machine to another: exponential gaps by von Neumann's comparisons.

import type { SeededRandom } from '../../base/random.ts'

/** An exponentially distributed number with mean 1 (von Neumann 1951). */
export function exponential(random: SeededRandom): number {
  for (let whole = 0; ; whole++) {
    const first = random.float()
    let last = first
    let length = 1
    for (;;) {
      const next = random.float()
      if (next >= last) break
      last = next
      length++
    }
    if (length % 2 === 1) return whole + first
  }
}

export interface Arrivals {
  readonly kind: 'poisson' | 'periodic' | 'bursty'
  readonly fromMs: number
  readonly toMs: number
  readonly perMinute: number
}

/** How many operations a burst has, and how far apart they are. */
const BURST = 10
const BURST_GAP_MS = 50

/** Whole milliseconds in [from, to), in order. */
export function arrivalTimes(
  { kind, fromMs, toMs, perMinute }: Arrivals,
  random: SeededRandom,
): number[] {
  const gapMs = 60_000 / perMinute
  const times: number[] = []
  if (kind === 'periodic') {
    for (let at = fromMs + random.float() * gapMs; at < toMs; at += gapMs)
      times.push(Math.floor(at))
    return times
  }
  const each = kind === 'bursty' ? BURST : 1
  for (let at = fromMs + exponential(random) * gapMs * each; at < toMs;) {
    for (let place = 0; place < each; place++) {
      const time = Math.floor(at) + place * BURST_GAP_MS
      if (time < toMs) times.push(time)
    }
    at += exponential(random) * gapMs * each
  }
  return times.sort((a, b) => a - b)
}
