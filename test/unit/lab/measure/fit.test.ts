// Slopes, exponents and counted inversions against what is known of them.

import fc from 'fast-check'
import { expect, test } from 'vitest'

import { SeededRandom } from '../../../../src/base/random.ts'
import { fitLine, fitPower } from '../../../../src/lab/measure/fit.ts'
import { inversions } from '../../../../src/lab/measure/inversions.ts'

test('a line is found as it is, with no doubt about its slope', () => {
  const fit = fitLine([1, 10, 50, 200].map((x) => [x, 3 + 2 * x]))
  expect(fit?.slope).toBeCloseTo(2, 9)
  expect(fit?.intercept).toBeCloseTo(3, 9)
  expect((fit?.high ?? 0) - (fit?.low ?? 0)).toBeLessThan(1e-9)
})

test('a small example by hand', () => {
  // Means 2.5 and 4.5, spread of x 5, slope 9 / 5, what is left 0.8 over 2 degrees of freedom, t = 4.30.
  const fit = fitLine([
    [1, 2],
    [2, 3],
    [3, 6],
    [4, 7],
  ])
  expect(fit?.slope).toBeCloseTo(1.8, 9)
  const margin = 4.3 * Math.sqrt(0.8 / 2 / 5)
  expect(fit?.low).toBeCloseTo(1.8 - margin, 9)
  expect(fit?.high).toBeCloseTo(1.8 + margin, 9)
})

test('many points make the interval narrower by no jump', () => {
  // t of 15, 16 and 60 degrees of freedom: 2.13, 2.12 and 2.00.
  const marginOf = (points: number) => {
    const fit = fitLine(Array.from({ length: points }, (_, x) => [x, x % 2] as const))
    const rest = Array.from({ length: points }, (_, x) => x % 2)
    const [slope, intercept] = [fit?.slope ?? 0, fit?.intercept ?? 0]
    const left = rest.reduce((sum, y, x) => sum + (y - intercept - slope * x) ** 2, 0)
    const spread = rest.reduce((sum, _, x) => sum + (x - (points - 1) / 2) ** 2, 0)
    return ((fit?.high ?? 0) - slope) / Math.sqrt(left / (points - 2) / spread)
  }
  expect(marginOf(17)).toBeCloseTo(2.13, 2)
  expect(marginOf(18)).toBeCloseTo(2.12, 1)
  expect(marginOf(18)).toBeGreaterThan(2.1)
  expect(marginOf(62)).toBeCloseTo(2, 2)
})

test('nineteen intervals out of twenty hold the true slope', () => {
  const random = new SeededRandom('fit')
  const noise = () =>
    Array.from({ length: 12 }, () => random.below(1_000) / 1_000 - 0.5).reduce((a, b) => a + b)
  const held = Array.from({ length: 400 }, () => {
    const fit = fitLine([1, 2, 3, 4, 5, 6].map((x) => [x, 7 - x + noise()]))
    return (fit?.low ?? 0) <= -1 && -1 <= (fit?.high ?? 0)
  }).filter(Boolean)
  expect(held.length / 400).toBeGreaterThan(0.92)
  expect(held.length / 400).toBeLessThan(0.98)
})

test('a power is told by its exponent, and what is not greater than zero is left out', () => {
  const points = [4, 8, 16, 32].map((n) => [n, 5 * n ** 1.5] as const)
  expect(fitPower([...points, [64, 0]])?.slope).toBeCloseTo(1.5, 9)
})

test('two points leave the slope in doubt, one is no line', () => {
  expect(
    fitLine([
      [1, 1],
      [2, 4],
    ]),
  ).toMatchObject({ slope: 3, low: -Infinity, high: Infinity })
  expect(fitLine([[1, 1]])).toBeUndefined()
  expect(
    fitLine([
      [1, 1],
      [1, 2],
    ]),
  ).toBeUndefined()
})

test('as many inversions as looking at every pair finds', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 40 }), (values) => {
      const pairs = values.flatMap((one, k) => values.slice(k + 1).filter((other) => other < one))
      expect(inversions(values)).toBe(pairs.length)
    }),
  )
})
