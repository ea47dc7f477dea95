// Every history of a small group and every order in which it can be heard, over the real reducers. A world
// is the set of messages written so far. Whoever wrote some of them may hold any part of the world that has
// no holes and holds its own: that is all that splits, delays and disorder can do. So a walk over worlds
// and their parts meets every state. What is made of a part is worked out once for each message that can
// come last, and all of these ways must agree, with each other and with the reference model.
import { fromHex, toHex } from '../../src/base/bytes.ts'
import type { Message } from '../../src/core/message/message.ts'
import { rootOf } from '../../src/core/replica/sync.ts'
import { membershipHash } from '../../src/core/validity/context.ts'
import { currentContext } from '../../src/core/replica/state.ts'
import { Bench, crypto, trusted } from './bench.ts'
import type { Act, Cast, Person } from './crew.ts'
import { Writer, castOf, manual, nameOf } from './crew.ts'
import { derivedOf } from './derived.ts'
import { Reference, graphOf, wrongEpochs } from './reference.ts'

export interface Bounds {
  readonly cast: Cast
  /** What everybody holds at the beginning, each after its past. */
  readonly prelude: readonly Message[]
  /** What each person may do, leaders first. */
  readonly acts: readonly (readonly Act[])[]
  /** Places of those who write on what they please, whatever they wrote before. Default: nobody. */
  readonly liars?: readonly number[]
  /** Messages written in one history. */
  readonly operations: number
  /** Milliseconds after which the walk ends, finished or not. */
  readonly withinMs: number
  readonly nowMs: () => number
  /** Told before each world: how many operations it has, its place among those of this size, and of how many. */
  readonly onWorld?: (operations: number, place: number, of: number) => void
  /** A fault: what somebody works out, changed. */
  readonly spoil?: (bench: Bench, derived: string) => string
}

export interface Walk {
  /** Sets of messages that can have been written. */
  readonly worlds: number
  /** Sets of messages that somebody can hold. */
  readonly parts: number
  /** Ways in which such a set can come about: what it was before, and what came last. */
  readonly ways: number
  /** Messages in the largest worlds that were walked to the end. */
  readonly operations: number
  readonly broken: readonly string[]
}

/** Indices of messages beyond the prelude, ascending. */
type Held = readonly number[]

const keyOf = (held: Held): string => held.join()

export class EveryOrder {
  readonly #bounds: Bounds
  readonly #messages: Message[] = []
  readonly #index = new Map<string, number>()
  /** Parents beyond the prelude. */
  readonly #parents: number[][] = []
  readonly #log: string[] = []
  /** What is made of a set, by its key, and the first order that led to it. */
  readonly #known = new Map<string, { readonly derived: string; readonly order: Held }>()
  readonly #checked = new Set<string>()
  readonly #said = new Map<string, readonly number[]>()
  /** Who wrote each message, by place. */
  readonly #authors: number[] = []
  readonly broken: string[] = []

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  walk(): Walk {
    const { operations, nowMs, withinMs, onWorld } = this.#bounds
    const endMs = nowMs() + withinMs
    const bench = new Bench(this.#bounds.cast.constitution)
    this.#tell(bench, [])
    this.#known.set('', { derived: this.#derive(bench), order: [] })
    let worlds = 0
    let layer: Held[] = [[]]
    for (let size = 0; ; size++) {
      const next = new Map<string, Held>()
      for (const [place, world] of layer.entries()) {
        onWorld?.(size, place, layer.length)
        if (this.broken.length > 0 || nowMs() > endMs) return this.#report(worlds, size - 1)
        worlds += 1
        for (const after of this.#explore(world, size < operations)) {
          next.set(keyOf(after), after)
        }
      }
      if (size === operations) return this.#report(worlds, size)
      layer = [...next.values()]
    }
  }

  #report(worlds: number, operations: number): Walk {
    const { broken } = this
    return { worlds, parts: this.#known.size, ways: this.#checked.size, operations, broken }
  }

  /** Hears all parts of a world in all ways; the worlds that one message more makes of it. */
  #explore(world: Held, mayWrite: boolean): Held[] {
    const worlds: Held[] = []
    let parts = new Map<string, Held>([['', []]])
    while (parts.size > 0) {
      const larger = new Map<string, Held>()
      for (const part of parts.values()) {
        for (const message of world) {
          if (part.includes(message) || !this.#standsOn(message, part)) continue
          const after = this.#heard(part, message)
          larger.set(keyOf(after), after)
        }
        if (mayWrite) worlds.push(...this.#written(world, part))
      }
      parts = larger
    }
    return worlds
  }

  #standsOn(message: number, part: Held): boolean {
    return (this.#parents[message] ?? []).every((parent) => part.includes(parent))
  }

  /** Worlds that somebody makes who holds a part, all that it wrote itself included. */
  #written(world: Held, part: Held): Held[] {
    return this.#bounds.acts.flatMap((_, person) => {
      const own = world.filter((message) => this.#authors[message] === person)
      const lies = this.#bounds.liars?.includes(person) === true
      if (!lies && !own.every((message) => part.includes(message))) return []
      return this.#sayings(person, part)
        .filter((message) => !world.includes(message))
        .map((message) => [...world, message].sort((a, b) => a - b))
    })
  }

