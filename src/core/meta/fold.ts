/**
 * From the Meta messages of a group to what it is called and what is shown of it. Of the writes of
 * one key those count that no other builds on; of these the one whose leader has the lowest place in
 * the constitution, then the greatest counter, then the greatest id. A function of a set: the order
 * of arrival changes nothing.
 */
import type { MetaWrite } from '../command.ts'
import type { Hex } from '../message/header.ts'
import { type MetaEntry, allows, keyOf } from './body.ts'

/** Where a Meta message stands. */
export interface MetaPlace {
  readonly id: Hex
  /** Place of its author in the constitution's list of leaders. */
  readonly leader: number
  readonly line: number
  readonly counter: number
  /** Line -> messages of its past and itself, at least of every line that has Meta messages. */
  readonly seen: ReadonlyMap<number, number>
}

export interface HeldMeta extends MetaPlace {
  readonly epoch: Hex
  /** What it says; undefined while it cannot be opened here. */
  readonly entries: readonly MetaEntry[] | undefined
}

export interface PlacedWrite {
  readonly at: HeldMeta
  readonly write: MetaWrite
}

/** Key -> its writes on which no other write of that key builds, the one that counts first. */
export type Maxima = ReadonlyMap<string, readonly PlacedWrite[]>

const isBefore = (inner: MetaPlace, outer: MetaPlace): boolean =>
  inner.id !== outer.id && (outer.seen.get(inner.line) ?? 0) > inner.counter

const order = (a: MetaPlace, b: MetaPlace): number =>
  a.leader - b.leader || b.counter - a.counter || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0)

/** What was said again of each message, by its id: the entries of whoever counts more come first. */
export const restatements = (
  metas: Iterable<HeldMeta>,
): ReadonlyMap<Hex, readonly { readonly by: HeldMeta; readonly write: MetaWrite }[]> => {
  const found = new Map<Hex, { by: HeldMeta; write: MetaWrite }[]>()
  for (const by of [...metas].sort(order)) {
    for (const { of, write } of by.entries ?? []) {
      if (of === '') continue
      const known = found.get(of)
      if (known === undefined) found.set(of, [{ by, write }])
      else known.push({ by, write })
    }
  }
  return found
}

/** Every write that can be read here, each at the place of the message that wrote it first. */
const writesOf = (metas: ReadonlyMap<Hex, HeldMeta>): PlacedWrite[] => {
  const again = restatements(metas.values())
  return [...metas.values()].flatMap((at): PlacedWrite[] => {
    if (at.entries !== undefined) {
      return at.entries.filter(({ of }) => of === '').map(({ write }) => ({ at, write }))
    }
    const byKey = new Map<string, PlacedWrite>()
    for (const { by, write } of again.get(at.id) ?? []) {
      const key = keyOf(write)
      if (isBefore(at, by) && !byKey.has(key)) byKey.set(key, { at, write })
    }
    return [...byKey.values()]
  })
}

export const foldMeta = (metas: ReadonlyMap<Hex, HeldMeta>): Maxima => {
  const maxima = new Map<string, PlacedWrite[]>()
  for (const one of writesOf(metas)) {
    const key = keyOf(one.write)
    const others = maxima.get(key) ?? []
    if (others.some((other) => isBefore(one.at, other.at))) continue
    maxima.set(key, [...others.filter((other) => !isBefore(other.at, one.at)), one])
  }
  for (const writes of maxima.values()) writes.sort((a, b) => order(a.at, b.at))
  return maxima
}

/** What a group is called and what of it is not shown. */
export interface MetaState {
  /** Undefined: as the constitution says. */
  readonly name: string | undefined
  readonly topic: string
  readonly muted: ReadonlySet<Hex>
  readonly hidden: ReadonlySet<Hex>
  /** Member, or empty for everybody -> the content types that are shown; who is not named: all. */
  readonly types: ReadonlyMap<Hex, readonly string[]>
}

export const stateOf = (maxima: Maxima): MetaState => {
  const muted = new Set<Hex>()
  const hidden = new Set<Hex>()
  const types = new Map<Hex, readonly string[]>()
  const named: { name?: string; topic?: string } = {}
  for (const [first] of maxima.values()) {
    const write = first?.write
    if (write?.kind === 'name') named.name = write.name
    if (write?.kind === 'topic') named.topic = write.topic
    if (write?.kind === 'mute' && write.on) muted.add(write.member)
    if (write?.kind === 'hide' && write.on) hidden.add(write.message)
    if (write?.kind === 'types' && write.types.length > 0) types.set(write.member, write.types)
  }
  return { name: named.name, topic: named.topic ?? '', muted, hidden, types }
}

/** What is done with a text that can be read. */
export type Shown = 'ok' | 'hidden' | 'muted' | 'type'

/** The first that holds: hidden itself, its author muted, its content type not shown. */
export const shownAs = (
  state: MetaState,
  text: { readonly id: Hex; readonly member: Hex; readonly contentType: string },
): Shown => {
  if (state.hidden.has(text.id)) return 'hidden'
  if (state.muted.has(text.member)) return 'muted'
  const allowed = ['', text.member].every((whom) =>
    allows(state.types.get(whom) ?? [], text.contentType),
  )
  return allowed ? 'ok' : 'type'
}
