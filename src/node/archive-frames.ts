// Reads an archive, or the file of keys beside it, frame by frame from any stream of bytes. Every frame
// must carry the link that follows from all before it: where one does not, the place is named.

import { type Bytes, EMPTY, concat, equal, readU32, text, toHex } from '../base/bytes.ts'
import { CoterieError } from '../base/error.ts'
import { ARCHIVE_FRAME_BYTES_MAX } from '../base/limits.ts'
import { LENGTH_BYTES, LINK_BYTES, firstLink, linkHolds } from '../core/export/format.ts'
import type { Crypto } from '../crypto/crypto.ts'

/** One frame whose link holds. */
export interface LinkedFrame {
  /** Where it begins in the file. */
  readonly offset: number
  readonly payload: Bytes
}

export interface FrameSourceOptions {
  readonly crypto: Crypto
  /** How the file must begin. */
  readonly magic: Bytes
  /** What it is called in messages, such as "archive". */
  readonly name: string
}

/** The error of a file that breaks at a place. */
export function invalidAt(name: string, offset: number, what: string, hint?: string): CoterieError {
  const message = `The ${name} breaks at byte ${offset}: ${what}.`
  return new CoterieError('ARCHIVE_INVALID', message, {
    hint: hint ?? 'Get it again from where it came, or export anew; nothing of it can be trusted.',
  })
}

/** The frames of a file, in order. Holds one frame and one chunk of the stream. */
export class FrameSource {
  readonly #options: FrameSourceOptions
  readonly #chunks: AsyncIterator<Bytes>
  #held: Bytes = EMPTY
  #offset = 0
  #link: Bytes
  #begun = false
  #ended = false

  constructor(chunks: AsyncIterable<Bytes>, options: FrameSourceOptions) {
    this.#options = options
    this.#chunks = chunks[Symbol.asyncIterator]()
    this.#link = firstLink(options.crypto, options.magic)
  }

  /** How many bytes were read so far. */
  get offset(): number {
    return this.#offset
  }

  /** The link of the last frame that was read. */
  get link(): string {
    return toHex(this.#link)
  }

  /** The next frame. @throws CoterieError ARCHIVE_INVALID, FORMAT_TOO_NEW */
  async next(): Promise<LinkedFrame> {
    if (!this.#begun) await this.#begin()
    const offset = this.#offset
    const { crypto, name } = this.#options
    const length = readU32(await this.#exactly(LENGTH_BYTES, offset), 0)
    if (length > ARCHIVE_FRAME_BYTES_MAX) throw invalidAt(name, offset, 'a frame is too long')
    const payload = await this.#exactly(length, offset)
    const link = await this.#exactly(LINK_BYTES, offset)
    if (!linkHolds(crypto, this.#link, payload, link)) {
      throw invalidAt(name, offset, 'a frame was changed, or something before it is missing')
    }
    this.#link = link
    return { offset, payload }
  }

  /** Makes sure that nothing follows. @throws CoterieError ARCHIVE_INVALID */
  async end(): Promise<void> {
    await this.#fill(1)
    if (this.#held.length > 0) {
      throw invalidAt(this.#options.name, this.#offset, 'something follows its end')
    }
  }

  /** Lets go of the stream. */
  async close(): Promise<void> {
    await this.#chunks.return?.()
  }

  async #begin(): Promise<void> {
    const { magic, name } = this.#options
    this.#begun = true
    await this.#fill(magic.length)
    const found = this.#held.subarray(0, magic.length)
    if (!equal(found, magic)) throw foreign(found, magic, name)
    this.#advance(magic.length)
  }

  async #exactly(length: number, frame: number): Promise<Bytes> {
    await this.#fill(length)
    if (this.#held.length < length) {
      throw invalidAt(this.#options.name, frame, 'it is cut short in the frame that begins there')
    }
    const taken = this.#held.slice(0, length)
    this.#advance(length)
    return taken
  }

  #advance(length: number): void {
    this.#held = this.#held.subarray(length)
    this.#offset += length
  }

  /** Reads on until so many bytes are held or the stream ends; joins once, however many chunks come. */
  async #fill(length: number): Promise<void> {
    const parts = [this.#held]
    let held = this.#held.length
    while (held < length && !this.#ended) {
      const next = await this.#chunks.next()
      if (next.done === true) this.#ended = true
      else {
        parts.push(next.value)
        held += next.value.length
      }
    }
    if (parts.length > 1) this.#held = plain(concat(...parts))
  }
}

/** A newer version says so in its first line; anything else is no file of ours. */
function foreign(found: Bytes, magic: Bytes, name: string): CoterieError {
  const known = text(magic)?.replace(/[0-9]+\n$/, '') ?? ''
  const version = /^[0-9]+\n/.exec(text(found)?.slice(known.length) ?? '')
  if (text(found)?.startsWith(known) === true && version !== null) {
    return new CoterieError('FORMAT_TOO_NEW', `The ${name} was written by a newer version.`, {
      hint: 'Verify it with that version.',
    })
  }
  return new CoterieError('ARCHIVE_INVALID', `This is no ${name}: it breaks at byte 0.`, {
    hint: 'An archive is written by: coterie export GROUP FILE',
  })
}

/** Without Node's buffer around it, whose `slice` shares memory. */
function plain(bytes: Bytes): Bytes {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
