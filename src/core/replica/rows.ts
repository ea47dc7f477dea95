/**
 * Rows that left memory, fetched back from the store: by id through the index, or by place. A row's
 * vector is rebuilt from the nearest whole one before it on its line.
 */
import { fresh, readU32, writeU32 } from '../../base/bytes.ts'
import type { Entry } from '../input.ts'
import type { Hex } from '../message/header.ts'
import { hexOf, idOf, parseHeader } from '../message/header.ts'
import type { Message } from '../message/message.ts'
import { Space, key, only } from '../storage.ts'
import type { Row } from '../transcript/row.ts'
import { checkpointBefore, parseRecord, replaySeen } from '../transcript/row.ts'
import { lineHolding, remember, rowById } from '../transcript/transcript.ts'
import { emptyVector } from '../transcript/vector.ts'
import type { Turn } from '../turn.ts'
import { load } from '../turn.ts'
import type { Place } from '../validity/past.ts'
import type { Replica } from './state.ts'
import { bytesOf } from './state.ts'

/** The space, the group, and half of an id. */
const INDEX_KEY_BYTES = 1 + 4 + 16

export const messageKey = (replica: Replica, line: number, counter: number): Uint8Array =>
  key(Space.message, replica.number, line, counter)

export const indexKey = (replica: Replica, id: Uint8Array): Uint8Array =>
  key(Space.index, replica.number, id).subarray(0, INDEX_KEY_BYTES)

export const indexValue = (line: number, counter: number): Uint8Array => {
  const value = fresh(8)
  writeU32(value, 0, line)
  writeU32(value, 4, counter)
  return value
}

/** Turns the stored records of one line, ascending and starting at a whole vector, into rows. */
export const rowsOfRecords = (turn: Turn, line: number, entries: readonly Entry[]): Row[] => {
  const rows: Row[] = []
  let seen = emptyVector
  for (const entry of entries) {
    const record = parseRecord(entry.value)
    const header = record.ok ? parseHeader(record.value.envelope.header) : undefined
    if (!record.ok || header === undefined || !header.ok) continue
    seen = replaySeen(seen, record.value)
    const idBytes = idOf(turn.env.crypto, record.value.envelope.header)
    rows.push({
      id: hexOf(idBytes),
      idBytes,
      line,
      member: hexOf(header.value.member),
      counter: header.value.counter,
      type: header.value.type,
      lamport: header.value.lamport,
      gen: record.value.gen,
      seen,
      control: record.value.control,
      leaf: undefined,
    })
  }
  return rows
}

/** Rows of the dependencies of a message, as far as they are in memory. */
export const heldDeps = ({ transcript }: Replica, { deps }: Pick<Message, 'deps'>): Row[] => {
  const rows: Row[] = []
  for (const dep of deps) {
    const row = rowById(transcript, dep)
    if (row !== undefined) rows.push(row)
  }
  return rows
}

/** Ids of the parents of a message that are not in memory. */
export const missingParents = (
  { transcript }: Replica,
  { deps, prev }: Pick<Message, 'deps' | 'prev'>,
): Hex[] =>
  [...deps, ...(prev === undefined ? [] : [prev])].filter(
    (id) => rowById(transcript, id) === undefined,
  )

/** Reads of parents that are under way learn that one came meanwhile. */
export const noteArrival = ({ reading }: Replica, id: Hex): void => {
  for (const { parents, held } of reading) if (parents.includes(id)) held.add(id)
}

/** Brings rows at places into the window, then goes on. */
export const loadPlaces = (
  turn: Turn,
  replica: Replica,
  places: readonly Place[],
  then: (turn: Turn) => void,
): void => {
  if (places.length === 0) return then(turn)
  const wanted = places.map(({ line, counter }) => {
    const holding = lineHolding(replica.transcript, line, counter)
    const first = replica.transcript.lines[holding]?.first ?? 0
    return { line: holding, from: Math.max(first, checkpointBefore(counter)), to: counter }
  })
  const ranges = wanted.map(({ line, from, to }) => ({
    from: messageKey(replica, line, from),
    to: messageKey(replica, line, to + 1),
  }))
  load(turn, ranges, (later, results) => {
    wanted.forEach(({ line }, i) => {
      const last = rowsOfRecords(later, line, results[i] ?? []).at(-1)
      if (last !== undefined) remember(replica.transcript, last)
    })
    then(later)
  })
}

/** Brings rows into the window by id, as far as they are held, then goes on. */
export const loadIds = (
  turn: Turn,
  replica: Replica,
  ids: readonly Hex[],
  then: (turn: Turn) => void,
): void => {
  const absent = ids.filter((id) => rowById(replica.transcript, id) === undefined)
  if (absent.length === 0 || !replica.transcript.evicted) return then(turn)
  const ranges = absent.map((id) => only(indexKey(replica, bytesOf(id))))
  load(turn, ranges, (later, results) => {
    const places: Place[] = []
    for (const [found] of results) {
      if (found === undefined) continue
      places.push({ line: readU32(found.value, 0), counter: readU32(found.value, 4) })
    }
    loadPlaces(later, replica, places, then)
  })
}
