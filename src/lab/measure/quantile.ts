// Small numbers about many: quantiles by nearest rank and shares. NaN of nothing, so that what was not
// measured is never taken for zero.

/** The value at or below which that part of all values lies. */
export function quantile(values: readonly number[], part: number): number {
  if (values.length === 0) return Number.NaN
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN
}

export function shareOf<T>(all: readonly T[], holds: (one: T) => boolean): number {
  return all.length === 0 ? Number.NaN : all.filter(holds).length / all.length
}

/** How long of a stretch is covered by intervals that may overlap, as a share of it. */
export function covered(
  intervals: readonly (readonly [from: number, to: number])[],
  from: number,
  to: number,
): number {
  if (to <= from) return Number.NaN
  const clipped = intervals
    .map(([a, b]): [number, number] => [Math.max(a, from), Math.min(b, to)])
    .filter(([a, b]) => b > a)
    .sort((a, b) => a[0] - b[0])
  let sum = 0
  let end = from
  for (const [a, b] of clipped) {
    sum += Math.max(0, b - Math.max(a, end))
    end = Math.max(end, b)
  }
  return sum / (to - from)
}
