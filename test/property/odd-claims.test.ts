// What an author is free to choose, and gains nothing by: which of many valid signatures it puts on a
// message, a short id that somebody else has, the time of its clock; and a group that calls itself the
// successor of another.
import { Point, etc, hash as sha512 } from '@noble/ed25519'
import { describe, expect, test } from 'vitest'
import { type Bytes, concat, utf8 } from '../../src/base/bytes.ts'
import { COUNTER_MAX } from '../../src/base/limits.ts'
import { encodeEvidence, inOrder, readEvidence } from '../../src/core/evidence/evidence.ts'
import { activeMembers } from '../../src/core/membership/roster.ts'
import { parseHeader } from '../../src/core/message/header.ts'
import type { Message } from '../../src/core/message/message.ts'
import { signMessage } from '../../src/core/message/message.ts'
import { currentContext, ownTip } from '../../src/core/replica/state.ts'
import { parseRecord } from '../../src/core/transcript/row.ts'
import { Space, key, within } from '../../src/core/storage.ts'
import { draftOf } from '../support/author.ts'
import { Bench, crypto } from '../support/bench.ts'
import type { Act, Person } from '../support/crew.ts'
import { Writer, castOf } from '../support/crew.ts'
import { epochs } from '../support/election.ts'
import { converge, done, everyone, found, groupOf, later } from '../support/mesh.ts'
import { meshWorld, readAll, say } from '../support/mesh.ts'

const write = (writer: Writer, act: Act): Message => {
  const said = writer.act(act)
  if (typeof said === 'string') throw new Error(said)
  return said
}

const number = (bytes: Bytes): bigint =>
  bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n)

const littleEndian = (value: bigint): Bytes =>
  Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n))

/** Another valid signature of the same bytes by the same key: with a nonce of the author's choice. */
const signedAnew = (deviceSeed: Bytes, { idBytes }: Message, nonce: bigint): Bytes => {
  const [expanded, order] = [sha512(deviceSeed), Point.CURVE().n]
  const scalar = expanded.slice(0, 32)
  scalar[0] = (scalar[0] ?? 0) & 248
  scalar[31] = ((scalar[31] ?? 0) & 127) | 64
  const commitment = Point.BASE.multiply(nonce).toBytes()
  const said = concat(utf8('coterie/1/msg-sig'), Uint8Array.of(0), idBytes)
  const k = etc.mod(number(sha512(concat(commitment, crypto.edPublicKey(deviceSeed), said))), order)
  return concat(commitment, littleEndian(etc.mod(nonce + k * number(scalar), order)))
}

describe('a message that its author signed twice', () => {
  const cast = castOf({ seed: 'signatures', leaders: 1, members: [] })
  const [leader] = cast.leaders as [Person]
  const writer = new Writer(cast, leader)
  const messages = [write(writer, { kind: 'genesis' }), write(writer, { kind: 'attest' })]
  const [genesis, first] = messages as [Message, Message]
  const signature = signedAnew(leader.self.deviceSeed, first, 12_345n)
  const again: Message = { ...first, signature }

  const holding = (message: Message): Bench => {
    const bench = new Bench(cast.constitution)
    for (const one of [genesis, message]) bench.take(one)
    return bench
  }

  const signatures = (bench: Bench): Bytes[] =>
    bench.rows.read(within(key(Space.message, 1))).map(({ value }) => {
      const record = parseRecord(value)
      return record.ok ? record.value.envelope.signature : new Uint8Array()
    })

  test('is one message: either will do, and whoever holds one holds the other', () => {
    expect(signature).not.toEqual(first.signature)
    const [one, other] = [holding(first), holding(again)]
    expect(other.held().has(first.id)).toBe(true)
    expect(one.root()).toBe(other.root())
    expect(one.take(again)).toEqual({ kind: 'duplicate' })
    expect(signatures(one)).toContainEqual(first.signature)
    expect(signatures(one)).not.toContainEqual(signature)
  })

  test('is no evidence against its author', () => {
    const side = ({ headerBytes, signature: by }: Message) => ({
      headers: [headerBytes],
      signature: by,
    })
    const read = readEvidence(crypto, encodeEvidence(inOrder(crypto, side(first), side(again))))
    expect(read).toEqual({ ok: false, error: 'evidence-pair' })
  })

  test('is none with a signature that does not hold', () => {
    expect(
      holding({ ...first, signature: signature.toReversed() })
        .held()
        .has(first.id),
    ).toBe(false)
  })
})

