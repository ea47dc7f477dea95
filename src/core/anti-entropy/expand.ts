/**
 * Turns a batch back into messages: ids are computed forward, each from the ids before it, so a
 * reader needs only the rows that the batch builds on. Nothing here is trusted yet: `vouch` then
 * checks one signature per author, and what it covers is exactly what was computed.
 */
import type { Bytes } from '../../base/bytes.ts'
import { EMPTY, compare, equal } from '../../base/bytes.ts'
import { COUNTER_MAX, SENT_MS_MAX } from '../../base/limits.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import type { Hex } from '../message/header.ts'
import { hexOf, idOf, parseHeader } from '../message/header.ts'
import type { Message } from '../message/message.ts'
import { buildMessage, verifyId } from '../message/message.ts'
import { isSealed } from '../message/type.ts'
import type { Batch, BatchItem, Voucher } from './batch.ts'
import { isSignatureDue, unzigzag } from './batch.ts'

/** What the reader holds, as far as a batch may refer to it. */
export interface Known {
  /** What is known of a message held in memory, or waiting there. */
  parent(id: Hex): Parent | undefined
}

export type Expansion =
  | { readonly kind: 'messages'; readonly messages: readonly Message[] }
  /** Ids of rows that are not in memory: on disk, or not held at all. */
  | { readonly kind: 'missing'; readonly ids: readonly Hex[] }
  | { readonly kind: 'malformed'; readonly reason: string }

/** What a message built on another must know of it. */
export interface Parent {
  readonly lamport: number
  /** The epoch of its author's latest text so far, or ''. */
  readonly epoch: Hex
  readonly gen: number
}

/** An id with its spelling: each is spelled once in a batch, however often it is named. */
interface Id {
  readonly idBytes: Bytes
  readonly id: Hex
}

interface AuthorState {
  readonly member: Hex
  readonly prev: Id
  readonly made: Message[]
  /** The author's latest text so far; undefined before its first item was built. */
  last: Parent | undefined
}

interface Work {
  readonly crypto: Crypto
  readonly group: Bytes
  readonly batch: Batch
  readonly known: Known
  /** Every parent met so far: built here, or held. */
  readonly parents: Map<Hex, Parent>
  readonly authors: readonly AuthorState[]
  readonly epochs: readonly Id[]
}

const spelled = (idBytes: Bytes): Id => ({ idBytes, id: hexOf(idBytes) })

export const expand = (crypto: Crypto, group: Bytes, batch: Batch, known: Known): Expansion => {
  const authors = batch.authors.map(({ member, prev }): AuthorState => ({
    member: hexOf(member),
    prev: spelled(prev),
    made: [],
    last: undefined,
  }))
  const epochs = batch.epochs.map(spelled)
  const work: Work = { crypto, group, batch, known, parents: new Map(), authors, epochs }
  const messages: Message[] = []
  let sent = 0
  for (const item of batch.items) {
    sent += unzigzag(item.sent)
    const message = build(work, item, sent)
    if (message === undefined) return { kind: 'missing', ids: missingOf(work, messages.length) }
    if (typeof message === 'string') return { kind: 'malformed', reason: message }
    messages.push(message)
  }
  return { kind: 'messages', messages }
}

/** Ids that the items from `start` on name in full and that are neither built yet nor in memory. */
const missingOf = (work: Work, start: number): Hex[] => {
  const missing = new Set<Hex>()
  const want = (id: Bytes): void => {
    const hex = hexOf(id)
    if (parentOf(work, hex) === undefined) missing.add(hex)
  }
  for (const item of work.batch.items.slice(start)) {
    const author = work.batch.authors[item.author]
    if (author !== undefined && author.first > 0 && work.authors[item.author]?.made.length === 0) {
      want(author.prev)
    }
    for (const dep of item.deps) if (typeof dep !== 'number') want(dep)
  }
  return [...missing]
}

