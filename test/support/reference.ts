// Membership and what counts, once more, straight from the definitions of SPEC, sections 10 and 11: sets
// of messages and their pasts, nothing incremental, nothing cached but the pasts. Slow and plain, so
// that the core, which is neither, can be held against it. It shares no code with the core but the
// readers of bodies.
import { toHex } from '../../src/base/bytes.ts'
import { parseConstitution } from '../../src/core/constitution/constitution.ts'
import { epochIdOf, parseEpochBody } from '../../src/core/epoch/body.ts'
import { readEvidence } from '../../src/core/evidence/evidence.ts'
import { prekeyIdOf } from '../../src/core/identity/prekey.ts'
import { parseJoinRequest } from '../../src/core/membership/join-request.ts'
import {
  parseAdd,
  parseDormant,
  parseEpochMessage,
  parseGenesis,
  parseJoin,
  parsePrekey,
  parseRemove,
} from '../../src/core/message/bodies.ts'
import type { Message } from '../../src/core/message/message.ts'
import { MessageType } from '../../src/core/message/type.ts'
import { crypto } from './bench.ts'

type Id = string
type MemberId = string

/** A message as the definitions see it. */
export interface Point {
  readonly id: Id
  readonly author: MemberId
  readonly counter: number
  readonly type: number
  /** Everything before it, itself excluded. */
  readonly past: ReadonlySet<Id>
  /** Add: who; Remove of a member, Dormant, Evidence: whom. */
  readonly member?: MemberId
  /** Add: of which account; Remove of an account: which. */
  readonly account?: string
  readonly on?: boolean
  /** Join, Genesis, Prekey: the id of the prekey; Add: that of the request. */
  readonly prekey?: string
  readonly epoch?: EpochPoint
}

export interface EpochPoint {
  readonly id: string
  readonly parents: readonly string[]
  readonly recipients: ReadonlyMap<MemberId, string>
}

export interface Seat {
  readonly member: MemberId
  readonly account: string
  readonly prekey: string
}

/** What the definitions are defined over. */
export interface Graph {
  readonly leaders: readonly Seat[]
  readonly points: ReadonlyMap<Id, Point>
}

/** The mistakes that a checker must notice: each replaces one clause by a plausible wrong one. */
export type Mutant =
  | 'counters in place of the past'
  | 'a cover need be ignorant of one removal only'
  | 'a ban hits all of the account'
  | 'a leave is no removal'
  | 'nobody covers'
  | 'dormancy never ends'
  | 'an epoch goes to all who were ever admitted'
  | 'evidence is no reason to leave somebody out'
  | 'evidence takes back what was said'
  | 'an epoch follows one other only'

type Set_ = ReadonlySet<Id>

/** Reads messages; every one must stand on messages before it in the list. */
export function graphOf(constitution: Uint8Array, messages: readonly Message[]): Graph {
  const parsed = parseConstitution(crypto, constitution)
  if (!parsed.ok) throw new Error(parsed.error)
  const leaders = parsed.value.leaders.map(({ card, member }) => ({
    member: toHex(member),
    account: toHex(card.account),
    prekey: toHex(prekeyIdOf(crypto, member, card.prekey0)),
  }))
  const points = new Map<Id, Point>()
  for (const message of messages) {
    const { header } = message
    const parents = header.deps.map(toHex)
    if (header.counter > 0) parents.push(toHex(header.prev))
    const past = new Set<Id>()
    for (const parent of parents) {
      const before = points.get(parent)
      if (before === undefined) throw new Error('a parent is missing')
      past.add(parent)
      for (const id of before.past) past.add(id)
    }
    const { id, member: author } = message
    const plain = { id, author, counter: header.counter, type: header.type, past }
    points.set(id, { ...plain, ...saidBy(parsed.value.group, message) })
  }
  return { leaders, points }
}

