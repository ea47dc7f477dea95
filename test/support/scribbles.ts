// Random histories of a crew, from one seed: people write, hear some of what others wrote, are added,
// removed, banned, leave, come back, go quiet. No time and no network, so that thousands are cheap and
// every causal shape can come up, those that no honest timing would give among them.
import { SeededRandom } from '../../src/base/random.ts'
import { fromHex } from '../../src/base/bytes.ts'
import { RemoveScope } from '../../src/core/message/bodies.ts'
import type { Message } from '../../src/core/message/message.ts'
import { MessageType } from '../../src/core/message/type.ts'
import type { Act, Cast, Person } from './crew.ts'
import { Writer, castOf, manual, nameOf } from './crew.ts'

export interface Scribble {
  readonly cast: Cast
  /** Every message after its past. */
  readonly messages: readonly Message[]
  readonly writers: readonly Writer[]
  /** What happened, in words. */
  readonly log: readonly string[]
}

export interface ScribbleOptions {
  readonly seed: string
  readonly leaders?: number
  /** Accounts of the members; named twice: two devices of one. */
  readonly members?: readonly string[]
  readonly steps?: number
  /** Whether members lose their memory now and then and write a second message under one number. */
  readonly forks?: boolean
  /** Whether whoever holds two of those accuses now and then. */
  readonly accusations?: boolean
}

const pick = <T>(random: SeededRandom, items: readonly T[]): T =>
  items[random.below(items.length)] as T

/** Gives a writer what another holds, or a part of it that has no holes. */
export const hear = (writer: Writer, messages: readonly Message[]): void => {
  for (const message of messages) writer.take(message)
}

export function scribble(options: ScribbleOptions): Scribble {
  const { seed, leaders = 3, members = ['ada', 'bob', 'bob', 'cyd'], steps = 40 } = options
  const random = new SeededRandom(seed).fork('scribble')
  const cast = castOf({ seed, leaders, members })
  const people = [...cast.leaders, ...cast.members]
  const writers = people.map((person) => new Writer(cast, person))
  const messages: Message[] = []
  const log: string[] = []
  const say = (writer: Writer, act: Act): void => {
    const said = writer.act(act)
    if (typeof said === 'string') return
    if (messages.some(({ id }) => id === said.id)) return
    messages.push(said)
    log.push(`${writer.person.name}: ${nameOf(act)} ${said.id.slice(0, 6)}`)
  }
  // Some never take in that anybody was removed, themselves least of all, and go on writing.
  const stubborn = new Set(cast.members.filter(() => random.below(2) === 0))
  const [founder] = writers
  if (founder === undefined) throw new Error('nobody')
  say(founder, { kind: 'genesis' })
  say(founder, { kind: 'epoch' })
  for (const whom of cast.members.slice(0, 2)) say(founder, { kind: 'add', whom })
  say(founder, { kind: 'epoch' })
  for (const writer of writers) {
    // Those who are in say so, and not all of the others know of them yet.
    hear(writer, messages.slice(0, random.below(3) === 0 ? 5 : undefined))
    if (!writer.joined) say(writer, { kind: 'join' })
  }
  for (let i = 0; i < steps; i++) {
    const writer = pick(random, writers)
    if (random.below(2) === 0) {
      const from = random.below(3) === 0 ? messages : heldIn(messages, pick(random, writers))
      const some = from.slice(0, random.below(4) === 0 ? random.below(from.length + 1) : undefined)
      hear(writer, stubborn.has(writer.person) ? some.filter(unlessRemoval) : some)
    }
    const at = writers.indexOf(writer)
    if (options.forks === true && random.below(12) === 0) {
      amnesia(random, cast, writers, at, messages)
      log.push(`${writer.person.name}: forgets`)
    }
    const speaker = writers[at] ?? writer
    const pair = options.accusations === true ? forkIn(heldIn(messages, speaker)) : undefined
    if (pair !== undefined && speaker.joined && random.below(4) === 0) {
      if (random.below(2) === 0) say(speaker, { kind: 'attest' })
      say(speaker, { kind: 'accuse', pair })
    }
    for (const act of plans(random, speaker, cast)) say(speaker, act)
  }
  return { cast, messages, writers, log }
}

const heldIn = (messages: readonly Message[], writer: Writer): Message[] =>
  messages.filter(({ id }) => writer.replica.transcript.rows.has(id))

/** Two of somebody's messages under one counter. */
const forkIn = (messages: readonly Message[]): readonly [Message, Message] | undefined => {
  const first = new Map<string, Message>()
  for (const message of messages) {
    const place = `${message.member} ${String(message.header.counter)}`
    const other = first.get(place)
    if (other !== undefined) return [other, message]
    first.set(place, message)
  }
  return undefined
}

const unlessRemoval = ({ header }: Message): boolean => header.type !== MessageType.remove

/** Starts a writer again with a part of what it held: it will use numbers twice. */
const amnesia = (
  random: SeededRandom,
  cast: Cast,
  writers: Writer[],
  at: number,
  messages: readonly Message[],
): void => {
  const before = writers[at]
  if (before === undefined || !before.joined) return
  const fresh = new Writer(cast, before.person)
  const held = heldIn(messages, before)
  hear(fresh, held.slice(0, Math.max(1, held.length - random.below(6))))
  if (fresh.joined) writers[at] = fresh
}

/** What somebody does next; more than one act is one batch. */
const plans = (random: SeededRandom, { person, joined }: Writer, cast: Cast): Act[] => {
  if (!joined) return [{ kind: 'join' }]
  // Mostly the same one, so that what several leaders do to somebody meets.
  const whom = random.below(3) > 0 ? (cast.members[0] as Person) : pick(random, cast.members)
  const plain: Act[][] = [
    [{ kind: 'text' }, { kind: 'prekey' }],
    [{ kind: 'prekey' }],
    [{ kind: 'attest' }],
  ]
  if (random.below(person.leader ? 40 : 12) === 0) return [{ kind: 'leave' }]
  if (!person.leader || random.below(3) === 0) return pick(random, plain)
  return pick(random, governing(whom))
}

const governing = (whom: Person): Act[][] => {
  const epoch = { kind: 'epoch' } as const
  const account = fromHex(whom.account) ?? new Uint8Array()
  const remove = (scope: 1 | 2): Act => ({
    kind: 'remove',
    scope,
    target: scope === RemoveScope.member ? whom.self.memberBytes : account,
  })
  return [
    [{ kind: 'add', whom }, epoch],
    [{ kind: 'add', whom }],
    [{ kind: 'add', whom }, epoch],
    [remove(1), epoch],
    [remove(1)],
    [remove(2), epoch],
    [remove(2)],
    [{ kind: 'dormant', whom, on: true }],
    [{ kind: 'dormant', whom, on: false }],
    [manual, epoch],
    [epoch],
  ]
}
