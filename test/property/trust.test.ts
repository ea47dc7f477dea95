// Whom a newcomer believes: what one introducer shows may be a past that somebody wrote anew. It is called
// checked only once a leader and a second member, who know of the newcomer, hold the same; and a past that
// was written anew cannot stand beside the Add that it has to explain.
import { describe, expect, test } from 'vitest'
import { activeMembers } from '../../src/core/membership/roster.ts'
import type { Message } from '../../src/core/message/message.ts'
import { isWithdrawn } from '../../src/core/replica/departures.ts'
import { currentContext } from '../../src/core/replica/state.ts'
import type { Act, Cast, Person } from '../support/crew.ts'
import { Writer, castOf } from '../support/crew.ts'

/** The number under which ada said something else. */
const LIES_FROM = 1

const [ADA, BOB, CAROL, NEW] = [0, 1, 2, 3]

class Story {
  readonly cast: Cast
  readonly messages: Message[] = []
  readonly #writers = new Map<Person, Writer>()

  constructor(seed: string, leaders = 1) {
    this.cast = castOf({ seed, leaders, members: ['ada', 'bob', 'carol', 'new'] })
  }

  leader(at = 0): Person {
    return this.cast.leaders[at] as Person
  }

  member(at: number): Person {
    return this.cast.members[at] as Person
  }

  of(person: Person): Writer {
    const writer = this.#writers.get(person) ?? new Writer(this.cast, person)
    this.#writers.set(person, writer)
    return writer
  }

  /** Writes on what the person was told so far. */
  say(person: Person, act: Act): Message {
    const said = this.of(person).act(act)
    if (typeof said === 'string') throw new Error(`${person.name}: ${said}`)
    this.messages.push(said)
    return said
  }

  tell(person: Person): void {
    for (const message of this.messages) this.of(person).take(message)
  }

  /** Writes on everything. */
  hearAndSay(person: Person, act: Act): Message {
    this.tell(person)
    return this.say(person, act)
  }

  checked(at: number): boolean {
    return this.of(this.member(at)).replica.checked
  }
}

/** A leader with ada, bob and carol, who all talk; nobody new yet. */
const told = (seed: string, leaders = 1): Story => {
  const story = new Story(seed, leaders)
  story.say(story.leader(), { kind: 'genesis' })
  for (const at of [ADA, BOB, CAROL]) {
    story.say(story.leader(), { kind: 'add', whom: story.member(at) })
  }
  story.say(story.leader(), { kind: 'epoch' })
  for (const at of [ADA, BOB, CAROL]) story.hearAndSay(story.member(at), { kind: 'join' })
  return story
}

/** Lets the newcomer in, who hears of nothing but that and its past. */
const admitted = (story: Story): Message => {
  const add = story.hearAndSay(story.leader(), { kind: 'add', whom: story.member(NEW) })
  story.tell(story.member(NEW))
  story.say(story.member(NEW), { kind: 'join' })
  return add
}

