// Two statements are the same, one ahead of the other, concurrent, or contradictory; and a statement
// about a past that is not held is no contradiction.
import { describe, expect, test } from 'vitest'
import {
  type Statement,
  comparePasts,
  compareStatements,
} from '../../../../src/core/attestation/compare.ts'
import type { Vector } from '../../../../src/core/transcript/vector.ts'
import { emptyVector, withCount } from '../../../../src/core/transcript/vector.ts'

const vector = (...counts: number[]): Vector =>
  counts.reduce((made, count, line) => withCount(made, line, count), emptyVector)

const over = (seen: Vector, view: number): Statement => ({
  seen,
  view: new Uint8Array(32).fill(view),
})

describe('two statements are', () => {
  test('the same over equal pasts with equal views', () => {
    expect(compareStatements(over(vector(2, 3), 1), over(vector(2, 3), 1))).toBe('same')
  })

  test('contradictory over equal pasts with different views, and then only', () => {
    expect(compareStatements(over(vector(2, 3), 1), over(vector(2, 3), 2))).toBe('contradictory')
    expect(compareStatements(over(vector(2, 3), 1), over(vector(2, 4), 2))).toBe('behind')
    expect(compareStatements(over(vector(2, 3), 1), over(vector(3, 2), 2))).toBe('concurrent')
  })

  test('ahead and behind, each seen from its side', () => {
    expect(compareStatements(over(vector(2, 3), 1), over(vector(2, 2), 2))).toBe('ahead')
    expect(compareStatements(over(vector(2, 2), 1), over(vector(2, 3), 2))).toBe('behind')
  })

  test('not to be compared while the past of the other is not held', () => {
    expect(compareStatements(over(vector(2, 3), 1), undefined)).toBe('unknown')
  })
})

test('pasts compare as sets do, however the vectors came to be', () => {
  const opposite = { same: 'same', ahead: 'behind', behind: 'ahead', concurrent: 'concurrent' }
  const some = [vector(), vector(1), vector(0, 1), vector(1, 1), vector(2, 1), vector(1, 2, 0)]
  for (const a of some) {
    for (const b of some) {
      expect(comparePasts(b, a)).toBe(opposite[comparePasts(a, b)])
    }
    expect(comparePasts(a, a)).toBe('same')
  }
  // Blocks that are not there mean nothing seen, as zeros do.
  expect(comparePasts(withCount(vector(1), 40, 0), vector(1))).toBe('same')
  expect(comparePasts({ blocks: [...vector(1).blocks, undefined] }, vector(1))).toBe('same')
})