const saidBy = (group: Uint8Array, message: Message): Partial<Point> => {
  const { body } = message
  const own = (key: Uint8Array): string => toHex(prekeyIdOf(crypto, message.header.member, key))
  switch (message.header.type) {
    case MessageType.join:
      return { prekey: own(read(parseJoin(body)).prekey) }
    case MessageType.genesis:
      return { prekey: own(read(parseGenesis(body)).prekey) }
    case MessageType.prekey:
      return { prekey: own(read(parsePrekey(body)).prekey) }
    case MessageType.add: {
      const request = read(parseJoinRequest(crypto, read(parseAdd(body)).request))
      return {
        member: toHex(request.member),
        account: toHex(request.account),
        prekey: toHex(prekeyIdOf(crypto, request.member, request.prekey0)),
      }
    }
    case MessageType.remove: {
      const { scope, target } = read(parseRemove(body))
      return scope === 1 ? { member: toHex(target) } : { account: toHex(target) }
    }
    case MessageType.evidence: {
      const charge = read(readEvidence(crypto, body))
      return { member: charge.member }
    }
    case MessageType.dormant: {
      const { member, on } = read(parseDormant(body))
      return { member: toHex(member), on }
    }
    case MessageType.epoch: {
      const { epoch } = read(parseEpochMessage(body))
      const { parents, recipients } = read(parseEpochBody(epoch))
      return {
        epoch: {
          id: toHex(epochIdOf(crypto, group, epoch)),
          parents: parents.map(toHex),
          recipients: new Map(recipients.map((one) => [toHex(one.member), toHex(one.prekeyId)])),
        },
      }
    }
    default:
      return {}
  }
}

const read = <T>(result: { ok: true; value: T } | { ok: false; error: string }): T => {
  if (!result.ok) throw new Error(result.error)
  return result.value
}

/** The definitions over one closed set of messages. */
export class Reference {
  readonly #graph: Graph
  readonly #mutant: Mutant | undefined

  constructor(graph: Graph, mutant?: Mutant) {
    this.#graph = graph
    this.#mutant = mutant
  }

  #all(held: Set_, type: number): Point[] {
    return [...held].map((id) => this.#point(id)).filter((point) => point.type === type)
  }

