// I10, I11, I13, I14 and M8: a replica that is given the messages of a history in any order, with
// duplicates and among invalid ones, accepts the same, rejects the same for the same reasons, and
// ends with the same root as everybody else.
import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { toHex } from '../../src/base/bytes.ts'
import { buildMessage, signMessage } from '../../src/core/message/message.ts'
import type { HeaderDraft, Message } from '../../src/core/message/message.ts'
import { MessageType } from '../../src/core/message/type.ts'
import { currentContext } from '../../src/core/replica/state.ts'
import { secretOf } from '../support/author.ts'
import { Bench, constitutionOf, crypto, messagesOf } from '../support/bench.ts'
import { runHistory } from '../support/history.ts'
import { type Mesh, groupOf } from '../support/mesh.ts'

interface Wrong {
  readonly message: Message
  readonly reason: string
}

/** A message made wrong in one way and signed by its author, standing where `from` stands. */
const spoiled = (
  from: Message,
  seed: Uint8Array,
  change: Partial<HeaderDraft>,
  body = from.body,
): Message => {
  const { bodyLength: _, bodyHash: __, ...draft } = from.header
  return signMessage(crypto, seed, { ...draft, ...change }, body)
}

const wrongOnes = (seed: string, messages: readonly Message[], nodes: number): Wrong[] => {
  const devices = Array.from({ length: nodes }, (_, node) => secretOf(seed, node, 'device'))
  const wrong: Wrong[] = []
  for (const message of messages.filter((one) => one.header.counter > 1)) {
    const { header } = message
    const own = devices.find(
      (device) => spoiled(message, device, {}).id === message.id && isOf(device, message),
    )
    if (own === undefined) continue
    const add = (reason: string, spoilt: Message): void =>
      void wrong.push({ reason, message: spoilt })
    add('lamport', spoiled(message, own, { lamport: header.lamport + 1 }))
    add('counter-gap', spoiled(message, own, { counter: header.counter + 1 }))
    add('prev-author', spoiled(message, own, { member: new Uint8Array(32).fill(7) }))
    add(
      'author-group-id',
      spoiled(message, own, { memberGroupId: (header.memberGroupId ^ 1) >>> 0 }),
    )
    const { draft, body } = unsigned(message)
    const stolen = {
      ...buildMessage(crypto, { ...draft, sent: 1 }, body),
      signature: message.signature,
    }
    add('signature', stolen)
    if (header.type === MessageType.text) {
      add('generation', spoiled(message, own, { gen: header.gen + 1 }))
      add('sealed-fields', spoiled(message, own, { salt: new Uint8Array() }))
      add('epoch-not-in-past', spoiled(message, own, { epoch: new Uint8Array(32).fill(1) }))
    }
    if (header.type === MessageType.attest) {
      const bent = message.body.slice()
      bent[bent.length - 1] = (bent.at(-1) ?? 0) ^ 1
      add('view', spoiled(message, own, {}, bent))
    }
  }
  return wrong
}

const unsigned = (message: Message): { draft: HeaderDraft; body: Uint8Array } => {
  const { bodyLength: _, bodyHash: __, ...draft } = message.header
  return { draft, body: message.body }
}

const isOf = (device: Uint8Array, message: Message): boolean => {
  const signed = signMessage(crypto, device, unsigned(message).draft, message.body)
  return toHex(signed.signature) === toHex(message.signature)
}

interface Setting {
  readonly seed: string
  readonly mesh: Mesh
  readonly messages: Message[]
  readonly constitution: Uint8Array
}

const setting = (seed: string): Setting => {
  const { mesh, broken } = runHistory({ seed, nodes: 5, late: 2, rounds: 5 })
  expect(broken).toEqual([])
  const messages = signedOnly(mesh)
  return { seed, mesh, messages, constitution: constitutionOf(mesh) }
}

/** A node that heard everything by push has every signature; batches leave some out. */
const signedOnly = (mesh: Mesh): Message[] => {
  const bySignature = new Map<string, Message>()
  for (let node = 0; node < mesh.world.size; node++) {
    if (groupOf(mesh, node) === undefined) continue
    for (const message of messagesOf(mesh, node)) {
      if (message.signature.length === 64) bySignature.set(message.id, message)
    }
  }
  expect(bySignature.size).toBe(messagesOf(mesh, 0).length)
  return [...bySignature.values()].sort(
    (a, b) => a.header.lamport - b.header.lamport || (a.id < b.id ? -1 : 1),
  )
}

const feed = (bench: Bench, order: readonly Message[]): void => {
  for (const message of order) bench.take(message)
  bench.settle()
}

const contextOf = (bench: Bench): unknown => {
  const { roster, epochHeads } = currentContext(bench.replica)
  return { heads: [...epochHeads.keys()].sort(), members: [...roster.members.keys()].sort() }
}

