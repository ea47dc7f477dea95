// Everything that a daemon holds of a group, read from the archive that it writes: which messages, and of each
// what only its signed header tells, such as what it builds on. The archive is what anybody could ask for
// (`coterie export`), so this looks at what was signed and not at what the daemon thinks of it.

import type { ArchiveLine } from '../../../api/contract.ts'
import { type Bytes, concat, equal, readU32 } from '../../../base/bytes.ts'
import { CoterieError } from '../../../base/error.ts'
import {
  ARCHIVE_MAGIC,
  LENGTH_BYTES,
  LINK_BYTES,
  firstLink,
  linkHolds,
  parseArchiveFrame,
} from '../../../core/export/format.ts'
import { type Header, hexOf, idOf, parseHeader } from '../../../core/message/header.ts'
import type { Crypto } from '../../../crypto/crypto.ts'

export interface ArchivedMessage {
  readonly id: string
  readonly member: string
  readonly counter: number
  readonly type: number
  /** Under which its body is sealed; empty: under none. */
  readonly epoch: string
  /** Ids of what it builds on. */
  readonly parents: readonly string[]
}

/** In the order of the archive: nothing before what it builds on. @throws CoterieError ARCHIVE_INVALID */
export function messagesOf(crypto: Crypto, lines: readonly ArchiveLine[]): ArchivedMessage[] {
  const pieces = lines.flatMap((line) =>
    line.part === 'archive' ? [new Uint8Array(Buffer.from(line.bytes, 'base64'))] : [],
  )
  const bytes = concat(...pieces)
  const whole = lines.at(-1)?.part === 'end'
  if (!whole || !equal(bytes.subarray(0, ARCHIVE_MAGIC.length), ARCHIVE_MAGIC)) throw damaged(0)
  const messages: ArchivedMessage[] = []
  let link = firstLink(crypto, ARCHIVE_MAGIC)
  for (let at = ARCHIVE_MAGIC.length; at < bytes.length;) {
    const from = at + LENGTH_BYTES
    const to = from + readU32(bytes, at)
    const payload = bytes.subarray(from, to)
    const next = bytes.subarray(to, to + LINK_BYTES)
    if (to + LINK_BYTES > bytes.length || !linkHolds(crypto, link, payload, next)) throw damaged(at)
    for (const header of headersOf(payload, at)) messages.push(archived(crypto, header, at))
    link = next
    at = to + LINK_BYTES
  }
  return messages
}

function headersOf(payload: Bytes, at: number): Bytes[] {
  const frame = parseArchiveFrame(payload)
  if (!frame.ok) throw damaged(at)
  return frame.value.kind === 'messages' ? frame.value.messages.map(({ header }) => header) : []
}

function archived(crypto: Crypto, encoded: Bytes, at: number): ArchivedMessage {
  const header = parseHeader(encoded)
  if (!header.ok) throw damaged(at)
  const { member, counter, type, epoch } = header.value
  return {
    id: hexOf(idOf(crypto, encoded)),
    member: hexOf(member),
    counter,
    type,
    epoch: hexOf(epoch),
    parents: parentsOf(header.value),
  }
}

/** The first of an author follows what admitted it, which is no message. */
function parentsOf({ counter, prev, deps }: Header): string[] {
  return (counter === 0 ? deps : [prev, ...deps]).map(hexOf)
}

function damaged(at: number): CoterieError {
  return new CoterieError('ARCHIVE_INVALID', `The archive of a daemon breaks at byte ${at}.`)
}
