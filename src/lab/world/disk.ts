// The disk of one node: it outlives crashes of the node, and decides what a crash does to the write
// that was under way. A batch is all or nothing, as the real store promises; what nobody can know
// after a crash is whether it was all or nothing, so the world says which.

import { Rows } from '../../adapters/memory/rows.ts'
import type { SeededRandom } from '../../base/random.ts'
import type { Store, Write } from '../../ports/store.ts'
import type { Timeline } from './timeline.ts'

/** What becomes of unconfirmed writes: all kept, all lost, or kept up to a point drawn at random. */
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

  constructor(timeline: Timeline, node: number, options: DiskOptions = {}) {
    this.#timeline = timeline
    this.#node = node
    this.#options = { ...diskDefaults, ...options }
  }

  /** Settles what is under way when the node crashes. */
  crash(writes: CrashWrites, stream: SeededRandom): void {
    const count = this.full ? 0 : this.#underWay.length
    const kept = writes === 'kept' ? count : writes === 'lost' ? 0 : stream.below(count + 1)
    for (const batch of this.#underWay.slice(0, kept)) this.rows.apply(batch)
    this.#underWay = []
  }

  /** The port for one life of the node. */
  open(life: { readonly alive: boolean }): Store {
    return {
      write: (batch, done) => {
        if (life.alive) this.#write(life, batch, done)
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
    batch: readonly Write[],
    done: (error?: Error) => void,
  ): void {
    const kept = batch.map(({ key, value }) => ({
      key: key.slice(),
      value: value?.slice() ?? null,
    }))
    this.writes++
    this.#underWay.push(kept)
    this.onWrite?.()
    if (!life.alive) return
    this.#later('write', this.#options.writeMs, `"rows":${batch.length}`, () => {
      if (!life.alive) return
      this.#underWay = this.#underWay.filter((each) => each !== kept)
      if (this.full) return done(Object.assign(new Error('no space left'), { code: 'ENOSPC' }))
      this.rows.apply(kept)
      done()
    })
  }

  #later(kind: string, afterMs: number, detail: string, act: () => void): void {
    this.#timeline.at(this.#timeline.nowUs + afterMs * 1_000, this.#node, kind, detail, act)
  }
}
