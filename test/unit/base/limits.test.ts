// Every bound is a positive whole number or a rising list of them, and the bounds fit each other.
import { describe, expect, test } from 'vitest'

import * as limits from '../../../src/base/limits.ts'
import * as time from '../../../src/base/time.ts'

describe('limits', () => {
  test.each(Object.entries(limits))('%s is positive, whole and rising', (_, limit) => {
    const numbers = typeof limit === 'number' ? [limit] : limit
    expect(numbers.length).toBeGreaterThan(0)
    for (const number of numbers) expect(Number.isSafeInteger(number) && number > 0).toBe(true)
    expect([...numbers].sort((a, b) => a - b)).toEqual(numbers)
  })

  test('fit each other', () => {
    expect(limits.ENCODED_BYTES_MAX).toBeGreaterThanOrEqual(limits.EPOCH_MESSAGE_BYTES_MAX)
    expect(limits.ENVELOPE_BYTES_MAX).toBeGreaterThan(
      limits.BODY_BYTES_MAX + limits.HEADER_BYTES_MAX,
    )
    expect(limits.LINK_DEAD_AFTER_MS).toBeGreaterThan(limits.LINK_PING_AFTER_MS)
    expect(limits.REDIAL_MAX_MS).toBeGreaterThanOrEqual(limits.REDIAL_MIN_MS)
    expect(limits.MEMBERS_MAX).toBeGreaterThanOrEqual(limits.MEMBERS_TESTED)
  })
})

test('durations build on each other', () => {
  expect([time.secondMs, time.minuteMs, time.hourMs, time.dayMs]).toEqual([
    1_000, 60_000, 3_600_000, 86_400_000,
  ])
})
