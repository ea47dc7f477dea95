// Rule Q (I38) in plays written by hand: a leader uses a number twice, lets somebody in whom nobody else
// knows, and goes on. What was heard in time stays, what is said afterwards does not come in, and a friend
// of the liar's own making opens no door. The definitions agree each time.
import { describe, expect, test, vi } from 'vitest'
import type { Message } from '../../src/core/message/message.ts'
import type * as quarantine from '../../src/core/validity/quarantine.ts'
import { signMessage } from '../../src/core/message/message.ts'
import { draftOf } from '../support/author.ts'
import { Bench } from '../support/bench.ts'
import type { Act, Person } from '../support/crew.ts'
import { Writer, castOf } from '../support/crew.ts'
import { crypto } from '../support/bench.ts'
import { isQuiet } from '../support/quiet.ts'
import { Reference, graphOf } from '../support/reference.ts'

/** The fault: whoever is accused is heard all the same. */
const deaf = vi.hoisted(() => ({ on: false }))

vi.mock('../../src/core/validity/quarantine.ts', async (original) => {
  const real = await original<typeof quarantine>()
  const judgeQuarantine: typeof real.judgeQuarantine = (...given) =>
    deaf.on ? { kind: 'covered' } : real.judgeQuarantine(...given)
  return { ...real, judgeQuarantine }
})

const cast = castOf({ seed: 'evidence', leaders: 2, members: ['ada', 'sybil'] })
const [liar, honest] = cast.leaders as [Person, Person]
const [ada, sybil] = cast.members as [Person, Person]

class Play {
  readonly messages: Message[] = []
  readonly #writers = new Map<Person, Writer>()

  of(person: Person): Writer {
    const writer = this.#writers.get(person) ?? new Writer(cast, person)
    this.#writers.set(person, writer)
    return writer
  }

  /** Writes on whatever the person was told so far. */
  say(person: Person, act: Act): Message {
    const said = this.of(person).act(act)
    if (typeof said === 'string') throw new Error(`${person.name}: ${said}`)
    this.messages.push(said)
    return said
  }

  tell(person: Person, ...some: readonly Message[]): void {
    for (const message of some.length > 0 ? some : this.messages) this.of(person).take(message)
  }

  /** The liar forgets all but these messages, and will use its numbers again. */
  forget(person: Person, held: readonly Message[]): void {
    this.#writers.set(person, new Writer(cast, person))
    this.tell(person, ...held)
  }
}

/** A message of any type 200 on chosen parents; what a fresh replica says of it. */
const verdict = (play: Play, by: Person, before: Message, deps: readonly Message[]): string => {
  const bench = new Bench(cast.constitution)
  for (const message of play.messages) bench.take(message)
  const lamport = 1 + Math.max(before.header.lamport, ...deps.map(({ header }) => header.lamport))
  const draft = {
    ...draftOf(before),
    type: 200,
    counter: before.header.counter + 1,
    prev: before.idBytes,
    deps: [...deps].sort((a, b) => (a.id < b.id ? -1 : 1)).map(({ idBytes }) => idBytes),
    lamport,
    epoch: new Uint8Array(),
    gen: 0,
    salt: new Uint8Array(),
    keyCommit: new Uint8Array(),
  }
  const message = signMessage(crypto, by.self.deviceSeed, draft, new Uint8Array())
  const outcome = bench.take(message)
  const graph = graphOf(cast.constitution, [...play.messages, message])
  const quiet = isQuiet(graph, new Reference(graph), message.id)
  const said = outcome?.kind === 'rejected' ? outcome.reason : (outcome?.kind ?? 'none')
  // The definitions say the same of Rule Q, whatever else is wrong.
  if (said === 'accepted' || said === 'quarantine') expect(quiet).toBe(said === 'accepted')
  return said
}

/** Both leaders and ada are in; the liar has said two things under one number. */
const forked = (): { play: Play; pair: readonly [Message, Message]; start: readonly Message[] } => {
  const play = new Play()
  play.say(liar, { kind: 'genesis' })
  play.say(liar, { kind: 'add', whom: ada })
  play.say(liar, { kind: 'epoch' })
  for (const person of [honest, ada]) {
    play.tell(person)
    play.say(person, { kind: 'join' })
  }
  for (const person of [liar, honest, ada]) play.tell(person)
  const start = [...play.messages]
  const first = play.say(liar, { kind: 'attest' })
  play.forget(liar, start)
  const second = play.say(liar, { kind: 'prekey' })
  return { play, pair: [first, second], start }
}

