/**
 * One step in the making: the env it was given, the effects it has asked for so far, and reads of
 * the store whose answers come in later steps.
 */
import type { Bytes } from '../base/bytes.ts'
import type { Entry } from './input.ts'
import type { Effect, Put, Range } from './effect.ts'
import type { Env } from './env.ts'

export type Continuation = (turn: Turn, results: readonly Entry[][]) => void

/** Reads under way, over all groups. */
export interface Loads {
  next: number
  readonly waiting: Map<number, Continuation>
}

export const createLoads = (): Loads => ({ next: 1, waiting: new Map() })

export interface Turn {
  readonly env: Env
  readonly effects: Effect[]
  readonly loads: Loads
  /** Counts of this step, summed by name and label. */
  readonly counts: Map<string, Map<string | undefined, number>>
}

export const createTurn = (env: Env, loads: Loads): Turn => ({
  env,
  loads,
  effects: [],
  counts: new Map(),
})

export const emit = (turn: Turn, effect: Effect): void => {
  turn.effects.push(effect)
}

export const persist = (turn: Turn, puts: readonly Put[]): void => {
  if (puts.length > 0) emit(turn, { kind: 'persist', puts })
}

/** Deletes a secret for good: the value goes, and the wrapping key of its scope with it. */
export const forgetSecret = (turn: Turn, key: Bytes): void => {
  persist(turn, [{ key, value: null }])
  emit(turn, { kind: 'erase', keys: [key] })
}

export const count = (turn: Turn, name: string, label?: string, by = 1): void => {
  let labels = turn.counts.get(name)
  if (labels === undefined) turn.counts.set(name, (labels = new Map<string | undefined, number>()))
  labels.set(label, (labels.get(label) ?? 0) + by)
}

/** Everything that the step asks for, its counts last. */
export const effectsOf = (turn: Turn): Effect[] => {
  for (const [name, labels] of turn.counts) {
    for (const [label, by] of labels) {
      emit(
        turn,
        label === undefined ? { kind: 'count', name, by } : { kind: 'count', name, label, by },
      )
    }
  }
  return turn.effects
}

/** Reads ranges; `then` runs in a later step, with one list per range. */
export const load = (turn: Turn, ranges: readonly Range[], then: Continuation): void => {
  const ticket = turn.loads.next++
  turn.loads.waiting.set(ticket, then)
  emit(turn, { kind: 'load', ticket, ranges })
}

/** Hands an answer to whoever waits for it. */
export const loaded = (turn: Turn, ticket: number, results: readonly Entry[][]): void => {
  const then = turn.loads.waiting.get(ticket)
  turn.loads.waiting.delete(ticket)
  then?.(turn, results)
}
