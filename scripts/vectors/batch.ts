// Vectors of the session form: batches over the transcript of the message vectors, written here by a
// second composer, and what a reader makes of them that holds the first `held` of its messages.

import type { Bytes } from '../../src/base/bytes.ts'
import { equal } from '../../src/base/bytes.ts'
import type { Batch, BatchAuthor, BatchItem, Voucher } from '../../src/core/anti-entropy/batch.ts'
import { batchValue, readBatch, zigzag } from '../../src/core/anti-entropy/batch.ts'
import { expand, vouch } from '../../src/core/anti-entropy/expand.ts'
import type { Known } from '../../src/core/anti-entropy/expand.ts'
import { decode, encode } from '../../src/codec/canonical.ts'
import { constitutionOf, createLedger, epochAtRow, hear } from './ledger.ts'
import type { Message } from '../../src/core/message/message.ts'
import { rowById } from '../../src/core/transcript/transcript.ts'
import type { Crypto } from '../../src/crypto/crypto.ts'
import { NONE, bytesOf, club, crypto, lastFlipped } from './people.ts'
import { at, authors, story } from './transcript.ts'

interface Wish {
  readonly explicit?: boolean
  /** Messages that keep their signature although a voucher covers them. */
  readonly signed?: readonly Message[]
  /** Later messages of a last one, whose headers stand in for its signature. */
  readonly tails?: ReadonlyMap<Message, readonly Message[]>
}

/** A batch of messages in this order; the lines of a forked author are two authors here. */
export function compose(
  lines: readonly (readonly Message[])[],
  order: readonly Message[],
  wish: Wish,
): Batch {
  const authorsOf = lines.map(([first]): BatchAuthor => ({
    member: first?.header.member ?? NONE,
    memberGroupId: first?.header.memberGroupId ?? 0,
    first: first?.header.counter ?? 0,
    prev: first?.header.prev ?? NONE,
  }))
  const epochs: Bytes[] = []
  const references = new Map<string, number>()
  for (const [place, { first, prev }] of authorsOf.entries()) {
    if (first > 0) references.set(String(prev), (first - 1) * lines.length + place)
  }
  let before = 0
  const items = order.map((message): BatchItem => {
    const { header, body, signature, idBytes } = message
    const author = lines.findIndex((line) => line.includes(message))
    const deps = header.deps.map((id) =>
      wish.explicit === true ? id : (references.get(String(id)) ?? id),
    )
    references.set(String(idBytes), header.counter * lines.length + author)
    const sent = zigzag(header.sent - before)
    before = header.sent
    const { type, salt, keyCommit } = header
    const kept = wish.signed?.includes(message) === true
    const epoch = numberOf(header.epoch, epochs)
    return {
      author,
      type,
      deps,
      sent,
      epoch,
      salt,
      keyCommit,
      body,
      signature: kept ? signature : NONE,
    }
  })
  const vouchers = lines.map((line, author): Voucher => {
    const last = line.at(-1) ?? at.genesis
    const tail = wish.tails?.get(last) ?? []
    const headers = tail.map(({ headerBytes }) => headerBytes)
    return { author, headers, signature: (tail.at(-1) ?? last).signature }
  })
  return { authors: authorsOf, epochs, items, vouchers }
}

function numberOf(epoch: Bytes, epochs: Bytes[]): number {
  if (epoch.length === 0) return 0
  const known = epochs.findIndex((one) => equal(one, epoch))
  return known >= 0 ? known + 1 : epochs.push(epoch)
}

// --- What a reader makes of it -------------------------------------------------------------------

/** A reader that holds the first so many messages of the transcript. */
export function readerOf(provider: Crypto, held: readonly Message[]): Known {
  const ledger = createLedger(provider, constitutionOf(provider, club.bytes))
  for (const message of held) hear(ledger, message)
  return {
    parent: (id) => {
      const row = rowById(ledger.transcript, id)
      return row && { lamport: row.lamport, epoch: epochAtRow(ledger, row), gen: row.gen }
    },
  }
}

/** `valid` when every id is computed and every voucher holds, else the first reason. */
export function outcomeOf(
  provider: Crypto,
  known: Known,
  bytes: Bytes,
  devices: ReadonlyMap<string, Bytes>,
) {
  const decoded = decode(bytes, { maxBytes: 524_288 })
  const read = decoded.ok ? readBatch(decoded.value) : decoded
  if (!read.ok) return { reason: read.error, ids: [] }
  const made = expand(provider, club.group, read.value, known)
  if (made.kind === 'malformed') return { reason: made.reason, ids: [] }
  if (made.kind === 'missing') return { reason: 'batch-gap', ids: [] }
  const holds = read.value.authors.every(({ member }, place) => {
    const items = read.value.items.map(({ author }) => author)
    const last = made.messages[items.lastIndexOf(place)]
    const voucher = read.value.vouchers.find(({ author }) => author === place)
    const device = devices.get(String(member))
    return last && voucher && device && vouch(provider, device, last, voucher)
  })
  return { reason: holds ? 'valid' : 'signature', ids: made.messages.map(({ idBytes }) => idBytes) }
}

