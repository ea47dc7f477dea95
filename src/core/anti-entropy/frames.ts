/**
 * The frames of a member link after its hello. Each names its group by the number that the hello
 * gave it. A digest says what one holds in 32 bytes; a vector asks for whatever it does not cover;
 * batches answer; `end` closes the answer; `durable` gives credit back.
 */
import type { Bytes } from '../../base/bytes.ts'
import { EMPTY, compare } from '../../base/bytes.ts'
import {
  ADDRESS_BYTES_MAX,
  ADDRESSES_MAX,
  BODY_BYTES_MAX,
  ENCODED_BYTES_MAX,
  HEADER_BYTES_MAX,
  MEMBERS_MAX,
  RECEIPT_BYTES_MAX,
  NOTE_BYTES_MAX,
  SHARE_REQUEST_BYTES_MAX,
} from '../../base/limits.ts'
import type { Result } from '../../base/result.ts'
import { fail, ok } from '../../base/result.ts'
import type { Value } from '../../codec/canonical.ts'
import { encode } from '../../codec/canonical.ts'
import {
  bytes,
  bytesOrNone,
  bytesUpTo,
  exactly,
  flag,
  list,
  tuple,
  u32,
  u53,
  uint,
} from '../../codec/shape.ts'
import type { Batch } from './batch.ts'
import { batchValue, readBatch } from './batch.ts'

export const FrameKind = {
  digest: 16,
  vector: 17,
  batch: 18,
  durable: 19,
  end: 20,
  reach: 21,
  request: 22,
  gone: 23,
  shareRequest: 24,
  share: 25,
  ackRequest: 26,
  receipt: 27,
  presence: 28,
} as const

/** Where one line of the sender ends: enough of the ids to tell lines apart, not to trust them. */
export interface VectorEntry {
  /** First 8 bytes of the memberId. */
  readonly member: Bytes
  readonly counter: number
  /** First 8 bytes of the id at that counter. */
  readonly tip: Bytes
}

export type GroupFrame =
  /** `answer`: the other side is asked to say its own. */
  | { kind: 'digest'; index: number; root: Bytes; count: number; answer: boolean }
  /** Asks for what it does not cover. `explicit`: dependencies by id only, please. */
  | { kind: 'vector'; index: number; explicit: boolean; entries: readonly VectorEntry[] }
  | { kind: 'batch'; index: number; batch: Batch }
  /** So many more bytes of batches are durable here. */
  | { kind: 'durable'; index: number; bytes: number }
  /** Nothing more follows for the last vector. */
  | { kind: 'end'; index: number; root: Bytes; count: number }
  | { kind: 'reach'; index: number; records: readonly Bytes[] }
  /** Asks for receipts of a message: those of these members, by memberGroupId, as far as reached. */
  | { kind: 'ack-request'; index: number; id: Bytes; wanted: readonly number[] }
  /** A receipt, one's own or passed on. */
  | { kind: 'receipt'; index: number; receipt: Bytes }
  /** A join request that an introducer passes on. */
  | { kind: 'request'; index: number; request: Bytes }
  /** The receiver is gone from the group: the message that says so, as it was signed. */
  | { kind: 'gone'; index: number; header: Bytes; signature: Bytes; body: Bytes }
  /** Asks for keys of epochs, for the sender alone. */
  | { kind: 'share-request'; index: number; request: Bytes }
  /** Answers that for one epoch, or refuses it (`code`); without an epoch all that were asked for. */
  | { kind: 'share'; index: number; request: Bytes; epoch: Bytes; code: number; sealed: Bytes }
  /** A leader is there: its own signed word, from itself. */
  | { kind: 'presence'; index: number; presence: Bytes }

const LINES_MAX = 2 * MEMBERS_MAX
const REACH_BYTES_MAX = ADDRESSES_MAX * (ADDRESS_BYTES_MAX + 3) + 256

const digest = tuple(exactly(16), u32, bytes(32), u53, flag)
const entry = tuple(bytes(8), u32, bytes(8))
const vector = tuple(exactly(17), u32, flag, list(entry, { max: LINES_MAX }))
const durable = tuple(exactly(19), u32, u53)
const end = tuple(exactly(20), u32, bytes(32), u53)
const reach = tuple(exactly(21), u32, list(bytesUpTo(REACH_BYTES_MAX), { max: MEMBERS_MAX }))
const request = tuple(exactly(22), u32, bytesUpTo(NOTE_BYTES_MAX))
const presence = tuple(exactly(28), u32, bytesUpTo(NOTE_BYTES_MAX))
const gone = tuple(
  exactly(23),
  u32,
  bytesUpTo(HEADER_BYTES_MAX),
  bytes(64),
  bytesUpTo(BODY_BYTES_MAX),
)
const shareRequest = tuple(exactly(24), u32, bytesUpTo(SHARE_REQUEST_BYTES_MAX))
/** An encapsulated key and a tag more than what is sealed. */
const SHARE_SEALED_BYTES_MAX = ENCODED_BYTES_MAX + 48
const share = tuple(
  exactly(25),
  u32,
  bytes(32),
  bytesOrNone(32),
  uint(255),
  bytesUpTo(SHARE_SEALED_BYTES_MAX),
)

