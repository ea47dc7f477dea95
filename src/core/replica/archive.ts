/**
 * What was read here. The key of a text is erased when the text is taken in, so what it says is kept
 * apart, under a key of its own and only if this device is to remember it; a group's archive can be
 * destroyed without touching anything else. Without it the last texts stay in memory until the node ends.
 */
import type { Bytes } from '../../base/bytes.ts'
import { EMPTY } from '../../base/bytes.ts'
import type { Content } from '../epoch/text.ts'
import { parseContent } from '../epoch/text.ts'
import type { Put } from '../effect.ts'
import { Space, key } from '../storage.ts'
import type { Row } from '../transcript/row.ts'
import type { Turn } from '../turn.ts'
import { persist } from '../turn.ts'
import { addToTally, encodeTally, parseTally } from './exposure.ts'
import type { Replica } from './state.ts'
import { GroupNote, groupNoteKey } from './state.ts'

const placeOf = (line: number, counter: number): string => `${String(line)}/${String(counter)}`

export const archiveKey = (group: number, line: number, counter: number): Bytes =>
  key(Space.archive, group, line, counter)

/** Remembers what a text says; the write that does. */
export const remember = (
  replica: Replica,
  row: Pick<Row, 'line' | 'counter'>,
  text: { readonly plaintext: Bytes; readonly sentMs: number },
): Put[] => {
  if (!replica.archive) {
    replica.recent.set(placeOf(row.line, row.counter), text.plaintext)
    return []
  }
  addToTally(replica.archived, text.sentMs)
  replica.archivedMore = true
  const at = archiveKey(replica.number, row.line, row.counter)
  return [{ key: at, value: text.plaintext, secret: true }]
}

/** At the end of a step: how much the archive holds now, in the write of the texts themselves. */
export const noteArchived = (turn: Turn, replica: Replica): void => {
  if (!replica.archivedMore) return
  replica.archivedMore = false
  const at = groupNoteKey(replica.number, GroupNote.archived, EMPTY)
  persist(turn, [{ key: at, value: encodeTally(replica.archived) }])
}

export const bootArchived = (replica: Replica, saved: Bytes): void => {
  Object.assign(replica.archived, parseTally(saved))
}

/** What a text says, from the row of the archive or from memory. */
export const recall = (
  replica: Replica,
  line: number,
  counter: number,
  archived: Bytes | undefined,
): Content | undefined => {
  const plaintext = archived ?? replica.recent.get(placeOf(line, counter))
  const content = plaintext && parseContent(plaintext)
  return content?.ok === true ? content.value : undefined
}
