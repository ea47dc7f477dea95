// A straight line through points by least squares, with the interval that its slope lies in nineteen
// times out of twenty. Over the logarithms of both it gives the exponent with which a cost grows.

export interface Fit {
  readonly slope: number
  readonly intercept: number
  /** Of the slope; infinite both ways for two points, which say nothing of their own spread. */
  readonly low: number
  readonly high: number
}

type Point = readonly [x: number, y: number]

/** Student's t at 97.5 %, by degrees of freedom from 1. */
const T = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13]

/** Beyond the list what the first two terms of its series give, which is right to three digits. */
const tOf = (freedom: number): number => T[freedom - 1] ?? 1.96 + 2.4 / freedom

/** @returns undefined for fewer than two different x */
export function fitLine(points: readonly Point[]): Fit | undefined {
  const n = points.length
  const mean = (of: (point: Point) => number) => points.reduce((sum, one) => sum + of(one), 0) / n
  const [x0, y0] = [mean(([x]) => x), mean(([, y]) => y)]
  const sum = (of: (point: Point) => number) => points.reduce((all, one) => all + of(one), 0)
  const spread = sum(([x]) => (x - x0) ** 2)
  if (n < 2 || spread === 0) return undefined
  const slope = sum(([x, y]) => (x - x0) * (y - y0)) / spread
  const intercept = y0 - slope * x0
  if (n === 2) return { slope, intercept, low: -Infinity, high: Infinity }
  const rest = sum(([x, y]) => (y - intercept - slope * x) ** 2)
  const margin = tOf(n - 2) * Math.sqrt(rest / (n - 2) / spread)
  return { slope, intercept, low: slope - margin, high: slope + margin }
}

/** The exponent b of y = a x^b, from points whose numbers are all greater than zero. */
export function fitPower(points: readonly Point[]): Fit | undefined {
  return fitLine(
    points.filter(([x, y]) => x > 0 && y > 0).map(([x, y]) => [Math.log10(x), Math.log10(y)]),
  )
}
