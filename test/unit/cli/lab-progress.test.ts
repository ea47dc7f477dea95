// How far a run of the lab is, in one line.

import { expect, test } from 'vitest'

import { progressLine } from '../../../src/cli/commands/lab-progress.ts'

test('a line tells the share, whose run it is where there is one, and how long it takes', () => {
  expect(progressLine(0.25, 'ideal', 'p1', 3_000)).toBe('25 %: ideal p1, about 9 s left')
  expect(progressLine(0.25, '', 'seed 1', 3_000)).toBe('25 %: seed 1, about 9 s left')
  // Too early to tell.
  expect(progressLine(0.01, 'ideal', 'p1', 3_000)).toBe('1 %: ideal p1')
})
