/**
 * How far the final order goes. Of each leader those messages count that every other leader asked builds
 * on without knowing it for a liar; the order is final up to the least last counted lamport of the open
 * leaders (the mark), for what every leader's counted messages up to there have in their past (the
 * frontier). Nothing is kept but a row or two of each leader: all of it follows from what is held.
 */
import type { Hex } from '../message/header.ts'
import type { Row } from '../transcript/row.ts'
import type { Line } from '../transcript/transcript.ts'
import type { Vector } from '../transcript/vector.ts'
import { countAt, emptyVector, join, meet } from '../transcript/vector.ts'
import type { Absent, Ground } from './ground.ts'
import { always, isAbsent, lastPassing, linesOf, pastOfRow, seesTwoBranches } from './ground.ts'

/** One line of a leader, as far as it counts. */
export interface Voice {
  readonly line: Line
  /** Its messages below this counter count. */
  readonly counted: number
  /** The last that counts, and the last of these up to the mark. */
  readonly last: Row | undefined
  readonly reached: Row | undefined
}

export interface Seat {
  readonly leader: Hex
  /** Nobody waits for it any more. */
  readonly closed: boolean
  /** The greatest lamport of a message that counts; 0: none does. */
  readonly last: number
  /** The leaders whose covering makes its messages count, and what each covers; itself does no harm. */
  readonly asked: readonly { readonly leader: Hex; readonly covers: Vector }[]
  readonly voices: readonly Voice[]
}

export interface Finality {
  /** Stamps up to here are final; 0: none is. */
  readonly mark: number
  /** How many messages of each line are final, those that do not count included. */
  readonly frontier: Vector
  readonly seats: readonly Seat[]
}

export const noFinality: Finality = Object.freeze({ mark: 0, frontier: emptyVector, seats: [] })

/** Rows found last time, by what was looked for, and on which line: searches begin there. */
export type Hints = Map<string, Map<number, Row>>

/** Works it out, or says which rows must be loaded first. `before`: what it came to last time. */
export const finalityOf = <Info>(
  ground: Ground<Info>,
  hints: Hints,
  before: Finality = noFinality,
): Finality | { readonly missing: readonly Absent[] } => {
  const missing: Absent[] = []
  const look = lookerOf(ground, hints, missing)
  const all = ground.leaders.map((leader) => ({ leader, covers: heldOf(ground, leader) }))
  const counting = ground.leaders.map((leader) => countingOf(ground, look, all, leader))
  if (missing.length > 0) return { missing }
  const mark = markOf(ground, counting)
  const seats = counting.map((seat) => reachedOf(look, seat, mark))
  if (missing.length > 0) return { missing }
  const frontier = stands(before, seats, mark) ? before.frontier : frontierOf(seats, mark)
  return { mark, frontier, seats }
}

/** A seat with what of it lies up to the mark. */
const reachedOf = (look: Look, seat: Seat, mark: number): Seat => {
  const { leader, closed, last, asked } = seat
  const upToMark = ({ lamport }: Row): boolean => lamport <= mark
  const voices = seat.voices.map(({ line, counted, last: final }) => {
    // Nearly always it is the last that counts.
    const all = final === undefined || final.lamport <= mark
    const reached = all ? final : look('reached', line, counted, upToMark)
    return { line, counted, last: final, reached }
  })
  return { leader, closed, last, asked, voices }
}

/** Whether leaders have reached what they had last time, so that the frontier is that of then. */
const stands = (before: Finality, seats: readonly Seat[], mark: number): boolean =>
  before.mark === mark &&
  before.seats.length === seats.length &&
  seats.every(({ closed, last, voices }, i) => {
    const then = before.seats[i]
    if (then?.closed !== closed || then.voices.length !== voices.length) return false
    if (closed && then.last !== last) return false
    return voices.every(({ reached }, at) => reached === then.voices[at]?.reached)
  })

type Look = (
  what: string,
  line: Line,
  end: number,
  passes: (row: Row) => boolean,
) => Row | undefined

const lookerOf =
  <Info>(ground: Ground<Info>, hints: Hints, missing: Absent[]): Look =>
  (what, line, end, passes) => {
    let known = hints.get(what)
    if (known === undefined) hints.set(what, (known = new Map<number, Row>()))
    const found = lastPassing(ground, line, end, passes, known.get(line.index))
    if (found === undefined) return undefined
    if (isAbsent(found)) {
      missing.push(found.absent)
      return undefined
    }
    known.set(line.index, found)
    return found
  }

