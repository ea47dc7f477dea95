// Follows a group: what is held in total order, then each text as it becomes readable, and again each
// whose state changes after it was given. Events only tell how far each line reaches; texts are read from the store by counter, so that a lost event
// loses no text and a slow reader costs no memory. A line counts as shown as far as the store gave
// rows: what the endpoint already knows may not be durable yet, and comes with its own event.

import type { TextReport } from '../core/report.ts'
import { Bell } from './bell.ts'
import { comparePlaces, mergeTexts, placeOf } from './transcript.ts'
import type { Place, ReadRows, Row, Slice } from './transcript.ts'

/**
 * How far a line reaches; that keys came, which may open older texts; that who belongs or what leaders
 * want shown has changed, which may change any text.
 */
export type News =
  | { readonly kind: 'line'; readonly line: number; readonly member: string; readonly next: number }
  /** `epoch`: whose keys came; what was not meant for this member opens by these alone. */
  | { readonly kind: 'opened'; readonly epoch: string }
  | { readonly kind: 'judged' }

/** What following needs of a node. */
export interface FollowSource {
  readonly read: ReadRows
  onNews(listener: (news: News) => void): () => void
}

/** How to follow. */
export interface FollowOptions {
  /** Rows to start with, read through the given reader; asked for when news are listened to. */
  readonly first: (read: ReadRows) => AsyncIterable<Row>
  /** Which rows are shown at all. */
  readonly passes: (row: Row) => boolean
  readonly signal?: AbortSignal | undefined
}

const CLOSED_TEXTS_MAX = 8_192
/** So many of the texts given last are given again when their state changes. */
export const GIVEN_TEXTS_MAX = 8_192
const PAGE_ROWS = 128

/** Yields texts until the signal or the consumer ends it. */
export async function* followTexts(
  source: FollowSource,
  options: FollowOptions,
): AsyncGenerator<TextReport, void, undefined> {
  const bell = new Bell(options.signal)
  const lines = new Map<number, Slice>()
  const shown = new Map<number, number>()
  const closed = new ClosedTexts()
  const given = new GivenTexts()
  const late = lateMarker()
  const opened = new Set<string>()
  let judged = false
  const stopNews = source.onNews((news) => {
    if (news.kind === 'line') {
      lines.set(news.line, { line: news.line, member: news.member, from: 0, to: news.next })
    } else if (news.kind === 'opened') opened.add(news.epoch)
    else judged = true
    bell.ring()
  })
  const read = tracking(source.read, shown)
  const give = (row: Row): TextReport => {
    if (!isClosed(row.text)) given.add(row)
    return late(row)
  }

  try {
    for await (const row of options.first(read)) {
      closed.add(row, options.passes(row))
      if (options.passes(row)) yield give(row)
    }
    while (!bell.ended) {
      if (opened.size > 0 || judged) {
        const [wasJudged, epochs] = [judged, new Set(opened)]
        judged = false
        opened.clear()
        const changed = wasJudged ? await given.changed(source.read) : []
        for (const row of inOrder([...changed, ...(await closed.reopen(source.read, epochs))])) {
          if (!options.passes(row)) continue
          closed.add(row, true)
          yield give(row)
        }
      }
      for await (const row of mergeTexts(unshown(lines, shown), read)) {
        const passes = row.text.state !== 'undecryptable' && options.passes(row)
        closed.add(row, passes)
        if (passes) yield give(row)
      }
      await bell.wait()
    }
  } catch (error) {
    // A node that stops closes its store under a read: that is the end, not a failure.
    if (!bell.ended) throw error
  } finally {
    stopNews()
    bell.silence()
  }
}

const inOrder = (rows: readonly Row[]): readonly Row[] =>
  rows.toSorted((a, b) => comparePlaces(placeOf(a), placeOf(b)))

/** Parts of the lines that news spoke of and nobody has read yet. */
function unshown(lines: Map<number, Slice>, shown: Map<number, number>): readonly Slice[] {
  const slices = [...lines.values()].map((slice) => ({
    ...slice,
    from: shown.get(slice.line) ?? 0,
  }))
  lines.clear()
  return slices.filter((slice) => slice.from < slice.to)
}

