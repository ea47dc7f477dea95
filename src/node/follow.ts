// Follows a group: what is held in total order, then each text as it becomes readable. Events only
// tell how far each line reaches; texts are read from the store by counter, so that a lost event
// loses no text and a slow reader costs no memory. A line counts as shown as far as the store gave
// rows: what the endpoint already knows may not be durable yet, and comes with its own event.

import type { TextReport } from '../core/report.ts'
import { comparePlaces, mergeTexts, placeOf } from './transcript.ts'
import type { Place, ReadRows, Row, Slice } from './transcript.ts'

/** How far a line reaches, or that keys came, or standings changed, which may open older texts. */
export type News =
  | { readonly kind: 'line'; readonly line: number; readonly member: string; readonly next: number }
  /** `epoch`: whose keys came; what was not meant for this member opens by these alone. */
  | { readonly kind: 'opened'; readonly epoch?: string }

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

/** Yields texts until the signal or the consumer ends it. */
export async function* followTexts(
  source: FollowSource,
  options: FollowOptions,
): AsyncGenerator<TextReport, void, undefined> {
  const bell = new Bell(options.signal)
  const lines = new Map<number, Slice>()
  const shown = new Map<number, number>()
  const closed = new ClosedTexts()
  const late = lateMarker()
  const opened = new Set<string>()
  const stopNews = source.onNews((news) => {
    if (news.kind === 'opened') opened.add(news.epoch ?? '')
    else lines.set(news.line, { line: news.line, member: news.member, from: 0, to: news.next })
    bell.ring()
  })
  const read = tracking(source.read, shown)

  try {
    for await (const row of options.first(read)) {
      closed.add(row)
      if (options.passes(row)) yield late(row)
    }
    while (!bell.ended) {
      if (opened.size > 0) {
        const epochs = new Set(opened)
        opened.clear()
        for (const row of await closed.reopen(source.read, epochs)) {
          if (options.passes(row)) yield late(row)
        }
      }
      for await (const row of mergeTexts(unshown(lines, shown), read)) {
        closed.add(row)
        if (row.text.state !== 'undecryptable' && options.passes(row)) yield late(row)
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

/** Texts that could not be read so far. */
class ClosedTexts {
  readonly #rows = new Map<string, Row>()
  #sealed = 0

  add(row: Row): void {
    if (!isClosed(row.text)) return
    // What was never meant for this member opens rarely: it leaves room for all else.
    const sealed = row.text.state === 'sealed'
    const held = sealed ? this.#sealed : this.#rows.size - this.#sealed
    if (held >= CLOSED_TEXTS_MAX) return
    if (sealed) this.#sealed += 1
    this.#rows.set(row.text.id, row)
  }

  /** Those that can be read now, in total order; what had been shown as withdrawn comes late. */
  async reopen(read: ReadRows, epochs: ReadonlySet<string>): Promise<readonly Row[]> {
    const found: Row[] = []
    for (const [id, row] of this.#rows) {
      const { state, epoch } = row.text
      if (state === 'sealed' && !epochs.has(epoch)) continue
      const range = { from: row.counter, to: row.counter + 1, limit: 1, reverse: false }
      const text = (await read(row.line, range))[0]?.text
      if (text === undefined || isClosed(text)) continue
      this.#rows.delete(id)
      if (row.text.state === 'sealed') this.#sealed -= 1
      const late = text.late || row.text.state === 'withdrawn'
      found.push({ ...row, text: { ...text, late } })
    }
    return found.toSorted((a, b) => comparePlaces(placeOf(a), placeOf(b)))
  }
}

/** Wakes one sleeper; rings while awake are kept as one. */
class Bell {
  #rung = false
  #wake: (() => void) | undefined
  readonly #signal: AbortSignal | undefined
  readonly #onAbort = () => this.#wake?.()

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal
    signal?.addEventListener('abort', this.#onAbort)
  }

  get ended(): boolean {
    return this.#signal?.aborted === true
  }

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  async wait(): Promise<void> {
    if (!this.#rung && !this.ended) await new Promise<void>((wake) => (this.#wake = wake))
    this.#wake = undefined
    this.#rung = false
  }

  silence(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort)
  }
}
