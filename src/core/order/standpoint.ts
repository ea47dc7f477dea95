/**
 * Where one message stands in the final order: its stamp, or for whose word it waits. A leader is waited
 * for that has said nothing on top of the message, or that has not taken in what another one said there.
 */
import type { Hex } from '../message/header.ts'
import type { Row } from '../transcript/row.ts'
import type { Line } from '../transcript/transcript.ts'
import { countAt } from '../transcript/vector.ts'
import type { Finality, Seat, Voice } from './finality.ts'
import type { Absent, Found, Ground } from './ground.ts'
import { always, isAbsent, lastPassing } from './ground.ts'

export interface Place {
  readonly line: number
  readonly counter: number
}

export interface Standpoint {
  readonly stamp: number | undefined
  /** Whether its stamp can change no more; whether it counts is another question. */
  readonly settled: boolean
  /** Leaders in the order of the constitution. */
  readonly waitsFor: readonly Hex[]
}

export const covers = (row: Pick<Row, 'seen'> | undefined, { line, counter }: Place): boolean =>
  row !== undefined && countAt(row.seen, line) > counter

/** The first row of a line below `end` that passes, where none before it does and all after it do. */
const firstPassing = <Info>(
  ground: Ground<Info>,
  line: Line,
  end: number,
  passes: (row: Row) => boolean,
): Found => {
  const before = lastPassing(ground, line, end, (row) => !passes(row))
  if (before !== undefined && isAbsent(before)) return before
  const counter = before === undefined ? line.first : before.counter + 1
  if (counter >= end) return undefined
  return lastPassing(ground, line, counter + 1, always)
}

/** Who keeps a message of a leader from counting: those asked who do not build on it yet. */
const keptBy = ({ asked }: Seat, { line, counter }: Place): Hex[] =>
  asked.filter((other) => countAt(other.covers, line) <= counter).map(({ leader }) => leader)

/** Whose word would make a leader's first message that passes count: its own, where there is none. */
const missingFor = <Info>(
  ground: Ground<Info>,
  seat: Seat,
  passes: (row: Row) => boolean,
  missing: Absent[],
): readonly Hex[] => {
  const kept: Hex[] = []
  for (const { line } of seat.voices) {
    const row = firstPassing(ground, line, line.tip.counter + 1, passes)
    if (row === undefined) continue
    if (isAbsent(row)) missing.push(row.absent)
    else kept.push(...keptBy(seat, { line: line.index, counter: row.counter }))
  }
  return kept.length > 0 ? kept : [seat.leader]
}

const firstOf = <Info>(
  ground: Ground<Info>,
  { voices, closed, last }: Seat,
  place: Place,
  missing: Absent[],
): number | undefined => {
  const firsts = voices.flatMap(({ line, counted }: Voice) => {
    const row = firstPassing(ground, line, counted, (one) => covers(one, place))
    if (row !== undefined && isAbsent(row)) missing.push(row.absent)
    return row === undefined || isAbsent(row) ? [] : [row.lamport]
  })
  if (firsts.length > 0) return Math.min(...firsts)
  return closed ? last + 1 : undefined
}

export const standpointOf = <Info>(
  ground: Ground<Info>,
  { seats, mark }: Finality,
  place: Place,
): Standpoint | { readonly missing: readonly Absent[] } => {
  const missing: Absent[] = []
  const firsts = seats.map((seat) => firstOf(ground, seat, place, missing))
  if (missing.length > 0) return { missing }
  const uncovered = seats.filter((_, i) => firsts[i] === undefined)
  const stamp = uncovered.length > 0 ? undefined : Math.max(0, ...firsts.map((one) => one ?? 0))
  const waits =
    stamp === undefined
      ? uncovered.map((seat) => missingFor(ground, seat, (row) => covers(row, place), missing))
      : seats
          .filter(({ closed, last }) => !closed && last < stamp)
          .map((seat) => missingFor(ground, seat, ({ lamport }) => lamport >= stamp, missing))
  if (missing.length > 0) return { missing }
  const waitsFor = inOrder(ground, waits.flat())
  const settled = stamp !== undefined && stamp <= mark
  return { stamp, settled, waitsFor: settled ? [] : waitsFor }
}

const inOrder = <Info>({ leaders }: Ground<Info>, some: readonly Hex[]): Hex[] =>
  leaders.filter((leader) => some.includes(leader))

/** For whose word anything of these places waits, from what is in memory alone. */
export const awaited = <Info>(
  ground: Ground<Info>,
  { seats, mark }: Finality,
  places: readonly Place[],
): Hex[] => {
  if (places.length === 0) return []
  const open = seats.filter(({ closed }) => !closed)
  const behind = open.filter(
    ({ last, voices }) =>
      last === mark || places.some((place) => !voices.some((voice) => covers(voice.last, place))),
  )
  const names = behind.flatMap((seat) => {
    const said = seat.voices.filter(({ line, counted }) => line.tip.counter >= counted)
    const kept = said.flatMap(({ line, counted }) =>
      keptBy(seat, { line: line.index, counter: counted }),
    )
    return kept.length > 0 ? kept : [seat.leader]
  })
  return inOrder(ground, names)
}
