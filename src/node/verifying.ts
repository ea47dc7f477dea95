// Verifies an archive of a transcript as a stranger: no node, no data directory, no secret. One pass in
// which memory holds a window of messages and what membership needs; with the file of keys beside it,
// each text is opened as it passes by. What the rules are is the core's (core/export).

import { type Bytes, readU32, text as utf8Text, toHex, writeU32 } from '../base/bytes.ts'
import { CoterieError } from '../base/error.ts'
import { ARCHIVE_WINDOW_MESSAGES } from '../base/limits.ts'
import { createSystemCrypto } from '../adapters/system/crypto.ts'
import type { ArchiveFrame } from '../core/export/format.ts'
import { ARCHIVE_MAGIC, parseArchiveFrame } from '../core/export/format.ts'
import type { ArchiveReport } from '../core/export/report.ts'
import { reportArchive } from '../core/export/report.ts'
import { recallRow, recordOf, stretchFor } from '../core/export/scratch.ts'
import type { Verification } from '../core/export/verifier.ts'
import { begin, conclude, consider, vouchFor } from '../core/export/verifier.ts'
import { openText } from '../core/epoch/text.ts'
import { encodePrefix, numberText } from '../core/message/header.ts'
import type { Message } from '../core/message/message.ts'
import { parseMessage } from '../core/message/message.ts'
import { MessageType } from '../core/message/type.ts'
import { Space, key, only } from '../core/storage.ts'
import type { Place } from '../core/validity/past.ts'
import type { Crypto } from '../crypto/crypto.ts'
import { ArchiveKeys } from './archive-keys.ts'
import { FrameSource, type LinkedFrame, invalidAt } from './archive-frames.ts'
import { Scratch } from './scratch.ts'

/** A text that its key opened. */
export interface OpenedText {
  number: string
  id: string
  author: string
  name: string
  text: string
  contentType: string
  sent: number
  lamport: number
}

export interface VerifyOptions {
  readonly archive: AsyncIterable<Bytes>
  /** The file of keys. Default: none; texts stay sealed. */
  readonly keys?: AsyncIterable<Bytes> | undefined
  /** Called for each text that opens, in total order. Nothing is certain before the end. */
  readonly onText?: ((text: OpenedText) => Promise<void> | void) | undefined
  /** Ends the reading; it fails with the reason of the signal then. */
  readonly signal?: AbortSignal | undefined
  /** Where temporary files may lie. */
  readonly temporary: string
  /** Messages held in memory. Default: ARCHIVE_WINDOW_MESSAGES. */
  readonly windowMessages?: number | undefined
  readonly crypto?: Crypto | undefined
}

/** What was verified. */
export interface VerifyReport extends ArchiveReport {
  /** Bytes of the archive, and its last link, which names this very file. */
  bytes: number
  archive: string
  /** Texts that a key opened; null where no keys were given. */
  opened: number | null
}

/** Reads an archive to its end. @throws CoterieError ARCHIVE_INVALID, FORMAT_TOO_NEW, UPGRADE_NEEDED */
export async function verifyArchive(options: VerifyOptions): Promise<VerifyReport> {
  const { crypto = createSystemCrypto(), temporary } = options
  const frames = new FrameSource(options.archive, { crypto, magic: ARCHIVE_MAGIC, name: 'archive' })
  const scratch = new Scratch(temporary)
  try {
    return await new Verifying(crypto, frames, scratch, options).run()
  } finally {
    await frames.close()
    await scratch.close()
  }
}

class Verifying {
  readonly #crypto: Crypto
  readonly #frames: FrameSource
  readonly #scratch: Scratch
  readonly #options: VerifyOptions
  readonly #keys: ArchiveKeys | undefined
  #opened = 0
  /** Where the frame under way begins. */
  #at = 0

  constructor(crypto: Crypto, frames: FrameSource, scratch: Scratch, options: VerifyOptions) {
    this.#crypto = crypto
    this.#frames = frames
    this.#scratch = scratch
    this.#options = options
    this.#keys = options.keys && new ArchiveKeys(options.keys, crypto)
  }

  async run(): Promise<VerifyReport> {
    try {
      const { windowMessages = ARCHIVE_WINDOW_MESSAGES } = this.#options
      const head = await this.#frame()
      if (head.kind !== 'head') throw this.#invalid('it does not begin with a constitution')
      const begun = begin(this.#crypto, head.constitution, windowMessages)
      if (!begun.ok) throw this.#invalid(`its constitution is not valid: ${begun.error}`)
      const verification = begun.value
      await this.#keys?.begin(verification.constitution.group)
      await this.#body(verification)
      const { link, offset } = this.#frames
      await this.#frames.end()
      await this.#keys?.end(link, verification.figures.texts)
      const opened = this.#keys === undefined ? null : this.#opened
      return { ...reportArchive(verification), bytes: offset, archive: link, opened }
    } finally {
      await this.#keys?.close()
    }
  }

  /** Messages, then vouchers, then the end. */
  async #body(verification: Verification): Promise<void> {
    let vouching = false
    for (;;) {
      const frame = await this.#frame()
      if (frame.kind === 'messages' && !vouching) {
        this.#options.signal?.throwIfAborted()
        for (const wire of frame.messages) {
          const parsed = parseMessage(this.#crypto, wire)
          if (!parsed.ok) throw this.#invalid(`a message is not valid: ${parsed.error}`)
          await this.#take(verification, parsed.value)
        }
      } else if (frame.kind === 'voucher') {
        vouching = true
        const vouched = vouchFor(verification, frame)
        if (!vouched.ok) {
          throw this.#invalid(
            `what vouches for message ${toHex(frame.tip)} does not: ${vouched.error}`,
          )
        }
      } else if (frame.kind === 'end') {
        const concluded = conclude(verification, frame)
        if (!concluded.ok) throw this.#invalid(concluded.error)
        return
      } else throw this.#invalid(`a frame stands where it may not: ${frame.kind}`)
    }
  }

