// How numbers are said, and that nothing which is put into a page can break out of it.

import { expect, test } from 'vitest'

import { html } from '../../../../src/lab/report/html.ts'
import { amount, clock, duration, interval, metricText } from '../../../../src/lab/report/words.ts'

test('each metric is said in the unit of its name', () => {
  expect(metricText('U_large', 0.0376)).toBe('3.8 %')
  expect(metricText('heal_read', 772.031)).toBe('772 ms')
  expect(metricText('heal_read', Number.POSITIVE_INFINITY)).toBe('never')
  expect(metricText('lost', 1234567)).toBe('1,234,567')
  expect(metricText('converged', 0)).toBe('no')
  expect(metricText('lost', Number.NaN)).toBe('·')
  expect(metricText('lost', undefined)).toBe('·')
  expect([duration(0), duration(0.4), duration(15_201), duration(113_895)]).toEqual([
    '0',
    '< 1 ms',
    '15.2 s',
    '1.9 min',
  ])
  expect(clock(125_000)).toBe('2:05')
  expect(amount(8.4464)).toBe('8.45')
})

test('an interval holds the share, and narrows with more trials', () => {
  const [low, high] = interval(1, 10)
  expect(high).toBe(1)
  expect(low).toBeCloseTo(0.722, 3)
  expect(interval(1, 1_000)[0]).toBeGreaterThan(0.99)
  const [from, to] = interval(0.5, 100)
  expect([from, to].map((x) => Number(x.toFixed(3)))).toEqual([0.404, 0.596])
})

test('values are escaped, markup and lists of it are not', () => {
  const inner = html`<b>${'<i a="1">&'}</b>`
  expect(html`${[inner, 2]}${undefined}`.text).toBe('<b>&lt;i a=&quot;1&quot;&gt;&amp;</b>2')
})
