/**
 * Rule Q: evidence binds the future. Whoever builds on evidence against X builds on no message of X but
 * those that a *coverer* had heard who knew of no evidence yet. So nothing that was heard in time is ever
 * undone, and nothing that X says to people afterwards comes in. While nobody is accused it costs one look.
 *
 * It is enough to look at the parents: one that knows of the evidence was judged by this rule itself, and
 * one that does not covers its own past, if its author may. Coverers are the least set that holds every
 * other leader, whoever those let in, and those whom X let in by an Add that is covered.
 */
import type { Hex } from '../message/header.ts'
import { isControl } from '../message/type.ts'
import { isAccused } from '../membership/roster.ts'
import type { Roster } from '../membership/roster.ts'
import type { Closure, ControlEntry, ControlLog, Frontier } from '../transcript/control-log.ts'
import { has } from '../transcript/control-log.ts'
import type { Row } from '../transcript/row.ts'
import { lineHolding, rowAt } from '../transcript/transcript.ts'
import type { Vector } from '../transcript/vector.ts'
import { countAt } from '../transcript/vector.ts'
import type { Context, ControlInfo } from './context.ts'
import { closureOfPast, contextOf } from './context.ts'
import type { Court } from './court.ts'
import type { Past, Place } from './past.ts'

export type Coverage =
  | { readonly kind: 'covered' }
  | { readonly kind: 'uncovered' }
  | { readonly kind: 'need'; readonly places: readonly Place[] }

type CourtHere = Pick<Court, 'jurisdiction' | 'transcript'>

const accused = new WeakMap<Roster, readonly Hex[]>()

/** Those accused in a past: as good as always nobody. */
export const accusedIn = (roster: Roster): readonly Hex[] => {
  const known = accused.get(roster)
  if (known !== undefined) return known
  const found = [...roster.members.keys()].filter((member) => isAccused(roster, member))
  accused.set(roster, found)
  return found
}

/** The control past of a row, itself excluded. */
export const priorOf = ({ jurisdiction }: CourtHere, row: Row): Frontier =>
  isControl(row.type) ? (jurisdiction.control.byId.get(row.id)?.past ?? []) : row.control

/** Whether a row was written by somebody who knew of evidence against a member. */
export const isAware = (court: CourtHere, row: Row, member: Hex): boolean =>
  isAccused(contextOf(court.jurisdiction, priorOf(court, row)).roster, member)

interface Adds {
  upTo: number
  readonly byMember: Map<Hex, ControlEntry<ControlInfo>[]>
}

const indexes = new WeakMap<ControlLog<ControlInfo>, Adds>()

/** The AddMembers of a member, of all that are held. */
const addsOf = (
  control: ControlLog<ControlInfo>,
  member: Hex,
): readonly ControlEntry<ControlInfo>[] => {
  const index: Adds = indexes.get(control) ?? { upTo: 0, byMember: new Map() }
  indexes.set(control, index)
  for (; index.upTo < control.entries.length; index.upTo++) {
    const entry = control.entries[index.upTo]
    if (entry?.info.kind !== 'roster') continue
    for (const change of entry.info.changes) {
      if (change.kind !== 'admit') continue
      const { member: admitted } = change.facts
      index.byMember.set(admitted, [...(index.byMember.get(admitted) ?? []), entry])
    }
  }
  return index.byMember.get(member) ?? []
}

/** How much of the accused's lines coverers are known to have heard. */
class Cover {
  readonly #court: CourtHere
  readonly #accused: Hex
  readonly #within: Closure
  readonly #lines: readonly number[]
  readonly #counts = new Map<number, number>()

  constructor(court: CourtHere, accusedMember: Hex, within: Closure) {
    this.#court = court
    this.#accused = accusedMember
    this.#within = within
    this.#lines = court.transcript.byMember.get(accusedMember) ?? []
  }