  async #frame(): Promise<ArchiveFrame> {
    const { offset, payload }: LinkedFrame = await this.#frames.next()
    this.#at = offset
    const frame = parseArchiveFrame(payload)
    if (frame.ok) return frame.value
    throw this.#invalid(frame.error)
  }

  #invalid(what: string): CoterieError {
    return invalidAt('archive', this.#at, what)
  }

  async #take(verification: Verification, message: Message): Promise<void> {
    let asked = 0
    for (;;) {
      const considered = consider(verification, message)
      if (considered.kind === 'held') {
        const { row } = considered
        await this.#scratch.put([
          { key: recordKey(row.line, row.counter), value: recordOf(message, considered) },
          { key: indexKey(row.idBytes), value: placeValue(row.line, row.counter) },
        ])
        return this.#open(verification, message)
      }
      if (considered.kind === 'broken') throw this.#refused(message, considered.reason)
      // Each time round it gets further: a message has at most a row of each line to ask for.
      const linesMax = verification.court.transcript.lines.length
      if (++asked > linesMax + message.deps.length + 2)
        throw this.#refused(message, 'parent-missing')
      const places = [...considered.places, ...(await this.#placesOf(considered.ids, message))]
      await this.#recall(verification, places, message)
    }
  }

  #refused(message: Message, reason: string): CoterieError {
    const { memberGroupId, counter } = message.header
    const which = `message ${numberText(memberGroupId, counter)} (${message.id})`
    if (reason !== 'type-unknown') return this.#invalid(`${which} is not valid: ${reason}`)
    return new CoterieError('UPGRADE_NEEDED', `The archive holds ${which} of a newer kind.`, {
      hint: 'Verify it with a newer coterie.',
    })
  }

  async #placesOf(ids: readonly string[], message: Message): Promise<Place[]> {
    const wanted = [...message.header.deps, message.header.prev].filter((id) =>
      ids.includes(toHex(id)),
    )
    const found = await this.#scratch.read(wanted.map((id) => only(indexKey(id))))
    return found.map(([entry]) => {
      if (entry === undefined) throw this.#refused(message, 'parent-missing')
      return { line: readU32(entry.value, 0), counter: readU32(entry.value, 4) }
    })
  }

  async #recall(
    verification: Verification,
    places: readonly Place[],
    message: Message,
  ): Promise<void> {
    const stretches = places.map((place) => stretchFor(verification, place))
    const found = await this.#scratch.read(
      stretches.map(({ line, from, to }) => ({
        from: recordKey(line, from),
        to: recordKey(line, to + 1),
      })),
    )
    stretches.forEach((stretch, i) => {
      const records = (found[i] ?? []).map(({ value }) => value)
      if (!recallRow(verification, stretch, records)) throw this.#refused(message, 'parent-missing')
    })
  }

  async #open(verification: Verification, message: Message): Promise<void> {
    const { header, body, member, id } = message
    if (this.#keys === undefined || header.type !== MessageType.text) return
    const messageKey = await this.#keys.next()
    if (messageKey === undefined) return
    const { salt, keyCommit } = header
    const sealed = { messageKey, salt, keyCommit, prefix: encodePrefix(header), body }
    const opened = openText(this.#crypto, sealed)
    const number = numberText(header.memberGroupId, header.counter)
    if (!opened.ok) throw this.#keys.invalid(`the key of text ${number} does not open it`)
    this.#opened += 1
    const { contentType, payload } = opened.value
    const text = contentType.startsWith('text/') ? (utf8Text(payload) ?? '') : toHex(payload)
    const name = this.#nameOf(verification, member)
    const { sent, lamport } = header
    await this.#options.onText?.({
      number,
      id,
      author: member,
      name,
      text,
      contentType,
      sent,
      lamport,
    })
  }

  /** Names are fixed by the message that admitted somebody, which every message of theirs builds on. */
  #nameOf({ court }: Verification, member: string): string {
    const { leaders, control } = court.jurisdiction
    const leader = leaders.find((facts) => facts.member === member)
    if (leader !== undefined) return leader.name
    const known = this.#names.get(member)
    if (known !== undefined) return known
    for (const { info } of control.entries) {
      if (info.kind !== 'roster') continue
      for (const change of info.changes) {
        if (change.kind === 'admit') this.#names.set(change.facts.member, change.facts.name)
      }
    }
    return this.#names.get(member) ?? ''
  }

  readonly #names = new Map<string, string>()
}

const recordKey = (line: number, counter: number): Bytes => key(Space.message, line, counter)
const indexKey = (id: Bytes): Bytes => key(Space.index, id)

function placeValue(line: number, counter: number): Bytes {
  const value = new Uint8Array(8)
  writeU32(value, 0, line)
  writeU32(value, 4, counter)
  return value
}
