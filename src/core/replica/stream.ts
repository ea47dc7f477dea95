/**
 * Serving: streams to one peer whatever its vector does not cover, in causal order, as far as its
 * credit goes. Lines are read from the store in chunks and merged by lamport, which is a causal
 * order; each batch closes with one voucher per author.
 */
import type { Bytes } from '../../base/bytes.ts'
import { EMPTY } from '../../base/bytes.ts'
import { BATCH_BYTES_TARGET, BATCH_MESSAGES_MAX, SYNC_CREDIT_BYTES } from '../../base/limits.ts'
import type { Batch, BatchAuthor, BatchItem, DepReference, Voucher } from '../anti-entropy/batch.ts'
import { SIGNATURE_EVERY, carriesSignature, zigzag } from '../anti-entropy/batch.ts'
import type { Hex } from '../message/header.ts'
import { hexOf, idOf, parseHeader } from '../message/header.ts'
import { verifyId } from '../message/message.ts'
import { MessageType } from '../message/type.ts'
import { RowFlag, parseRecord } from '../transcript/row.ts'
import type { Turn } from '../turn.ts'
import { count, load } from '../turn.ts'
import { messageKey } from './rows.ts'
import type { Replica } from './state.ts'
import type { Cursor, Stored, Stream } from './stream-state.ts'

/** More are kept ahead than signatures are apart, so that a voucher is at hand. */
const AHEAD_MIN = SIGNATURE_EVERY + 1
/** Below this a line is read further before the next batch. */
const LOOKAHEAD = 3 * SIGNATURE_EVERY
const CHUNK_MAX = 256

const hungry = (cursor: Cursor): boolean =>
  cursor.next < cursor.end && cursor.buffer.length < LOOKAHEAD

const chunkFor = (stream: Stream): number =>
  Math.max(LOOKAHEAD, Math.min(CHUNK_MAX, Math.floor(2048 / Math.max(1, stream.cursors.length))))

/** Sends what may be sent now; `done` comes once, when nothing is left. */
export const pump = (
  turn: Turn,
  replica: Replica,
  stream: Stream,
  send: (turn: Turn, batch: Batch) => number,
  done: (turn: Turn) => void,
): void => {
  if (stream.loading || stream.over) return
  const again = (later: Turn): void => pump(later, replica, stream, send, done)
  while (stream.owed < SYNC_CREDIT_BYTES) {
    if (stream.cursors.some(hungry)) return fill(turn, replica, stream, again)
    const batch = nextBatch(turn, replica, stream)
    if (batch === undefined) return done(turn)
    stream.owed += send(turn, batch)
  }
}

const fill = (turn: Turn, replica: Replica, stream: Stream, then: (turn: Turn) => void): void => {
  const chunk = chunkFor(stream)
  const starving = stream.cursors.filter(hungry)
  const ranges = starving.map((cursor) => ({
    from: messageKey(replica, cursor.line, cursor.next),
    to: messageKey(replica, cursor.line, Math.min(cursor.end, cursor.next + chunk)),
  }))
  stream.loading = true
  load(turn, ranges, (later, results) => {
    stream.loading = false
    starving.forEach((cursor, i) => {
      for (const entry of results[i] ?? []) {
        const stored = read(later, entry.value)
        if (stored !== undefined) cursor.buffer.push(stored)
      }
      cursor.next = Math.min(cursor.end, cursor.next + chunk)
    })
    then(later)
  })
}

const read = (turn: Turn, value: Bytes): Stored | undefined => {
  const record = parseRecord(value)
  const header = record.ok ? parseHeader(record.value.envelope.header) : undefined
  if (!record.ok || header === undefined || !header.ok) return undefined
  const { envelope, flags } = record.value
  return {
    id: hexOf(idOf(turn.env.crypto, envelope.header)),
    header: header.value,
    headerBytes: envelope.header,
    signature: envelope.signature,
    verified: (flags & RowFlag.verified) !== 0,
    body: envelope.body,
  }
}

interface Taken {
  readonly cursor: Cursor
  readonly stored: Stored
}

/** The next messages by lamport, as far as every line's next one is known. */
const takeBatch = (stream: Stream): Taken[] => {
  const taken: Taken[] = []
  let bytes = 0
  while (taken.length < BATCH_MESSAGES_MAX && bytes < BATCH_BYTES_TARGET) {
    let best: Cursor | undefined
    for (const cursor of stream.cursors) {
      if (cursor.next < cursor.end && cursor.buffer.length < AHEAD_MIN) return taken
      const first = cursor.buffer[0]
      if (first === undefined) continue
      if (best?.buffer[0] === undefined || goesFirst(cursor, first, best, best.buffer[0])) {
        best = cursor
      }
    }
    const stored = best?.buffer.shift()
    if (best === undefined || stored === undefined) break
    taken.push({ cursor: best, stored })
    bytes += stored.body.length + 96
  }
  return taken
}

