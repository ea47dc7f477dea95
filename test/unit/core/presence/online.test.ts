// A sign of life counts for three intervals, and a replayed one is only old.
import { describe, expect, test } from 'vitest'
import type { SignOfLife, Signs } from '../../../../src/core/presence/online.ts'
import {
  isNewSign,
  isUnpassed,
  keepSign,
  notePassedOn,
  showsLife,
} from '../../../../src/core/presence/online.ts'

const ada = (bootNonce: string, seq: number): SignOfLife => ({ member: 'ada', bootNonce, seq })

const signs = (...seen: SignOfLife[]): Signs => {
  const made: Signs = new Map()
  seen.forEach((sign, i) => keepSign(made, sign, i * 1_000))
  return made
}

describe('a sign of life', () => {
  test('is new with a higher number of the same start, and with another start', () => {
    const seen = signs(ada('one', 5))
    expect(isNewSign(seen, ada('one', 6))).toBe(true)
    expect(isNewSign(seen, ada('two', 1))).toBe(true)
    expect(isNewSign(seen, { ...ada('one', 1), member: 'bob' })).toBe(true)
  })

  test('is old when it was seen, or a later one was, or a later start', () => {
    const seen = signs(ada('one', 5), ada('two', 1))
    for (const old of [ada('two', 1), ada('two', 0), ada('one', 5), ada('one', 6)]) {
      expect(isNewSign(seen, old)).toBe(false)
    }
  })

  test('is passed on once, also when it came over a link first', () => {
    const seen = signs(ada('one', 5))
    expect(isUnpassed(seen, ada('one', 4))).toBe(false)
    expect(isUnpassed(seen, ada('one', 5))).toBe(true)
    notePassedOn(seen, 'ada')
    expect(isUnpassed(seen, ada('one', 5))).toBe(false)
  })

  test('shows life for ninety seconds', () => {
    const seen = signs(ada('one', 5))
    expect(showsLife(seen, 'ada', 89_999)).toBe(true)
    expect(showsLife(seen, 'ada', 90_000)).toBe(false)
    expect(showsLife(seen, 'bob', 0)).toBe(false)
  })

  test('costs memory for some starts of each leader only', () => {
    const seen: Signs = new Map()
    for (let i = 0; i < 1_000; i++) keepSign(seen, ada(String(i), 1), i)
    expect(seen.get('ada')?.starts.length).toBeLessThanOrEqual(32)
    expect(isNewSign(seen, ada('999', 1))).toBe(false)
    expect(isNewSign(seen, ada('980', 9))).toBe(false)
  })
})
