/**
 * Vectors: where every line ends. Held against one's own, a peer's vector says what it lacks, and
 * whether it has anything that is not held here.
 */
import type { Bytes } from '../../base/bytes.ts'
import { equal, toHex } from '../../base/bytes.ts'
import type { VectorEntry } from '../anti-entropy/frames.ts'
import type { Hex } from '../message/header.ts'
import { MessageType } from '../message/type.ts'
import type { Row } from '../transcript/row.ts'
import type { Line } from '../transcript/transcript.ts'
import { rowAt } from '../transcript/transcript.ts'
import type { Place } from '../validity/past.ts'
import { countAt } from '../transcript/vector.ts'
import type { Replica } from './state.ts'
import type { Want } from './stream-state.ts'
import { bytesOf } from './state.ts'
import { SHORT_BYTES, short } from './sync-state.ts'

/** By transcript, the entry of each line as it was last told: nearly all stay from one time to the next. */
const told = new WeakMap<readonly Line[], Entries>()

interface Entries {
  /** By line. */
  readonly entries: VectorEntry[]
  /** The lines by their members, as vectors are written. */
  order: readonly number[]
}

/** Where every line ends, by member. */
export const vectorOf = ({ transcript: { lines } }: Replica): VectorEntry[] => {
  const known = told.get(lines) ?? { entries: [], order: [] }
  const { entries } = known
  lines.forEach(({ member, tip }, index) => {
    const before = entries[index]
    if (before?.counter === tip.counter) return
    const name = before?.member ?? short(bytesOf(member))
    entries[index] = { member: name, counter: tip.counter, tip: short(tip.idBytes) }
  })
  if (known.order.length !== lines.length) {
    known.order = lines
      .map(({ member, index }) => ({ member, index }))
      .sort((a, b) => (a.member < b.member ? -1 : a.member > b.member ? 1 : a.index - b.index))
      .map(({ index }) => index)
  }
  told.set(lines, known)
  return known.order.flatMap((index) => entries[index] ?? [])
}

/** What is found out once of a vector that came, as several questions are asked of it. */
interface Told {
  readonly names: readonly string[]
  /** The transcript whose lines these are, and how many it had. */
  of: readonly Line[] | undefined
  count: number
  lines: readonly (readonly number[])[]
}

const vectors = new WeakMap<readonly VectorEntry[], Told>()

const toldBy = (entries: readonly VectorEntry[]): Told => {
  const known = vectors.get(entries)
  if (known !== undefined) return known
  const names = entries.map(({ member }) => toHex(member))
  const made = { names, of: undefined, count: 0, lines: [] }
  vectors.set(entries, made)
  return made
}

/** The short names of the members in a vector, in hex, entry by entry. */
export const namesIn = (entries: readonly VectorEntry[]): readonly string[] => toldBy(entries).names

/** For each entry of a vector the lines here that it may be about. */
const linesFor = (
  replica: Replica,
  entries: readonly VectorEntry[],
): readonly (readonly number[])[] => {
  const told = toldBy(entries)
  const { lines } = replica.transcript
  if (told.of === lines && told.count === lines.length) return told.lines
  const byMember = linesByShortName(replica)
  told.of = lines
  told.count = lines.length
  told.lines = told.names.map((name) => byMember.get(name) ?? noLines)
  return told.lines
}

const noLines: readonly number[] = []

/**
 * The members, by short name, of whom a peer shows another message than stands at that place here: both hold
 * a branch that the other lacks. The one that is behind cannot see it and takes the other to hold all of its
 * own, so where two forks cross each would wait for what the other keeps back.
 */
export const crossedBy = (
  replica: Replica,
  entries: readonly VectorEntry[],
): ReadonlySet<string> => {
  const names = namesIn(entries)
  const lines = linesFor(replica, entries)
  const crossed = new Set<string>()
  entries.forEach((entry, at) => {
    const own = lines[at] ?? noLines
    if (holdsAny(replica, own, entry)) return
    const here = own.some((line) => rowAt(replica.transcript, line, entry.counter) !== undefined)
    if (here) crossed.add(names[at] ?? '')
  })
  return crossed
}

const holdsAny = (replica: Replica, lines: readonly number[], entry: VectorEntry): boolean => {
  for (const line of lines) if (holds(replica, line, entry)) return true
  return false
}

/** Where every line ends, as a peer is asked with it: silent of those crossed, so that it sends all of them. */
export const askingVector = (replica: Replica, crossed: ReadonlySet<string>): VectorEntry[] => {
  const entries = vectorOf(replica)
  return crossed.size === 0 ? entries : entries.filter(({ member }) => !crossed.has(toHex(member)))
}

/** Whether a peer shows how far it knows this member, and that this end is held here. */
export const knowsOwnEnd = (replica: Replica, entries: readonly VectorEntry[]): boolean => {
  const own = short(replica.self.memberBytes)
  const lines = replica.transcript.byMember.get(replica.self.member) ?? []
  return entries.some(
    (entry) => equal(entry.member, own) && lines.some((line) => holds(replica, line, entry)),
  )
}

/** From which counter on the peer lacks each line, by its vector. */
export const lacksOf = (replica: Replica, entries: readonly VectorEntry[]): Want[] => {
  const { transcript } = replica
  const known = new Array<number>(transcript.lines.length).fill(0)
  const lines = linesFor(replica, entries)
  entries.forEach((entry, at) => {
    for (const line of lines[at] ?? noLines) {
      const upTo = coveredBy(replica, line, entry) ?? 0
      if (upTo > (known[line] ?? 0)) known[line] = upTo
    }
  })
  const wants: Want[] = []
  for (const { index: line, first, tip } of transcript.lines) {
    const from = Math.max(first, known[line] ?? 0)
    const end = tip.counter + 1
    if (from < end) wants.push({ line, from, end })
  }
  return wants
}

