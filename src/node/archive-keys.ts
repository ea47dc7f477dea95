// The file of keys beside an archive, read in step with it: one key, or none, for each text in order.
// Its end names the archive that it was written for.

import { type Bytes, equal, toHex } from '../base/bytes.ts'
import type { CoterieError } from '../base/error.ts'
import type { KeysFrame } from '../core/export/format.ts'
import { KEYS_MAGIC, parseKeysFrame } from '../core/export/format.ts'
import type { Crypto } from '../crypto/crypto.ts'
import { FrameSource, invalidAt } from './archive-frames.ts'

const NAME = 'file of keys'
const HINT = 'Use the file of keys that was written together with this very archive.'

export class ArchiveKeys {
  readonly #frames: FrameSource
  #keys: readonly (Bytes | undefined)[] = []
  #used = 0
  #at = 0

  constructor(chunks: AsyncIterable<Bytes>, crypto: Crypto) {
    this.#frames = new FrameSource(chunks, { crypto, magic: KEYS_MAGIC, name: NAME })
  }

  /** @throws CoterieError ARCHIVE_INVALID where it is for another group */
  async begin(group: Bytes): Promise<void> {
    const head = await this.#frame()
    if (head.kind !== 'head') throw this.invalid('it does not begin as it must')
    if (!equal(head.group, group)) throw this.invalid('it is for another group')
  }

  /** The key of the next text, or undefined where none was given. */
  async next(): Promise<Bytes | undefined> {
    if (this.#used === this.#keys.length) {
      const frame = await this.#frame()
      if (frame.kind !== 'keys')
        throw this.invalid('the archive holds more texts than it has places')
      this.#keys = frame.keys
      this.#used = 0
    }
    const key = this.#keys[this.#used]
    this.#used += 1
    return key
  }

  /** @throws CoterieError ARCHIVE_INVALID where it was written for another archive */
  async end(archive: string, texts: number): Promise<void> {
    const end = this.#used < this.#keys.length ? undefined : await this.#frame()
    if (end?.kind !== 'end' || end.texts !== texts) {
      throw this.invalid('it has more places than the archive has texts')
    }
    if (toHex(end.archive) !== archive) throw this.invalid('it was written for another archive')
    await this.#frames.end()
  }

  invalid(what: string): CoterieError {
    return invalidAt(NAME, this.#at, what, HINT)
  }

  close(): Promise<void> {
    return this.#frames.close()
  }

  async #frame(): Promise<KeysFrame> {
    const { offset, payload } = await this.#frames.next()
    this.#at = offset
    const frame = parseKeysFrame(payload)
    if (frame.ok) return frame.value
    throw this.invalid(frame.error)
  }
}
