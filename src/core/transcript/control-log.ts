/**
 * The part of the transcript that membership and keys depend on, as a DAG of its own. Most messages
 * change neither, so the control past of a message is a small frontier: the sequence numbers of the
 * maximal control messages in its past. Every rule that is a function of the past is computed once
 * per frontier. Sequence numbers are local (the order of acceptance here, always causal) and never
 * leave this node.
 */
import { Lru } from '../../base/lru.ts'
import type { Hex } from '../message/header.ts'

/** Ascending sequence numbers, none in the past of another. */
export type Frontier = readonly number[]

export interface ControlEntry<Info> {
  readonly sequence: number
  readonly id: Hex
  readonly type: number
  readonly member: Hex
  readonly line: number
  readonly counter: number
  readonly lamport: number
  /** The control past of the message, itself excluded. */
  readonly past: Frontier
  readonly info: Info
}

/** The set of sequence numbers in a past, one bit each. */
export type Closure = Uint32Array

export interface ControlLog<Info> {
  readonly entries: ControlEntry<Info>[]
  readonly byId: Map<Hex, ControlEntry<Info>>
  readonly closures: Lru<string, Closure>
  /** The same by the very array: messages in a row share theirs. */
  readonly recent: WeakMap<Frontier, Closure>
  /** The maximal ones of the first so many entries. */
  whole: { readonly frontier: Frontier; readonly upTo: number }
}

const CLOSURES_KEPT = 512

export const createControlLog = <Info>(): ControlLog<Info> => ({
  entries: [],
  byId: new Map(),
  closures: new Lru(CLOSURES_KEPT),
  recent: new WeakMap(),
  whole: { frontier: noFrontier, upTo: 0 },
})

export const noFrontier: Frontier = Object.freeze([])

export const frontierKey = (frontier: Frontier): string => frontier.join(',')

export const appendControl = <Info>(log: ControlLog<Info>, entry: ControlEntry<Info>): void => {
  log.entries.push(entry)
  log.byId.set(entry.id, entry)
}

export const has = (closure: Closure, sequence: number): boolean =>
  (((closure[sequence >>> 5] ?? 0) >>> (sequence & 31)) & 1) === 1

const add = (closure: Closure, sequence: number): void => {
  const at = sequence >>> 5
  closure[at] = (closure[at] ?? 0) | (1 << (sequence & 31))
}

const join = (into: Closure, other: Closure): void => {
  for (let at = 0; at < other.length; at++) into[at] = (into[at] ?? 0) | (other[at] ?? 0)
}

/** Every control message in the past that a frontier stands for, the frontier included. */
export const closureOf = <Info>(log: ControlLog<Info>, frontier: Frontier): Closure => {
  const recent = log.recent.get(frontier)
  if (recent !== undefined) return recent
  const closure = computeClosure(log, frontier)
  log.recent.set(frontier, closure)
  return closure
}

const computeClosure = <Info>(log: ControlLog<Info>, frontier: Frontier): Closure => {
  const cacheKey = frontierKey(frontier)
  const cached = log.closures.get(cacheKey)
  if (cached !== undefined) return cached
  const closure: Closure = new Uint32Array((log.entries.length >>> 5) + 1)
  const open = [...frontier]
  for (;;) {
    const sequence = open.pop()
    if (sequence === undefined) break
    if (has(closure, sequence)) continue
    add(closure, sequence)
    const past = log.entries[sequence]?.past ?? noFrontier
    const known = log.closures.get(frontierKey(past))
    if (known === undefined) open.push(...past)
    else join(closure, known)
  }
  log.closures.set(cacheKey, closure)
  return closure
}

/** True when every control message of `inner`'s past is in `outer`'s. */
export const contains = <Info>(
  log: ControlLog<Info>,
  outer: Frontier,
  inner: Frontier,
): boolean => {
  const closure = closureOf(log, outer)
  return inner.every((sequence) => has(closure, sequence))
}

/**
 * The frontier of the union of several pasts. The usual case, all equal, costs a comparison. Else from
 * the newest down: acceptance is causal, so whatever could cover a candidate was looked at before it.
 */
export const mergeFrontiers = <Info>(
  log: ControlLog<Info>,
  frontiers: readonly Frontier[],
): Frontier => {
  const first = frontiers[0]
  if (first === undefined) return noFrontier
  const same = (a: Frontier): boolean =>
    a === first || (a.length === first.length && a.every((sequence, i) => sequence === first[i]))
  if (frontiers.every(same)) return first
  const newestFirst = [...new Set(frontiers.flat())].sort((a, b) => b - a)
  const covered: Closure = new Uint32Array((log.entries.length >>> 5) + 1)
  const kept: number[] = []
  for (const candidate of newestFirst) {
    if (has(covered, candidate)) continue
    kept.push(candidate)
    join(covered, closureOf(log, log.entries[candidate]?.past ?? noFrontier))
  }
  return kept.reverse()
}

/** The frontier of everything in the log: made from the last one by what came since. */
export const wholeFrontier = <Info>(log: ControlLog<Info>): Frontier => {
  const { upTo, frontier } = log.whole
  if (upTo === log.entries.length) return frontier
  let kept = [...frontier]
  for (let sequence = upTo; sequence < log.entries.length; sequence++) {
    const covered = closureOf(log, log.entries[sequence]?.past ?? noFrontier)
    kept = kept.filter((older) => !has(covered, older))
    kept.push(sequence)
  }
  log.whole = { frontier: kept, upTo: log.entries.length }
  return kept
}

/** The sequence numbers in a closure, ascending: an order in which each comes after its past. */
export const members = (closure: Closure): number[] => {
  const sequences: number[] = []
  closure.forEach((word, at) => {
    for (let bit = 0; bit < 32; bit++) if (((word >>> bit) & 1) === 1) sequences.push(at * 32 + bit)
  })
  return sequences
}
