// I15: the session form says exactly what the messages say. Batches over any prefix give the same as
// message by message; a flipped bit anywhere in a frame never yields a message that differs; what a
// corruption touches takes its whole author with it.
import { beforeAll, describe, expect, test } from 'vitest'
import { decode, encode } from '../../src/codec/canonical.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { batchValue, readBatch } from '../../src/core/anti-entropy/batch.ts'
import type { Batch } from '../../src/core/anti-entropy/batch.ts'
import { readGroupFrame, writeGroupFrame } from '../../src/core/anti-entropy/frames.ts'
import { hexOf } from '../../src/core/message/header.ts'
import type { Message } from '../../src/core/message/message.ts'
import { buildMessage, signMessage } from '../../src/core/message/message.ts'
import { sendDigest } from '../../src/core/replica/sync.ts'
import { Bench, constitutionOf, crypto, exchange, messagesOf } from '../support/bench.ts'
import { runHistory } from '../support/history.ts'
import { converge, found, groupOf, meshWorld, say } from '../support/mesh.ts'

interface Setting {
  readonly messages: Message[]
  readonly constitution: Uint8Array
}

/** All messages with their signatures, from whichever node has each. */
const setting = (seed: string): Setting => {
  const { mesh } = runHistory({ seed, nodes: 5, late: 2, rounds: 6 })
  const signed = new Map<string, Message>()
  for (let node = 0; node < mesh.world.size; node++) {
    if (groupOf(mesh, node) === undefined) continue
    for (const message of messagesOf(mesh, node)) {
      if (message.signature.length === 64) signed.set(message.id, message)
    }
  }
  const order = [...signed.values()].sort((a, b) => a.header.lamport - b.header.lamport)
  return { messages: order, constitution: constitutionOf(mesh) }
}

const benchWith = ({ constitution }: Setting, messages: readonly Message[]): Bench => {
  const bench = new Bench(constitution)
  for (const message of messages) bench.take(message)
  return bench
}

/** A random set that holds the past of everything in it. */
const closedPart = (messages: readonly Message[], random: SeededRandom): Message[] => {
  const held = new Set<string>()
  const share = random.below(101)
  return messages.filter((message) => {
    const { deps, prev, counter } = message.header
    const parents = [...deps, ...(counter === 0 ? [] : [prev])].map(hexOf)
    const take = parents.every((id) => held.has(id)) && random.below(100) < share
    if (take) held.add(message.id)
    return take
  })
}

const union = (...parts: ReadonlyMap<string, string>[]): Map<string, string> =>
  new Map(parts.flatMap((part) => [...part]))

describe.each(['batch 1', 'batch 2', 'batch 3'])('batches over history %s', (seed) => {
  let all: Setting
  beforeAll(() => {
    all = setting(seed)
  })

  test.each(Array.from({ length: 6 }, (_, i) => i))(
    'bring any two replicas to the union of what they hold, draw %i',
    (i) => {
      const random = new SeededRandom(`${seed} ${String(i)}`)
      const a = benchWith(all, closedPart(all.messages, random))
      const b = benchWith(all, closedPart(all.messages, random))
      const expected = union(a.held(), b.held())
      const ends = { inA: a.peer(1), inB: b.peer(2) }
      a.step((turn) => sendDigest(turn, a.replica, ends.inA, true))
      exchange(a, b, ends)
      expect(a.held()).toEqual(expected)
      expect(b.held()).toEqual(expected)
      expect(a.root()).toBe(b.root())
      const plain = benchWith(
        all,
        all.messages.filter(({ id }) => expected.has(id)),
      )
      expect(plain.root()).toBe(a.root())
      // What came in batches is passed on in batches, to one who has nothing.
      const c = new Bench(all.constitution)
      const second = { inA: a.peer(3), inB: c.peer(4) }
      a.step((turn) => sendDigest(turn, a.replica, second.inA, true))
      exchange(a, c, second)
      expect(c.held()).toEqual(expected)
    },
  )
})

/** The frames with which a replica that holds everything answers one that holds nothing. */
const framesFor = ({ constitution, messages }: Setting): Uint8Array[] => {
  const source = benchWith({ constitution, messages }, messages)
  const reader = source.peer(1)
  const ask = writeGroupFrame({ kind: 'vector', index: 0, explicit: false, entries: [] })
  source.frame(reader, ask)
  return source.collect()
}

const batchIn = (frame: Uint8Array): Batch | undefined => {
  const value = decode(frame, { maxBytes: frame.length })
  const read = value.ok ? readGroupFrame(value.value) : value
  return read.ok && read.value.kind === 'batch' ? read.value.batch : undefined
}

const small = (seed: string): Setting => {
  const mesh = found(meshWorld({ seed, nodes: 2 }))
  for (let i = 0; i < 3; i++) {
    say(mesh, i % 2, `text ${String(i)}`)
    mesh.world.run(mesh.world.nowMs + 500)
  }
  converge(mesh)
  const messages = [0, 1].flatMap((node) => messagesOf(mesh, node))
  const signed = new Map(
    messages.filter(({ signature }) => signature.length === 64).map((one) => [one.id, one]),
  )
  const order = [...signed.values()].sort((a, b) => a.header.lamport - b.header.lamport)
  return { messages: order, constitution: constitutionOf(mesh) }
}

