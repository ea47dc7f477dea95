/**
 * The archive of a transcript as a file, and the file of keys beside it: a magic line, then frames. Each
 * frame ends with a hash over everything before it, so that no byte can change unseen and a reader
 * can say where the file breaks. What is inside proves itself: see `verifier.ts`.
 *
 *   file = magic, frame, frame, ...     frame = U32(length), payload, link
 *   link = H("archive", the link before, U32(length), payload)
 */
import { type Bytes, EMPTY, concat, equal, u32 as u32Bytes, utf8 } from '../../base/bytes.ts'
import {
  ARCHIVE_FRAME_BYTES_MAX,
  BODY_BYTES_MAX,
  EPOCH_MESSAGE_BYTES_MAX,
  HEADER_BYTES_MAX,
  MEMBERS_MAX,
  RUN_MESSAGES_MAX,
} from '../../base/limits.ts'
import { type Result, fail, ok } from '../../base/result.ts'
import { encode } from '../../codec/canonical.ts'
import {
  type Reader,
  bytes,
  bytesOrNone,
  bytesUpTo,
  exactly,
  list,
  parse,
  tuple,
  u53,
} from '../../codec/shape.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { hash } from '../../crypto/hash.ts'
import { labels } from '../../crypto/label.ts'
import type { Envelope } from '../message/message.ts'

/** How an archive begins. A later version has another number here and in its head. */
export const ARCHIVE_MAGIC: Bytes = utf8('coterie-archive-1\n')
/** How the keys to an archive begin. */
export const KEYS_MAGIC: Bytes = utf8('coterie-archive-keys-1\n')

export const LENGTH_BYTES = 4
export const LINK_BYTES = 32

const Kind = { head: 0, items: 1, voucher: 2, end: 3 } as const

/** What vouches for the end of a line whose own signature is not held: headers on to a signed one. */
export interface ArchiveVoucher {
  /** Id of the last message of the line that is in the archive. */
  readonly tip: Bytes
  readonly headers: readonly Bytes[]
  readonly signature: Bytes
}

export type ArchiveFrame =
  | { readonly kind: 'head'; readonly constitution: Bytes }
  /** In total order; a signature may be empty where a later message of the same line has one. */
  | { readonly kind: 'messages'; readonly messages: readonly Envelope[] }
  | ({ readonly kind: 'voucher' } & ArchiveVoucher)
  | {
      readonly kind: 'end'
      readonly count: number
      readonly membershipHash: Bytes
      /** The view over everything in the archive. */
      readonly root: Bytes
    }

export type KeysFrame =
  | { readonly kind: 'head'; readonly group: Bytes }
  /** One for each text of the archive, in its order; undefined where none is given. */
  | { readonly kind: 'keys'; readonly keys: readonly (Bytes | undefined)[] }
  /** How many texts there are, and the last link of the archive that these keys are for. */
  | { readonly kind: 'end'; readonly texts: number; readonly archive: Bytes }

/** The link before the first frame. */
export const firstLink = (crypto: Crypto, magic: Bytes): Bytes =>
  hash(crypto, labels.archive, magic)

/** The link at the end of a frame. */
export const nextLink = (crypto: Crypto, before: Bytes, payload: Bytes): Bytes =>
  hash(crypto, labels.archive, before, u32Bytes(payload.length), payload)

/** A whole frame; its link is its last 32 bytes. */
export const frameOf = (crypto: Crypto, before: Bytes, payload: Bytes): Bytes =>
  concat(u32Bytes(payload.length), payload, nextLink(crypto, before, payload))

/** Whether a frame ends with the link that follows from what came before it. */
export const linkHolds = (crypto: Crypto, before: Bytes, payload: Bytes, link: Bytes): boolean =>
  equal(nextLink(crypto, before, payload), link)

export const encodeArchiveFrame = (frame: ArchiveFrame): Bytes => {
  switch (frame.kind) {
    case 'head':
      return encode([Kind.head, 1, frame.constitution])
    case 'messages':
      return encode([
        Kind.items,
        frame.messages.map(({ header, signature, body }) => [header, signature, body]),
      ])
    case 'voucher':
      return encode([Kind.voucher, frame.tip, frame.headers, frame.signature])
    case 'end':
      return encode([Kind.end, frame.count, frame.membershipHash, frame.root])
  }
}

