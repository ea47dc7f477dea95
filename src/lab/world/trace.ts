// The trace: one JSON line for every happening, chained by SHA-256, so that two runs are the same
// exactly when their hashes are. Lines are hashed in blocks; keeping them is left to a listener,
// because a long run has millions.

import { type Bytes, EMPTY, concat, toHex, utf8 } from '../../base/bytes.ts'
import type { Crypto } from '../../crypto/crypto.ts'

/** Characters gathered before they are hashed. */
const BLOCK_LENGTH = 65_536

export class Trace {
  readonly #crypto: Crypto
  readonly #listen: ((line: string) => void) | undefined
  #digest: Bytes = EMPTY
  #block = ''
  #lines = 0

  /** @param listen gets every line, without a line end */
  constructor(crypto: Crypto, listen?: (line: string) => void) {
    this.#crypto = crypto
    this.#listen = listen
  }

  /** Adds a line. `detail` is empty or JSON members. */
  append(atUs: number, node: number, kind: string, detail: string): void {
    const head = `{"i":${this.#lines++},"t":${atUs},"n":${node},"k":"${kind}"`
    const line = detail === '' ? `${head}}` : `${head},${detail}}`
    this.#listen?.(line)
    this.#block += line + '\n'
    if (this.#block.length >= BLOCK_LENGTH) this.#seal()
  }

  /** The hash over all lines so far, 64 hex digits. Reading it changes nothing. */
  hash(): string {
    return toHex(this.#chained())
  }

  #seal(): void {
    this.#digest = this.#chained()
    this.#block = ''
  }

  #chained(): Bytes {
    return this.#crypto.sha256(concat(this.#digest, utf8(this.#block)))
  }
}

/** A short mark of some bytes for the trace: tells them apart in practice, and proves nothing. */
export function fingerprint(bytes: Bytes): number {
  let mixed = 0x811c9dc5 ^ bytes.length
  for (let i = 0; i < bytes.length; i++) mixed = Math.imul(mixed ^ (bytes[i] ?? 0), 0x01000193)
  return mixed >>> 0
}
