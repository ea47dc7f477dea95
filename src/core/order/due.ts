/**
 * Whether a leader owes the final order one more attestation. It does while a text waits of which another
 * leader's first word is not in its past, or of whose last first word (lamport s) an open leader's
 * next is not: its first message at or above s. Both end: each first word is one message for ever.
 */
import type { Hex } from '../message/header.ts'
import type { Row } from '../transcript/row.ts'
import type { Line } from '../transcript/transcript.ts'
import { rowAt } from '../transcript/transcript.ts'
import type { Vector } from '../transcript/vector.ts'
import { changes, countAt, emptyVector, join } from '../transcript/vector.ts'
import type { Finality } from './finality.ts'
import type { Ground } from './ground.ts'
import { isAbsent, lastPassing, linesOf } from './ground.ts'

/** A line of an open leader with messages that one's own last message does not know. */
interface Unheard {
  readonly line: Line
  /** The last that it knows; undefined where it knows none. */
  readonly known: Row | undefined
}

/** `own`: the last message of the leader who asks. `waits`: texts that count and are not final. */
export const owesAttest = <Info>(
  ground: Ground<Info>,
  { seats, frontier }: Finality,
  own: Row,
  waits: (row: Row) => boolean,
): boolean => {
  const open = seats.filter(({ closed }) => !closed).map(({ leader }) => leader)
  const unheard: Unheard[] = []
  for (const line of open.flatMap((leader) => linesOf(ground, leader))) {
    const count = countAt(own.seen, line.index)
    if (line.member === own.member || count > line.tip.counter) continue
    const known = count > line.first ? rowAt(ground.transcript, line.index, count - 1) : undefined
    // What left memory is not worth a read: one attestation too many settles it.
    if (known === undefined && count > line.first) return true
    unheard.push({ line, known })
  }
  if (unheard.some((one) => hasFirstWord(ground, one, frontier, waits))) return true
  const texts = [...ground.transcript.rows.values()].filter(waits)
  return unheard.some((one) => isNext(ground, open, one, texts))
}

/** Whether what was not heard covers a waiting text that the leader had not covered before. */
const hasFirstWord = <Info>(
  { transcript }: Ground<Info>,
  { line, known }: Unheard,
  frontier: Vector,
  waits: (row: Row) => boolean,
): boolean => {
  const before = known?.seen ?? emptyVector
  const fresh = changes(before, line.tip.seen)
  for (let i = 0; i < fresh.length; i += 2) {
    const [index = 0, count = 0] = [fresh[i], fresh[i + 1]]
    const first = transcript.lines[index]?.first ?? 0
    const from = Math.max(first, countAt(before, index), countAt(frontier, index))
    for (let counter = count - 1; counter >= from; counter--) {
      const row = rowAt(transcript, index, counter)
      if (row === undefined || waits(row)) return true
    }
  }
  return false
}

/** Whether what was not heard reaches the s of a text from below. */
const isNext = <Info>(
  ground: Ground<Info>,
  open: readonly Hex[],
  { line, known }: Unheard,
  texts: readonly Row[],
): boolean => {
  const below = open.map((leader) => coveredUpTo(ground, leader, known?.lamport ?? 0))
  const upTo = open.map((leader) => coveredUpTo(ground, leader, line.tip.lamport))
  const all = open.map((leader) => coveredUpTo(ground, leader, Number.POSITIVE_INFINITY))
  return texts.some(({ line: at, counter }) => {
    const holds = (seen: Vector | undefined): boolean =>
      seen !== undefined && countAt(seen, at) > counter
    const speakers = all.flatMap((seen, i) => (holds(seen) ? [i] : []))
    return speakers.some((i) => !holds(below[i])) && speakers.every((i) => holds(upTo[i]))
  })
}

/** What a leader's messages up to a lamport have in their past; unknown where that left memory. */
const coveredUpTo = <Info>(
  ground: Ground<Info>,
  leader: Hex,
  lamport: number,
): Vector | undefined => {
  let seen = emptyVector
  for (const line of linesOf(ground, leader)) {
    const end = line.tip.counter + 1
    const row = lastPassing(ground, line, end, (one) => one.lamport <= lamport)
    if (row === undefined) continue
    if (isAbsent(row)) return undefined
    seen = join(seen, row.seen)
  }
  return seen
}