export const devices: ReadonlyMap<string, Bytes> = new Map(
  Object.values(authors).map(({ member, person }) => [
    String(member),
    crypto.edPublicKey(person.seeds.device),
  ]),
)

const messages = story.map(({ message }) => message)
const {
  genesis,
  first,
  bob0,
  ada2,
  bob1,
  add,
  second,
  rival,
  bob3,
  merge,
  bob4,
  bob5,
  bob6,
  fork,
} = at
const adaLine = [genesis, first.message, ada2, add, second.message, merge.message]
const bobLine = [bob0, bob1, rival.message, bob3, bob4, bob5, bob6]
const cleoLine = [at.cleo0, at.cleo1, at.plain]

const cases = () => {
  const tail = new Map([[bob4, [bob5, bob6]]])
  return [
    {
      what: 'everything but the second branch and what builds on it',
      held: 0,
      batch: compose(
        [adaLine, bobLine, cleoLine],
        messages.slice(0, messages.indexOf(fork)).concat(at.plain),
        {
          signed: [add, bob3],
        },
      ),
    },
    {
      what: 'the middle, vouched for by headers',
      held: 11,
      batch: compose([[bob4], [merge.message]], [merge.message, bob4], { tails: tail }),
    },
    {
      what: 'all dependencies by id',
      held: 13,
      batch: compose([[bob5, bob6]], [bob5, bob6], { explicit: true }),
    },
    { what: 'one branch', held: 13, batch: compose([[fork]], [fork], {}) },
    {
      what: 'a Meta and a text in one chain',
      held: messages.indexOf(at.meta),
      batch: compose([[at.meta, at.after]], [at.meta, at.after], { signed: [at.meta] }),
    },
    { what: 'nothing', held: 0, batch: compose([], [], {}) },
  ]
}

export function batchVectors() {
  return {
    group: club.group,
    devices: Object.values(authors).map(({ member, person }) => ({
      member,
      device: crypto.edPublicKey(person.seeds.device),
    })),
    batches: cases().map(({ what, held, batch }) => {
      const bytes = encode(batchValue(batch))
      const { reason, ids } = outcomeOf(
        crypto,
        readerOf(crypto, messages.slice(0, held)),
        bytes,
        devices,
      )
      if (reason !== 'valid') throw new Error(`${what}: ${reason}`)
      return { what, held, ...batch, bytes, ids }
    }),
    bad: badBatches(),
  }
}

function badBatches() {
  const held = 13
  const good = compose([[bob5, bob6]], [bob5, bob6], {})
  const [one, two] = good.items
  const [voucher] = good.vouchers
  const [author] = good.authors
  if (!one || !two || !voucher || !author) throw new Error('no item')
  const items = (change: Partial<BatchItem>): Batch => ({
    ...good,
    items: [{ ...one, ...change }, two],
  })
  const covered = compose([[bob4]], [bob4], { tails: new Map([[bob4, [bob5, bob6]]]) })
  const [path] = covered.vouchers
  if (!path) throw new Error('no voucher')
  const but = (change: Partial<Voucher>): Batch => ({
    ...covered,
    vouchers: [{ ...path, ...change }],
  })
  const list: [what: string, batch: Batch, held?: number][] = [
    ['an author beyond the list', items({ author: 1 })],
    ['an epoch beyond the list', items({ epoch: 3 })],
    ['a text without an epoch', items({ epoch: 0 })],
    ['a time before 1970', items({ sent: 1 })],
    ['a reference to what comes later', items({ deps: [6] })],
    ['a reference to nothing', items({ deps: [100] })],
    ['a dependency that is not held', items({ deps: [bytesOf('other')] })],
    ['a previous message that is not held', good, 11],
    ['another body', items({ body: lastFlipped(one.body) })],
    ['another first number', { ...good, authors: [{ ...author, first: 6 }] }],
    [
      'another signature',
      { ...good, vouchers: [{ ...voucher, signature: lastFlipped(voucher.signature) }] },
    ],
    ['no voucher', { ...good, vouchers: [] }],
    ['a header left out of the path', but({ headers: path.headers.slice(1) }), 11],
    ['a path of another author', but({ headers: [add.headerBytes], signature: add.signature }), 11],
  ]
  return list.map(([what, batch, first = held]) => {
    const bytes = encode(batchValue(batch))
    const known = readerOf(crypto, messages.slice(0, first))
    const { reason } = outcomeOf(crypto, known, bytes, devices)
    if (reason === 'valid') throw new Error(`${what}: valid`)
    return { what, reason, held: first, bytes }
  })
}
