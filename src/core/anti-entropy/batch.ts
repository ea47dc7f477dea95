/**
 * The session form: messages of several authors in causal order, less all that the reader computes
 * (ids, lamports, counters, generations, body hashes). One signature per author vouches for its run.
 *
 *   authors  A [member, groupId, first counter, prev id]      B [...]
 *   items    A5  B2  A6  A7  B3          (each after its past)
 *   vouchers         A7*     B3*         (signature there, or headers on to a signed one)
 */
import type { Bytes } from '../../base/bytes.ts'
import {
  BATCH_BYTES_MAX,
  BATCH_MESSAGES_MAX,
  DEPS_MAX,
  HEADER_BYTES_MAX,
  MEMBERS_MAX,
} from '../../base/limits.ts'
import type { Result } from '../../base/result.ts'
import { fail, ok } from '../../base/result.ts'
import type { Value } from '../../codec/canonical.ts'
import type { Reader } from '../../codec/shape.ts'
import { bytes, bytesUpTo, either, list, tuple, u32, u53, uint } from '../../codec/shape.ts'
import type { Message } from '../message/message.ts'

export interface BatchAuthor {
  readonly member: Bytes
  readonly memberGroupId: number
  readonly first: number
  readonly prev: Bytes
}

/** A dependency: an id, or `counter * authors + author` for one of the batch's own authors. */
export type DepReference = Bytes | number

export interface BatchItem {
  readonly author: number
  readonly type: number
  readonly deps: readonly DepReference[]
  readonly sent: number
  /** 1 + index of the epoch, 0 for a public body. */
  readonly epoch: number
  readonly salt: Bytes
  readonly keyCommit: Bytes
  readonly body: Bytes
  /** 64 bytes or empty. */
  readonly signature: Bytes
}

/** One for each author: headers after its last item on to a signed one, and that signature. */
export interface Voucher {
  readonly author: number
  readonly headers: readonly Bytes[]
  readonly signature: Bytes
}

export interface Batch {
  readonly authors: readonly BatchAuthor[]
  readonly epochs: readonly Bytes[]
  readonly items: readonly BatchItem[]
  readonly vouchers: readonly Voucher[]
}

const reference: Reader<DepReference> = either(u53, bytes(32))

const item = tuple(
  u32,
  uint(255),
  list(reference, { max: DEPS_MAX }),
  u53,
  u32,
  bytesUpTo(16),
  bytesUpTo(32),
  bytesUpTo(BATCH_BYTES_MAX),
  bytesUpTo(64),
)
const author = tuple(bytes(32), u32, u32, bytes(32))
const voucher = tuple(u32, list(bytesUpTo(HEADER_BYTES_MAX), { max: MEMBERS_MAX }), bytes(64))
const shape = tuple(
  list(author, { max: BATCH_MESSAGES_MAX }),
  list(bytes(32), { max: BATCH_MESSAGES_MAX }),
  list(item, { max: BATCH_MESSAGES_MAX }),
  list(voucher, { max: BATCH_MESSAGES_MAX }),
)

export const batchValue = (batch: Batch): Value => [
  batch.authors.map((entry) => [entry.member, entry.memberGroupId, entry.first, entry.prev]),
  [...batch.epochs],
  batch.items.map((entry) => [
    entry.author,
    entry.type,
    [...entry.deps],
    entry.sent,
    entry.epoch,
    entry.salt,
    entry.keyCommit,
    entry.body,
    entry.signature,
  ]),
  batch.vouchers.map((entry) => [entry.author, [...entry.headers], entry.signature]),
]

export const readBatch = (value: Value): Result<Batch> => {
  const read = shape(value)
  if (!read.ok) return fail('batch-malformed')
  const [authors, epochs, items, vouchers] = read.value
  const batch: Batch = {
    authors: authors.map(([member, memberGroupId, first, prev]) => ({
      member,
      memberGroupId,
      first,
      prev,
    })),
    epochs,
    items: items.map(
      ([index, type, deps, sent, epoch, salt, keyCommit, body, signature]): BatchItem => ({
        author: index,
        type,
        deps,
        sent,
        epoch,
        salt,
        keyCommit,
        body,
        signature,
      }),
    ),
    vouchers: vouchers.map(([index, headers, signature]) => ({
      author: index,
      headers,
      signature,
    })),
  }
  const fits =
    batch.items.every((entry) => entry.author < authors.length && entry.epoch <= epochs.length) &&
    batch.vouchers.every((entry) => entry.author < authors.length)
  return fits ? ok(batch) : fail('batch-malformed')
}

/** Signatures that travel although a later one vouches: so that a reader can serve shorter runs. */
export const SIGNATURE_EVERY = 32

/** Whether a message is taken in with its author's own signature only. */
export const isSignatureDue = (counter: number): boolean =>
  counter % SIGNATURE_EVERY === SIGNATURE_EVERY - 1

const BIG_BODY_BYTES = 4096

/** Whether a message keeps its signature in a batch where it is not its author's last. */
export const carriesSignature = ({ header, body }: Pick<Message, 'header' | 'body'>): boolean =>
  isSignatureDue(header.counter) || header.type !== 2 || body.length >= BIG_BODY_BYTES

/** Zigzag: small positive and negative differences become small numbers. */
export const zigzag = (difference: number): number =>
  difference < 0 ? -2 * difference - 1 : 2 * difference

export const unzigzag = (coded: number): number => (coded % 2 === 1 ? -(coded + 1) / 2 : coded / 2)
