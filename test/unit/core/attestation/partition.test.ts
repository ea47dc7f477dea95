// Who was lost together, when that is a split, when it is over, and when it is certain.
import { describe, expect, test } from 'vitest'
import type { PartitionWatch } from '../../../../src/core/attestation/partition.ts'
import {
  createPartitionWatch,
  judgeSplit,
  lose,
  lostTogether,
  missingOf,
  regain,
  showsSplit,
} from '../../../../src/core/attestation/partition.ts'
import type { Vector } from '../../../../src/core/transcript/vector.ts'
import { emptyVector, withCount } from '../../../../src/core/transcript/vector.ts'

const vector = (...counts: number[]): Vector =>
  counts.reduce((made, count, line) => withCount(made, line, count), emptyVector)

const watchWith = (losses: Readonly<Record<string, number>>): PartitionWatch => {
  const watch = createPartitionWatch()
  for (const [member, atMs] of Object.entries(losses)) lose(watch, member, { atMs, wallMs: atMs })
  return watch
}

const all = new Set('bcdef')
const held = () => ({ then: emptyVector, unread: 0 })
const judge = (watch: PartitionWatch, expected: ReadonlySet<string> = all) =>
  judgeSplit(watch, expected, held)

describe('lost together are', () => {
  test('the largest set lost within one window', () => {
    expect(lostTogether(watchWith({ c: 0, d: 4_000, e: 6_000, f: 8_500 }), all)).toEqual([
      'd',
      'e',
      'f',
    ])
  })

  test('not one alone, nor several further apart, however many', () => {
    expect(lostTogether(watchWith({ d: 100 }), all)).toEqual([])
    expect(lostTogether(watchWith({ c: 1_000, d: 6_001, e: 12_000 }), all)).toEqual([])
  })

  test('not those who are not expected to answer', () => {
    expect(lostTogether(watchWith({ c: 0, d: 0 }), new Set('bd'))).toEqual([])
  })

  test('counted from the first word of a loss', () => {
    const watch = watchWith({ c: 1_000, d: 9_000 })
    lose(watch, 'c', { atMs: 9_000, wallMs: 0 })
    expect(lostTogether(watch, all)).toEqual([])
  })
})

describe('a split', () => {
  test('begins with two, grows by others, and is told each time once', () => {
    const watch = watchWith({ c: 1_000, d: 1_500 })
    expect(judge(watch)).toBe('opened')
    expect(judge(watch)).toBeUndefined()
    lose(watch, 'e', { atMs: 2_000, wallMs: 2_000 })
    expect(judge(watch)).toBe('grown')
    expect(judge(watch)).toBeUndefined()
    expect(missingOf(watch, all)).toEqual(['c', 'd', 'e'])
    expect(watch.split?.since.wallMs).toBe(1_000)
  })

  test('is over when fewer than two are still missing, however long that takes', () => {
    const watch = watchWith({ c: 0, d: 0, e: 0 })
    judge(watch)
    regain(watch, 'c')
    expect(judge(watch)).toBeUndefined()
    expect(missingOf(watch, all)).toEqual(['d', 'e'])
    regain(watch, 'e')
    expect(judge(watch)).toBe('over')
    expect(watch.split).toBeUndefined()
    // The next loss counts anew: it is far from that of d.
    lose(watch, 'e', { atMs: 60_000, wallMs: 60_000 })
    expect(judge(watch)).toBeUndefined()
  })

  test('is over when those who are missing left or were removed', () => {
    const watch = watchWith({ c: 0, d: 0 })
    judge(watch)
    expect(judge(watch, new Set('bc'))).toBe('over')
  })
})

describe('a split is certain', () => {
  // Lines 0 to 2: we, c, d. Held when it was noticed: 5, 3, 3 messages.
  const lines: Record<string, number[]> = { c: [1], d: [2] }
  const linesOf = (member: string): number[] => lines[member] ?? []
  const ours = new Map([[0, 6]])
  const split = () => {
    const watch = watchWith({ c: 0, d: 0 })
    judgeSplit(watch, all, () => ({ then: vector(5, 3, 3), unread: 0 }))
    if (watch.split === undefined) throw new Error('two were lost together')
    return watch.split
  }
  const shows = (member: string, seen: Vector, said = ours): boolean =>
    showsSplit(split(), { member, seen }, linesOf, said)

  test('when one of the missing has heard another and not what we said', () => {
    expect(shows('c', vector(5, 4, 4))).toBe(true)
  })

  test('not when it has heard us, or nobody of them', () => {
    expect(shows('c', vector(6, 4, 4))).toBe(false)
    expect(shows('c', vector(5, 4, 3))).toBe(false)
  })

  test('not by our own side, and not while we have said nothing', () => {
    expect(shows('b', vector(5, 4, 4))).toBe(false)
    expect(shows('c', vector(5, 4, 4), new Map())).toBe(false)
  })
})
