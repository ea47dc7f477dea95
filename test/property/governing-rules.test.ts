// What a leader or a member may not do to others, however it is placed in the DAG: each is refused by
// everybody, for a reason that is counted. (What an epoch may say of its past, property/rules tries field
// by field; what only one victim can see, property/hostile-leaders.)
import { describe, expect, test } from 'vitest'
import { fromHex } from '../../src/base/bytes.ts'
import type { HeaderDraft, Message } from '../../src/core/message/message.ts'
import { signMessage } from '../../src/core/message/message.ts'
import { draftOf } from '../support/author.ts'
import { Bench, crypto } from '../support/bench.ts'
import { type Act, type Cast, type Person, Writer, castOf, manual } from '../support/crew.ts'

interface Crew {
  readonly cast: Cast
  readonly writers: readonly Writer[]
  readonly messages: Message[]
}

const [lead, other, ada, bob] = [0, 1, 2, 3]

const speak = (crew: Crew, writer: number, act: Act): Message => {
  const said = crew.writers[writer]?.act(act)
  if (said === undefined || typeof said === 'string') throw new Error(said)
  crew.messages.push(said)
  return said
}

const tell = ({ writers, messages }: Crew): void => {
  for (const writer of writers) for (const message of messages) writer.take(message)
}

/** Two leaders and two members, all in, all of one mind. */
const crewOf = (): Crew => {
  const cast = castOf({ seed: 'crew', leaders: 2, members: ['ada', 'bob'] })
  const people = [...cast.leaders, ...cast.members]
  const crew: Crew = { cast, writers: people.map((one) => new Writer(cast, one)), messages: [] }
  speak(crew, lead, { kind: 'genesis' })
  for (const whom of cast.members) speak(crew, lead, { kind: 'add', whom })
  speak(crew, lead, { kind: 'epoch' })
  for (const writer of [other, ada, bob]) {
    tell(crew)
    speak(crew, writer, { kind: 'join' })
  }
  tell(crew)
  return crew
}

const person = (crew: Crew, at: number): Person => crew.writers[at]?.person as Person

const accountOf = (crew: Crew, at: number): Uint8Array =>
  fromHex(person(crew, at).account) ?? new Uint8Array()

/** A message of somebody, moved on top of others that it did not know. */
const moved = (
  crew: Crew,
  by: number,
  from: Message,
  onto: Message,
  change: Partial<HeaderDraft> = {},
): Message =>
  signMessage(
    crypto,
    person(crew, by).self.deviceSeed,
    { ...draftOf(from), deps: [onto.idBytes], lamport: onto.header.lamport + 1, ...change },
    from.body,
  )

const refused = (crew: Crew, message: Message, reason: string): void => {
  const bench = new Bench(crew.cast.constitution)
  for (const one of crew.messages) bench.take(one)
  expect(bench.take(message)).toEqual({ kind: 'rejected', reason })
}

const removal = (crew: Crew, at: number): Act => ({
  kind: 'remove',
  scope: 1,
  target: person(crew, at).self.memberBytes,
})

describe('refused by everybody', () => {
  test('a text to somebody whose removal its author knows of (S3)', () => {
    const crew = crewOf()
    const text = crew.writers[bob]?.act({ kind: 'text' }) as Message
    const remove = speak(crew, lead, removal(crew, ada))
    refused(crew, moved(crew, bob, text, remove), 'epoch-names-removed')
  })

  test('whatever somebody says who knows of its own removal (V2)', () => {
    const crew = crewOf()
    const text = crew.writers[ada]?.act({ kind: 'text' }) as Message
    const remove = speak(crew, lead, removal(crew, ada))
    refused(crew, moved(crew, ada, text, remove), 'author-gone')
  })

  test('an epoch that leaves out of account a removal that it stands on', () => {
    const crew = crewOf()
    // Made before the removal, so it names ada; and the other way about.
    speak(crew, lead, manual)
    const early = crew.writers[lead]?.act({ kind: 'epoch' }) as Message
    const remove = speak(crew, other, removal(crew, ada))
    refused(crew, moved(crew, lead, early, remove), 'membership-hash')
  })

  test.each<[string, (crew: Crew) => Act, string]>([
    ['a member removes', (crew) => removal(crew, bob), 'not-a-leader'],
    [
      'a member calls another dormant',
      (crew) => ({ kind: 'dormant', whom: person(crew, bob), on: true }),
      'not-a-leader',
    ],
    ['a member re-keys by hand', () => manual, 'not-a-leader'],
  ])('%s', (_, act, reason) => {
    const crew = crewOf()
    expect(crew.writers[ada]?.act(act(crew))).toContain(reason)
  })

  test.each<[string, (crew: Crew) => Act, string]>([
    ['the removal of a leader', (crew) => removal(crew, other), 'remove-leader'],
    [
      'the removal of the account of a leader',
      (crew) => ({ kind: 'remove', scope: 2, target: accountOf(crew, other) }),
      'remove-leader',
    ],
    [
      'the removal of an account that nobody has',
      () => ({ kind: 'remove', scope: 2, target: new Uint8Array(32) }),
      'nobody-to-remove',
    ],
    [
      'waking somebody who is not dormant',
      (crew) => ({ kind: 'dormant', whom: person(crew, ada), on: false }),
      'dormant-unchanged',
    ],
  ])('%s', (_, act, reason) => {
    const crew = crewOf()
    expect(crew.writers[lead]?.act(act(crew))).toContain(reason)
  })

  test('removing somebody twice, calling somebody dormant twice', () => {
    const crew = crewOf()
    speak(crew, lead, removal(crew, ada))
    expect(crew.writers[lead]?.act(removal(crew, ada))).toContain('nobody-to-remove')
    const dormant = { kind: 'dormant', whom: person(crew, bob), on: true } as const
    speak(crew, lead, dormant)
    expect(crew.writers[lead]?.act(dormant)).toContain('dormant-unchanged')
  })
})
