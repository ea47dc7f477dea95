// The disk of one node: it outlives crashes of the node, and decides what a crash does to the write
// that was under way, and to those that were not synced: every crash is a power cut here. A batch is
// all or nothing, as the real store promises; what nobody can know after a crash is whether it was
// all or nothing, so the world says which. Of unsynced batches the last may be lost.

import { Rows } from '../../adapters/memory/rows.ts'
import type { Bytes } from '../../base/bytes.ts'
import type { SeededRandom } from '../../base/random.ts'
import type { Store, Write } from '../../ports/store.ts'
import type { Timeline } from './timeline.ts'

/** What becomes of writes not confirmed or not synced: all kept, all lost, or kept up to a point. */
export type CrashWrites = 'kept' | 'lost' | 'torn'

export interface DiskOptions {
  /** Milliseconds until a write is confirmed. Default: 1. */
  readonly writeMs?: number
  /** Milliseconds until a read is answered. Default: 0.1. */
  readonly readMs?: number
}

export const diskDefaults = Object.freeze({ writeMs: 1, readMs: 0.1 })

export class Disk {
  readonly rows = new Rows()
  /** Writes ever asked for. */
  writes = 0
  /** Asked before every write; it may crash the node. */
  onWrite: (() => void) | undefined
  /** While true, every write fails for want of room. */
  full = false
  readonly #timeline: Timeline
  readonly #node: number
  readonly #options: Required<DiskOptions>
  #underWay: (readonly Write[])[] = []
  /** For each batch that is confirmed and not synced: the rows that it replaced. */
  #unsynced: { readonly before: readonly Write[] }[] = []

  constructor(timeline: Timeline, node: number, options: DiskOptions = {}) {
    this.#timeline = timeline
    this.#node = node
    this.#options = { ...diskDefaults, ...options }
  }

  /** Settles what is under way when the node crashes. */
  crash(writes: CrashWrites, stream: SeededRandom): void {
    const unsynced = this.#unsynced.length
    const count = unsynced + (this.full ? 0 : this.#underWay.length)
    const kept = writes === 'kept' ? count : writes === 'lost' ? 0 : stream.below(count + 1)
    for (const { before } of this.#unsynced.slice(kept).toReversed()) this.rows.apply(before)
    for (const batch of this.#underWay.slice(0, Math.max(0, kept - unsynced))) {
      this.rows.apply(batch)
    }
    this.#underWay = []
    this.#unsynced = []
  }

  #apply(batch: readonly Write[], sync: boolean): void {
    // What is synced never has to be taken back.
    if (sync) this.#unsynced = []
    else {
      const before = batch.map(({ key }) => ({ key, value: this.rows.get(key) ?? null }))
      this.#unsynced.push({ before })
    }
    this.rows.apply(batch)
  }

  /** The port for one life of the node. */
  open(life: { readonly alive: boolean }): Store {
    return {
      write: (batch, done, options) => {
        if (life.alive) this.#write(life, { batch, sync: options?.sync ?? true }, done)
      },
      read: (ranges, done) => {
        if (!life.alive) return
        const results = ranges.map((range) => this.rows.read(range))
        const detail = `"rows":${results.reduce((sum, rows) => sum + rows.length, 0)}`
        this.#later('read', this.#options.readMs, detail, () => {
          if (life.alive) done(undefined, results)
        })
      },
      close: (done) => this.#later('close', this.#options.writeMs, '', done),
    }
  }

  #write(
    life: { readonly alive: boolean },
    { batch, sync }: { readonly batch: readonly Write[]; readonly sync: boolean },
    done: (error?: Error) => void,
  ): void {
    const kept = copied(batch)
    this.writes++
    this.#underWay.push(kept)
    this.onWrite?.()
    if (!life.alive) return
    this.#later('write', this.#options.writeMs, `"rows":${batch.length}`, () => {
      if (!life.alive) return
      this.#underWay = this.#underWay.filter((each) => each !== kept)
      if (this.full) return done(Object.assign(new Error('no space left'), { code: 'ENOSPC' }))
      this.#apply(kept, sync)
      done()
    })
  }

  #later(kind: string, afterMs: number, detail: string, act: () => void): void {
    this.#timeline.at(this.#timeline.nowUs + afterMs * 1_000, this.#node, kind, detail, act)
  }
}

/** A batch in memory of its own: one piece, as most of it stays for as long as the disk. */
function copied(batch: readonly Write[]): Write[] {
  let length = 0
  for (const { key, value } of batch) length += key.length + (value?.length ?? 0)
  const block = new Uint8Array(length)
  let end = 0
  const copy = (bytes: Bytes): Bytes => {
    block.set(bytes, end)
    return block.subarray(end, (end += bytes.length))
  }
  return batch.map(({ key, value }) => ({ key: copy(key), value: value && copy(value) }))
}