/** Whom a leader's messages have to be covered by: all others but the accused and those who left unaware. */
const askedFor = <Info, Other extends { readonly leader: Hex }>(
  ground: Ground<Info>,
  all: readonly Other[],
  leader: Hex,
): readonly Other[] =>
  all.filter(
    ({ leader: other }) =>
      other !== leader &&
      !ground.accused.has(other) &&
      !ground.leaves.some(
        (leave) => leave.leader === other && !ground.accusedIn(leave.past, leader),
      ),
  )

/** All that a leader has said, as one vector: nearly always that of its one tip. */
const heldOf = <Info>(ground: Ground<Info>, leader: Hex): Vector => {
  let held: Vector | undefined
  for (const { tip } of linesOf(ground, leader)) {
    held = held === undefined ? tip.seen : join(held, tip.seen)
  }
  return held ?? emptyVector
}

const countingOf = <Info>(
  ground: Ground<Info>,
  look: Look,
  all: Seat['asked'],
  leader: Hex,
): Seat => {
  const lines = linesOf(ground, leader)
  // Of a leader with one line, whom nobody accuses, every message of another is good enough.
  const trusted = lines.length < 2 && !ground.accused.has(leader)
  // The usual case: nobody is left out, and a leader covers whatever it said itself.
  const plain = trusted && ground.accused.size === 0 && ground.leaves.length === 0
  const others = plain ? all : askedFor(ground, all, leader)
  const asked = trusted
    ? others
    : others.map((other) => ({
        leader: other.leader,
        covers: coversOf(ground, look, other.leader, leader),
      }))
  const voices = lines.map((line) => {
    let counted = line.tip.counter + 1
    for (const { covers } of asked) counted = Math.min(counted, countAt(covers, line.index))
    const last = look('counted', line, counted, always)
    return { line, counted, last, reached: undefined }
  })
  let last = 0
  for (const voice of voices) last = Math.max(last, voice.last?.lamport ?? 0)
  return { leader, closed: isClosed(ground, leader, voices), last, asked, voices }
}

/**
 * What another leader covers of one: the past of those of its messages that know of no evidence against
 * it and hold one branch of it at most.
 */
const coversOf = <Info>(ground: Ground<Info>, look: Look, by: Hex, leader: Hex): Vector => {
  const passes = (row: Row): boolean =>
    !(ground.accused.has(leader) && ground.accusedIn(pastOfRow(ground, row), leader)) &&
    !seesTwoBranches(ground, row.seen, leader)
  let covered = emptyVector
  for (const line of linesOf(ground, by)) {
    const row = look(`covers ${leader}`, line, line.tip.counter + 1, passes)
    if (row !== undefined) covered = join(covered, row.seen)
  }
  return covered
}

/** Its Leave counts; or it is accused and all leaders who are still there know. */
const isClosed = <Info>(ground: Ground<Info>, leader: Hex, voices: readonly Voice[]): boolean => {
  if (ground.leaves.length === 0 && !ground.accused.has(leader)) return false
  const counts = (line: number, counter: number): boolean =>
    voices.some((voice) => voice.line.index === line && counter < voice.counted)
  const leaves = ground.leaves.filter((leave) => leave.leader === leader)
  if (leaves.some(({ line, counter }) => counts(line, counter))) return true
  if (!ground.accused.has(leader)) return false
  const gone = new Set(ground.leaves.map((leave) => leave.leader))
  return ground.leaders
    .filter((other) => other !== leader && !ground.accused.has(other) && !gone.has(other))
    .every((other) =>
      linesOf(ground, other).some(({ tip }) => ground.accusedIn(tip.control, leader)),
    )
}

const markOf = <Info>(ground: Ground<Info>, seats: readonly Seat[]): number => {
  const open = seats.filter(({ closed }) => !closed)
  if (open.length > 0) return Math.min(...open.map(({ last }) => last))
  const honest = seats.filter(({ leader }) => !ground.accused.has(leader))
  return Math.max(0, ...(honest.length > 0 ? honest : seats).map(({ last }) => last))
}

/** What all leaders' counted messages up to the mark have in their past; a closed one asks no more. */
const frontierOf = (seats: readonly Seat[], mark: number): Vector => {
  const asking = seats.filter(({ closed, last }) => !closed || mark <= last)
  const pasts = asking.map(({ voices }) =>
    voices.reduce((seen, { reached }) => (reached ? join(seen, reached.seen) : seen), emptyVector),
  )
  const [first = emptyVector, ...others] = pasts
  return others.reduce(meet, first)
}
