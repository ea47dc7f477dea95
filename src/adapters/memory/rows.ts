// An ordered map from bytes to bytes, in memory: what lies on the simulated disk.
// Keys order as unsigned bytes. Rows lie in sorted blocks of bounded size, so that an insert moves
// one block's rows and not all that follow.

import { type Bytes, compare } from '../../base/bytes.ts'
import type { Range } from '../../core/effect.ts'
import type { Entry } from '../../core/input.ts'
import type { Write } from '../../ports/store.ts'

const BLOCK_ROWS_MAX = 512

/** Rows outlive the stores that are opened over them, as files outlive a process. */
export class Rows {
  /** Never holds an empty block; block i ends before block i + 1 begins. */
  #blocks: Entry[][] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Applies a whole batch; of two writes to one key the later one holds. */
  apply(batch: readonly Write[]): void {
    for (const { key, value } of batch) {
      if (value === null) this.#delete(key)
      else this.#put({ key, value })
    }
  }

  /** The value under a key. */
  get(key: Bytes): Bytes | undefined {
    const block = this.#blocks[this.#blockOf(key)] ?? []
    const i = place(block, key)
    return holds(block, i, key) ? block[i]?.value : undefined
  }

  /** The rows of one range, in the order asked for. */
  read(range: Range): Entry[] {
    const { from, to, limit = Number.POSITIVE_INFINITY, reverse = false } = range
    const found: Entry[] = []
    if (compare(from, to) >= 0) return found
    if (reverse) this.#down(range, limit, found)
    else this.#up(range, limit, found)
    return found
  }

  /** Every row, ascending. */
  all(): Entry[] {
    return this.#blocks.flat()
  }

  /** Rows of a range, ascending. */
  #up({ from, to }: Range, limit: number, found: Entry[]): void {
    const first = this.#blockOf(from)
    for (let b = first; b < this.#blocks.length; b++) {
      const block = this.#blocks[b] ?? []
      for (let i = b === first ? place(block, from) : 0; i < block.length; i++) {
        const row = block[i] as Entry
        if (found.length >= limit || compare(row.key, to) >= 0) return
        found.push(row)
      }
    }
  }

  /** Rows of a range, descending. */
  #down({ from, to }: Range, limit: number, found: Entry[]): void {
    const last = this.#blockOf(to)
    for (let b = last; b >= 0; b--) {
      const block = this.#blocks[b] ?? []
      for (let i = (b === last ? place(block, to) : block.length) - 1; i >= 0; i--) {
        const row = block[i] as Entry
        if (found.length >= limit || compare(row.key, from) < 0) return
        found.push(row)
      }
    }
  }

  #put(row: Entry): void {
    const b = this.#blockOf(row.key)
    const block = this.#blocks[b]
    if (block === undefined) this.#blocks.push([row])
    else {
      const i = place(block, row.key)
      if (holds(block, i, row.key)) {
        block[i] = row
        return
      }
      block.splice(i, 0, row)
      if (block.length > BLOCK_ROWS_MAX) this.#split(b, block, i)
    }
    this.#size++
  }

  /** Splits in halves, but only the last row off where rows come in rising order. */
  #split(b: number, block: Entry[], inserted: number): void {
    const half = inserted === block.length - 1 ? inserted : block.length >>> 1
    this.#blocks.splice(b + 1, 0, block.splice(half))
  }

  #delete(key: Bytes): void {
    const b = this.#blockOf(key)
    const block = this.#blocks[b]
    if (block === undefined) return
    const i = place(block, key)
    if (!holds(block, i, key)) return
    block.splice(i, 1)
    this.#size--
    if (block.length === 0) this.#blocks.splice(b, 1)
  }

  /** The last block that begins at or below the key, or the first. */
  #blockOf(key: Bytes): number {
    let low = 0
    let high = this.#blocks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const first = this.#blocks[middle]?.[0] as Entry
      if (compare(first.key, key) <= 0) low = middle + 1
      else high = middle
    }
    return Math.max(0, low - 1)
  }
}

/** Index of the first row with a key at or above this one. */
function place(block: readonly Entry[], key: Bytes): number {
  let low = 0
  let high = block.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare((block[middle] as Entry).key, key) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function holds(block: readonly Entry[], i: number, key: Bytes): boolean {
  const row = block[i]
  return row !== undefined && compare(row.key, key) === 0
}
