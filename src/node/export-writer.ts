// Frames of an archive and of the file of keys beside it, one after the other, each linked to all before
// it. Holds a frame at most; what goes into which frame is the exporter's.

import { type Bytes, EMPTY, concat } from '../base/bytes.ts'
import { RUN_MESSAGES_MAX } from '../base/limits.ts'
import type { ArchiveVoucher } from '../core/export/format.ts'
import {
  ARCHIVE_MAGIC,
  KEYS_MAGIC,
  LINK_BYTES,
  encodeArchiveFrame,
  encodeKeysFrame,
  firstLink,
  frameOf,
} from '../core/export/format.ts'
import type { Envelope } from '../core/message/message.ts'
import { parseHeader } from '../core/message/header.ts'
import { MessageType } from '../core/message/type.ts'
import type { Crypto } from '../crypto/crypto.ts'

/** A chain of frames behind a magic line. */
class Linked {
  link: Bytes = EMPTY
  /** Bytes written so far. */
  bytes = 0
  readonly #crypto: Crypto
  readonly #magic: Bytes

  constructor(crypto: Crypto, magic: Bytes) {
    this.#crypto = crypto
    this.#magic = magic
    this.link = firstLink(crypto, magic)
  }

  protected first(payload: Bytes): Bytes {
    this.bytes += this.#magic.length
    return concat(this.#magic, this.next(payload))
  }

  protected next(payload: Bytes): Bytes {
    const frame = frameOf(this.#crypto, this.link, payload)
    this.link = frame.slice(-LINK_BYTES)
    this.bytes += frame.length
    return frame
  }
}

export class ArchiveWriter extends Linked {
  /** Texts written so far. */
  texts = 0

  constructor(crypto: Crypto) {
    super(crypto, ARCHIVE_MAGIC)
  }

  part(bytes: Bytes): { part: 'archive'; bytes: Bytes } {
    return { part: 'archive', bytes }
  }

  begin(constitution: Bytes): Bytes {
    return this.first(encodeArchiveFrame({ kind: 'head', constitution }))
  }

  messages(messages: readonly Envelope[]): Bytes {
    for (const { header } of messages) {
      const parsed = parseHeader(header)
      if (parsed.ok && parsed.value.type === MessageType.text) this.texts += 1
    }
    return this.next(encodeArchiveFrame({ kind: 'messages', messages }))
  }

  voucher(voucher: ArchiveVoucher): Bytes {
    return this.next(encodeArchiveFrame({ kind: 'voucher', ...voucher }))
  }

  end(state: { count: number; membershipHash: Bytes; root: Bytes }): Bytes {
    const { count, membershipHash, root } = state
    return this.next(encodeArchiveFrame({ kind: 'end', count, membershipHash, root }))
  }
}

export class KeysWriter extends Linked {
  /** Texts whose key was given. */
  given = 0
  #texts = 0
  #keys: (Bytes | undefined)[] = []

  constructor(crypto: Crypto) {
    super(crypto, KEYS_MAGIC)
  }

  part(bytes: Bytes): { part: 'keys'; bytes: Bytes } {
    return { part: 'keys', bytes }
  }

  begin(group: Bytes): Bytes {
    return this.first(encodeKeysFrame({ kind: 'head', group }))
  }

  /** The key of the next text, or that there is none; a frame once one is full. */
  add(key: Bytes | undefined): Bytes | undefined {
    this.#keys.push(key)
    this.#texts += 1
    if (key !== undefined) this.given += 1
    return this.#keys.length < RUN_MESSAGES_MAX ? undefined : this.#flush()
  }

  /** What is left, and the end. @param archive the last link of the archive */
  end(archive: Bytes): Bytes[] {
    const frames = this.#keys.length === 0 ? [] : [this.#flush()]
    const payload = encodeKeysFrame({ kind: 'end', texts: this.#texts, archive })
    return [...frames, this.next(payload)]
  }

  #flush(): Bytes {
    const payload = encodeKeysFrame({ kind: 'keys', keys: this.#keys })
    this.#keys = []
    return this.next(payload)
  }
}
