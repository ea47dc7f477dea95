// Evidence travels before all that it does not stand on: whoever comes back after a long time and loses the
// link again soon has been warned. With the fault planted it waits for its turn among hundreds of texts.
import { afterEach, expect, test, vi } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { decode } from '../../src/codec/canonical.ts'
import { readGroupFrame, writeGroupFrame } from '../../src/core/anti-entropy/frames.ts'
import type { Message } from '../../src/core/message/message.ts'
import { MessageType } from '../../src/core/message/type.ts'
import type * as vector from '../../src/core/replica/vector.ts'
import { Bench, trusted } from '../support/bench.ts'
import type { Act, Person } from '../support/crew.ts'
import { Writer, castOf } from '../support/crew.ts'

/** The fault: nobody looks what evidence the other lacks. */
const fault = vi.hoisted(() => ({ on: false }))

vi.mock('../../src/core/replica/vector.ts', async (original) => {
  const real = await original<typeof vector>()
  const lackedEvidence: typeof real.lackedEvidence = (...asked) =>
    fault.on ? [] : real.lackedEvidence(...asked)
  return { ...real, lackedEvidence }
})

afterEach(() => {
  fault.on = false
})

const cast = castOf({ seed: 'spread first', leaders: 2, members: ['ada', 'bob'] })
const [liar, honest] = cast.leaders as [Person, Person]
const [ada, bob] = cast.members as [Person, Person]

const writerOf = (person: Person, heard: readonly Message[]): Writer => {
  const writer = new Writer(cast, person)
  for (const message of heard) writer.take(message)
  return writer
}

const say = (writer: Writer, act: Act): Message => {
  const said = writer.act(act)
  if (typeof said === 'string') throw new Error(said)
  return said
}

const said = (writer: Writer, times: number): Message[] =>
  Array.from({ length: times }, () => say(writer, { kind: 'attest' }))

const founder = writerOf(liar, [])
const start: Message[] = [
  say(founder, { kind: 'genesis' }),
  say(founder, { kind: 'add', whom: ada }),
  say(founder, { kind: 'add', whom: bob }),
]
for (const person of [honest, ada, bob]) start.push(say(writerOf(person, start), { kind: 'join' }))

/** Two members go on at length; a leader does too, and then proves that the other one forked. */
const lives = [ada, bob].map((person) => said(writerOf(person, start), 250))
const pair = (['attest', 'prekey'] as const).map((kind) =>
  say(writerOf(liar, start), { kind }),
) as [Message, Message]
const prover = writerOf(honest, start)
const before = said(prover, 150)
for (const message of pair) prover.take(message)
const proof = say(prover, { kind: 'accuse', pair })

/** Who said what a member sends to somebody who holds the beginning only, in order, and of which type. */
const served = (): { readonly member: string; readonly type: number }[] => {
  const server = new Bench(cast.constitution)
  const all = [...start, ...lives.flat(), ...pair, ...before, proof]
  for (const message of all) server.take(message, trusted)
  const entries = start
    .filter(({ member }, i) => !start.slice(i + 1).some((later) => later.member === member))
    .map(({ header, idBytes }) => ({
      member: header.member.subarray(0, 8),
      counter: header.counter,
      tip: idBytes.subarray(0, 8),
    }))
  const frame = writeGroupFrame({ kind: 'vector', index: 0, explicit: true, entries })
  expect(server.frame(server.peer(1), frame)).toBe(true)
  return server.collect().flatMap((bytes) => {
    const value = decode(bytes, { maxBytes: bytes.length })
    const read = value.ok ? readGroupFrame(value.value) : value
    if (!read.ok || read.value.kind !== 'batch') return []
    const { authors, items } = read.value.batch
    return items.map(({ author, type }) => ({
      member: toHex(authors[author]?.member ?? new Uint8Array()),
      type,
    }))
  })
}

/** How much of what evidence does not stand on comes before it. */
const ahead = (): number => {
  const items = served()
  const at = items.findIndex(({ type }) => type === MessageType.evidence)
  expect(at).toBeGreaterThan(0)
  const others = new Set([ada.self.member, bob.self.member])
  expect(items.filter(({ member }) => others.has(member))).toHaveLength(500)
  return items.slice(0, at).filter(({ member }) => others.has(member)).length
}

test('nothing comes before evidence but what it stands on', () => {
  expect(ahead()).toBe(0)
})

test('without spread first hundreds of messages do', () => {
  fault.on = true
  expect(ahead()).toBeGreaterThan(200)
})
