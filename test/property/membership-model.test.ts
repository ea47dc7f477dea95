// The core's membership, and what counts of the gone, held against a reference model that is nothing but
// the definitions, on random histories of every causal shape: I10, I17, I19, I20, I22, I23. The model is
// itself held to account: every plausible mistake in it is noticed.
import { describe, expect, test } from 'vitest'
import { fromHex } from '../../src/base/bytes.ts'
import { MessageType } from '../../src/core/message/type.ts'
import { Bench } from '../support/bench.ts'
import { derivedOf } from '../support/derived.ts'
import { disagreements, notices, resurrected } from '../support/model.ts'
import type { Derived, Mutant } from '../support/reference.ts'
import { Reference, graphOf } from '../support/reference.ts'
import type { Scribble } from '../support/scribbles.ts'
import { scribble } from '../support/scribbles.ts'
import type { Message } from '../../src/core/message/message.ts'
import type { Act, Person } from '../support/crew.ts'
import { Writer, castOf } from '../support/crew.ts'

const seeds = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `ci ${String(i)}`)

const judge = (history: Scribble): void => {
  expect(disagreements(history), history.log.join('\n')).toEqual([])
}

describe('the core and the definitions agree', () => {
  test.each(seeds(20))('on who belongs and what counts, seed %s', (seed) => {
    judge(scribble({ seed, steps: 30 }))
  })

  test.each([...seeds(6), 'ci 12', 'ci 19', 'ci 38'])(
    'also where people use their numbers twice, seed %s',
    (seed) => {
      judge(scribble({ seed: `fork ${seed}`, steps: 30, forks: true }))
    },
  )

  const accusing = [14, 19, 21, 23, 27, 35, 39].map((i) => `ci ${String(i)}`)

  test.each(accusing)('and are accused of it, seed %s', (seed) => {
    const history = scribble({ seed, steps: 30, forks: true, accusations: true })
    expect(history.messages.some(({ header }) => header.type === MessageType.evidence)).toBe(true)
    judge(history)
  })

  test.each(seeds(4))('and nobody who is gone comes back (I20), seed %s', (seed) => {
    expect(resurrected(scribble({ seed: `gone ${seed}`, steps: 30 }))).toEqual([])
  })

  test('that of two leaders who removed somebody, neither lets its late texts count', () => {
    const { cast, messages } = removedTwice()
    judge(removedTwice())
    const graph = graphOf(cast.constitution, messages)
    const { withdrawn } = new Reference(graph).state(new Set(graph.points.keys()))
    expect(withdrawn).toHaveLength(1)
  })

  test('on somebody who comes back under an account that was removed', () => judge(cameBack()))

  // Two replicas that held the same once disagreed here.
  test('though a leader wrote before it knew of somebody who was removed and left', () => {
    const { cast, messages } = unheardOf()
    judge(unheardOf())
    const early = [...messages.slice(0, 4), ...messages.slice(-1), ...messages.slice(4, -1)]
    const [a, b] = [messages, early].map((order) => {
      const bench = new Bench(cast.constitution)
      for (const message of order) bench.take(message)
      return derivedOf(bench)
    })
    expect(b).toEqual(a)
    expect(a?.withdrawn).toHaveLength(2)
  })

  test('and all that could happen did, in these histories', () => {
    const types = new Set<number>()
    let withdrawn = 0
    const accusing = { seed: 'ci 27', forks: true, accusations: true }
    for (const options of [...seeds(20).map((seed) => ({ seed })), accusing]) {
      const { cast, messages } = scribble({ ...options, steps: 30 })
      const graph = graphOf(cast.constitution, messages)
      withdrawn += new Reference(graph).state(new Set(graph.points.keys())).withdrawn.length
      for (const { header } of messages) types.add(header.type)
    }
    // All but Meta, which changes neither who belongs nor what counts.
    const concerned = Object.values(MessageType).filter((type) => type !== MessageType.meta)
    expect([...types].sort((a, b) => a - b)).toEqual(concerned.toSorted((a, b) => a - b))
    expect(withdrawn).toBeGreaterThan(20)
  })
})

/** A group of two leaders who have joined, and what is said in it by hand. */
class Play {
  readonly messages: Message[] = []
  // The same person twice: the second is how she comes back.
  readonly cast = castOf({ seed: 'play', leaders: 2, members: ['ada', 'ada'] })
  readonly writers = [...this.cast.leaders, ...this.cast.members].map(
    (person) => new Writer(this.cast, person),
  )

