/**
 * What two statements of views say of each other. Only what both are about is compared: a statement whose
 * past is not held here is fetched first and judged then, so being behind never looks like a lie. Two
 * statements about the same past with different views are the one thing that cannot both be true.
 */
import { type Bytes, equal } from '../../base/bytes.ts'
import type { Vector } from '../transcript/vector.ts'
import { changes, countAt } from '../transcript/vector.ts'

/** A view and what it is over: the past of the message that states it, or everything held. */
export interface Statement {
  readonly seen: Vector
  readonly view: Bytes
}

/**
 * Of one's own statement against another's. `ahead`: one's own is over more. `unknown`: the other's past
 * is not held, so there is nothing to compare yet.
 */
export type Comparison = 'same' | 'ahead' | 'behind' | 'concurrent' | 'contradictory' | 'unknown'

/** Compares two pasts alone. */
export const comparePasts = (
  own: Vector,
  other: Vector,
): 'same' | 'ahead' | 'behind' | 'concurrent' => {
  const differing = changes(own, other)
  let ahead = false
  let behind = false
  for (let i = 0; i + 1 < differing.length; i += 2) {
    if ((differing[i + 1] ?? 0) > countAt(own, differing[i] ?? 0)) behind = true
    else ahead = true
  }
  if (ahead && behind) return 'concurrent'
  return ahead ? 'ahead' : behind ? 'behind' : 'same'
}

/** Compares two statements. Neither is ever changed, and no view is taken over from the other. */
export const compareStatements = (own: Statement, other: Statement | undefined): Comparison => {
  if (other === undefined) return 'unknown'
  const pasts = comparePasts(own.seen, other.seen)
  if (pasts !== 'same') return pasts
  return equal(own.view, other.view) ? 'same' : 'contradictory'
}
