// A store in LevelDB. Every write is synced, so `done` means that it survives a power cut. A batch
// that need not survive yet waits in memory and goes along with the next one (`held.ts`).
// A read takes its view of the database when it is asked for; later writes do not show in it.
// Writes go one after another: the database's threads would otherwise overtake each other.
// Closing waits for whatever is under way, because closing the database under a write loses it.

import { Level } from 'level'

import type { Bytes } from '../../base/bytes.ts'
import type { Range } from '../../core/effect.ts'
import type { Entry } from '../../core/input.ts'
import type { Store, Write, WriteOptions } from '../../ports/store.ts'
import { levelFailure } from './failure.ts'
import { Held, isOneKey, laidOver, widened } from './held.ts'

export interface LevelStoreOptions {
  /** The directory of the database; made when missing. */
  readonly location: string
  /** Bytes of the block cache. Default: 16 MiB. */
  readonly cacheBytes?: number
  /** Bytes gathered in memory, and in the log, before a table is written. Default: 8 MiB. */
  readonly writeBufferBytes?: number
}

/** What a store uses unless its options say otherwise. */
export const levelDefaults = Object.freeze({
  cacheBytes: 16 * 1_024 * 1_024,
  writeBufferBytes: 8 * 1_024 * 1_024,
})

type Database = Level<Bytes, Bytes>
type Snapshot = ReturnType<Database['snapshot']>

/** Rows fetched in one crossing to the database's thread, at most. */
const CHUNK_ROWS_MAX = 1_000
/** Bytes after which such a crossing ends early. */
const CHUNK_BYTES_MAX = 1_024 * 1_024
/** Ranges read side by side: enough to keep the threads busy, few enough to bound memory. */
const RANGES_AT_ONCE = 16
/** Keys looked up at once without another thread: a few microseconds each where they are cached. */
const KEYS_AT_ONCE_MAX = 16

/**
 * Opens the database.
 *
 * @throws CoterieError DATA_DIR_LOCKED, DISK_FULL, PERMISSION, or INTERNAL where it is damaged
 */
export async function openLevelStore(options: LevelStoreOptions): Promise<Store> {
  const { cacheBytes, writeBufferBytes } = { ...levelDefaults, ...options }
  const database: Database = new Level<Bytes, Bytes>(options.location, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    cacheSize: cacheBytes,
    writeBufferSize: writeBufferBytes,
  })
  try {
    await database.open()
  } catch (thrown) {
    throw levelFailure(thrown)
  }
  return new LevelStore(database)
}

class LevelStore implements Store {
  readonly #database: Database
  readonly #held = new Held()
  #lastWrite: Promise<unknown> = Promise.resolve()
  #underWay = 0
  #closing: (() => void) | undefined

  constructor(database: Database) {
    this.#database = database
  }