describe('a newcomer calls its start checked', () => {
  test('once a leader and somebody else, who know of it, hold what it holds', () => {
    const story = told('checked')
    admitted(story)
    const newcomer = story.member(NEW)
    expect(story.checked(NEW)).toBe(false)
    story.hearAndSay(story.leader(), { kind: 'attest' })
    story.tell(newcomer)
    expect(story.checked(NEW)).toBe(false)
    // The same one again adds nobody.
    story.hearAndSay(story.leader(), { kind: 'attest' })
    story.tell(newcomer)
    expect(story.checked(NEW)).toBe(false)
    story.hearAndSay(story.member(BOB), { kind: 'attest' })
    story.tell(newcomer)
    expect(story.checked(NEW)).toBe(true)
    story.of(newcomer).reboot()
    expect(story.checked(NEW)).toBe(true)
  })

  test('not by members alone, however many', () => {
    const story = told('no leader')
    admitted(story)
    for (const at of [ADA, BOB, CAROL]) story.hearAndSay(story.member(at), { kind: 'attest' })
    story.tell(story.member(NEW))
    expect(story.checked(NEW)).toBe(false)
    story.hearAndSay(story.leader(), { kind: 'attest' })
    story.tell(story.member(NEW))
    expect(story.checked(NEW)).toBe(true)
  })

  test('not by what was said without having heard it: old words, the Add and its epoch', () => {
    const story = told('old words')
    for (const at of [ADA, BOB]) story.hearAndSay(story.member(at), { kind: 'attest' })
    story.hearAndSay(story.leader(), { kind: 'attest' })
    const newcomer = story.member(NEW)
    story.say(story.leader(), { kind: 'add', whom: newcomer })
    story.say(story.leader(), { kind: 'epoch' })
    for (const at of [ADA, BOB]) story.hearAndSay(story.member(at), { kind: 'attest' })
    story.hearAndSay(newcomer, { kind: 'join' })
    expect(story.checked(NEW)).toBe(false)
    for (const at of [ADA, BOB]) story.say(story.member(at), { kind: 'prekey' })
    for (const at of [ADA, BOB]) story.say(story.member(at), { kind: 'attest' })
    story.tell(newcomer)
    expect(story.checked(NEW)).toBe(false)
  })

  test('not by an introducer with a past of its own, with whatever leaders said before', () => {
    const story = told('two pasts')
    const [liar, newcomer] = [story.member(CAROL), story.member(NEW)]
    const before = [...story.messages]
    // What the others hear of carol, and what she tells the newcomer.
    const heard = story.hearAndSay(liar, { kind: 'attest' })
    story.say(story.leader(), { kind: 'add', whom: newcomer })
    story.say(story.leader(), { kind: 'epoch' })
    const known = story.messages.filter((one) => one !== heard)
    const twin = new Writer(story.cast, liar)
    for (const message of before) twin.take(message)
    const other = twin.act({ kind: 'prekey' }) as Message
    for (const message of [...known, other]) story.of(newcomer).take(message)
    for (const message of known) twin.take(message)
    twin.take(story.say(newcomer, { kind: 'join' }))
    story.of(newcomer).take(twin.act({ kind: 'attest' }) as Message)
    expect(story.checked(NEW)).toBe(false)
    // Whoever else hears the Join hears of both pasts, and so does the newcomer.
    story.messages.push(other)
    story.hearAndSay(story.leader(), { kind: 'attest' })
    story.tell(newcomer)
    expect(story.of(newcomer).replica.equivocators.has(liar.self.member)).toBe(true)
    expect(story.checked(NEW)).toBe(false)
    story.hearAndSay(story.member(BOB), { kind: 'attest' })
    story.tell(newcomer)
    expect(story.checked(NEW)).toBe(true)
  })

  test('by its only companion, where there is nobody else', () => {
    const story = new Story('two')
    story.say(story.leader(), { kind: 'genesis' })
    admitted(story)
    expect(story.checked(NEW)).toBe(false)
    story.hearAndSay(story.leader(), { kind: 'attest' })
    story.tell(story.member(NEW))
    expect(story.checked(NEW)).toBe(true)
  })
})

describe('a past that a member wrote anew after it was removed', () => {
  /** Ada said two things and was removed; with her key she writes other things under the same numbers. */
  const rewritten = (story: Story): { add: Message; truth: Message[]; lies: Message[] } => {
    const ada = story.member(ADA)
    const before = [...story.messages]
    const truth = [story.hearAndSay(ada, { kind: 'attest' }), story.say(ada, { kind: 'prekey' })]
    story.tell(story.leader())
    story.say(story.leader(), {
      kind: 'remove',
      scope: 1,
      target: ada.self.memberBytes,
    })
    const add = admitted(story)
    const again = new Writer(story.cast, ada)
    for (const message of before) again.take(message)
    const lies = (['prekey', 'attest', 'prekey'] as const).map((kind) => {
      const said = again.act({ kind })
      if (typeof said === 'string') throw new Error(said)
      return said
    })
    return { add, truth, lies }
  }

  const newcomerOf = (story: Story, messages: readonly Message[]): Writer => {
    const writer = new Writer(story.cast, story.member(NEW))
    for (const message of messages) writer.take(message)
    return writer
  }

  test('does not lead to the Add: nobody is let in by it', () => {
    const story = told('rewritten')
    const { add, truth, lies } = rewritten(story)
    const shown = story.messages.filter((one) => !truth.includes(one))
    const fooled = newcomerOf(story, [...lies, ...shown, ...lies])
    expect(fooled.held().has(lies[0]?.id ?? '')).toBe(true)
    expect(fooled.held().has(add.id)).toBe(false)
    const { roster } = currentContext(fooled.replica)
    expect(activeMembers(roster).map(({ facts }) => facts.member)).not.toContain(
      story.member(NEW).self.member,
    )
    expect(fooled.replica.checked).toBe(false)
    // The same newcomer with the truth is in.
    expect(newcomerOf(story, story.messages).held().has(add.id)).toBe(true)
  })

  test('beside the true one is seen as two pasts, counts for nothing, and checks nothing', () => {
    const story = told('beside')
    const { lies } = rewritten(story)
    const writer = newcomerOf(story, [...story.messages, ...lies])
    const ada = story.member(ADA).self.member
    expect(writer.replica.equivocators.has(ada)).toBe(true)
    expect(writer.replica.checked).toBe(false)
    // What a head after the removal leads to stays outside what counts.
    const model = newcomerOf(story, story.messages)
    expect(writer.held().size).toBe(model.held().size + lies.length)
    const lines = writer.replica.transcript.byMember.get(ada) ?? []
    expect(lines).toHaveLength(2)
    const late = lines.map((line) => isWithdrawn(writer.replica, ada, line, LIES_FROM))
    expect(late.sort()).toEqual([false, true])
  })
})
