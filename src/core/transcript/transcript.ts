/**
 * The group's transcript as a hash DAG: lines, heads, and a window of recent rows. A row enters
 * only when its whole past is held, so every author's chain is gap-free and the set of held
 * messages is always closed. Older rows leave memory; whoever needs one again asks for it by place.
 */
import type { Hex } from '../message/header.ts'
import type { ControlLog } from './control-log.ts'
import { createControlLog } from './control-log.ts'
import type { Row } from './row.ts'
import type { Vector } from './vector.ts'
import { countAt, emptyVector, withCount } from './vector.ts'

/** An epoch that the author of a line used, from which counter on. */
export interface EpochUse {
  readonly epoch: Hex
  readonly from: number
}

export interface Line {
  readonly index: number
  readonly member: Hex
  /** Counter of its first row: 0, or where a second branch leaves another line. */
  readonly first: number
  /** The line it left, or -1. */
  readonly parent: number
  tip: Row
  /** Which epochs its author used, in order; a branch starts with those of its trunk. */
  uses: readonly EpochUse[]
}

export interface Transcript<Info> {
  readonly lines: Line[]
  /** A member's lines; more than one only for an equivocator. */
  readonly byMember: Map<Hex, number[]>
  readonly heads: Map<Hex, Row>
  readonly control: ControlLog<Info>
  readonly rows: Map<Hex, Row>
  /** Line -> counter -> row. Two maps: a number made of both would be an object for each look-up. */
  readonly places: Map<number, Map<number, Row>>
  /** The rows in memory, oldest first, from `oldest` on. */
  order: Row[]
  oldest: number
  /** Everything held, as a vector. */
  seen: Vector
  /** Messages held. */
  count: number
  /** True once any row left the window: from then on "not here" may mean "on disk". */
  evicted: boolean
  windowRows: number
}

export const createTranscript = <Info>(windowRows: number): Transcript<Info> => ({
  lines: [],
  byMember: new Map(),
  heads: new Map(),
  control: createControlLog(),
  rows: new Map(),
  places: new Map(),
  order: [],
  oldest: 0,
  seen: emptyVector,
  count: 0,
  evicted: false,
  windowRows,
})

export const rowById = <Info>(transcript: Transcript<Info>, id: Hex): Row | undefined =>
  transcript.rows.get(id)

export const rowAt = <Info>(
  transcript: Transcript<Info>,
  line: number,
  counter: number,
): Row | undefined => transcript.places.get(line)?.get(counter)

/** True when `inner` is `outer` or in its past. */
export const reaches = (outer: Row, inner: Row): boolean =>
  countAt(outer.seen, inner.line) > inner.counter

/** The row of a member's line at a counter: a branch continues its trunk below its first counter. */
export const lineHolding = <Info>(
  transcript: Transcript<Info>,
  line: number,
  counter: number,
): number => {
  let at = line
  for (;;) {
    const current = transcript.lines[at]
    if (current === undefined || counter >= current.first || current.parent < 0) return at
    at = current.parent
  }
}

/** Puts a row into the window, from the disk or fresh; the oldest that is no tip leaves. */
export const remember = <Info>(transcript: Transcript<Info>, row: Row): void => {
  if (transcript.rows.has(row.id)) return
  transcript.rows.set(row.id, row)
  const places = transcript.places.get(row.line)
  if (places === undefined) transcript.places.set(row.line, new Map([[row.counter, row]]))
  else places.set(row.counter, row)
  transcript.order.push(row)
  // Every tip stays, and a view over an old past needs one more row of each line at once.
  const rowsMax = transcript.windowRows + 2 * transcript.lines.length
  while (transcript.rows.size > rowsMax) evictOldest(transcript)
}

const evictOldest = <Info>(transcript: Transcript<Info>): void => {
  const oldest = transcript.order[transcript.oldest]
  if (oldest === undefined) return
  transcript.oldest += 1
  if (transcript.oldest > transcript.windowRows) {
    transcript.order = transcript.order.slice(transcript.oldest)
    transcript.oldest = 0
  }
  // Every line keeps its tip: the next message of its author builds on it.
  if (transcript.lines[oldest.line]?.tip.id === oldest.id) {
    transcript.order.push(oldest)
    return
  }
  transcript.rows.delete(oldest.id)
  transcript.places.get(oldest.line)?.delete(oldest.counter)
  transcript.evicted = true
}

export interface LineStart {
  readonly member: Hex
  readonly parent: number
  readonly first: number
}

/** The line that a message continues, or what a new one would start as. */
export const lineFor = <Info>(
  transcript: Transcript<Info>,
  member: Hex,
  prev: Row | undefined,
): number | LineStart => {
  if (prev === undefined) return { member, parent: -1, first: 0 }
  const line = transcript.lines[prev.line]
  if (line !== undefined && line.tip.id === prev.id) return prev.line
  return { member, parent: prev.line, first: prev.counter + 1 }
}

/** Takes a row whose past is held; the caller has judged it. A row that starts a line says so. */
export const insert = <Info>(
  transcript: Transcript<Info>,
  row: Row,
  parents: readonly Row[],
  start: LineStart | undefined,
): Line => {
  let line = transcript.lines[row.line]
  if (line === undefined) {
    line = newLine(transcript, row, start ?? { member: row.member, parent: -1, first: row.counter })
  } else {
    line.tip = row
  }
  for (const parent of parents) transcript.heads.delete(parent.id)
  transcript.heads.set(row.id, row)
  // All of the row's past is held already: only its own line grows.
  transcript.seen = withCount(transcript.seen, row.line, row.counter + 1)
  transcript.count += 1
  remember(transcript, row)
  return line
}

export const newLine = <Info>(transcript: Transcript<Info>, tip: Row, start: LineStart): Line => {
  const trunk = transcript.lines[start.parent]
  const line: Line = {
    index: tip.line,
    member: start.member,
    first: start.first,
    parent: start.parent,
    tip,
    uses: trunk === undefined ? [] : trunk.uses.filter((use) => use.from < start.first),
  }
  transcript.lines[tip.line] = line
  const lines = transcript.byMember.get(start.member) ?? []
  transcript.byMember.set(start.member, [...lines, tip.line])
  return line
}

/** Recomputes heads from tips alone, as after a start: a tip is a head iff no other tip covers it. */
export const headsOfTips = (lines: readonly Line[]): Row[] =>
  lines
    .map((line) => line.tip)
    .filter((tip) => !lines.some((line) => line.tip !== tip && reaches(line.tip, tip)))

/** Heads in id order: what the next message builds on. */
export const sortedHeads = <Info>(transcript: Transcript<Info>): Row[] =>
  [...transcript.heads.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
