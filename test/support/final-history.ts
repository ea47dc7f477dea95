// Random histories of a group in which everybody writes on what they heard: removed and leaving members,
// leaders who leave, somebody who says two things under one number. Honest people follow the rules of
// evidence (SPEC, section 10: cover first, then name the liar, and build on nothing of it that nobody
// covers); a liar is two people with one key, each of whom goes on as if the other did not exist.
import { SeededRandom } from '../../src/base/random.ts'
import { MessageType } from '../../src/core/message/type.ts'
import type { Word } from './final-model.ts'
import { EVIDENCE } from './final-model.ts'
import { FinalReplica } from './final-replica.ts'

export interface FinalHistoryOptions {
  readonly seed: string
  readonly leaders?: number
  readonly members?: number
  readonly steps?: number
  /** Whether a leader or a member lies. Default: nobody. */
  readonly liar?: 'leader' | 'member' | undefined
  /** Told after each step of somebody honest. */
  readonly onStep?: (node: FinalNode) => void
}

export const nameOf = (place: number): string =>
  (place + 10).toString(16).padStart(2, '0').repeat(32)

const has = (
  words: ReadonlyMap<string, Word>,
  past: ReadonlySet<string>,
  test: (one: Word) => boolean,
): boolean =>
  [...past].some((id) => {
    const one = words.get(id)
    return one !== undefined && test(one)
  })

export class FinalNode {
  readonly name: string
  readonly honest: boolean
  readonly core: FinalReplica
  readonly #history: FinalHistory
  #last: Word | undefined
  /** Words that build on an accused, kept until somebody covers them. */

  constructor(history: FinalHistory, name: string, honest: boolean) {
    this.#history = history
    this.name = name
    this.honest = honest
    this.core = new FinalReplica(history.leaders, history.members)
  }

