// Reads a group's texts in their total order (lamport, member, counter, id) out of one stored line
// per author. Each line is already sorted, so a merge that holds a page of every line is enough, in
// either direction: memory grows with the number of authors, never with the history.

import { Heap } from '../base/heap.ts'
import type { TextReport } from '../core/report.ts'

/** Part of one author's line: counters in [from, to). */
export interface Slice {
  readonly line: number
  /** memberId of the author. */
  readonly member: string
  readonly from: number
  readonly to: number
}

/** A text with its place in the total order. */
export interface Row {
  readonly line: number
  readonly member: string
  readonly counter: number
  readonly text: TextReport
}

/** One stored message; `text` is undefined for what is no text, such as an epoch. */
export interface StoredRow {
  readonly counter: number
  readonly text: TextReport | undefined
}

/** Reads rows of a line in [from, to), at most `limit`, ascending or, when `reverse`, descending. */
export type ReadRows = (
  line: number,
  range: { from: number; to: number; limit: number; reverse: boolean },
) => Promise<readonly StoredRow[]>

/** What orders texts. */
export interface Place {
  readonly lamport: number
  readonly member: string
  readonly counter: number
  readonly id: string
}

const ROWS_HELD_MAX = 4_096
const PAGE_ROWS_MAX = 128
const PAGE_ROWS_MIN = 8

/** The place of a row in the total order. */
export function placeOf(row: Row): Place {
  const { member, counter, text } = row
  return { lamport: text.lamport, member, counter, id: text.id }
}

/** Negative when `a` stands before `b`. Ids are lower-case hex, so text order is byte order. */
export function comparePlaces(a: Place, b: Place): number {
  if (a.lamport !== b.lamport) return a.lamport - b.lamport
  if (a.member !== b.member) return a.member < b.member ? -1 : 1
  if (a.counter !== b.counter) return a.counter - b.counter
  if (a.id === b.id) return 0
  return a.id < b.id ? -1 : 1
}

/** Every text of the slices in total order, or in its reverse. */
export async function* mergeTexts(
  slices: readonly Slice[],
  read: ReadRows,
  reverse = false,
): AsyncGenerator<Row, void, undefined> {
  const direction = reverse ? -1 : 1
  const page = Math.max(
    PAGE_ROWS_MIN,
    Math.min(PAGE_ROWS_MAX, Math.floor(ROWS_HELD_MAX / Math.max(1, slices.length))),
  )
  const fronts = new Heap<{ row: Row; rest: AsyncGenerator<Row, void, undefined> }>(
    (a, b) => direction * comparePlaces(placeOf(a.row), placeOf(b.row)),
  )
  const advance = async (rest: AsyncGenerator<Row, void, undefined>): Promise<void> => {
    const next = await rest.next()
    if (next.done !== true) fronts.push({ row: next.value, rest })
  }
  for (const slice of slices) await advance(textsOfLine(slice, read, reverse, page))
  for (let front = fronts.pop(); front !== undefined; front = fronts.pop()) {
    yield front.row
    await advance(front.rest)
  }
}

/** The slice's part whose texts all stand after `place`. A line is sorted, so this is a bisection. */
export async function sliceAfter(slice: Slice, place: Place, read: ReadRows): Promise<Slice> {
  let low = slice.from
  let high = slice.to
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2)
    const first = await textsOfLine({ ...slice, from: middle }, read, false, PAGE_ROWS_MIN).next()
    if (first.done === true || comparePlaces(placeOf(first.value), place) > 0) high = middle
    else low = first.value.counter + 1
  }
  return { ...slice, from: low }
}

/** The last `limit` texts that pass, in total order. Looks at the end of every line, even for none. */
export async function lastTexts(
  slices: readonly Slice[],
  read: ReadRows,
  limit: number,
  passes: (row: Row) => boolean,
): Promise<readonly Row[]> {
  const found: Row[] = []
  for await (const row of mergeTexts(slices, read, true)) {
    if (found.length >= limit) break
    if (passes(row)) found.push(row)
  }
  return found.reverse()
}

async function* textsOfLine(
  slice: Slice,
  read: ReadRows,
  reverse: boolean,
  page: number,
): AsyncGenerator<Row, void, undefined> {
  let { from, to } = slice
  // A short first page: of most lines only the first text is looked at.
  let limit = PAGE_ROWS_MIN
  while (from < to) {
    const rows = await read(slice.line, { from, to, limit, reverse })
    for (const { counter, text } of rows) {
      if (text !== undefined) yield { line: slice.line, member: slice.member, counter, text }
    }
    const last = rows.at(-1)
    if (last === undefined || rows.length < limit) return
    if (reverse) to = last.counter
    else from = last.counter + 1
    limit = page
  }
}
