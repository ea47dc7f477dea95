// Makes a trace of facts: gives each an index, chains their lines into one digest, and passes them on
// to readers and to the file. Two runs are the same exactly when their digests are. Frames (`net`) are
// left out of index and digest, so that the digest is the same at each level.

import { type Bytes, EMPTY, concat, toHex, utf8 } from '../../base/bytes.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import type { Fact, TraceEvent, TraceLevel, TraceReader } from './event.ts'

/** Characters gathered before they are hashed and written. */
const BLOCK_LENGTH = 65_536

export interface RecorderOptions {
  readonly crypto: Crypto
  readonly level: TraceLevel
  readonly readers: readonly TraceReader[]
  /** Gets the lines to keep, in blocks of whole lines. Default: nothing is kept. */
  readonly write?: (text: string) => void
}

export class Recorder {
  readonly #options: RecorderOptions
  #digest: Bytes = EMPTY
  #chained = ''
  #kept = ''
  #events = 0

  constructor(options: RecorderOptions) {
    this.#options = options
  }

  /** How many events there are. */
  get events(): number {
    return this.#events
  }

  /** Adds a fact. @param t microseconds since the run began, @param n the node, or -1 */
  readonly tell = (t: number, n: number, fact: Fact): void => {
    if (fact.k === 'net') return this.#keep(`${JSON.stringify({ i: -1, t, n, ...fact })}\n`)
    const event: TraceEvent = { i: this.#events++, t, n, ...fact }
    const line = `${JSON.stringify(event)}\n`
    this.#chained += line
    if (this.#chained.length >= BLOCK_LENGTH) this.#seal()
    if (this.#options.level !== 'digest') this.#keep(line)
    for (const reader of this.#options.readers) reader.see(event)
  }

  /** Hash over all lines so far, 64 hex digits; writes out what is kept. */
  finish(): string {
    if (this.#kept !== '') this.#options.write?.(this.#kept)
    this.#kept = ''
    this.#seal()
    return toHex(this.#digest)
  }

  #keep(line: string): void {
    this.#kept += line
    if (this.#kept.length < BLOCK_LENGTH) return
    this.#options.write?.(this.#kept)
    this.#kept = ''
  }

  #seal(): void {
    this.#digest = this.#options.crypto.sha256(concat(this.#digest, utf8(this.#chained)))
    this.#chained = ''
  }
}