describe('evidence against a leader', () => {
  test('lets stand what was heard in time, on both branches', () => {
    const { play, pair } = forked()
    const [first, second] = pair
    play.tell(honest, first)
    const cover = play.say(honest, { kind: 'attest' })
    expect(cover.deps).toContain(first.id)
    play.tell(honest, second)
    const proof = play.say(honest, { kind: 'accuse', pair })
    play.tell(ada, first, second, cover, proof)
    expect(play.say(ada, { kind: 'attest' }).header.deps.length).toBeGreaterThan(0)
  })

  test('keeps out what nobody had heard, as a parent of whoever knows', () => {
    const { play, pair, start } = forked()
    play.tell(honest, ...pair)
    const proof = play.say(honest, { kind: 'accuse', pair })
    const late = play.say(liar, { kind: 'attest' })
    expect(verdict(play, honest, proof, [late])).toBe('quarantine')
    // Ada, who had not heard of the evidence, is fooled, and covers: it counts for all.
    play.tell(ada, pair[1], late)
    const fooled = play.say(ada, { kind: 'attest' })
    expect(verdict(play, honest, proof, [fooled])).toBe('accepted')
    expect(start.length).toBeGreaterThan(0)
  })

  test('opens no door by somebody whom the liar lets in afterwards', () => {
    const { play, pair } = forked()
    play.tell(honest, ...pair)
    const proof = play.say(honest, { kind: 'accuse', pair })
    play.say(liar, { kind: 'add', whom: sybil })
    play.tell(sybil)
    // Whatever the sybil knows of the evidence, it has not heard: it stands on the liar alone.
    play.forget(
      sybil,
      play.messages.filter(({ id }) => id !== proof.id),
    )
    const joined = play.say(sybil, { kind: 'join' })
    expect(verdict(play, honest, proof, [joined])).toBe('quarantine')
  })

  test('counts somebody whom the liar let in and others had heard of in time', () => {
    const { play, pair } = forked()
    const added = play.say(liar, { kind: 'add', whom: sybil })
    play.tell(honest, ...pair, added)
    const cover = play.say(honest, { kind: 'attest' })
    play.tell(sybil)
    const joined = play.say(sybil, { kind: 'join' })
    const late = play.say(liar, { kind: 'attest' })
    play.tell(sybil, late)
    const heard = play.say(sybil, { kind: 'attest' })
    const proof = play.say(honest, { kind: 'accuse', pair })
    expect(joined.header.counter).toBe(0)
    expect(cover.deps).toContain(added.id)
    expect(verdict(play, honest, proof, [heard])).toBe('accepted')
  })

  test('is neither given against oneself nor twice in one past', () => {
    const { play, pair } = forked()
    play.tell(honest, ...pair)
    play.say(honest, { kind: 'accuse', pair })
    expect(() => play.say(honest, { kind: 'accuse', pair })).toThrow('evidence-known')
    play.tell(liar, ...pair)
    expect(() => play.say(liar, { kind: 'accuse', pair })).toThrow('evidence-own')
  })

  test('leaves the accused out of the next epoch, for that reason or a lower one', () => {
    const { play, pair } = forked()
    play.tell(honest, ...pair)
    play.say(honest, { kind: 'accuse', pair })
    const epoch = play.say(honest, { kind: 'epoch' })
    const graph = graphOf(cast.constitution, play.messages)
    const recipients = graph.points.get(epoch.id)?.epoch?.recipients
    expect([...(recipients?.keys() ?? [])].sort()).toEqual(
      [honest.self.member, ada.self.member].sort(),
    )
  })
})

test('a core that hears the accused all the same is noticed by the definitions: the check can fail', () => {
  const { play, pair } = forked()
  play.tell(honest, ...pair)
  const proof = play.say(honest, { kind: 'accuse', pair })
  const late = play.say(liar, { kind: 'attest' })
  deaf.on = true
  try {
    expect(() => verdict(play, honest, proof, [late])).toThrow('expected false to be true')
  } finally {
    deaf.on = false
  }
  expect(verdict(play, honest, proof, [late])).toBe('quarantine')
})

test('evidence against the only leader freezes the group, and says what to do', () => {
  const small = castOf({ seed: 'frozen', leaders: 1, members: ['ada'] })
  const [only] = small.leaders as [Person]
  const [friend] = small.members as [Person]
  const say = (writer: Writer, act: Act): Message => {
    const said = writer.act(act)
    if (typeof said === 'string') throw new Error(said)
    return said
  }
  const founder = new Writer(small, only)
  const start = [say(founder, { kind: 'genesis' }), say(founder, { kind: 'add', whom: friend })]
  const member = new Writer(small, friend)
  for (const message of start) member.take(message)
  say(member, { kind: 'join' })
  const pair = (['attest', 'prekey'] as const).map((kind) => {
    const writer = new Writer(small, only)
    for (const message of start) writer.take(message)
    return say(writer, { kind })
  }) as [Message, Message]
  say(member, { kind: 'accuse', pair })
  expect(member.act({ kind: 'attest' })).toContain('nothing more can be said in it')
})

describe('a proof', () => {
  test('of one message, of two authors, or with a foreign signature, is none', () => {
    const { play, pair } = forked()
    const [first, second] = pair
    play.tell(honest, ...pair)
    const accuse =
      (a: Message, b: Message): (() => Message) =>
      () =>
        play.say(honest, { kind: 'accuse', pair: [a, b] })
    expect(accuse(first, first)).toThrow('evidence-pair')
    const other = play.messages.find(({ member }) => member === ada.self.member)
    expect(accuse(first, other ?? first)).toThrow('evidence-pair')
    expect(accuse(first, { ...second, signature: first.signature })).toThrow('evidence-signature')
  })
})