test('a line ends at the last number, with the way out', () => {
  const cast = castOf({ seed: 'exhausted', leaders: 1, members: [] })
  const writer = new Writer(cast, cast.leaders[0] as Person)
  const first = write(writer, { kind: 'genesis' })
  const tip = ownTip(writer.replica)?.tip as { counter: number }
  tip.counter = COUNTER_MAX - 2
  expect(write(writer, { kind: 'attest' }).header.counter).toBe(COUNTER_MAX - 1)
  expect(writer.act({ kind: 'attest' })).toContain('number')
  const over = { ...draftOf(first), counter: COUNTER_MAX }
  const device = cast.leaders[0]?.self.deviceSeed ?? new Uint8Array()
  expect(parseHeader(signMessage(crypto, device, over, first.body).headerBytes)).toEqual({
    ok: false,
    error: 'counter-exhausted',
  })
})

describe('two members under one short id', () => {
  test('whom two leaders let in at the same time are two, everywhere and in any order', () => {
    const cast = castOf({
      seed: 'short ids',
      leaders: 2,
      members: ['ada', 'bob'],
      numbers: [77, 77],
    })
    const [left, right] = cast.leaders.map((one) => new Writer(cast, one)) as [Writer, Writer]
    const [ada, bob] = cast.members as [Person, Person]
    const messages = [write(left, { kind: 'genesis' })]
    const tell = (to: Writer): void => messages.forEach((message) => void to.take(message))
    tell(right)
    messages.push(write(right, { kind: 'join' }))
    const adds = [write(left, { kind: 'add', whom: ada }), write(right, { kind: 'add', whom: bob })]
    messages.push(...adds)
    for (const person of [ada, bob]) {
      const writer = new Writer(cast, person)
      tell(writer)
      messages.push(write(writer, { kind: 'join' }), write(writer, { kind: 'prekey' }))
    }
    tell(left)
    messages.push(write(left, { kind: 'attest' }))
    const benches = [messages, messages.toReversed()].map((order) => {
      const bench = new Bench(cast.constitution)
      // Whatever waits for its past comes in with it.
      for (const message of order) bench.take(message)
      return bench
    })
    const roots = benches.map((bench) => bench.root())
    expect(new Set(roots).size).toBe(1)
    for (const bench of benches) {
      expect(bench.held().size).toBe(messages.length)
      const active = activeMembers(currentContext(bench.replica).roster).map(({ facts }) => facts)
      expect(active.filter(({ memberGroupId }) => memberGroupId === 77)).toHaveLength(2)
      expect(bench.replica.equivocators.size).toBe(0)
      for (const person of [ada, bob]) {
        expect(bench.replica.transcript.byMember.get(person.self.member)).toHaveLength(1)
      }
    }
  })
})

test('clocks that are decades off move nothing but the time that is claimed', () => {
  const mesh = found(meshWorld({ seed: 'clocks', nodes: 3 }))
  const { world } = mesh
  later(mesh, 90_000)
  const before = epochs(mesh)
  const years = 365 * 86_400_000
  world.setClock(1, { skewMs: 40 * years })
  world.setClock(2, { skewMs: -40 * years })
  for (let round = 0; round < 3; round++) {
    for (const node of [2, 0, 1]) {
      say(mesh, node, `${String(round)} by ${String(node)}`)
      later(mesh, 1_000)
    }
  }
  converge(mesh)
  const said = [0, 1, 2].flatMap((round) =>
    [2, 0, 1].map((n) => `${String(round)} by ${String(n)}`),
  )
  for (const node of everyone(mesh)) {
    const read = readAll(mesh, node)
    expect(read.map(({ text }) => text)).toEqual(said)
    const claims = read.map(({ sent }) => sent)
    expect(Math.max(...claims) - Math.min(...claims)).toBeGreaterThan(79 * years)
  }
  // The leader re-keys for nothing, and thinks nobody gone, for what the others claim.
  later(mesh, 90_000)
  expect(epochs(mesh)).toBe(before)
  for (const { state } of groupOf(mesh, 0)?.members ?? []) expect(state).toBe('active')
}, 60_000)

test('a group that follows another names it, under an id of its own', () => {
  const mesh = found(meshWorld({ seed: 'successor', nodes: 2 }))
  const { world, group } = mesh
  const next = done(world, 1, {
    kind: 'create-group',
    name: 'crew',
    leaders: [],
    policy: 'balanced',
    succeeds: group,
  }).group
  expect(next).not.toBe(group)
  const { ticket } = done(world, 1, {
    kind: 'invite',
    group: next,
    expiresMs: 3_600_000,
    uses: 1,
    confirm: false,
  })
  done(world, 0, { kind: 'join', ticket, waitMs: 30_000 })
  for (const node of everyone(mesh)) {
    const seen = groupOf({ world, group: next }, node)
    expect(seen?.predecessor).toBe(group)
    expect(groupOf(mesh, node)?.predecessor).toBeNull()
  }
})