  /** The same person once more, with the same past. */
  twin(): FinalNode {
    const other = new FinalNode(this.#history, this.name, this.honest)
    for (const word of this.core.held.values()) other.core.take(word)
    other.#last = this.#last
    return other
  }

  get joined(): boolean {
    return this.#last !== undefined
  }

  get gone(): boolean {
    return [...this.core.held.values()].some(
      ({ type, author, target }) =>
        (type === MessageType.leave && author === this.name) ||
        (type === MessageType.remove && target === this.name),
    )
  }

  accuses(whom: string): boolean {
    return [...this.core.held.values()].some(
      ({ type, target }) => type === EVIDENCE && target === whom,
    )
  }

  say(type: number, target?: string): Word | undefined {
    if (this.gone) return undefined
    const heads = [...this.core.replica.transcript.heads.values()]
    const others = heads.filter(({ id }) => id !== this.#last?.id).map(({ id }) => id)
    const parents = this.#last === undefined ? others : [this.#last.id, ...others]
    const rows = parents.flatMap((id) => this.core.held.get(id) ?? [])
    const past = new Set(rows.flatMap((word) => [word.id, ...word.past]))
    const word: Word = {
      id: this.#history.freshId(),
      author: this.name,
      counter: (this.#last?.counter ?? -1) + 1,
      lamport: 1 + Math.max(0, ...rows.map(({ lamport }) => lamport)),
      type,
      parents,
      past,
      ...(target === undefined ? {} : { target }),
    }
    this.#history.words.set(word.id, word)
    this.#last = word
    this.core.take(word)
    this.#history.stepped(this)
    return word
  }

  /** Takes in what somebody tells, in its order, as far as the rules allow. */
  hear(words: readonly Word[]): void {
    const told = new Map(words.map((word) => [word.id, word]))
    for (const word of words) this.#consider(word, told)
  }

  #consider(word: Word, told: ReadonlyMap<string, Word>): void {
    const { held } = this.core
    if (held.has(word.id) || this.#isOwnFork(word)) return
    if (!this.honest) {
      if (word.parents.every((id) => held.has(id))) this.core.take(word)
      return
    }
    if (!this.#history.isValid(word)) return
    // Of somebody accused only what somebody else covers, and then together with that.
    if (this.accuses(word.author)) return
    for (const id of word.past) {
      if (held.has(id)) continue
      const before = told.get(id) ?? this.#history.words.get(id)
      if (before === undefined || !this.#accept(before)) return
    }
    this.#accept(word)
  }

  /** Takes one word whose past is held, and does what it calls for. */
  #accept(word: Word): boolean {
    const { held } = this.core
    if (held.has(word.id)) return true
    if (this.#isOwnFork(word) || !this.#history.isValid(word)) return false
    if (!word.parents.every((id) => held.has(id))) return false
    const forks = [...held.values()].some(
      ({ author, counter }) => author === word.author && counter === word.counter,
    )
    const names = word.type === EVIDENCE && !this.accuses(word.target ?? '')
    const news = (forks && !this.accuses(word.author)) || names
    if (news) this.say(MessageType.attest)
    this.core.take(word)
    if (forks && !this.accuses(word.author)) this.say(EVIDENCE, word.author)
    this.#history.stepped(this)
    return true
  }

  #isOwnFork(word: Word): boolean {
    return word.author === this.name
  }
}

export class FinalHistory {
  readonly leaders: readonly string[]
  readonly members: readonly string[]
  readonly words = new Map<string, Word>()
  readonly nodes: FinalNode[]
  readonly random: SeededRandom
  readonly log: string[] = []
  readonly #options: FinalHistoryOptions
  #ids = 0

  constructor(options: FinalHistoryOptions) {
    this.#options = options
    this.random = new SeededRandom(options.seed).fork('final')
    const leaders = options.leaders ?? 2 + this.random.below(3)
    const members = options.members ?? 2 + this.random.below(2)
    this.leaders = Array.from({ length: leaders }, (_, i) => nameOf(i))
    this.members = Array.from({ length: members }, (_, i) => nameOf(leaders + i))
    const pool = options.liar === 'leader' ? this.leaders : this.members
    const liar = options.liar === undefined ? undefined : pool[this.random.below(pool.length)]
    this.nodes = [...this.leaders, ...this.members].map(
      (name) => new FinalNode(this, name, name !== liar),
    )
  }

  get honest(): FinalNode[] {
    return this.nodes.filter(({ honest }) => honest)
  }

  /** Ids whose order has nothing to do with when they were written. */
  freshId(): string {
    this.#ids += 1
    const luck = this.random.bytes(4)
    const hex = [...luck].map((byte) => byte.toString(16).padStart(2, '0')).join('')
    return `${hex}${String(this.#ids).padStart(6, '0')}`
  }

  stepped(node: FinalNode): void {
    if (node.honest) this.#options.onStep?.(node)
  }

  /** Rule Q: whoever knows that somebody lied builds only on what others had covered. */
  isValid(word: Word): boolean {
    const accused = new Set<string>()
    for (const id of word.past) {
      const one = this.words.get(id)
      if (one?.type === EVIDENCE && one.target !== undefined) accused.add(one.target)
    }
    return [...accused].every((liar) => this.#coversAll(word, liar))
  }

  #coversAll({ past }: Word, liar: string): boolean {
    const against = (one: Word): boolean => one.type === EVIDENCE && one.target === liar
    const covered = new Set<string>()
    for (const id of past) {
      const one = this.words.get(id)
      if (one === undefined || one.author === liar) continue
      if (against(one) || !has(this.words, one.past, against)) {
        for (const before of one.past) covered.add(before)
      }
    }
    return [...past].every((id) => this.words.get(id)?.author !== liar || covered.has(id))
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[this.random.below(items.length)]
  }

  run(): this {
    const { random } = this
    const [founder] = this.nodes
    founder?.say(MessageType.genesis)
    for (const node of this.nodes.slice(1)) {
      if (founder !== undefined) node.hear([...founder.core.held.values()])
      if (random.below(4) > 0) node.say(MessageType.join)
    }
    const steps = this.#options.steps ?? 60
    const forksAt = Math.floor(steps / 3) + random.below(1 + Math.ceil(steps / 3))
    for (let step = 0; step < steps; step++) {
      if (step === forksAt) this.#fork()
      this.#step()
    }
    return this
  }

  /** The liar goes on twice. */
  #fork(): void {
    const liar = this.nodes.find(({ honest }) => !honest)
    if (liar !== undefined) this.nodes.push(liar.twin())
  }

  #step(): void {
    const { random } = this
    const node = this.#pick(this.nodes)
    if (node === undefined) return
    const leads = this.leaders.includes(node.name)
    const act = random.below(200)
    if (act < 100) return this.#listen(node)
    if (act < 150) return this.#speak(node, MessageType.text)
    if (act < 194) return this.#speak(node, MessageType.attest)
    if (act < 196) {
      if (random.below(leads ? 3 : 1) === 0) this.#speak(node, MessageType.leave)
      return
    }
    const victim = this.#pick(this.members)
    if (leads && victim !== undefined) this.#speak(node, MessageType.remove, victim)
  }

  #speak(node: FinalNode, type: number, target?: string): void {
    node.say(type, target)
  }

  /** Hears somebody out, or a part of what they know that has no holes. */
  #listen(node: FinalNode): void {
    const other = this.#pick(this.nodes.filter((one) => one !== node))
    // Whoever is gone is told nothing.
    if (other === undefined || node.gone) return
    const words = [...other.core.held.values()]
    const upTo = this.random.below(3) === 0 ? this.#pick(words) : undefined
    const some =
      upTo === undefined ? words : words.filter(({ id }) => id === upTo.id || upTo.past.has(id))
    // Nobody who removed somebody listens to them any more.
    const gone = [...node.core.held.values()].some(
      ({ type, target }) => type === MessageType.remove && target === other.name,
    )
    if (!gone) node.hear(some)
  }

  /** Everybody honest hears everybody honest, and those who stay say what they owe, until nobody does. */
  finish(absent: readonly string[] = []): number {
    const here = this.honest.filter(({ name }) => !absent.includes(name))
    for (let round = 0; round < 40; round++) {
      for (let i = 0; i < 2; i++) {
        for (const node of here) {
          for (const other of here) if (!node.gone) node.hear([...other.core.held.values()])
          if (!node.joined) node.say(MessageType.join)
        }
      }
      const owing = here.filter((node) => {
        if (!this.leaders.includes(node.name) || node.gone || node.accuses(node.name)) return false
        node.core.settle()
        return node.core.owes(node.name)
      })
      if (owing.length === 0) return round
      for (const node of owing) node.say(MessageType.attest)
    }
    return Number.POSITIVE_INFINITY
  }
}
