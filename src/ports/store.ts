/**
 * What the driver needs of a store: an ordered map of bytes with one durable batch write and range
 * reads. The core chooses the keys; a store moves bytes and knows no meaning. Callback style, as
 * in network.ts. Keys order as unsigned bytes.
 */
import type { Bytes } from '../base/bytes.ts'
import type { Entry } from '../core/input.ts'
import type { Range } from '../core/effect.ts'

export interface Write {
  readonly key: Bytes
  /** null deletes. */
  readonly value: Bytes | null
}

export interface WriteOptions {
  /**
   * Default: true. False: reads see the batch once `done` was called, but a crash may take it back,
   * unless a later synced write is done. It never takes one back and keeps a later one.
   */
  readonly sync?: boolean
}

export interface Store {
  /**
   * All or nothing, and on stable storage (fsync) when `done` is called without an error, unless
   * the options say otherwise.
   */
  write(batch: readonly Write[], done: (error?: Error) => void, options?: WriteOptions): void
  /**
   * One list per range, in order. Sees every write whose `done` was called before, and none that
   * is asked for later: all ranges are read from the store as it is at the time of the call.
   */
  read(ranges: readonly Range[], done: (error: Error | undefined, results: Entry[][]) => void): void
  /** Waits for writes under way. */
  close(done: (error?: Error) => void): void
}
