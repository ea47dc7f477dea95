/**
 * One step in the making: the env it was given, the effects it has asked for so far, and reads of
 * the store whose answers come in later steps.
 */
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
}

export const emit = (turn: Turn, effect: Effect): void => {
  turn.effects.push(effect)
}

export const persist = (turn: Turn, puts: readonly Put[]): void => {
  if (puts.length > 0) emit(turn, { kind: 'persist', puts })
}

export const count = (turn: Turn, name: string, label?: string, by = 1): void =>
  emit(turn, label === undefined ? { kind: 'count', name, by } : { kind: 'count', name, label, by })

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