const parentOf = (work: Work, id: Hex): Parent | undefined => {
  const met = work.parents.get(id)
  if (met !== undefined) return met
  const parent = work.known.parent(id)
  if (parent !== undefined) work.parents.set(id, parent)
  return parent
}

/** The next message; undefined where something that it names is not at hand, a reason where wrong. */
const build = (work: Work, item: BatchItem, sent: number): Message | string | undefined => {
  const { batch, crypto } = work
  const entry = batch.authors[item.author]
  const author = work.authors[item.author]
  if (entry === undefined || author === undefined) return 'batch-author'
  const counter = entry.first + author.made.length
  if (counter >= COUNTER_MAX || sent < 0 || sent > SENT_MS_MAX) return 'batch-range'
  const deps = depsOf(work, item)
  if (deps === undefined) return 'batch-reference'
  const prev = author.made.at(-1) ?? author.prev
  const first = counter === 0 ? undefined : parentOf(work, prev.id)
  if (counter > 0 && first === undefined) return undefined
  let lamport = first?.lamport ?? 0
  for (const dep of deps) {
    const parent = parentOf(work, dep.id)
    if (parent === undefined) return undefined
    if (parent.lamport > lamport) lamport = parent.lamport
  }
  lamport += 1
  const last = sealing(author.last ?? first, item, work.epochs)
  if (last === undefined) return 'batch-epoch'
  const sealed = isSealed(item.type)
  const message = buildMessage(
    crypto,
    {
      type: item.type,
      group: work.group,
      member: entry.member,
      memberGroupId: entry.memberGroupId,
      counter,
      prev: prev.idBytes,
      deps: deps.map((dep) => dep.idBytes),
      lamport,
      epoch: sealed ? (batch.epochs[item.epoch - 1] ?? EMPTY) : EMPTY,
      gen: sealed ? last.gen : 0,
      salt: item.salt,
      sent,
      keyCommit: item.keyCommit,
    },
    item.body,
    item.signature,
    {
      member: author.member,
      prev: counter === 0 ? undefined : prev.id,
      deps: deps.map((dep) => dep.id),
      epoch: sealed ? last.epoch : '',
    },
  )
  author.made.push(message)
  author.last = { lamport, epoch: last.epoch, gen: last.gen }
  work.parents.set(message.id, author.last)
  return message
}

const depsOf = (work: Work, item: BatchItem): Id[] | undefined => {
  const deps: Id[] = []
  for (const dep of item.deps) {
    const id = typeof dep === 'number' ? referenced(work, dep) : spelled(dep)
    if (id === undefined) return undefined
    deps.push(id)
  }
  return deps.length < 2 ? deps : deps.sort((a, b) => compare(a.idBytes, b.idBytes))
}

const referenced = (work: Work, reference: number): Id | undefined => {
  const count = work.batch.authors.length
  const index = reference % count
  const counter = Math.floor(reference / count)
  const entry = work.batch.authors[index]
  const author = work.authors[index]
  if (entry === undefined || author === undefined) return undefined
  if (counter === entry.first - 1) return author.prev
  return author.made[counter - entry.first]
}

/** Where an author's texts stand after an item. The generation is implied: one more, or 0 anew. */
const sealing = (
  before: Parent | undefined,
  item: BatchItem,
  epochs: readonly Id[],
): Omit<Parent, 'lamport'> | undefined => {
  const last = { epoch: before?.epoch ?? '', gen: before?.gen ?? 0 }
  if (!isSealed(item.type)) return item.epoch === 0 ? last : undefined
  const epoch = epochs[item.epoch - 1]?.id
  if (epoch === undefined) return undefined
  return { epoch, gen: last.epoch === epoch ? last.gen + 1 : 0 }
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
    // A signature that is due may not be passed over.
    if (isSignatureDue(counter) || header.value.counter !== counter + 1) return false
    if (hexOf(header.value.member) !== last.member) return false
    id = idOf(crypto, encoded)
    counter += 1
  }
  return verifyId(crypto, devicePublic, id, voucher.signature)
}
