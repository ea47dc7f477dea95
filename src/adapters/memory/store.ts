// A store in memory, as exact as a real one in what it promises: a read sees the rows of the moment
// of its call, a batch becomes visible all at once, and `done` comes when `later` says so.
// Deterministic: what happens depends only on the calls and on `later`.

import type { Range } from '../../core/effect.ts'
import type { Store, Write } from '../../ports/store.ts'
import { Rows } from './rows.ts'

export interface MemoryStoreOptions {
  /** The rows to open. Default: none. */
  readonly rows?: Rows
  /** When an operation completes, such as `queueMicrotask`. Must keep order. Default: at once. */
  readonly later?: (complete: () => void) => void
}

/** Opens a store over rows in memory. */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  const rows = options.rows ?? new Rows()
  const later = options.later ?? ((complete: () => void) => complete())
  let closed = false

  return {
    write(batch, done) {
      if (closed) return later(() => done(new Error('the store is closed')))
      const kept = batch.map(copied)
      later(() => {
        rows.apply(kept)
        done()
      })
    },
    read(ranges: readonly Range[], done) {
      if (closed) return later(() => done(new Error('the store is closed'), []))
      const results = ranges.map((range) => rows.read(range))
      later(() => done(undefined, results))
    },
    close(done) {
      closed = true
      later(() => done())
    },
  }
}

/** The caller may reuse its buffers: a disk would have copied them too. */
function copied({ key, value }: Write): Write {
  return { key: key.slice(), value: value === null ? null : value.slice() }
}