/** The next batch that fits a frame: fewer messages where their vouchers are long. */
const nextBatch = (turn: Turn, replica: Replica, stream: Stream): Batch | undefined => {
  const taken = takeBatch(stream)
  while (taken.length > 0) {
    const batch = compose(turn, replica, stream, taken)
    if (batch === undefined || taken.length === 1) return batch
    const headers = batch.vouchers.flatMap((voucher) => voucher.headers)
    const bytes = headers.reduce((sum, header) => sum + header.length, 0)
    if (bytes <= BATCH_BYTES_TARGET) return batch
    for (const { cursor, stored } of taken.splice(taken.length >>> 1).reverse()) {
      cursor.buffer.unshift(stored)
    }
  }
  return undefined
}

/** Evidence and its past before all else, each part in causal order. */
const goesFirst = (cursor: Cursor, first: Stored, best: Cursor, other: Stored): boolean => {
  const urgent = first.header.counter < cursor.urgent
  if (urgent !== other.header.counter < best.urgent) return urgent
  return comesFirst(first, other)
}

const comesFirst = (a: Stored, b: Stored): boolean =>
  a.header.lamport !== b.header.lamport ? a.header.lamport < b.header.lamport : a.id < b.id

const compose = (
  turn: Turn,
  replica: Replica,
  stream: Stream,
  taken: readonly Taken[],
): Batch | undefined => {
  const cursors = [...new Set(taken.map((one) => one.cursor))]
  const indexOf = new Map(cursors.map((cursor, i) => [cursor, i]))
  const authors: BatchAuthor[] = cursors.map((cursor) => {
    const first = taken.find((one) => one.cursor === cursor)?.stored.header
    return {
      member: first?.member ?? EMPTY,
      memberGroupId: first?.memberGroupId ?? 0,
      first: first?.counter ?? 0,
      prev: first?.prev ?? EMPTY,
    }
  })
  const references = new Map<Hex, number>()
  authors.forEach((author, i) => {
    const reference = (author.first - 1) * authors.length + i
    if (author.first > 0) references.set(hexOf(author.prev), reference)
  })
  const epochs: Bytes[] = []
  const epochIndex = new Map<Hex, number>()
  const items: BatchItem[] = []
  const last = new Map(taken.map((one) => [one.cursor, one.stored]))
  let sent = 0
  for (const { cursor, stored } of taken) {
    const { header } = stored
    const author = indexOf.get(cursor) ?? 0
    const deps = header.deps.map((id): DepReference => {
      const known = stream.explicit ? undefined : references.get(hexOf(id))
      return known ?? id
    })
    references.set(stored.id, header.counter * authors.length + author)
    const signed = last.get(cursor) !== stored && showsSignature(turn, replica, stored)
    items.push({
      author,
      type: header.type,
      deps,
      sent: zigzag(header.sent - sent),
      epoch: epochNumber(header.epoch, epochs, epochIndex),
      salt: header.salt,
      keyCommit: header.keyCommit,
      body: stored.body,
      signature: signed ? stored.signature : EMPTY,
    })
    sent = header.sent
  }
  const vouchers: Voucher[] = []
  for (const [cursor, stored] of last) {
    const voucher = voucherFor(turn, replica, cursor, stored)
    if (voucher === undefined) {
      count(turn, 'serves_unvouched')
      return undefined
    }
    vouchers.push({ ...voucher, author: indexOf.get(cursor) ?? 0 })
  }
  return { authors, epochs, items, vouchers }
}

/**
 * One that was checked here, where it travels at all. A RemoveMember is checked for that: by its signature
 * alone whoever was removed while away can be told, by members who got it at third hand too.
 */
const showsSignature = (turn: Turn, replica: Replica, stored: Stored): boolean => {
  if (!carriesSignature(stored)) return false
  return (
    stored.verified || (stored.header.type === MessageType.remove && holds(turn, replica, stored))
  )
}

const holds = (
  turn: Turn,
  replica: Replica,
  { header, headerBytes, signature }: Stored,
): boolean => {
  const device = replica.facts.get(hexOf(header.member))?.device
  if (device === undefined || signature.length !== 64) return false
  return verifyId(turn.env.crypto, device, idOf(turn.env.crypto, headerBytes), signature)
}

const epochNumber = (epoch: Bytes, epochs: Bytes[], index: Map<Hex, number>): number => {
  if (epoch.length === 0) return 0
  const hex = hexOf(epoch)
  const known = index.get(hex)
  if (known !== undefined) return known
  epochs.push(epoch)
  index.set(hex, epochs.length)
  return epochs.length
}

/** A signature over an author's last message here, or headers on to a message that has one. */
const voucherFor = (
  turn: Turn,
  replica: Replica,
  cursor: Cursor,
  last: Stored,
): Omit<Voucher, 'author'> | undefined => {
  const proven = (stored: Stored): boolean => stored.verified || holds(turn, replica, stored)
  if (proven(last)) return { headers: [], signature: last.signature }
  const headers: Bytes[] = []
  for (const next of cursor.buffer) {
    headers.push(next.headerBytes)
    if (proven(next)) return { headers, signature: next.signature }
  }
  const kept = cursor.next >= cursor.end ? replica.vouchers.get(cursor.line) : undefined
  return kept && { headers: [...headers, ...kept.headers], signature: kept.signature }
}
