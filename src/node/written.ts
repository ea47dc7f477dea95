// How often the store was written, told in two places: within each write to the store, and beside the keys
// soon after that write is durable. So what is told beside the keys is never ahead, whatever crashes; where it
// is, the store alone was put back to an older state, and may lack what this node has signed since. Only a copy
// of the store that was made in the last moments before a crash could be put back unnoticed.

import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bytes } from '../base/bytes.ts'
import { Space, key, only } from '../core/storage.ts'
import type { Store, Write } from '../ports/store.ts'
import type { Paths } from './paths.ts'

/** Its name in the directory of keys. */
export const WRITTEN_FILE = 'written'

const COUNT_BYTES = 8
/** Once for all the writes of this time: an own file write after each costs a tenth of a send. */
const TELL_AFTER_MS = 50
const place = key(Space.written)

const encode = (count: number): Bytes => {
  const bytes = new Uint8Array(COUNT_BYTES)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(count))
  return bytes
}

/** What is damaged tells nothing. */
const decode = (bytes: Bytes | undefined): number => {
  if (bytes?.length !== COUNT_BYTES) return 0
  const count = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0))
  return Number.isSafeInteger(count) ? count : 0
}

/** A store whose writes are counted, and whether it is older than its keys know. */
export interface CountedStore {
  readonly store: Store
  readonly wasPutBack: boolean
}

/** Counts the writes to a store from now on. */
export async function countWrites(paths: Paths, store: Store): Promise<CountedStore> {
  const file = await openCount(join(paths.keys, WRITTEN_FILE))
  const { buffer, bytesRead } = await file.read(new Uint8Array(COUNT_BYTES), 0, COUNT_BYTES, 0)
  const told = decode(buffer.subarray(0, bytesRead))
  const held = await countIn(store)
  return {
    store: new Counted(store, file, Math.max(told, held)),
    wasPutBack: told > held,
  }
}

/** Opened for reading and writing, made where it is missing. */
const openCount = (path: string): Promise<FileHandle> =>
  open(path, 'r+', 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return open(path, 'w+', 0o600)
    throw error
  })

const countIn = (store: Store): Promise<number> =>
  new Promise((resolve, reject) => {
    store.read([only(place)], (error, [rows]) => {
      if (error === undefined) resolve(decode(rows?.[0]?.value))
      else reject(error)
    })
  })

class Counted implements Store {
  readonly #store: Store
  readonly #file: FileHandle
  #count: number
  /** What is durable. */
  #durable = 0
  #soon: NodeJS.Timeout | undefined
  #telling: Promise<unknown> = Promise.resolve()

  constructor(store: Store, file: FileHandle, count: number) {
    this.#store = store
    this.#file = file
    this.#count = count
  }

  write(
    batch: readonly Write[],
    done: (error?: Error) => void,
    options?: { sync?: boolean },
  ): void {
    this.#count += 1
    const count = this.#count
    const counted = [...batch, { key: place, value: encode(count) }]
    const after = (error?: Error): void => {
      // Synced, it has everything before it with it.
      if (error === undefined && options?.sync !== false) this.#tellSoon(count)
      done(error)
    }
    this.#store.write(counted, after, options)
  }

  read(...asked: Parameters<Store['read']>): void {
    this.#store.read(...asked)
  }

  close(done: (error?: Error) => void): void {
    this.#store.close((error) => {
      clearTimeout(this.#soon)
      this.#tell()
      void this.#telling
        .then(() => this.#file.close())
        .then(
          () => done(error),
          () => done(error),
        )
    })
  }

  #tellSoon(count: number): void {
    this.#durable = count
    this.#soon ??= setTimeout(() => this.#tell(), TELL_AFTER_MS)
  }

  /** Without a sync: after a power cut it tells less, which is no harm. */
  #tell(): void {
    this.#soon = undefined
    if (this.#durable === 0) return
    const told = encode(this.#durable)
    // Where it cannot be told, a store that is put back looks as it does without it.
    this.#telling = this.#telling
      .then(() => this.#file.write(told, 0, COUNT_BYTES, 0))
      .catch(() => undefined)
  }
}
