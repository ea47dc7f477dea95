/**
 * What the final order is worked out from: the transcript, who the leaders are, which of them left or are
 * accused. Everything is a function of the set of messages held, so equal sets give equal orders.
 */
import type { Hex } from '../message/header.ts'
import type { Frontier } from '../transcript/control-log.ts'
import type { Row } from '../transcript/row.ts'
import type { Line, Transcript } from '../transcript/transcript.ts'
import { rowAt } from '../transcript/transcript.ts'
import type { Vector } from '../transcript/vector.ts'
import { countAt } from '../transcript/vector.ts'

/** The Leave of a leader: where it stands, and what it was written on. */
export interface LeaderLeave {
  readonly leader: Hex
  readonly line: number
  readonly counter: number
  readonly past: Frontier
}

export interface Ground<Info = unknown> {
  readonly transcript: Transcript<Info>
  /** The members of the cards in the constitution. */
  readonly leaders: readonly Hex[]
  /** Those leaders whom evidence among the messages held names. */
  readonly accused: ReadonlySet<Hex>
  readonly leaves: readonly LeaderLeave[]
  /** Whether evidence against a leader lies in a control past. */
  readonly accusedIn: (past: Frontier, leader: Hex) => boolean
}

/** A row that is needed and is on disk only. */
export interface Absent {
  readonly line: number
  readonly counter: number
}

export const linesOf = <Info>({ transcript }: Ground<Info>, member: Hex): readonly Line[] => {
  const lines: Line[] = []
  for (const index of transcript.byMember.get(member) ?? []) {
    const line = transcript.lines[index]
    if (line !== undefined) lines.push(line)
  }
  return lines
}

/** The control past of a row, itself excluded. */
export const pastOfRow = <Info>({ transcript }: Ground<Info>, row: Row): Frontier => {
  const [only] = row.control
  const entry = only === undefined ? undefined : transcript.control.entries[only]
  return entry?.id === row.id ? entry.past : row.control
}

/** True when a past holds two messages of a member under one counter. */
export const seesTwoBranches = <Info>(ground: Ground<Info>, seen: Vector, member: Hex): boolean => {
  const lines = linesOf(ground, member)
  if (lines.length < 2) return false
  const held = lines.filter((line) => countAt(seen, line.index) > line.first)
  // One branch is a chain: all lines but the last go on in just one other, where they end.
  const ends = held.filter(
    ({ index }) =>
      !held.some((next) => next.parent === index && next.first === countAt(seen, index)),
  )
  return ends.length > 1
}

/** What every row passes. */
export const always = (): boolean => true

/** What a search came to: the last row that passes, none, or the place of a row that is not here. */
export type Found = Row | undefined | { readonly absent: Absent }

export const isAbsent = (found: Found): found is { readonly absent: Absent } =>
  found !== undefined && 'absent' in found

/**
 * The last row of a line below counter `end` that passes, where all rows before it pass too and none
 * after it. As good as always that is the very last; else it is looked for from `near` on, a row of the
 * line close to which it was last time, or from the end backwards: what is recent is in memory.
 */
export const lastPassing = <Info>(
  { transcript }: Ground<Info>,
  line: Line,
  end: number,
  passes: (row: Row) => boolean,
  near?: Row,
): Found => {
  if (passes === always) return lastBelow(transcript, line, end, near)
  let found = near !== undefined && near.counter < end && passes(near) ? near : undefined
  let low = found?.counter ?? line.first - 1
  const upwards = found !== undefined
  for (let high = end, stride = 0; low + 1 < high;) {
    const middle = low + Math.floor((high - low) / 2)
    const leap = upwards && stride > 0 ? low + stride : high - Math.max(1, stride)
    const probe = leap > low && leap < high ? leap : middle
    const row = near?.counter === probe ? near : rowAt(transcript, line.index, probe)
    if (row === undefined) return { absent: { line: line.index, counter: probe } }
    // A leap towards what was found goes on twice as far, one past it is halved.
    const onwards = passes(row) === upwards
    stride = stride === 0 ? 1 : onwards ? 2 * stride : Math.max(1, Math.floor(stride / 4))
    if (passes(row)) {
      low = probe
      found = row
    } else high = probe
  }
  return found
}

/** The last row below a counter: it is known which. */
const lastBelow = <Info>(
  transcript: Transcript<Info>,
  line: Line,
  end: number,
  near: Row | undefined,
): Found => {
  const counter = end - 1
  if (counter < line.first) return undefined
  if (near?.counter === counter) return near
  return rowAt(transcript, line.index, counter) ?? { absent: { line: line.index, counter } }
}
