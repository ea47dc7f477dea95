/**
 * The final order as a walk: the leaders' counted messages by lamport. What a step of it adds to what all
 * leaders have covered is a batch of equal stamps; within a batch texts stand in the usual order. The walk
 * holds one vector a leader line, so it can start at either end of any history.
 */
import type { OrderPlan } from '../report.ts'
import type { Vector } from '../transcript/vector.ts'
import { changes, countAt, emptyVector } from '../transcript/vector.ts'
import type { Finality } from './finality.ts'

export const planOf = (
  { mark, seats }: Finality,
  held: readonly (readonly [line: number, count: number])[],
): OrderPlan => ({
  mark,
  seats: seats.length,
  voices: seats.flatMap(({ voices }, seat) =>
    voices.flatMap(({ line, reached }) =>
      reached === undefined
        ? []
        : [{ line: line.index, seat, from: line.first, to: reached.counter + 1 }],
    ),
  ),
  closings: seats.flatMap(({ closed, last }, seat) =>
    closed && last < mark ? [{ seat, lamport: last + 1 }] : [],
  ),
  held,
})

/** Counters of a line in [from, to). */
export interface Span {
  readonly line: number
  readonly from: number
  readonly to: number
}

/** One voice is now here; undefined: before its first message. A closing is a voice without a past. */
export interface Move {
  readonly voice: number
  readonly seen: Vector | 'everything' | undefined
}

/** Where all voices stand, and what all leaders have covered there. */
export class Frontier {
  readonly #seatOf: readonly number[]
  readonly #voicesOf: readonly (readonly number[])[]
  readonly #at: (Vector | 'everything' | undefined)[]
  readonly #held: readonly (readonly [line: number, count: number])[]
  /** By line, what is covered by all. */
  readonly #covered = new Map<number, number>()

  constructor(plan: OrderPlan) {
    this.#seatOf = [...plan.voices, ...plan.closings].map(({ seat }) => seat)
    this.#voicesOf = Array.from({ length: plan.seats }, (_, seat) =>
      this.#seatOf.flatMap((of, voice) => (of === seat ? [voice] : [])),
    )
    this.#at = this.#seatOf.map(() => undefined)
    this.#held = plan.held
  }

  /** Moves voices on, or back; the parts of lines that lie between what was covered and what now is. */
  move(moves: readonly Move[]): Span[] {
    const touched = new Set<number>()
    for (const { voice, seen } of moves) {
      const before = this.#at[voice]
      this.#at[voice] = seen
      if (seen === 'everything' || before === 'everything') {
        for (const [line] of this.#held) touched.add(line)
        continue
      }
      const changed = changes(before ?? emptyVector, seen ?? emptyVector)
      for (let i = 0; i < changed.length; i += 2) touched.add(changed[i] ?? 0)
    }
    return [...touched].flatMap((line) => this.#settle(line))
  }

  #settle(line: number): Span[] {
    const before = this.#covered.get(line) ?? 0
    const now = this.#voicesOf.reduce(
      (least, voices) => Math.min(least, this.#coveredBy(voices, line)),
      Number.POSITIVE_INFINITY,
    )
    if (now === before) return []
    this.#covered.set(line, now)
    return [{ line, from: Math.min(before, now), to: Math.max(before, now) }]
  }

  #coveredBy(voices: readonly number[], line: number): number {
    return voices.reduce((most, voice) => {
      const seen = this.#at[voice]
      if (seen === undefined) return most
      return Math.max(most, seen === 'everything' ? Number.POSITIVE_INFINITY : countAt(seen, line))
    }, 0)
  }
}
