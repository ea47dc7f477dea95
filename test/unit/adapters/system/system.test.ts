// The real clock, randomness and choice of cryptography.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { createSystemClock } from '../../../../src/adapters/system/clock.ts'
import { createSystemCrypto } from '../../../../src/adapters/system/crypto.ts'
import { systemRandom } from '../../../../src/adapters/system/random.ts'
import { toHex, utf8 } from '../../../../src/base/bytes.ts'

describe('the system clock', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
  afterEach(() => void vi.useRealTimers())

  it('counts whole milliseconds', () => {
    const clock = createSystemClock()
    expect(Number.isInteger(clock.nowMs())).toBe(true)
    expect(Number.isInteger(clock.wallMs())).toBe(true)
  })

  it('rings at or after the time, never inside the call', () => {
    const clock = createSystemClock()
    const rang: number[] = []
    const startMs = clock.nowMs()
    clock.alarm(startMs + 50, () => rang.push(clock.nowMs() - startMs))
    clock.alarm(startMs - 5, () => rang.push(-1))
    expect(rang).toEqual([])
    vi.advanceTimersByTime(40)
    expect(rang).toEqual([-1])
    vi.advanceTimersByTime(20)
    expect(rang).toHaveLength(2)
    expect(rang[1]).toBeGreaterThanOrEqual(50)
  })

  it('waits longer than a timer of the system can', () => {
    const clock = createSystemClock()
    const dayMs = 86_400_000
    let rang = 0
    clock.alarm(clock.nowMs() + 40 * dayMs, () => rang++)
    const cancelled = clock.alarm(clock.nowMs() + 40 * dayMs, () => (rang += 100))
    vi.advanceTimersByTime(39 * dayMs)
    expect(rang).toBe(0)
    cancelled()
    vi.advanceTimersByTime(2 * dayMs)
    expect(rang).toBe(1)
  })
})

describe('the system randomness', () => {
  it('gives as many bytes as asked, also more than one call of the system may', () => {
    expect(systemRandom(0)).toHaveLength(0)
    const many = systemRandom(200_001)
    expect(many).toHaveLength(200_001)
    expect(many.subarray(-64).some((byte) => byte !== 0)).toBe(true)
    expect(systemRandom(32)).not.toEqual(systemRandom(32))
  })

  it('never gives a piece twice, nor shares its memory', () => {
    const pieces = Array.from({ length: 2_000 }, () => systemRandom(16))
    expect(new Set(pieces.map(toHex)).size).toBe(2_000)
    const [first, second] = [systemRandom(7), systemRandom(7)]
    const before = second.slice()
    first.fill(0)
    expect(second).toEqual(before)
    expect(first.buffer).not.toBe(second.buffer)
  })
})

describe('the system cryptography', () => {
  it('is a provider that works', () => {
    const crypto = createSystemCrypto()
    const seed = new Uint8Array(32).fill(3)
    const signature = crypto.sign(seed, utf8('text'))
    expect(crypto.verify(crypto.edPublicKey(seed), utf8('text'), signature)).toBe(true)
  })
})
