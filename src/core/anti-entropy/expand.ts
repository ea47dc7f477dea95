/**
 * Turns a batch back into messages: ids are computed forward, each from the ids before it, so a
 * reader needs only the rows that the batch builds on. Nothing here is trusted yet: `vouch` then
 * checks one signature per author, and what it covers is exactly what was computed.
 */
import type { Bytes } from '../../base/bytes.ts'
import { compare, equal } from '../../base/bytes.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import type { Hex } from '../message/header.ts'
import { hexOf, idOf, parseHeader } from '../message/header.ts'
import type { Message } from '../message/message.ts'
import { buildMessage, verifyId } from '../message/message.ts'
import { isSealed } from '../message/type.ts'
import type { Row } from '../transcript/row.ts'
import type { Batch, BatchItem, Voucher } from './batch.ts'
import { unzigzag } from './batch.ts'

/** What the reader holds, as far as a batch may refer to it. */
export interface Known {
  /** A held row in memory. */
  row(id: Hex): Row | undefined
  /** The epoch of the author's latest text at a row, or ''. */
  epochAt(row: Row): Hex
}

export type Expansion =
  | { readonly kind: 'messages'; readonly messages: readonly Message[] }
  /** Ids of rows that are not in memory: on disk, or not held at all. */
  | { readonly kind: 'missing'; readonly ids: readonly Hex[] }
  | { readonly kind: 'malformed'; readonly reason: string }

interface AuthorState {
  readonly made: Message[]
  epoch: Hex
  gen: number
}

interface Work {
  readonly crypto: Crypto
  readonly group: Bytes
  readonly batch: Batch
  readonly known: Known
  readonly lamports: Map<Hex, number>
  readonly authors: AuthorState[]
  readonly missing: Set<Hex>
}

export const expand = (crypto: Crypto, group: Bytes, batch: Batch, known: Known): Expansion => {
  const work: Work = {
    crypto,
    group,
    batch,
    known,
    lamports: new Map(),
    authors: [],
    missing: new Set(),
  }
  for (const author of batch.authors) {
    const prev = author.first === 0 ? undefined : rowOf(work, author.prev)
    const epoch = prev === undefined ? '' : known.epochAt(prev)
    work.authors.push({ made: [], epoch, gen: prev?.gen ?? 0 })
  }
  collectExternal(work)
  if (work.missing.size > 0) return { kind: 'missing', ids: [...work.missing] }
  const messages: Message[] = []
  let sent = 0
  for (const item of batch.items) {
    sent += unzigzag(item.sent)
    const message = build(work, item, sent)
    if (typeof message === 'string') return { kind: 'malformed', reason: message }
    messages.push(message)
  }
  return { kind: 'messages', messages }
}

const rowOf = (work: Work, id: Bytes): Row | undefined => {
  const hex = hexOf(id)
  const row = work.known.row(hex)
  if (row === undefined) work.missing.add(hex)
  else work.lamports.set(hex, row.lamport)
  return row
}

/** Every id given in full refers outside the batch, or to an item that stands before it. */
const collectExternal = (work: Work): void => {
  for (const item of work.batch.items) {
    for (const dep of item.deps) if (typeof dep !== 'number') rowOf(work, dep)
  }
}

const build = (work: Work, item: BatchItem, sent: number): Message | string => {
  const { batch, crypto } = work
  const entry = batch.authors[item.author]
  const author = work.authors[item.author]
  if (entry === undefined || author === undefined) return 'batch-author'
  const counter = entry.first + author.made.length
  if (counter > 0xffff_ffff || sent < 0 || !Number.isSafeInteger(sent)) return 'batch-range'
  const deps: Bytes[] = []
  for (const dep of item.deps) {
    const id = typeof dep === 'number' ? referenced(work, dep) : dep
    if (id === undefined) return 'batch-reference'
    deps.push(id)
  }
  deps.sort(compare)
  const prev = author.made.at(-1)?.idBytes ?? entry.prev
  const parents = counter === 0 ? deps : [prev, ...deps]
  const lamport = 1 + parents.reduce((most, id) => Math.max(most, lamportOf(work, id)), 0)
  const sealed = sealing(author, item, batch.epochs)
  if (sealed === undefined) return 'batch-epoch'
  const message = buildMessage(
    crypto,
    {
      type: item.type,
      group: work.group,
      member: entry.member,
      memberGroupId: entry.memberGroupId,
      counter,
      prev,
      deps,
      lamport,
      epoch: sealed.epoch,
      gen: sealed.gen,
      salt: item.salt,
      sent,
      keyCommit: item.keyCommit,
    },
    item.body,
    item.signature,
  )
  author.made.push(message)
  work.lamports.set(message.id, lamport)
  return message
}

const lamportOf = (work: Work, id: Bytes): number => work.lamports.get(hexOf(id)) ?? 0

const referenced = (work: Work, reference: number): Bytes | undefined => {
  const count = work.batch.authors.length
  const index = reference % count
  const counter = Math.floor(reference / count)
  const entry = work.batch.authors[index]
  const author = work.authors[index]
  if (entry === undefined || author === undefined) return undefined
  if (counter === entry.first - 1) return entry.prev
  return author.made[counter - entry.first]?.idBytes
}

const noBytes = new Uint8Array(0)

/** The generation is implied: one more under the same epoch, else 0. */
const sealing = (
  author: AuthorState,
  item: BatchItem,
  epochs: readonly Bytes[],
): { epoch: Bytes; gen: number } | undefined => {
  if (!isSealed(item.type)) return item.epoch === 0 ? { epoch: noBytes, gen: 0 } : undefined
  const epoch = epochs[item.epoch - 1]
  if (epoch === undefined) return undefined
  const hex = hexOf(epoch)
  author.gen = author.epoch === hex ? author.gen + 1 : 0
  author.epoch = hex
  return { epoch, gen: author.gen }
}

/** True when the signature over an author's last item, or over a header that follows, holds. */
export const vouch = (
  crypto: Crypto,
  devicePublic: Bytes,
  last: Message,
  voucher: Pick<Voucher, 'headers' | 'signature'>,
): boolean => {
  let id = last.idBytes
  let counter = last.header.counter
  for (const encoded of voucher.headers) {
    const header = parseHeader(encoded)
    if (!header.ok || !equal(header.value.prev, id)) return false
    if (header.value.counter !== counter + 1 || hexOf(header.value.member) !== last.member) {
      return false
    }
    id = idOf(crypto, encoded)
    counter += 1
  }
  return verifyId(crypto, devicePublic, id, voucher.signature)
}
