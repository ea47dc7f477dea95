/**
 * What the DAG knows of one held message, and how it lies on disk. A row carries its past as a
 * vector over lines, so "is x in the past of y" is one comparison, forks included: a *line* is one
 * unbroken chain of one author, and an honest author has exactly one.
 *
 *   stored record = [header, signature, body, [flags, carried gen, control frontier, vector]]
 *
 * The vector is stored whole at every 32nd counter and where a line starts, as changes between, so a row is rebuilt
 * from at most 32 neighbours and a record stays small however large the group.
 */
import type { Bytes } from '../../base/bytes.ts'
import { BODY_BYTES_MAX } from '../../base/limits.ts'
import { fail, ok } from '../../base/result.ts'
import type { Result } from '../../base/result.ts'
import { encode } from '../../codec/canonical.ts'
import { bytesUpTo, list, parse, tuple, u32, u53, uint } from '../../codec/shape.ts'
import type { Envelope } from '../message/message.ts'
import type { Hex } from '../message/header.ts'
import type { Frontier } from './control-log.ts'
import type { Vector } from './vector.ts'
import { changes, emptyVector, withCount } from './vector.ts'

export interface Row {
  readonly id: Hex
  readonly idBytes: Bytes
  readonly line: number
  readonly member: Hex
  readonly counter: number
  readonly type: number
  readonly lamport: number
  /** Position of the author's latest text at or before this row, under that text's epoch. */
  readonly gen: number
  /** The past, this row included. */
  readonly seen: Vector
  /** The control past that a child inherits: itself, if it is a control message. */
  readonly control: Frontier
  /** What it is in a view, once that was worked out. */
  leaf?: Bytes | undefined
}

export const RowFlag = {
  /** The stored signature was checked over this very message. */
  verified: 1,
  /** Became readable after a text that sorts behind it was already here. */
  late: 2,
  /** The stored vector is whole, not a list of changes. */
  whole: 4,
} as const

export interface RowRecord {
  readonly envelope: Envelope
  readonly flags: number
  readonly gen: number
  readonly control: Frontier
  /** Whole vector at a checkpoint, otherwise what changed since the row before. */
  readonly seen: readonly [line: number, count: number][]
}

export const CHECKPOINT_EVERY = 32

export const isCheckpoint = (counter: number): boolean => counter % CHECKPOINT_EVERY === 0

export const checkpointBefore = (counter: number): number => counter - (counter % CHECKPOINT_EVERY)

/** Flat pairs: nothing here comes from a peer, so pairs need no frame of their own. */
const shape = tuple(
  bytesUpTo(8192),
  bytesUpTo(64),
  bytesUpTo(4 * BODY_BYTES_MAX),
  tuple(uint(255), u32, list(u53, { max: 65_536 }), list(u53, { max: 1_048_576 })),
)

export const encodeRecord = (
  envelope: Envelope,
  row: Row,
  before: Vector,
  flags: number,
): Bytes => {
  const whole = (flags & RowFlag.whole) !== 0
  const seen = changes(whole ? emptyVector : before, row.seen)
  return encode([
    envelope.header,
    envelope.signature,
    envelope.body,
    [flags, row.gen, row.control, seen],
  ])
}

/** A stored record with other flags; what they say of the vector stays. */
export const withFlags = ({ envelope, gen, control, seen }: RowRecord, flags: number): Bytes =>
  encode([
    envelope.header,
    envelope.signature,
    envelope.body,
    [flags, gen, [...control], seen.flat()],
  ])

export const parseRecord = (record: Bytes): Result<RowRecord> => {
  const parsed = parse(shape, record, { maxBytes: record.length })
  if (!parsed.ok) return fail('record-damaged')
  const [header, signature, body, [flags, gen, control, flat]] = parsed.value
  const seen: [number, number][] = []
  for (let i = 0; i + 1 < flat.length; i += 2) seen.push([flat[i] ?? 0, flat[i + 1] ?? 0])
  return ok({ envelope: { header, signature, body }, flags, gen, control, seen })
}

/** The vector of a stored row, from the vector of the row before it on its line. */
export const replaySeen = (before: Vector, record: RowRecord): Vector => {
  let seen = (record.flags & RowFlag.whole) !== 0 ? emptyVector : before
  for (const [line, count] of record.seen) seen = withCount(seen, line, count)
  return seen
}