  /** Whether somebody is a coverer, by all that is known to be covered so far. */
  mayCover(member: Hex): boolean {
    const { leaders, control } = this.#court.jurisdiction
    if (member === this.#accused) return false
    if (leaders.some((leader) => leader.member === member)) return true
    return addsOf(control, member).some(
      ({ sequence, member: by, line, counter }) =>
        has(this.#within, sequence) &&
        (by !== this.#accused || (this.#counts.get(line) ?? 0) > counter),
    )
  }

  raise(seen: Vector): void {
    for (const line of this.#lines) {
      this.#counts.set(line, Math.max(this.#counts.get(line) ?? 0, countAt(seen, line)))
    }
  }

  holds(seen: Vector): boolean {
    return this.#lines.every((line) => (this.#counts.get(line) ?? 0) >= countAt(seen, line))
  }
}

/** Raises a cover by every row whose author may cover, until none is left that may; those that are. */
const raiseBy = (cover: Cover, rows: readonly Row[]): Row[] => {
  let left = [...rows]
  for (;;) {
    const able = left.filter(({ member }) => cover.mayCover(member))
    if (able.length === 0) return left
    for (const row of able) cover.raise(row.seen)
    left = left.filter((row) => !able.includes(row))
  }
}

/** The last row of every line in a past, as far as it is in memory, and the places of the others. */
const lastRows = (
  { transcript }: CourtHere,
  seen: Vector,
): { readonly rows: Row[]; readonly missing: Place[] } => {
  const rows: Row[] = []
  const missing: Place[] = []
  for (const line of transcript.lines) {
    const counter = countAt(seen, line.index) - 1
    if (counter < line.first) continue
    const row = rowAt(transcript, lineHolding(transcript, line.index, counter), counter)
    if (row === undefined) missing.push({ line: line.index, counter })
    else rows.push(row)
  }
  return { rows, missing }
}

const coverageOf = (
  court: CourtHere,
  member: Hex,
  { frontier }: Context,
  parents: readonly Row[],
  seen: Vector,
): Coverage => {
  const cover = new Cover(court, member, closureOfPast(court.jurisdiction, frontier))
  const others = parents.filter((row) => row.member !== member)
  for (const row of others) if (isAware(court, row, member)) cover.raise(row.seen)
  const left = raiseBy(
    cover,
    others.filter((row) => !isAware(court, row, member)),
  )
  if (cover.holds(seen)) return { kind: 'covered' }
  // Somebody whom the accused let in: whether that was covered, somebody in its past may tell.
  const missing: Place[] = []
  for (const row of left) {
    const last = lastRows(court, row.seen)
    raiseBy(
      cover,
      last.rows.filter((one) => one.member !== member),
    )
    missing.push(...last.missing)
  }
  if (cover.holds(seen)) return { kind: 'covered' }
  return missing.length > 0 ? { kind: 'need', places: missing } : { kind: 'uncovered' }
}

/** Rule Q for a message on these parents. */
export const judgeQuarantine = (
  court: CourtHere,
  context: Context,
  parents: readonly Row[],
  past: Past,
): Coverage => {
  for (const member of accusedIn(context.roster)) {
    const coverage = coverageOf(court, member, context, parents, past.seen)
    if (coverage.kind !== 'covered') return coverage
  }
  return { kind: 'covered' }
}

/**
 * Whether everything held of a member, before any evidence against it is, was heard by a coverer: then
 * taking in evidence withdraws nothing. The tips tell, as nobody knows of evidence yet.
 */
export const isHeard = (court: CourtHere, member: Hex, frontier: Frontier): boolean => {
  const { transcript, jurisdiction } = court
  const cover = new Cover(court, member, closureOfPast(jurisdiction, frontier))
  const tips = transcript.lines.map((line) => line.tip).filter((row) => row.member !== member)
  raiseBy(cover, tips)
  return cover.holds(transcript.seen)
}

/** Whether a member may cover for an accused one, by the Adds of a past and what tips have heard. */
export const mayCoverFor = (
  court: CourtHere,
  accusedMember: Hex,
  member: Hex,
  frontier: Frontier,
): boolean => {
  const cover = new Cover(court, accusedMember, closureOfPast(court.jurisdiction, frontier))
  const tips = court.transcript.lines.map((line) => line.tip)
  raiseBy(
    cover,
    tips.filter((row) => row.member !== accusedMember),
  )
  return cover.mayCover(member)
}
