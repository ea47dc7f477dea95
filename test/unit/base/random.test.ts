// Seeded randomness repeats exactly, its streams do not disturb each other, and it looks even.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { SeededRandom } from '../../../src/base/random.ts'

const draw = (random: SeededRandom, count: number): number[] =>
  Array.from({ length: count }, () => random.u32())

describe('a seeded stream', () => {
  test('repeats for the same seed, number or text', () => {
    expect(draw(new SeededRandom(7), 20)).toEqual(draw(new SeededRandom('7'), 20))
  })

  test('gives these very numbers, for ever', () => {
    expect(draw(new SeededRandom('coterie'), 4)).toMatchInlineSnapshot(`
      [
        537302759,
        725991119,
        125152250,
        4013482960,
      ]
    `)
  })

  test('differs between seeds', () => {
    const first = new Set(Array.from({ length: 2_000 }, (_, seed) => new SeededRandom(seed).u32()))
    expect(first.size).toBeGreaterThan(1_998)
  })

  test('forks by label alone, however much was drawn before', () => {
    const fresh = new SeededRandom(1)
    const used = new SeededRandom(1)
    draw(used, 100)
    expect(draw(used.fork('network'), 5)).toEqual(draw(fresh.fork('network'), 5))
    expect(draw(fresh.fork('network'), 5)).not.toEqual(draw(fresh.fork('disk'), 5))
  })

  test('never confuses a fork with another seed or a deeper fork', () => {
    const names = [
      new SeededRandom('a').fork('b/c'),
      new SeededRandom('a').fork('b').fork('c'),
      new SeededRandom('a/b').fork('c'),
    ]
    expect(new Set(names.map((random) => random.u32())).size).toBe(names.length)
  })
})

describe('what is drawn', () => {
  test('stays below its bound', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 }), fc.nat(), (bound, seed) => {
        const drawn = new SeededRandom(seed).below(bound)
        expect(Number.isInteger(drawn) && drawn >= 0 && drawn < bound).toBe(true)
      }),
    )
  })

  test('is even over a small bound', () => {
    const random = new SeededRandom('dice')
    const counts = new Array<number>(6).fill(0)
    for (let round = 0; round < 60_000; round++) {
      const face = random.below(6)
      counts[face] = (counts[face] ?? 0) + 1
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500)
  })

  test('as a fraction lies in [0, 1) around a half', () => {
    const random = new SeededRandom('fraction')
    let sum = 0
    for (let round = 0; round < 20_000; round++) {
      const drawn = random.float()
      expect(drawn >= 0 && drawn < 1).toBe(true)
      sum += drawn
    }
    expect(Math.abs(sum / 20_000 - 0.5)).toBeLessThan(0.01)
  })

  test('as bytes has the length asked for and uses every value', () => {
    expect([0, 1, 3, 4, 5, 33].map((length) => new SeededRandom(1).bytes(length).length)).toEqual([
      0, 1, 3, 4, 5, 33,
    ])
    expect(new Set(new SeededRandom(1).bytes(4_096)).size).toBe(256)
  })

  test('as a shuffle keeps every item and leaves the original alone', () => {
    const items = Object.freeze([1, 2, 3, 4, 5, 6, 7, 8])
    const shuffled = new SeededRandom(3).shuffle(items)
    expect(shuffled).not.toEqual(items)
    expect([...shuffled].sort()).toEqual(items)
  })

  test.each([0, -1, 1.5, 2 ** 32 + 1])('has no bound of %d', (bound) => {
    expect(() => new SeededRandom(1).below(bound)).toThrow(RangeError)
  })
})