  write(batch: readonly Write[], done: (error?: Error) => void, options?: WriteOptions): void {
    if (options?.sync === false && this.#closing === undefined) {
      this.#held.add(batch)
      return done()
    }
    this.#work(
      () => this.#write(batch),
      (error) => done(error),
    )
  }

  read(
    ranges: readonly Range[],
    done: (error: Error | undefined, results: Entry[][]) => void,
  ): void {
    this.#work(
      () => this.#read(ranges),
      (error, results) => done(error, results ?? []),
    )
  }

  close(done: (error?: Error) => void): void {
    if (this.#closing !== undefined) return done(levelFailure(new Error('closed already')))
    this.#closing = () => {
      this.#closeDatabase().then(
        () => done(),
        (thrown: unknown) => done(levelFailure(thrown)),
      )
    }
    if (this.#underWay === 0) this.#closing()
  }

  async #closeDatabase(): Promise<void> {
    if (this.#held.waiting) await this.#write([])
    await this.#database.close()
  }

  /** Writes what is held, then the batch, as one. */
  async #write(batch: readonly Write[]): Promise<void> {
    const held = this.#held.take()
    const gathered = gather(this.#database, held.length === 0 ? batch : [...held, ...batch])
    await this.#inTurn(() => gathered.write({ sync: true }))
    this.#held.written(held)
  }

  /** Single keys that are held are answered from memory; over other ranges it is laid. */
  async #read(ranges: readonly Range[]): Promise<Entry[][]> {
    const held = ranges.map((range) => this.#held.within(range))
    if (held.every((rows) => rows.length === 0)) return readAll(this.#database, ranges)
    const asked = ranges.flatMap((range, i) => {
      const rows = held[i] ?? []
      return isOneKey(range) && rows.length > 0 ? [] : [widened(range, rows)]
    })
    const found = asked.length === 0 ? [] : await readAll(this.#database, asked)
    let used = 0
    return ranges.map((range, i) => {
      const rows = held[i] ?? []
      const known = isOneKey(range) && rows.length > 0 ? [] : (found[used++] ?? [])
      return laidOver(range, known, rows)
    })
  }

  #inTurn<T>(operate: () => Promise<T>): Promise<T> {
    const done = this.#lastWrite.then(operate)
    this.#lastWrite = done.catch(() => {})
    return done
  }

  /** Runs one operation to its end before the database may close, then says how it went. */
  #work<T>(operate: () => Promise<T>, done: (error: Error | undefined, result?: T) => void): void {
    const refused = this.#closing !== undefined
    this.#underWay++
    const outcome = refused ? Promise.reject(new Error('the store is closed')) : operate()
    outcome.then(
      (result) => this.#settled(() => done(undefined, result)),
      (thrown: unknown) => this.#settled(() => done(levelFailure(thrown))),
    )
  }

  #settled(tell: () => void): void {
    try {
      tell()
    } finally {
      this.#underWay--
      if (this.#underWay === 0) this.#closing?.()
    }
  }
}

/**
 * Copies a batch into the database's own memory at once: the write may have to wait its turn while
 * the caller reuses its buffers. Row by row this costs a seventh of handing over an array of them.
 */
function gather(database: Database, batch: readonly Write[]) {
  const gathered = database.batch()
  for (const { key, value } of batch) {
    if (value === null) gathered.del(key)
    else gathered.put(key, value)
  }
  return gathered
}

/** All ranges over one view. Single keys go together; every other range is an iterator of its own. */
async function readAll(database: Database, ranges: readonly Range[]): Promise<Entry[][]> {
  if (ranges.length <= KEYS_AT_ONCE_MAX && ranges.every(isOneKey)) {
    // Looking up a few keys takes less than handing them to another thread, and nothing can be
    // written in between: a view of its own is not needed.
    return ranges.map((range) => row(range.from, database.getSync(range.from)))
  }
  const snapshot = database.snapshot()
  try {
    const keys = ranges.filter(isOneKey).map((range) => range.from)
    const values = keys.length === 0 ? [] : await database.getMany(keys, { snapshot })
    const results: Entry[][] = []
    let used = 0
    for (let at = 0; at < ranges.length; at += RANGES_AT_ONCE) {
      const some = ranges
        .slice(at, at + RANGES_AT_ONCE)
        .map((range) =>
          isOneKey(range)
            ? Promise.resolve(row(range.from, values[used++]))
            : readRange(database, snapshot, range),
        )
      results.push(...(await Promise.all(some)))
    }
    return results
  } finally {
    await snapshot.close()
  }
}

async function readRange(database: Database, snapshot: Snapshot, range: Range): Promise<Entry[]> {
  const limit = range.limit ?? Number.POSITIVE_INFINITY
  const rows = database.iterator({
    gte: range.from,
    lt: range.to,
    reverse: range.reverse ?? false,
    limit: range.limit ?? -1,
    highWaterMarkBytes: CHUNK_BYTES_MAX,
    snapshot,
  })
  const found: Entry[] = []
  try {
    while (found.length < limit) {
      const chunk = await rows.nextv(Math.min(limit - found.length, CHUNK_ROWS_MAX))
      if (chunk.length === 0) break
      for (const [key, value] of chunk) found.push({ key: plain(key), value: plain(value) })
    }
  } finally {
    await rows.close()
  }
  return found
}

function row(key: Bytes, value: Bytes | undefined): Entry[] {
  return value === undefined ? [] : [{ key, value: plain(value) }]
}

/** Without Node's buffer around it, whose `slice` shares memory where that of bytes copies. */
function plain(bytes: Bytes): Bytes {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
