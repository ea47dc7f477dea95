// The final order once more, straight from its definition (SPEC, section 11): sets of messages and their
// pasts, nothing incremental. Slow and plain, to hold the core against, and mutated to hold the tests
// against.
import { MessageType } from '../../src/core/message/type.ts'

/** A message as the definition sees it. */
export interface Word {
  readonly id: string
  readonly author: string
  readonly counter: number
  readonly lamport: number
  readonly type: number
  readonly parents: readonly string[]
  /** Everything before it, itself excluded. */
  readonly past: ReadonlySet<string>
  /** Remove, Dormant: whom. Evidence: against whom. */
  readonly target?: string
}

export const EVIDENCE = MessageType.evidence

/** Mistakes that a test must notice: each replaces one clause by a plausible wrong one. */
export type FinalMutant =
  | 'a plain lamport watermark'
  | 'an accused leader is dropped from the maximum'
  | 'two branches do not matter'
  | 'nothing has to count'

type Held = ReadonlyMap<string, Word>

export interface Sentence {
  readonly id: string
  readonly stamp: number
}

export class FinalModel {
  readonly #leaders: readonly string[]
  readonly #mutant: FinalMutant | undefined

  constructor(leaders: readonly string[], mutant?: FinalMutant) {
    this.#leaders = leaders
    this.#mutant = mutant
  }

  #by(held: Held, author: string): Word[] {
    return [...held.values()].filter((word) => word.author === author)
  }

  #evidence(held: Held, against: string): Word[] {
    return [...held.values()].filter(({ type, target }) => type === EVIDENCE && target === against)
  }

  #leaves(held: Held, member: string): Word[] {
    return this.#by(held, member).filter(({ type }) => type === MessageType.leave)
  }

  #knows(held: Held, word: Word, against: string): boolean {
    return this.#evidence(held, against).some(({ id }) => word.past.has(id))
  }

  #twoBranches(held: Held, word: Word, of: string): boolean {
    if (this.#mutant === 'two branches do not matter') return false
    const counters = this.#by(held, of)
      .filter(({ id }) => word.past.has(id))
      .map((one) => one.counter)
    return new Set(counters).size < counters.length
  }

  /** The messages of a leader that count. */
  counted(held: Held, leader: string): Word[] {
    const mine = this.#by(held, leader)
    if (this.#mutant === 'nothing has to count') return mine
    const asked = this.#leaders.filter((other) => {
      if (other === leader || this.#evidence(held, other).length > 0) return false
      return !this.#leaves(held, other).some((leave) => !this.#knows(held, leave, leader))
    })
    return mine.filter(({ id }) =>
      asked.every((other) =>
        this.#by(held, other).some(
          (word) =>
            word.past.has(id) &&
            !this.#knows(held, word, leader) &&
            !this.#twoBranches(held, word, leader),
        ),
      ),
    )
  }

  #closed(held: Held, leader: string): boolean {
    const counted = this.counted(held, leader)
    if (counted.some(({ type }) => type === MessageType.leave)) return true
    if (this.#evidence(held, leader).length === 0) return false
    return this.#leaders
      .filter((other) => other !== leader && this.#evidence(held, other).length === 0)
      .filter((other) => this.#leaves(held, other).length === 0)
      .every((other) =>
        this.#evidence(held, leader).some(({ id, author }) =>
          this.#by(held, other).some((word) => author === other || word.past.has(id)),
        ),
      )
  }

  /** Removes and Leaves that hit a member. */
  #goings(held: Held, member: string): Word[] {
    const removes = [...held.values()].filter(
      ({ type, target }) => type === MessageType.remove && target === member,
    )
    return [...removes, ...this.#leaves(held, member)]
  }

  counts(held: Held, word: Word): boolean {
    const spares = (going: Word): boolean => going.past.has(word.id) || going.id === word.id
    const goings = this.#goings(held, word.author)
    if (goings.every(spares)) return true
    return [...held.values()].some(
      ({ author, past }) =>
        this.#leaders.includes(author) &&
        past.has(word.id) &&
        goings.filter(({ id }) => past.has(id)).every(spares),
    )
  }

  /** The final order of a set. */
  order(held: Held): Sentence[] {
    const seats = this.#leaders.map((leader) => {
      const counted = this.counted(held, leader)
      const last = Math.max(0, ...counted.map(({ lamport }) => lamport))
      const accused = this.#evidence(held, leader).length > 0
      return { leader, counted, last, accused, closed: this.#closed(held, leader) }
    })
    const open = seats.filter(({ closed }) => !closed)
    const honest = seats.filter(({ accused }) => !accused)
    const mark =
      open.length > 0
        ? Math.min(...open.map(({ last }) => last))
        : Math.max(0, ...(honest.length > 0 ? honest : seats).map(({ last }) => last))
    const dropped = this.#mutant === 'an accused leader is dropped from the maximum'
    const asked = dropped ? honest : seats
    const stampOf = (word: Word): number => {
      if (this.#mutant === 'a plain lamport watermark') return word.lamport
      return Math.max(
        0,
        ...asked.map(({ counted, closed, last }) => {
          const over = counted.filter(({ id, past }) => id === word.id || past.has(word.id))
          if (over.length > 0) return Math.min(...over.map(({ lamport }) => lamport))
          return closed ? last + 1 : Number.POSITIVE_INFINITY
        }),
      )
    }
    return [...held.values()]
      .filter((word) => word.type === MessageType.text && this.counts(held, word))
      .map((word) => ({ word, stamp: stampOf(word) }))
      .filter(({ stamp }) => stamp <= mark)
      .sort(
        (a, b) =>
          a.stamp - b.stamp ||
          a.word.lamport - b.word.lamport ||
          compare(a.word.author, b.word.author) ||
          a.word.counter - b.word.counter ||
          compare(a.word.id, b.word.id),
      )
      .map(({ word: { id }, stamp }) => ({ id, stamp }))
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