  #point(id: Id): Point {
    const point = this.#graph.points.get(id)
    if (point === undefined) throw new Error('no such message')
    return point
  }

  #adds(held: Set_, member: MemberId): Point[] {
    return this.#all(held, MessageType.add).filter((add) => add.member === member)
  }

  /** Everybody ever admitted, with the account. */
  admitted(held: Set_): Map<MemberId, string> {
    const members = new Map(this.#graph.leaders.map((seat) => [seat.member, seat.account]))
    for (const add of this.#all(held, MessageType.add)) {
      members.set(add.member ?? '', add.account ?? '')
    }
    return members
  }

  /** Removes that hit a member, of a set of messages. */
  removes(held: Set_, member: MemberId): Point[] {
    const account = this.admitted(held).get(member)
    const everybody = this.#mutant === 'a ban hits all of the account'
    return this.#all(held, MessageType.remove).filter(
      (remove) =>
        remove.member === member ||
        (remove.account !== undefined &&
          remove.account === account &&
          this.#adds(held, member).some((add) => everybody || !add.past.has(remove.id))),
    )
  }

  leaves(held: Set_, member: MemberId): Point[] {
    return this.#all(held, MessageType.leave).filter((leave) => leave.author === member)
  }

  /** Removes and Leaves that hit a member. */
  #goings(held: Set_, member: MemberId): Point[] {
    const leaves = this.#mutant === 'a leave is no removal' ? [] : this.leaves(held, member)
    return [...this.removes(held, member), ...leaves]
  }

  isDormant(held: Set_, member: MemberId): boolean {
    const dormants = this.#all(held, MessageType.dormant).filter((one) => one.member === member)
    const signs = [...held]
      .map((id) => this.#point(id))
      .filter(
        ({ author, type }) =>
          author === member &&
          (type === MessageType.prekey ||
            type === MessageType.join ||
            type === MessageType.genesis),
      )
    const ends = [...dormants.filter(({ on }) => on === false), ...signs]
    if (this.#mutant === 'dormancy never ends') return dormants.some(({ on }) => on)
    return dormants.some(({ on, id }) => on && !ends.some((end) => end.past.has(id)))
  }

  /** Evidence against a member. */
  accusations(held: Set_, member: MemberId): Point[] {
    if (this.#mutant === 'evidence is no reason to leave somebody out') return []
    return this.#all(held, MessageType.evidence).filter((one) => one.member === member)
  }

  /** As SPEC numbers it. */
  standing(held: Set_, member: MemberId): number {
    if (this.removes(held, member).length > 0) return 4
    if (this.leaves(held, member).length > 0) return 3
    if (this.accusations(held, member).length > 0) return 5
    return this.isDormant(held, member) ? 2 : 1
  }

  /** Whether a message of a set counts. */
  counts(held: Set_, id: Id): boolean {
    const message = this.#point(id)
    const accused = this.accusations(held, message.author).length > 0
    if (this.#mutant === 'evidence takes back what was said' && accused) return false
    const goings = this.#goings(held, message.author)
    if (goings.every((going) => this.#spares(going, message))) return true
    if (this.#mutant === 'nobody covers') return false
    const leaders = new Set(this.#graph.leaders.map((seat) => seat.member))
    const covers = [...held]
      .map((other) => this.#point(other))
      .filter(({ author, past }) => leaders.has(author) && past.has(id))
    if (this.#mutant === 'a cover need be ignorant of one removal only') {
      return goings
        .filter((going) => !this.#spares(going, message))
        .every((going) => covers.some(({ past }) => !past.has(going.id)))
    }
    return covers.some(({ past }) =>
      this.#goings(past, message.author).every((going) => this.#spares(going, message)),
    )
  }

  #spares(going: Point, message: Point): boolean {
    if (this.#mutant === 'counters in place of the past') {
      const known = [...going.past].map((id) => this.#point(id))
      const last = Math.max(-1, ...known.map(({ counter }) => counter))
      return message.counter <= last || message.id === going.id
    }
    return going.past.has(message.id) || going.id === message.id
  }

  /** The prekey under which a member is sealed to. */
  prekey(held: Set_, member: MemberId): string {
    const posted = [...held]
      .map((id) => this.#point(id))
      .filter(({ author, prekey, type }) => author === member && prekey && type !== MessageType.add)
      .sort((a, b) => b.counter - a.counter || ((a.prekey ?? '') < (b.prekey ?? '') ? 1 : -1))
    const [latest] = posted
    const first =
      this.#graph.leaders.find((seat) => seat.member === member) ?? this.#adds(held, member)[0]
    return latest?.prekey ?? first?.prekey ?? ''
  }

  /** Who gets an epoch that is made on a set, with which prekey. */
  recipients(held: Set_): Map<MemberId, string> {
    const all = [...this.admitted(held).keys()].sort()
    const everybody = this.#mutant === 'an epoch goes to all who were ever admitted'
    const due = all.filter((member) => everybody || this.standing(held, member) === 1)
    return new Map(due.map((member) => [member, this.prekey(held, member)]))
  }

  /** Epochs of a set that are in no other's past. */
  epochHeads(held: Set_): string[] {
    const epochs = this.#all(held, MessageType.epoch)
    const heads = epochs
      .filter(({ id }) => !epochs.some(({ past }) => past.has(id)))
      .map(({ epoch }) => epoch?.id ?? '')
      .sort()
    return this.#mutant === 'an epoch follows one other only' ? heads.slice(0, 1) : heads
  }

  /** All that equal sets must make equal, as plain values. */
  state(held: Set_): Derived {
    const members = [...this.admitted(held).keys()].sort()
    return {
      standings: members.map((member) => [member, this.standing(held, member)]),
      prekeys: members.map((member) => [member, this.prekey(held, member)]),
      withdrawn: [...held].filter((id) => !this.counts(held, id)).sort(),
      heads: this.epochHeads(held),
    }
  }
}

export interface Derived {
  readonly standings: readonly (readonly [MemberId, number])[]
  readonly prekeys: readonly (readonly [MemberId, string])[]
  readonly withdrawn: readonly Id[]
  readonly heads: readonly string[]
}

/** I22, I23: every epoch names the maximal epochs of its past and exactly those who belonged. */
export function wrongEpochs(graph: Graph, reference = new Reference(graph)): string[] {
  const ids = new Map([...graph.points.values()].map(({ id, epoch }) => [id, epoch]))
  return [...ids].flatMap(([id, epoch]) => {
    if (epoch === undefined) return []
    const past = graph.points.get(id)?.past ?? new Set<Id>()
    const broken: string[] = []
    const heads = reference.epochHeads(past)
    if (heads.join() !== [...epoch.parents].sort().join()) {
      broken.push(`epoch ${epoch.id.slice(0, 8)}: its parents are not the maximal epochs (I22)`)
    }
    const due = [...reference.recipients(past)].join()
    if (due !== [...epoch.recipients].sort(([a], [b]) => (a < b ? -1 : 1)).join()) {
      broken.push(`epoch ${epoch.id.slice(0, 8)}: its recipients are not those who belong (I23)`)
    }
    return broken
  })
}