  say(writer: number, act: Act): Message {
    const said = this.writers[writer]?.act(act)
    if (said === undefined || typeof said === 'string') throw new Error(said)
    this.messages.push(said)
    return said
  }

  tell(writer: number, some: readonly Message[] = this.messages): void {
    for (const message of some) this.writers[writer]?.take(message)
  }

  get scribble(): Scribble {
    return { cast: this.cast, messages: this.messages, writers: this.writers, log: [] }
  }
}

const [one, two, ada, again] = [0, 1, 2, 3]

/** Two leaders remove the same member, and each hears later what it says to both: none of that counts. */
const removedTwice = (): Scribble => {
  const play = new Play()
  const [{ self }] = play.cast.members as [Person]
  play.say(one, { kind: 'genesis' })
  play.say(one, { kind: 'add', whom: play.cast.members[0] as Person })
  play.say(one, { kind: 'epoch' })
  for (const writer of [two, ada]) {
    play.tell(writer)
    play.say(writer, { kind: 'join' })
  }
  for (const writer of [one, two, ada]) play.tell(writer)
  const remove = { kind: 'remove', scope: 1, target: self.memberBytes } as const
  play.say(one, remove)
  play.say(two, remove)
  const late = play.say(ada, { kind: 'text' })
  for (const writer of [one, two]) {
    play.tell(writer, [late])
    play.say(writer, { kind: 'attest' })
  }
  return play.scribble
}

/** A leader writes before it hears that somebody was added, who then is removed and leaves at once. */
const unheardOf = (): Scribble => {
  const play = new Play()
  const [{ self }] = play.cast.members as [Person]
  play.say(one, { kind: 'genesis' })
  play.say(one, { kind: 'epoch' })
  play.tell(two)
  play.say(two, { kind: 'join' })
  play.say(one, { kind: 'add', whom: play.cast.members[0] as Person })
  play.tell(ada)
  play.say(one, { kind: 'remove', scope: 1, target: self.memberBytes })
  play.say(ada, { kind: 'join' })
  play.say(ada, { kind: 'leave' })
  play.say(two, { kind: 'attest' })
  return play.scribble
}

/** A whole account is removed and admitted anew, falls silent, and speaks again. */
const cameBack = (): Scribble => {
  const play = new Play()
  const [first, second] = play.cast.members as [Person, Person]
  play.say(one, { kind: 'genesis' })
  play.say(one, { kind: 'add', whom: first })
  play.say(one, { kind: 'remove', scope: 2, target: fromHex(first.account) ?? new Uint8Array() })
  play.say(one, { kind: 'add', whom: second })
  play.say(one, { kind: 'epoch' })
  play.tell(again)
  play.say(again, { kind: 'join' })
  play.tell(one)
  play.say(one, { kind: 'dormant', whom: second, on: true })
  play.tell(again)
  play.say(again, { kind: 'prekey' })
  return play.scribble
}

describe('a mistake is noticed', () => {
  const mutants: Mutant[] = [
    'counters in place of the past',
    'a cover need be ignorant of one removal only',
    'a ban hits all of the account',
    'a leave is no removal',
    'nobody covers',
    'dormancy never ends',
    'an epoch goes to all who were ever admitted',
    'evidence is no reason to leave somebody out',
    'evidence takes back what was said',
    'an epoch follows one other only',
  ]

  test.each(mutants)('%s', (mutant) => {
    if ([removedTwice, cameBack].some((play) => notices(play(), mutant))) return
    for (let i = 0; i < 100; i++) {
      // An honest member's Leave is its last message: only a liar's second branch tells.
      const accusations = mutant.startsWith('evidence')
      const forks = accusations || mutant === 'a leave is no removal'
      const seed = `mutant ${String(i)}`
      if (notices(scribble({ seed, steps: 30, forks, accusations }), mutant)) return
    }
    expect.fail('nothing told the mistake from the definitions')
  })

  test('that whoever speaks is in again (I20)', () => {
    const speaks = (standings: Derived['standings'], { member }: Message): Derived['standings'] =>
      standings.map(([one, standing]) => [one, one === member ? 1 : standing])
    const back = seeds(4).flatMap((seed) =>
      resurrected(scribble({ seed: `gone ${seed}`, steps: 30 }), speaks),
    )
    expect(back.length).toBeGreaterThan(0)
  })
})
