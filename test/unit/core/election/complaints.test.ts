// Two complaints within a day put a leader last in rank, and the day passes.
import { expect, test } from 'vitest'
import type { Complaints } from '../../../../src/core/election/complaints.ts'
import {
  complainedLast,
  isComplainedOf,
  noteComplaint,
} from '../../../../src/core/election/complaints.ts'

const hour = 3_600_000

const after = (...times: number[]): Complaints => {
  const complaints: Complaints = new Map()
  for (const atMs of times) noteComplaint(complaints, 'ada', atMs)
  return complaints
}

test('one complaint changes nothing, two within a day put the leader last', () => {
  expect(complainedLast(['ada', 'bob', 'cleo'], after(0), hour)).toEqual(['ada', 'bob', 'cleo'])
  expect(complainedLast(['ada', 'bob', 'cleo'], after(0, hour), 2 * hour)).toEqual([
    'bob',
    'cleo',
    'ada',
  ])
})

test('a day later it has its rank again', () => {
  expect(isComplainedOf(after(0, hour), 'ada', 24 * hour - 1)).toBe(true)
  expect(isComplainedOf(after(0, hour), 'ada', 24 * hour)).toBe(false)
})

test('one a day never adds up, and a flood of them costs no memory', () => {
  expect(isComplainedOf(after(0, 24 * hour, 48 * hour), 'ada', 48 * hour)).toBe(false)
  const flood = after(...Array.from({ length: 1_000 }, (_, i) => i))
  expect(flood.get('ada')?.length).toBe(2)
  expect(isComplainedOf(flood, 'ada', hour)).toBe(true)
})

test('where all are complained of, their order stays', () => {
  const complaints = after(0, 1)
  for (const atMs of [0, 1]) noteComplaint(complaints, 'bob', atMs)
  expect(complainedLast(['bob', 'ada'], complaints, hour)).toEqual(['bob', 'ada'])
})