export const encodeKeysFrame = (frame: KeysFrame): Bytes => {
  switch (frame.kind) {
    case 'head':
      return encode([Kind.head, 1, frame.group])
    case 'keys':
      return encode([Kind.items, frame.keys.map((key) => key ?? EMPTY)])
    case 'end':
      return encode([Kind.end, frame.texts, frame.archive])
  }
}

const message = tuple(
  bytesUpTo(HEADER_BYTES_MAX),
  bytesUpTo(64),
  bytesUpTo(Math.max(BODY_BYTES_MAX, EPOCH_MESSAGE_BYTES_MAX)),
)
const items = { min: 1, max: RUN_MESSAGES_MAX }
const archiveHead = tuple(exactly(Kind.head), exactly(1), bytesUpTo(BODY_BYTES_MAX))
const archiveItems = tuple(exactly(Kind.items), list(message, items))
const headers = list(bytesUpTo(HEADER_BYTES_MAX), { min: 1, max: MEMBERS_MAX })
const archiveVoucher = tuple(exactly(Kind.voucher), bytes(32), headers, bytes(64))
const archiveEnd = tuple(exactly(Kind.end), u53, bytes(32), bytes(32))
const keysHead = tuple(exactly(Kind.head), exactly(1), bytes(32))
const keysItems = tuple(exactly(Kind.items), list(bytesOrNone(32), items))
const keysEnd = tuple(exactly(Kind.end), u53, bytes(32))

const bound = { maxBytes: ARCHIVE_FRAME_BYTES_MAX }

/** What kind of frame a payload is, by its first field; it begins with the head of a short array. */
const kindOf = (payload: Bytes): number => payload[1] ?? -1

const read = <T, U>(reader: Reader<T>, payload: Bytes, build: (value: T) => U): Result<U> => {
  const parsed = parse(reader, payload, bound)
  return parsed.ok ? ok(build(parsed.value)) : fail(`frame-malformed: ${parsed.error}`)
}

/** Reads a payload of an archive. Reasons: `frame-malformed`, `frame-unknown`. */
export const parseArchiveFrame = (payload: Bytes): Result<ArchiveFrame> => {
  switch (kindOf(payload)) {
    case Kind.head:
      return read(archiveHead, payload, ([, , constitution]) => ({ kind: 'head', constitution }))
    case Kind.items:
      return read(archiveItems, payload, ([, messages]) => ({
        kind: 'messages',
        messages: messages.map(([header, signature, body]) => ({ header, signature, body })),
      }))
    case Kind.voucher:
      return read(archiveVoucher, payload, ([, tip, path, signature]) => ({
        kind: 'voucher',
        tip,
        headers: path,
        signature,
      }))
    case Kind.end:
      return read(archiveEnd, payload, ([, count, membershipHash, root]) => ({
        kind: 'end',
        count,
        membershipHash,
        root,
      }))
    default:
      return fail('frame-unknown')
  }
}

/** Reads a payload of a file of keys. Reasons as above. */
export const parseKeysFrame = (payload: Bytes): Result<KeysFrame> => {
  switch (kindOf(payload)) {
    case Kind.head:
      return read(keysHead, payload, ([, , group]) => ({ kind: 'head', group }))
    case Kind.items:
      return read(keysItems, payload, ([, keys]) => ({ kind: 'keys', keys }))
    case Kind.end:
      return read(keysEnd, payload, ([, texts, archive]) => ({ kind: 'end', texts, archive }))
    default:
      return fail('frame-unknown')
  }
}

/** What stands in the order of an archive: lamport, author, counter, id. */
export interface ArchivePlace {
  readonly lamport: number
  readonly member: string
  readonly counter: number
  readonly id: string
}

/** The total order of texts, over messages of every type. Ids are lower-case hex: text order is byte order. */
export const compareArchivePlaces = (a: ArchivePlace, b: ArchivePlace): number => {
  if (a.lamport !== b.lamport) return a.lamport - b.lamport
  if (a.member !== b.member) return a.member < b.member ? -1 : 1
  if (a.counter !== b.counter) return a.counter - b.counter
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1
}