  /** A set with one message more, and what is made of it that way. */
  #heard(held: Held, message: number): Held {
    const after = [...held, message].sort((a, b) => a - b)
    const edge = `${keyOf(held)}+${String(message)}`
    if (this.#checked.has(edge)) return after
    this.#checked.add(edge)
    const order = [...(this.#known.get(keyOf(held))?.order ?? []), message]
    const bench = new Bench(this.#bounds.cast.constitution)
    this.#tell(bench, order)
    const derived = this.#derive(bench)
    const known = this.#known.get(keyOf(after))
    if (known === undefined) {
      this.#known.set(keyOf(after), { derived, order })
      this.#judge(bench, order)
    } else if (known.derived !== derived) {
      this.broken.push(`the order decides:\n${this.#tale(known.order)}\nor\n${this.#tale(order)}`)
    }
    return after
  }

  #derive(bench: Bench): string {
    const { jurisdiction } = bench.replica
    const { roster } = currentContext(bench.replica)
    const hash = toHex(membershipHash(crypto, jurisdiction, roster))
    let root = ''
    bench.step((turn) => (root = toHex(rootOf(turn, bench.replica))))
    const derived = JSON.stringify([derivedOf(bench), hash, root])
    return this.#bounds.spoil?.(bench, derived) ?? derived
  }

  #tell(bench: Bench, order: Held): void {
    for (const message of this.#bounds.prelude) bench.take(message, trusted)
    for (const at of order) {
      const message = this.#messages[at]
      if (message === undefined || bench.take(message, trusted)?.kind === 'accepted') continue
      this.broken.push(`not accepted everywhere:\n${this.#tale(order)}`)
    }
  }

  /** Once for each set: the definitions say the same. */
  #judge(bench: Bench, order: Held): void {
    const { cast, prelude } = this.#bounds
    const messages = [...prelude, ...order.map((at) => this.#messages[at] as Message)]
    const graph = graphOf(cast.constitution, messages)
    const model = new Reference(graph)
    const wanted = JSON.stringify(model.state(new Set(graph.points.keys())))
    const wrong = wrongEpochs(graph, model)
    if (wanted !== JSON.stringify(derivedOf(bench))) wrong.push('not what the model makes of it')
    if (wrong.length > 0) this.broken.push(`${wrong.join('\n')}:\n${this.#tale(order)}`)
  }

  /** What somebody can say who holds a set; the same on the same set, so worked out once. */
  #sayings(person: number, held: Held): readonly number[] {
    const edge = `${String(person)}:${keyOf(held)}`
    const known = this.#said.get(edge)
    if (known !== undefined) return known
    const { cast, acts } = this.#bounds
    const who = [...cast.leaders, ...cast.members][person]
    const order = this.#known.get(keyOf(held))?.order ?? []
    const said = (acts[person] ?? []).flatMap((act) => {
      if (who === undefined) return []
      const writer = new Writer(cast, who)
      this.#tell(writer, order)
      const message = writer.act(act)
      if (typeof message === 'string') return []
      return [this.#number(message, person, `${who.name}: ${nameOf(act)}`)]
    })
    this.#said.set(edge, said)
    return said
  }

  #number(message: Message, person: number, words: string): number {
    const known = this.#index.get(message.id)
    if (known !== undefined) return known
    const at = this.#messages.push(message) - 1
    const { header } = message
    const parents = header.deps.map(toHex)
    if (header.counter > 0) parents.push(toHex(header.prev))
    this.#index.set(message.id, at)
    this.#log.push(words)
    this.#authors.push(person)
    this.#parents.push(
      parents.map((id) => this.#index.get(id)).filter((parent) => parent !== undefined),
    )
    return at
  }

  #tale(order: Held): string {
    return order.map((at) => `  ${this.#log[at] ?? ''}`).join('\n')
  }
}

/** Two leaders and a member, all in, with keys; the member's second device has asked to come in too. */
export function smallGroup(): { readonly cast: Cast; readonly prelude: Message[] } {
  const cast = castOf({ seed: 'every order', leaders: 2, members: ['ada', 'ada'] })
  const prelude: Message[] = []
  const [one, two, ada] = [...cast.leaders, ...cast.members].map((who) => new Writer(cast, who))
  const say = (writer: Writer | undefined, act: Act): void => {
    for (const message of prelude) writer?.take(message)
    const said = writer?.act(act)
    if (said === undefined || typeof said === 'string') throw new Error(said)
    prelude.push(said)
  }
  say(one, { kind: 'genesis' })
  say(one, { kind: 'add', whom: cast.members[0] as Person })
  say(one, { kind: 'epoch' })
  say(two, { kind: 'join' })
  say(ada, { kind: 'join' })
  return { cast, prelude }
}

/** What the three may do, by what a walk is about. */
export const subjects = {
  /** Removal by member and by account, leaving, and what counts of somebody gone. */
  going: (cast) => {
    const [ada] = cast.members as [Person]
    const remove = { kind: 'remove', scope: 1, target: ada.self.memberBytes } as const
    const ban = { ...remove, scope: 2, target: fromHex(ada.account) ?? new Uint8Array() } as const
    const said = { kind: 'attest' } as const
    return [
      [remove, said],
      [ban, said],
      [{ kind: 'text' }, { kind: 'leave' }],
    ]
  },
  /** An account that is removed on one side and let in again on the other. */
  comingBack: (cast) => {
    const [ada, again] = cast.members as [Person, Person]
    const ban = {
      kind: 'remove',
      scope: 2,
      target: fromHex(ada.account) ?? new Uint8Array(),
    } as const
    const add = { kind: 'add', whom: again } as const
    return [[ban, add], [add, ban], [{ kind: 'prekey' }]]
  },
  /** Somebody who is let in, removed and leaves, where a leader hears of none of it. */
  admission: (cast) => {
    const [, again] = cast.members as [Person, Person]
    const remove = { kind: 'remove', scope: 1, target: again.self.memberBytes } as const
    const said = { kind: 'attest' } as const
    return [
      [{ kind: 'add', whom: again }, remove],
      [said],
      [],
      [{ kind: 'join' }, { kind: 'leave' }],
    ]
  },
  /** Epochs that split and merge, with prekeys that change meanwhile and somebody dormant. */
  keys: (cast) => {
    const [ada] = cast.members as [Person]
    const epoch = { kind: 'epoch' } as const
    const dormant = { kind: 'dormant', whom: ada, on: true } as const
    return [[manual, epoch], [dormant, epoch], [{ kind: 'prekey' }]]
  },
  /** Epochs with and without somebody removed, and texts under them. */
  removalAndKeys: (cast) => {
    const [ada] = cast.members as [Person]
    const epoch = { kind: 'epoch' } as const
    const remove = { kind: 'remove', scope: 1, target: ada.self.memberBytes } as const
    return [[remove, epoch], [epoch, { kind: 'text' }], [{ kind: 'text' }]]
  },
  /** A member that says two things, and leaders who prove it, remove it, or have not heard yet. */
  accusing: (cast) => {
    const [ada] = cast.members as [Person]
    const remove = { kind: 'remove', scope: 1, target: ada.self.memberBytes } as const
    const said = { kind: 'attest' } as const
    return [
      [{ kind: 'accuse-found' }],
      [{ kind: 'accuse-found' }, remove],
      [said, { kind: 'prekey' }],
    ]
  },
  /** A leader that says two things and lets somebody in, heard of in time or not. */
  accusingLeader: (cast) => {
    const [, again] = cast.members as [Person, Person]
    const said = { kind: 'attest' } as const
    const add = { kind: 'add', whom: again } as const
    return [[{ kind: 'accuse-found' }, said], [add, said], [said], [{ kind: 'join' }]]
  },
} satisfies Record<string, (cast: Cast) => readonly (readonly Act[])[]>

/** Who lies in which of them, by place. */
export const liarsIn: Readonly<Partial<Record<keyof typeof subjects, readonly number[]>>> = {
  accusing: [2],
  accusingLeader: [1],
}