/** The same reader; it remembers how far each line was given. */
function tracking(read: ReadRows, shown: Map<number, number>): ReadRows {
  return async (line, range) => {
    const rows = await read(line, range)
    for (const { counter } of rows) {
      shown.set(line, Math.max(shown.get(line) ?? 0, counter + 1))
    }
    return rows
  }
}

/** Marks texts that sort above one that was already given. */
function lateMarker(): (row: Row) => TextReport {
  let latest: Place | undefined
  return (row) => {
    const place = placeOf(row)
    if (latest !== undefined && comparePlaces(place, latest) < 0) return { ...row.text, late: true }
    latest = place
    return row.text
  }
}

/** May become readable: by a key that comes, or by a leader who had heard what was withdrawn. */
function isClosed({ state }: TextReport): boolean {
  return state === 'undecryptable' || state === 'withdrawn' || state === 'sealed'
}

/** Texts that could not be read so far, and whether that was said. */
class ClosedTexts {
  readonly #rows = new Map<string, { readonly row: Row; readonly given: boolean }>()

  #sealed = 0

  add(row: Row, given: boolean): void {
    if (!isClosed(row.text)) return
    // What was never meant for this member opens rarely: it leaves room for all else.
    const sealed = row.text.state === 'sealed'
    const held = sealed ? this.#sealed : this.#rows.size - this.#sealed
    if (held >= CLOSED_TEXTS_MAX) return
    if (sealed) this.#sealed += 1
    this.#rows.set(row.text.id, { row, given })
  }

  /** Those that can be read now; what had been given without its text comes again. */
  async reopen(read: ReadRows, epochs: ReadonlySet<string>): Promise<readonly Row[]> {
    const found: Row[] = []
    for (const [id, { row, given }] of this.#rows) {
      const { state, epoch } = row.text
      if (state === 'sealed' && !epochs.has(epoch)) continue
      const range = { from: row.counter, to: row.counter + 1, limit: 1, reverse: false }
      const text = (await read(row.line, range))[0]?.text
      if (text === undefined || isClosed(text)) continue
      this.#rows.delete(id)
      if (state === 'sealed') this.#sealed -= 1
      const late = text.late || state === 'withdrawn'
      found.push({ ...row, text: given ? { ...text, late, again: true } : { ...text, late } })
    }
    return found
  }
}

/** The texts given last, by line, as they were given. */
class GivenTexts {
  readonly #rows = new Map<string, Row>()

  add(row: Row): void {
    const { id } = row.text
    this.#rows.delete(id)
    this.#rows.set(id, row)
    const [oldest] = this.#rows.keys()
    if (this.#rows.size > GIVEN_TEXTS_MAX && oldest !== undefined) this.#rows.delete(oldest)
  }

  /** Those whose state is another one now; they have to be given again to be remembered further. */
  async changed(read: ReadRows): Promise<readonly Row[]> {
    const found: Row[] = []
    for (const rows of byLine(this.#rows.values())) {
      for (let i = 0; i < rows.length; i += PAGE_ROWS) {
        found.push(...(await changedOf(rows.slice(i, i + PAGE_ROWS), read)))
      }
    }
    for (const { text } of found) this.#rows.delete(text.id)
    return found
  }
}

/** Rows of one line, by counter, read once more. */
async function changedOf(rows: readonly Row[], read: ReadRows): Promise<readonly Row[]> {
  const [first, last] = [rows[0], rows.at(-1)]
  if (first === undefined || last === undefined) return []
  const now = new Map<number, TextReport>()
  const to = last.counter + 1
  for (let from = first.counter; from < to; from += PAGE_ROWS) {
    const range = { from, to: Math.min(to, from + PAGE_ROWS), limit: PAGE_ROWS, reverse: false }
    for (const { counter, text } of await read(first.line, range)) {
      if (text !== undefined) now.set(counter, text)
    }
  }
  return rows.flatMap((row) => {
    const text = now.get(row.counter)
    if (text === undefined || text.state === row.text.state) return []
    return [{ ...row, text: { ...text, again: true as const } }]
  })
}

function byLine(rows: Iterable<Row>): readonly (readonly Row[])[] {
  const lines = new Map<number, Row[]>()
  for (const row of rows) {
    const line = lines.get(row.line)
    if (line === undefined) lines.set(row.line, [row])
    else line.push(row)
  }
  return [...lines.values()].map((line) => line.sort((a, b) => a.counter - b.counter))
}
