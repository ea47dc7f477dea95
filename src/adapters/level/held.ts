// Rows that need not be on the disk yet. They wait in memory for the next synced write, which carries
// them along, so that what lies on the disk is always the state after some batch. Reads see them.

import { type Bytes, compare } from '../../base/bytes.ts'
import type { Range } from '../../core/effect.ts'
import type { Write } from '../../ports/store.ts'

export class Held {
  #rows: Write[] = []
  /** How many of them, from the first, are in writes under way. */
  #taken = 0

  /** Whether some wait for a write. */
  get waiting(): boolean {
    return this.#rows.length > this.#taken
  }

  add(batch: readonly Write[]): void {
    for (const { key, value } of batch) {
      this.#rows.push({ key: key.slice(), value: value?.slice() ?? null })
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
  }

  /** What is held of a key; undefined: nothing. */
  find(key: Bytes): Write | undefined {
    return this.#rows.findLast((row) => compare(row.key, key) === 0)
  }

  /** Whether a row of the range is held. */
  touches({ from, to }: Range): boolean {
    return this.#rows.some(({ key }) => compare(key, from) >= 0 && compare(key, to) < 0)
  }
}
