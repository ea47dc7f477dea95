/**
 * A leader's messages as the final order walks them, read from stored records: lamport and past. A page
 * of records begins where a line does, or at a counter at which the past is stored whole.
 */
import type { Bytes } from '../../base/bytes.ts'
import { parseHeader } from '../message/header.ts'
import { CHECKPOINT_EVERY, checkpointBefore, parseRecord, replaySeen } from '../transcript/row.ts'
import type { Vector } from '../transcript/vector.ts'
import { emptyVector } from '../transcript/vector.ts'

export interface Step {
  readonly counter: number
  readonly lamport: number
  readonly seen: Vector
}

/** So many records are read at once. */
export const STEPS_PER_PAGE = 4 * CHECKPOINT_EVERY

/** Where the page begins that ends before counter `to`. */
export const pageBefore = (first: number, to: number): number =>
  Math.max(first, checkpointBefore(Math.max(first, to - STEPS_PER_PAGE)))

/** Where the page ends that begins there. */
export const pageAfter = (from: number): number => checkpointBefore(from) + STEPS_PER_PAGE

/** Turns the records of one page, ascending, into steps; what is damaged ends it. */
export const stepsOfRecords = (records: readonly Bytes[]): Step[] => {
  const steps: Step[] = []
  let seen = emptyVector
  for (const stored of records) {
    const record = parseRecord(stored)
    const header = record.ok ? parseHeader(record.value.envelope.header) : undefined
    if (!record.ok || header?.ok !== true) return steps
    seen = replaySeen(seen, record.value)
    steps.push({ counter: header.value.counter, lamport: header.value.lamport, seen })
  }
  return steps
}
