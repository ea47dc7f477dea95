/**
 * What counts of those who were removed or left. Nobody's message becomes invalid by a removal; it
 * stops counting unless everybody who removed its author had seen it, or a leader who did not know
 * of any removal had built on it. All that this needs is kept as counts on the lines of the gone:
 *
 *   counts(m)  <=>  m's place  <  max( least seen by all Removes and Leaves,
 *                                      most seen by a leader message ignorant of all of them,
 *                                      least seen by the Leaves, if a leader knew of no more )
 *
 * Each of the three depends on the set of held messages alone, so replicas that hold the same agree.
 */
import type { Bytes } from '../../base/bytes.ts'
import { encode } from '../../codec/canonical.ts'
import { flag, list, parse, tuple, u53 } from '../../codec/shape.ts'
import type { Put } from '../effect.ts'
import type { Roster } from '../membership/roster.ts'
import { Standing, isPresent } from '../membership/roster.ts'
import type { Hex } from '../message/header.ts'
import type { Row } from '../transcript/row.ts'
import type { Vector } from '../transcript/vector.ts'
import { countAt } from '../transcript/vector.ts'
import type { ControlInfo } from '../validity/context.ts'
import { contextOf } from '../validity/context.ts'
import type { Frontier } from '../transcript/control-log.ts'
import type { Replica } from './state.ts'
import { GroupNote, bytesOf, currentContext, groupNoteKey } from './state.ts'

/** Line -> number of its messages; 0 where none is named. */
type Counts = ReadonlyMap<number, number>

export interface Departure {
  /** What every Remove and Leave that hits the member had seen of it. */
  readonly base: Counts
  /** What leader messages that knew of none of them had seen of it. */
  readonly cover: Counts
  /** What every Leave of it had seen, and whether a leader message knew of Leaves only. */
  readonly leave: Counts
  readonly leaveKnown: boolean
}

const seenOf = (replica: Replica, member: Hex, seen: Vector): Counts =>
  new Map(
    (replica.transcript.byMember.get(member) ?? []).map((line) => [line, countAt(seen, line)]),
  )

const least = (a: Counts, b: Counts): Counts =>
  new Map([...a].map(([line, count]) => [line, Math.min(count, b.get(line) ?? 0)]))

const most = (a: Counts, b: Counts): Counts => {
  const merged = new Map(a)
  for (const [line, count] of b) merged.set(line, Math.max(count, merged.get(line) ?? 0))
  return merged
}

const none: Counts = new Map()

/** True when the message does not count any more: it is shown as withdrawn. */
export const isWithdrawn = (
  replica: Replica,
  member: Hex,
  line: number,
  counter: number,
): boolean => {
  const departure = replica.departures.get(member)
  if (departure === undefined) return false
  const { base, cover, leave, leaveKnown } = departure
  const counted = Math.max(
    base.get(line) ?? 0,
    cover.get(line) ?? 0,
    leaveKnown ? (leave.get(line) ?? 0) : 0,
  )
  return counter >= counted
}

/** Takes note of a message just taken in: somebody is gone now, or a leader covers more of the gone. */
export const noteDepartures = (
  replica: Replica,
  row: Row,
  past: Frontier,
  info: ControlInfo | undefined,
): Put[] => {
  const touched = new Set<Hex>()
  if (replica.departures.size > 0 && replica.facts.get(row.member)?.leader === true) {
    noteCover(replica, row, past, touched)
  }
  if (info?.kind === 'roster') noteGone(replica, row, touched)
  return [...touched].map((member) => departurePut(replica, member))
}

const noteCover = (replica: Replica, row: Row, past: Frontier, touched: Set<Hex>): void => {
  const { roster } = contextOf(replica.jurisdiction, past)
  for (const member of unawareOf(replica, roster)) {
    const before = replica.departures.get(member)
    if (before === undefined) continue
    if (isPresent(roster, member)) {
      const cover = most(before.cover, seenOf(replica, member, row.seen))
      if (same(cover, before.cover)) continue
      replica.departures.set(member, { ...before, cover })
    } else {
      if (before.leaveKnown) continue
      replica.departures.set(member, { ...before, leaveKnown: true })
    }
    touched.add(member)
  }
}

const same = (a: Counts, b: Counts): boolean =>
  a.size === b.size && [...a].every(([line, count]) => b.get(line) === count)

/** The gone of whose removal a past does not know: as good as always nobody, so asked once a roster. */
const unawareOf = (replica: Replica, roster: Roster): readonly Hex[] => {
  const known = replica.unaware
  if (known?.roster === roster && known.departures === replica.departures.size) return known.members
  const members = [...replica.departures.keys()].filter(
    (member) => roster.members.get(member)?.standing !== Standing.removed,
  )
  replica.unaware = { roster, departures: replica.departures.size, members }
  return members
}

const noteGone = (replica: Replica, row: Row, touched: Set<Hex>): void => {
  const { roster } = currentContext(replica)
  const sequence = replica.transcript.control.entries.length - 1
  for (const [member, { standing, removedBy, leftBy }] of roster.members) {
    if (standing !== Standing.removed && standing !== Standing.left) continue
    const before = replica.departures.get(member)
    const left = leftBy.includes(sequence)
    const hit = left || removedBy.includes(sequence)
    if (before !== undefined && !hit) continue
    const seen = seenOf(replica, member, row.seen)
    // An Add that an older Remove of the account hits: nothing of the member lies before it.
    const base = hit ? seen : none
    replica.departures.set(member, {
      base: before === undefined ? base : least(before.base, base),
      cover: before?.cover ?? coveredByLeaders(replica, member),
      leave: left
        ? leftBy.length > 1
          ? least(before?.leave ?? none, seen)
          : seen
        : (before?.leave ?? none),
      leaveKnown: before?.leaveKnown ?? false,
    })
    touched.add(member)
  }
}

/** At the first removal every leader message held is ignorant of it. */
const coveredByLeaders = (replica: Replica, member: Hex): Counts =>
  replica.transcript.lines
    .filter((line) => replica.facts.get(line.member)?.leader === true)
    .reduce((cover, line) => most(cover, seenOf(replica, member, line.tip.seen)), none)

// --- On disk -------------------------------------------------------------------------------------

const pairs = list(tuple(u53, u53), { max: 65_536 })
const shape = tuple(pairs, pairs, pairs, flag)

const departurePut = (replica: Replica, member: Hex): Put => {
  const key = groupNoteKey(replica.number, GroupNote.departure, bytesOf(member))
  const departure = replica.departures.get(member)
  if (departure === undefined) return { key, value: null }
  const { base, cover, leave, leaveKnown } = departure
  const value = (counts: Counts): number[][] => [...counts].map(([line, count]) => [line, count])
  return {
    key,
    value: encode([value(base), value(cover), value(leave), leaveKnown ? 1 : 0]),
  }
}

export const parseDeparture = (saved: Bytes): Departure | undefined => {
  const parsed = parse(shape, saved)
  if (!parsed.ok) return undefined
  const [base, cover, leave, leaveKnown] = parsed.value
  return { base: new Map(base), cover: new Map(cover), leave: new Map(leave), leaveKnown }
}
