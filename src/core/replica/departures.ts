/**
 * What counts of those who were removed or left. Nobody's message becomes invalid by a removal; it
 * stops counting unless all who removed its author had seen it, or a leader message covers it: one that
 * knew of no Remove of the author, and of no Leave that had not seen it. All that this needs is kept as
 * counts on the lines of the gone. Each depends on the set of held messages alone, so replicas agree.
 */
import type { Bytes } from '../../base/bytes.ts'
import { encode } from '../../codec/canonical.ts'
import { list, parse, tuple, u53 } from '../../codec/shape.ts'
import type { Put } from '../effect.ts'
import type { Roster, RosterChange } from '../membership/roster.ts'
import { Standing } from '../membership/roster.ts'
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
  /** Removes and Leaves that hit the member, as far as `base` takes them into account. */
  readonly hits: number
  /** What every one of them had seen of it. */
  readonly base: Counts
  /** What leader messages cover of it. */
  readonly cover: Counts
  /** What each Leave of it had seen, itself included, by local number. */
  readonly leaves: ReadonlyMap<number, Counts>
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
  const { base, cover } = departure
  return counter >= Math.max(base.get(line) ?? 0, cover.get(line) ?? 0)
}

/** How many messages held of a member do not count. */
export const withdrawnOf = (replica: Replica, member: Hex): number => {
  const departure = replica.departures.get(member)
  if (departure === undefined) return 0
  const { lines, byMember } = replica.transcript
  return (byMember.get(member) ?? []).reduce((total, at) => {
    const { first = 0, tip } = lines[at] ?? {}
    const from = Math.max(first, departure.base.get(at) ?? 0, departure.cover.get(at) ?? 0)
    return total + Math.max(0, (tip?.counter ?? -1) + 1 - from)
  }, 0)
}
const nobody: readonly Hex[] = []

/**
 * Takes note of a message just taken in: somebody is gone now, or a leader covers more of the gone.
 * Gives those of whom something else counts now; the caller keeps it by `departurePut`.
 */
export const noteDepartures = (
  replica: Replica,
  row: Row,
  past: Frontier,
  info: ControlInfo | undefined,
): readonly Hex[] => {
  const covers = replica.departures.size > 0 && replica.facts.get(row.member)?.leader === true
  const changes = info?.kind === 'roster' && info.changes.some(mayHit)
  if (!covers && !changes) return nobody
  const touched = new Set<Hex>()
  if (covers) noteCover(replica, row, past, touched)
  if (changes) noteGone(replica, row, touched)
  return [...touched]
}

/** Whether somebody may be gone by it: an Add is hit by bans of its account. */
const mayHit = ({ kind }: RosterChange): boolean =>
  kind === 'remove' || kind === 'leave' || kind === 'ban' || kind === 'admit'

const noteCover = (replica: Replica, row: Row, past: Frontier, touched: Set<Hex>): void => {
  const { roster } = contextOf(replica.jurisdiction, past)
  for (const member of unawareOf(replica, roster)) {
    const before = replica.departures.get(member)
    if (before === undefined) continue
    // Of several Leaves, which only an equivocator has, those that the author knew of.
    const known = roster.members.get(member)?.leftBy ?? []
    const seen = known
      .map((sequence) => before.leaves.get(sequence) ?? none)
      .reduce(least, seenBefore(replica, member, row))
    const cover = most(before.cover, seen)
    if (same(cover, before.cover)) continue
    replica.departures.set(member, { ...before, cover })
    touched.add(member)
  }
}

/** What the past of a row has of a member: of its own author all but the row itself. */
const seenBefore = (replica: Replica, member: Hex, row: Row): Counts => {
  const seen = seenOf(replica, member, row.seen)
  return row.member === member ? new Map(seen).set(row.line, row.counter) : seen
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
  for (const [member, { removedBy, leftBy }] of roster.members) {
    const hits = removedBy.length + leftBy.length
    const before = replica.departures.get(member)
    const news = hits - (before?.hits ?? 0)
    if (news === 0) continue
    const left = leftBy.includes(sequence)
    const hit = left || removedBy.includes(sequence)
    const seen = seenOf(replica, member, row.seen)
    // An Add that older Removes of the account hit: nothing of the member lies before those.
    const base = news > (hit ? 1 : 0) ? none : seen
    const leaves = before?.leaves ?? new Map<number, Counts>()
    replica.departures.set(member, {
      hits,
      base: before === undefined ? base : least(before.base, base),
      cover: before?.cover ?? coveredByLeaders(replica, member),
      leaves: left ? new Map(leaves).set(sequence, seen) : leaves,
    })
    touched.add(member)
  }
}

/** At the first removal every leader message held is ignorant of it. */
const coveredByLeaders = (replica: Replica, member: Hex): Counts =>
  replica.transcript.lines
    .filter((line) => replica.facts.get(line.member)?.leader === true)
    .map((line) => seenBefore(replica, member, line.tip))
    .reduce(most, none)

// --- On disk -------------------------------------------------------------------------------------

const pairs = list(tuple(u53, u53), { max: 65_536 })
const shape = tuple(u53, pairs, pairs, list(tuple(u53, pairs), { max: 65_536 }))

export const departurePut = (replica: Replica, member: Hex): Put => {
  const key = groupNoteKey(replica.number, GroupNote.departure, bytesOf(member))
  const departure = replica.departures.get(member)
  if (departure === undefined) return { key, value: null }
  const { hits, base, cover, leaves } = departure
  const value = (counts: Counts): number[][] => [...counts].map(([line, count]) => [line, count])
  const left = [...leaves].map(([sequence, counts]) => [sequence, value(counts)])
  return { key, value: encode([hits, value(base), value(cover), left]) }
}

export const parseDeparture = (saved: Bytes): Departure | undefined => {
  const parsed = parse(shape, saved)
  if (!parsed.ok) return undefined
  const [hits, base, cover, leaves] = parsed.value
  return {
    hits,
    base: new Map(base),
    cover: new Map(cover),
    leaves: new Map(leaves.map(([sequence, counts]) => [sequence, new Map(counts)])),
  }
}