const ackRequest = tuple(exactly(26), u32, bytes(32), list(u32, { max: MEMBERS_MAX }))
const receipt = tuple(exactly(27), u32, bytesUpTo(RECEIPT_BYTES_MAX))

const valueOf = (frame: GroupFrame): Value => {
  switch (frame.kind) {
    case 'digest':
      return [16, frame.index, frame.root, frame.count, frame.answer ? 1 : 0]
    case 'vector':
      return [
        17,
        frame.index,
        frame.explicit ? 1 : 0,
        [...frame.entries]
          .sort((a, b) => compare(a.member, b.member) || compare(a.tip, b.tip))
          .map((one) => [one.member, one.counter, one.tip]),
      ]
    case 'batch':
      return [18, frame.index, batchValue(frame.batch)]
    case 'durable':
      return [19, frame.index, frame.bytes]
    case 'end':
      return [20, frame.index, frame.root, frame.count]
    case 'ack-request':
      return [26, frame.index, frame.id, [...frame.wanted]]
    case 'receipt':
      return [27, frame.index, frame.receipt]
    case 'reach':
      return [21, frame.index, [...frame.records]]
    case 'request':
      return [22, frame.index, frame.request]
    case 'gone':
      return [23, frame.index, frame.header, frame.signature, frame.body]
    case 'share-request':
      return [24, frame.index, frame.request]
    case 'share':
      return [25, frame.index, frame.request, frame.epoch, frame.code, frame.sealed]
    case 'presence':
      return [28, frame.index, frame.presence]
  }
}

export const writeGroupFrame = (frame: GroupFrame): Bytes => encode(valueOf(frame))

export const isGroupKind = (kind: number): boolean => kind >= 16 && kind <= 28

const malformed = fail('frame-malformed')

/** Reads a decoded frame of kind 16-28. Never throws on what a peer sent. */
export const readGroupFrame = (value: Value): Result<GroupFrame> => {
  if (!Array.isArray(value)) return malformed
  const fields = value as readonly Value[]
  switch (fields[0]) {
    case FrameKind.digest: {
      const read = digest(value)
      if (!read.ok) return malformed
      const [, index, root, count, answer] = read.value
      return ok({ kind: 'digest', index, root, count, answer })
    }
    case FrameKind.vector: {
      const read = vector(value)
      if (!read.ok) return malformed
      const [, index, explicit, entries] = read.value
      const rows = entries.map(([member, counter, tip]) => ({ member, counter, tip }))
      return ok({ kind: 'vector', index, explicit, entries: rows })
    }
    case FrameKind.batch: {
      const index = u32(fields[1] ?? '')
      const batch = readBatch(fields[2] ?? '')
      if (!index.ok || !batch.ok || fields.length !== 3) return malformed
      return ok({ kind: 'batch', index: index.value, batch: batch.value })
    }
    default:
      return readSmallFrame(value, fields[0])
  }
}

const readSmallFrame = (value: Value, kind: Value | undefined): Result<GroupFrame> => {
  if (kind === FrameKind.durable) {
    const read = durable(value)
    if (read.ok) return ok({ kind: 'durable', index: read.value[1], bytes: read.value[2] })
  }
  if (kind === FrameKind.end) {
    const read = end(value)
    if (!read.ok) return malformed
    return ok({ kind: 'end', index: read.value[1], root: read.value[2], count: read.value[3] })
  }
  if (kind === FrameKind.reach) {
    const read = reach(value)
    if (read.ok) return ok({ kind: 'reach', index: read.value[1], records: read.value[2] })
  }
  if (kind === FrameKind.ackRequest) {
    const read = ackRequest(value)
    if (!read.ok) return malformed
    const [, index, id, wanted] = read.value
    return ok({ kind: 'ack-request', index, id, wanted })
  }
  if (kind === FrameKind.receipt) {
    const read = receipt(value)
    if (read.ok) return ok({ kind: 'receipt', index: read.value[1], receipt: read.value[2] })
  }
  if (kind === FrameKind.request) {
    const read = request(value)
    if (read.ok) return ok({ kind: 'request', index: read.value[1], request: read.value[2] })
  }
  if (kind === FrameKind.presence) {
    const read = presence(value)
    if (read.ok) return ok({ kind: 'presence', index: read.value[1], presence: read.value[2] })
  }
  if (kind === FrameKind.gone) {
    const read = gone(value)
    if (!read.ok) return malformed
    const [, index, header, signature, body] = read.value
    return ok({ kind: 'gone', index, header, signature, body })
  }
  return kind === FrameKind.shareRequest || kind === FrameKind.share
    ? readShareFrame(value)
    : malformed
}

const readShareFrame = (value: Value): Result<GroupFrame> => {
  const asked = shareRequest(value)
  if (asked.ok) {
    return ok({ kind: 'share-request', index: asked.value[1], request: asked.value[2] })
  }
  const read = share(value)
  if (!read.ok) return malformed
  const [, index, hash, epoch = EMPTY, code, sealed] = read.value
  return ok({ kind: 'share', index, request: hash, epoch, code, sealed })
}
