// Rows that need not be on the disk yet. They wait in memory for the next synced write, which carries
// them along, so that what lies on the disk is always the state after some batch. Reads see them: they
// are laid over what the database gives, so no read has to wait for a write.

import { type Bytes, compare } from '../../base/bytes.ts'
import type { Range } from '../../core/effect.ts'
import type { Entry } from '../../core/input.ts'
import type { Write } from '../../ports/store.ts'

export class Held {
  #rows: Write[] = []
  /** How many of them, from the first, are in writes under way. */
  #taken = 0
  /** The last row of each key. */
  readonly #latest = new Map<string, Write>()

  /** Whether some wait for a write. */
  get waiting(): boolean {
    return this.#rows.length > this.#taken
  }

  add(batch: readonly Write[]): void {
    for (const { key, value } of batch) {
      const row = { key: key.slice(), value: value?.slice() ?? null }
      this.#rows.push(row)
      this.#latest.set(nameOf(key), row)
    }
  }

  /** Those that no write carries yet. They stay visible until `written` is told of them. */
  take(): readonly Write[] {
    const rows = this.#rows.slice(this.#taken)
    this.#taken = this.#rows.length
    return rows
  }

  /** Writes end in the order in which they took. */
  written(rows: readonly Write[]): void {
    this.#rows.splice(0, rows.length)
    this.#taken -= rows.length
    for (const row of rows) {
      const name = nameOf(row.key)
      if (this.#latest.get(name) === row) this.#latest.delete(name)
    }
  }

  /** What is held of a range now, one row for each key. */
  within(range: Range): readonly Write[] {
    if (this.#latest.size === 0) return []
    const { from, to } = range
    if (!isOneKey(range)) {
      return [...this.#latest.values()].filter(
        ({ key }) => compare(key, from) >= 0 && compare(key, to) < 0,
      )
    }
    const row = this.#latest.get(nameOf(from))
    return row === undefined ? [] : [row]
  }
}

/** The range that must be asked of the database for `laidOver` to give as many rows as are wanted. */
export function widened(range: Range, held: readonly Write[]): Range {
  const deleted = held.filter(({ value }) => value === null).length
  return range.limit === undefined || range.limit === 0
    ? range
    : { ...range, limit: range.limit + deleted }
}

/** The rows of a range as they are with what is held: `rows` came from the database. */
export function laidOver(range: Range, rows: Entry[], held: readonly Write[]): Entry[] {
  if (held.length === 0) return rows
  const all = new Map(rows.map((row) => [nameOf(row.key), row]))
  for (const { key, value } of held) {
    if (value === null) all.delete(nameOf(key))
    else all.set(nameOf(key), { key, value })
  }
  const direction = range.reverse === true ? -1 : 1
  const sorted = [...all.values()].sort((a, b) => direction * compare(a.key, b.key))
  return sorted.slice(0, range.limit ?? sorted.length)
}

/** Whether only one key can lie in the range: `to` is `from` and a zero byte. */
export function isOneKey({ from, to, limit }: Range): boolean {
  if (to.length !== from.length + 1 || to[from.length] !== 0 || limit === 0) return false
  return from.every((byte, index) => to[index] === byte)
}

/** Bytes as text of as many characters. */
const nameOf = (key: Bytes): string =>
  Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