describe('a corrupted batch', () => {
  const all = small('corrupted')
  const [frame = new Uint8Array()] = framesFor(all)
  const truth = benchWith(all, all.messages).held()

  const accepted = (bytes: Uint8Array): Map<string, string> => {
    const bench = new Bench(all.constitution)
    bench.frame(bench.peer(1), bytes)
    return bench.held()
  }

  test('that is whole gives every message', () => {
    expect(batchIn(frame)?.items).toHaveLength(all.messages.length)
    expect(accepted(frame)).toEqual(truth)
  })

  test('with one flipped bit never gives a message that differs', () => {
    const random = new SeededRandom('flips')
    const bits = Array.from({ length: 2_500 }, () => random.below(frame.length * 8))
    let refused = 0
    for (const bit of bits) {
      const bent = frame.slice()
      bent[bit >> 3] = (bent[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const held = accepted(bent)
      if (held.size < truth.size) refused++
      for (const [id, bytes] of held) expect(truth.get(id), `bit ${String(bit)}`).toBe(bytes)
    }
    expect(refused).toBeGreaterThan(bits.length / 2)
  }, 60_000)

  test('loses the whole run of the author whose item was touched, and only what builds on it', () => {
    const batch = batchIn(frame)
    if (batch === undefined) throw new Error('no batch')
    batch.items.forEach((item, i) => {
      if (item.body.length === 0) return
      const body = item.body.slice()
      body[body.length - 1] = (body.at(-1) ?? 0) ^ 1
      const items = batch.items.with(i, { ...item, body })
      const bent = encode([18, 0, batchValue({ ...batch, items })])
      const author = hexOf(batch.authors[item.author]?.member ?? new Uint8Array())
      const members = new Map(all.messages.map((one) => [one.id, one.member]))
      const held = accepted(bent)
      for (const id of held.keys()) expect(members.get(id), `item ${String(i)}`).not.toBe(author)
    })
  })

  test('whose voucher leads on by headers that do not chain is refused', () => {
    const batch = batchIn(frame)
    if (batch === undefined) throw new Error('no batch')
    const [voucher] = batch.vouchers
    const [header] = all.messages
    if (voucher === undefined || header === undefined) throw new Error('no voucher')
    const vouchers = batch.vouchers.with(0, { ...voucher, headers: [header.headerBytes] })
    const bench = new Bench(all.constitution)
    bench.frame(bench.peer(1), encode([18, 0, batchValue({ ...batch, vouchers })]))
    expect(bench.held().size).toBeLessThan(truth.size)
    expect(bench.counts.get('frames_dropped/signature')).toBeGreaterThan(0)
  })
})

describe('what a message alone may not be, a batch may not carry either', () => {
  test('a body beyond its limit is refused in both forms, though its author signed it', () => {
    const all = small('too large')
    const last = all.messages.at(-1)
    if (last === undefined) throw new Error('no messages')
    const author = all.messages.findLast(({ member }) => member === last.member)
    if (author === undefined) throw new Error('no author')
    const seeds = [0, 1].map((node) =>
      new SeededRandom('too large')
        .fork(`crypto/${String(node)}`)
        .fork('device')
        .bytes(32),
    )
    const { bodyLength: _, bodyHash: __, ...draft } = author.header
    const device = seeds.find((seed) => {
      const again = signMessage(crypto, seed, draft, author.body)
      return hexOf(again.signature) === hexOf(author.signature)
    })
    if (device === undefined) throw new Error('no device')
    const body = new Uint8Array(65 * 1_024)
    const next = {
      ...draft,
      type: 200,
      counter: draft.counter + 1,
      prev: author.idBytes,
      deps: [],
      lamport: draft.lamport + 1,
      epoch: new Uint8Array(),
      salt: new Uint8Array(),
      keyCommit: new Uint8Array(),
      gen: 0,
    }
    const large = signMessage(crypto, device, next, body)
    const fine = signMessage(crypto, device, next, body.subarray(0, 64 * 1_024))
    expect(buildMessage(crypto, next, body).id).toBe(large.id)
    for (const [message, held] of [
      [large, false],
      [fine, true],
    ] as const) {
      const bench = benchWith(all, all.messages)
      const batch: Batch = {
        authors: [
          {
            member: next.member,
            memberGroupId: next.memberGroupId,
            first: next.counter,
            prev: next.prev,
          },
        ],
        epochs: [],
        items: [
          {
            author: 0,
            type: 200,
            deps: [],
            sent: 2 * next.sent,
            epoch: 0,
            salt: new Uint8Array(),
            keyCommit: new Uint8Array(),
            body: message.body,
            signature: new Uint8Array(),
          },
        ],
        vouchers: [{ author: 0, headers: [], signature: message.signature }],
      }
      expect(readBatch(batchValue(batch)).ok).toBe(true)
      bench.frame(bench.peer(1), encode([18, 0, batchValue(batch)]))
      expect(bench.held().has(message.id)).toBe(held)
      expect(bench.take(message)?.kind).toBe(held ? 'duplicate' : 'rejected')
    }
  })
})