/** Where evidence lies that somebody lacks, one message for each who is accused in it. */
export const lackedEvidence = (replica: Replica, wants: readonly Want[]): Place[] => {
  const { accused, transcript } = replica
  if (accused.size === 0) return []
  const found = new Map<Hex, Place>()
  for (const { type, info, line, counter } of transcript.control.entries) {
    if (type !== MessageType.evidence || info.kind !== 'roster') continue
    const lacked = wants.some((want) => want.line === line && counter >= want.from)
    for (const change of info.changes) {
      if (change.kind !== 'accuse' || found.has(change.member)) continue
      if (lacked) found.set(change.member, { line, counter })
    }
  }
  return [...found.values()]
}

/** The same wants, with what evidence stands on marked to go first. */
export const withUrgent = (
  { transcript }: Replica,
  wants: readonly Want[],
  evidence: readonly Place[],
): Want[] => {
  const pasts = evidence
    .map(({ line, counter }) => rowAt(transcript, line, counter))
    .filter((row) => row !== undefined)
  return wants.map((want) => ({
    ...want,
    urgent: pasts.reduce((most, row) => Math.max(most, countAt(row.seen, want.line)), 0),
  }))
}

/** How many messages of a line an entry shows to be held; undefined where it is another branch. */
const coveredBy = (replica: Replica, index: number, entry: VectorEntry): number | undefined => {
  const line = replica.transcript.lines[index]
  if (line === undefined) return undefined
  if (entry.counter > line.tip.counter) return aheadOf(replica, index, entry)
  return holds(replica, index, entry) ? entry.counter + 1 : undefined
}

const holds = (replica: Replica, index: number, entry: VectorEntry): boolean => {
  const row: Row | undefined = rowAt(replica.transcript, index, entry.counter)
  return row !== undefined && begins(row.idBytes, entry.tip)
}

/** Whether these are the first bytes of an id, as vectors carry them. */
const begins = (id: Bytes, first: Bytes): boolean => {
  if (first.length !== SHORT_BYTES) return false
  for (let at = 0; at < SHORT_BYTES; at++) if (id[at] !== first[at]) return false
  return true
}

/** A peer that is ahead on a line holds all of it, if the author has no other line here. */
const aheadOf = (replica: Replica, index: number, entry: VectorEntry): number | undefined => {
  const line = replica.transcript.lines[index]
  const single = replica.transcript.byMember.get(line?.member ?? '')?.length === 1
  return single ? entry.counter + 1 : undefined
}

/** Whether an entry names a message that is not held here. */
export const showsNews = (replica: Replica, entries: readonly VectorEntry[]): boolean => {
  const lines = linesFor(replica, entries)
  return !entries.every((entry, at) => holdsAny(replica, lines[at] ?? noLines, entry))
}

/**
 * Of another's vector what is held here too: as it stands where its end is held, up to one's own end
 * where the other is ahead. It tells the other of no line and no message that it did not name.
 */
export const sharedVector = (
  replica: Replica,
  entries: readonly VectorEntry[],
): readonly VectorEntry[] => {
  const byEntry = linesFor(replica, entries)
  return entries.flatMap((entry, at) => {
    const lines = byEntry[at] ?? noLines
    if (holdsAny(replica, lines, entry)) return [entry]
    const tips = lines.flatMap((line) => replica.transcript.lines[line]?.tip ?? [])
    return tips
      .filter((tip) => tip.counter < entry.counter)
      .map((tip) => ({ member: entry.member, counter: tip.counter, tip: short(tip.idBytes) }))
  })
}

/** Where entries end on lines here, as far as those rows are on disk only. */
export const oldPlaces = (replica: Replica, entries: readonly VectorEntry[]): Place[] => {
  const { transcript } = replica
  // All rows are in memory until the first leaves it.
  if (!transcript.evicted) return []
  const lines = linesFor(replica, entries)
  const places: Place[] = []
  entries.forEach(({ counter }, at) => {
    for (const line of lines[at] ?? noLines) {
      const { first = 0, tip } = transcript.lines[line] ?? {}
      const within = tip !== undefined && counter >= first && counter <= tip.counter
      if (within && rowAt(transcript, line, counter) === undefined) places.push({ line, counter })
    }
  })
  return places
}

interface Names {
  /** Lines that are in it. */
  upTo: number
  readonly lines: Map<string, number[]>
}

/** By transcript: lines only ever come to it, and keep their members. */
const names = new WeakMap<readonly Line[], Names>()

/** Lines by the short names of their members, spelled in hex. */
const linesByShortName = ({ transcript }: Replica): ReadonlyMap<string, readonly number[]> => {
  let known = names.get(transcript.lines)
  if (known === undefined) names.set(transcript.lines, (known = { upTo: 0, lines: new Map() }))
  for (; known.upTo < transcript.lines.length; known.upTo++) {
    const line = transcript.lines[known.upTo]
    const name = (line?.member ?? '').slice(0, 2 * SHORT_BYTES)
    known.lines.set(name, [...(known.lines.get(name) ?? []), known.upTo])
  }
  return known.lines
}
