/**
 * What lets this device read again what it has read. The key of a text leaves its chain when the text is
 * taken in; it is kept here, apart, under a wrapping key of the archive and only if this device is to
 * remember: a group's archive can be destroyed without touching anything else. Without it the last keys
 * stay in memory until the node ends. What a step took in of one line is one row:
 *
 *   archive, group, line, first counter -> [counter, key, counter, key, ...]
 */
import type { Bytes } from '../../base/bytes.ts'
import { EMPTY } from '../../base/bytes.ts'
import { RUN_MESSAGES_MAX } from '../../base/limits.ts'
import { encode } from '../../codec/canonical.ts'
import type { Value } from '../../codec/canonical.ts'
import { anything, bytes, list, parse, tuple, u32 } from '../../codec/shape.ts'
import type { Put, Range } from '../effect.ts'
import { Space, key } from '../storage.ts'
import type { Row } from '../transcript/row.ts'
import type { Turn } from '../turn.ts'
import { persist } from '../turn.ts'
import { addToTally, encodeTally, parseTally } from './exposure.ts'
import type { Replica } from './state.ts'
import { GroupNote, groupNoteKey } from './state.ts'

/** Texts of one line whose keys are written together, in order. */
export interface ArchiveRun {
  readonly line: number
  readonly first: number
  /** A counter and its key, and so on. */
  readonly pairs: Value[]
}

type Place = Pick<Row, 'line' | 'counter'>

const nameOf = (line: number, counter: number): string => `${String(line)}/${String(counter)}`

/** Where the keys of a line begin that start at a counter. */
export const archiveKey = (group: number, line: number, first: number): Bytes =>
  key(Space.archive, group, line, first)

/** Keeps the key of a text that was just taken in. */
export const remember = (
  replica: Replica,
  { line, counter }: Place,
  text: { readonly messageKey: Bytes; readonly sentMs: number },
): void => {
  if (!replica.archive) {
    replica.recent.set(nameOf(line, counter), text.messageKey)
    return
  }
  addToTally(replica.archived, text.sentMs)
  const open = replica.archiving.get(line)
  const full = open !== undefined && open.pairs.length >= 2 * RUN_MESSAGES_MAX
  const run = open === undefined || full ? startRun(replica, line, counter) : open
  run.pairs.push(counter, text.messageKey)
}

const startRun = (replica: Replica, line: number, first: number): ArchiveRun => {
  const run: ArchiveRun = { line, first, pairs: [] }
  replica.archiving.set(line, run)
  replica.archiveRuns.push(run)
  return run
}

/** A text of the line did not open: what follows is a row of its own, so that rows never interleave. */
export const interrupt = (replica: Replica, line: number): void => {
  replica.archiving.delete(line)
}

/** At the end of a step: everything kept in it, in the write of the texts themselves. */
export const saveArchive = (turn: Turn, replica: Replica): void => {
  if (replica.archiveRuns.length === 0) return
  const puts: Put[] = replica.archiveRuns.map(({ line, first, pairs }) => ({
    key: archiveKey(replica.number, line, first),
    value: encode(pairs),
    secret: true,
  }))
  const at = groupNoteKey(replica.number, GroupNote.archived, EMPTY)
  persist(turn, [...puts, { key: at, value: encodeTally(replica.archived) }])
  replica.archiveRuns.length = 0
  replica.archiving.clear()
}

export const bootArchived = (replica: Replica, saved: Bytes): void => {
  Object.assign(replica.archived, parseTally(saved))
}

// --- Reading -------------------------------------------------------------------------------------

/** The rows that may hold keys of a line in [from, to): those that begin there, and the one before. */
export const archiveRanges = (group: number, line: number, from: number, to: number): Range[] => [
  {
    from: archiveKey(group, line, 0),
    to: archiveKey(group, line, from),
    limit: 1,
    reverse: true,
  },
  { from: archiveKey(group, line, from), to: archiveKey(group, line, to) },
]

const pair = tuple(u32, bytes(32))

/** The keys in a row of the archive, by counter. */
export const archivedKeys = (saved: Bytes): ReadonlyMap<number, Bytes> => {
  const parsed = parse(list(anything, { max: 2 * RUN_MESSAGES_MAX }), saved)
  const keys = new Map<number, Bytes>()
  if (!parsed.ok) return keys
  for (let at = 0; at + 1 < parsed.value.length; at += 2) {
    const read = pair(parsed.value.slice(at, at + 2))
    if (read.ok) keys.set(read.value[0], read.value[1])
  }
  return keys
}

/** The key of a text: as the archive gave it, or from memory. */
export const recall = (
  replica: Replica,
  { line, counter }: Place,
  archived: Bytes | undefined,
): Bytes | undefined => archived ?? replica.recent.get(nameOf(line, counter))
