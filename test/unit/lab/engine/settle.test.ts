// A run on real nodes ends with the look that found them quiet, never with one more.

import { expect, test } from 'vitest'

import { settle } from '../../../../src/lab/engine/real/settle.ts'

const looking = async (seen: readonly string[], pauses = seen.length) => {
  let looks = 0
  let left = pauses
  const done = await settle(
    3,
    () => Promise.resolve(seen[looks++] ?? 'more looks than were planned'),
    (one) => one === 'same',
    () => Promise.resolve(left-- > 0),
  )
  return { ...done, looks }
}

test('the look that ended the wait is the one that counts', async () => {
  const seen = ['same', 'same', 'same', 'an attestation is half-way']
  expect(await looking(seen)).toEqual({ last: 'same', isQuiet: true, looks: 3 })
})

test('one that differs starts the count again', async () => {
  const seen = ['same', 'same', 'other', 'same', 'same', 'same']
  expect(await looking(seen)).toEqual({ last: 'same', isQuiet: true, looks: 6 })
})

test('when time is up the last look is told as it was', async () => {
  expect(await looking(['other', 'same', 'same', 'same'], 2)).toEqual({
    last: 'same',
    isQuiet: false,
    looks: 3,
  })
})