describe.each(['order 1', 'order 2', 'order 3'])('all messages of history %s', (seed) => {
  const { mesh, messages, constitution } = setting(seed)
  const inOrder = new Bench(constitution)
  feed(inOrder, messages)

  test('give a fresh replica the root that the mesh has', () => {
    expect(inOrder.held().size).toBe(messages.length)
    expect(inOrder.root()).toBe(groupOf(mesh, 0)?.root)
  })

  test('give another root, and waiting messages, where one of them is missing', () => {
    const bench = new Bench(constitution)
    feed(bench, messages.toSpliced(messages.length >> 1, 1))
    expect(bench.root()).not.toBe(inOrder.root())
    expect(bench.replica.pending.waiting.size).toBeGreaterThan(0)
  })

  test.each(Array.from({ length: 5 }, (_, i) => i))(
    'are accepted alike in random order %i with duplicates (I10, I11, I14)',
    (i) => {
      const random = new SeededRandom(`${seed} ${String(i)}`)
      const bench = new Bench(constitution)
      const twice = messages.filter(() => random.below(3) === 0)
      feed(bench, random.shuffle([...messages, ...twice]))
      expect(bench.held()).toEqual(inOrder.held())
      expect(bench.root()).toBe(inOrder.root())
      expect(contextOf(bench)).toEqual(contextOf(inOrder))
      expect(bench.replica.pending.waiting.size).toBe(0)
    },
  )

  test.each(Array.from({ length: 10 }, (_, i) => i))(
    'are accepted alike though almost nothing is in memory and reads answer in disorder, draw %i',
    (i) => {
      const random = new SeededRandom(`${seed} disk ${String(i)}`)
      const bench = new Bench(constitution)
      bench.replica.transcript.windowRows = 1 + random.below(4)
      bench.disorder = random.fork('reads')
      const twice = messages.filter(() => random.below(3) === 0)
      const near = [...messages, ...twice].map((message) => ({
        message,
        at: message.header.lamport + random.below(1 + i * 4),
      }))
      near.sort((a, b) => a.at - b.at)
      for (const { message } of near) {
        bench.take(message)
        if (random.below(3) === 0) bench.settle()
        if (random.below(5) === 0) bench.forget()
      }
      bench.settle()
      expect(bench.replica.equivocators.size).toBe(0)
      expect(bench.held()).toEqual(inOrder.held())
      expect(bench.root()).toBe(inOrder.root())
      expect(contextOf(bench)).toEqual(contextOf(inOrder))
    },
  )

  test('are taken once, though the same one arrives again while its past is being read', () => {
    for (const message of messages) {
      const bench = new Bench(constitution)
      feed(bench, messages.slice(0, messages.indexOf(message)))
      bench.forget()
      bench.disorder = new SeededRandom(message.id)
      bench.take(message)
      bench.take(message)
      bench.take(message)
      bench.settle()
      const later = messages.slice(messages.indexOf(message) + 1)
      feed(bench, later)
      expect(bench.replica.equivocators.size).toBe(0)
      expect(bench.root()).toBe(inOrder.root())
    }
  })

  test('and a message enters only after its author said the one before, signed (M8)', () => {
    const random = new SeededRandom(`${seed} m8`)
    for (const message of random.shuffle(messages).slice(0, 12)) {
      const bench = new Bench(constitution)
      feed(
        bench,
        messages.filter((one) => one !== message && one.header.lamport <= message.header.lamport),
      )
      const forged = { ...message, signature: new Uint8Array(64) }
      const before = bench.held().size
      expect(bench.take(forged)?.kind).not.toBe('accepted')
      expect(bench.held().size).toBe(before)
      if (message.header.counter === 0) continue
      const without = new Bench(constitution)
      const prev = toHex(message.header.prev)
      feed(
        without,
        messages.filter((one) => one.id !== prev && one.header.lamport < message.header.lamport),
      )
      expect(without.take(message)?.kind).toBe('pending')
    }
  })

  test('invalid ones among them are rejected, whatever the order, for the reason they have', () => {
    const wrong = wrongOnes(seed, messages, 5)
    expect(wrong.length).toBeGreaterThan(50)
    const full = new Bench(constitution)
    feed(full, messages)
    for (const { message, reason } of wrong) {
      expect(full.take(message), reason).toEqual({ kind: 'rejected', reason })
    }
    for (let i = 0; i < 3; i++) {
      const random = new SeededRandom(`wrong ${String(i)}`)
      const bench = new Bench(constitution)
      feed(bench, random.shuffle([...messages, ...wrong.map(({ message }) => message)]))
      expect(bench.held()).toEqual(inOrder.held())
      expect(bench.root()).toBe(inOrder.root())
      expect(bench.replica.equivocators.size).toBe(0)
    }
  })
})
