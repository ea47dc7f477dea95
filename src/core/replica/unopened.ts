/**
 * Texts that this member may read and that no key here opens: noted one by one when they come, so that
 * they can be counted without reading the log, and struck off when a key comes after all.
 */
import { concat, u32 } from '../../base/bytes.ts'
import { encode } from '../../codec/canonical.ts'
import { parse, tuple, u53 } from '../../codec/shape.ts'
import type { Put } from '../effect.ts'
import { Standing } from '../membership/roster.ts'
import type { Header, Hex } from '../message/header.ts'
import { hexOf } from '../message/header.ts'
import type { Row } from '../transcript/row.ts'
import { contextOf } from '../validity/context.ts'
import { isWithdrawn } from './departures.ts'
import type { Replica } from './state.ts'
import { GroupNote, bytesOf, groupNoteKey, isGone } from './state.ts'

/**
 * True for texts that this member should be able to read: it is among those to whom the epoch was
 * sealed, or it belonged to the group then and was passed over as dormant.
 */
export const isMeant = ({ jurisdiction, self }: Replica, epoch: Hex): boolean => {
  const entry = jurisdiction.epochs.get(epoch)
  const standing =
    entry && contextOf(jurisdiction, entry.past).roster.members.get(self.member)?.standing
  return standing === Standing.active || standing === Standing.dormant
}

const noteKey = (replica: Replica, { epoch, line, counter }: Unopened): Uint8Array =>
  groupNoteKey(replica.number, GroupNote.unopened, concat(bytesOf(epoch), u32(line), u32(counter)))

/** Notes a text that is meant for this member and that no key here opens; the write that keeps it. */
export const noteUnopened = (replica: Replica, header: Header, line: number): Put[] => {
  const epoch = hexOf(header.epoch)
  // Of two branches under one key the second opens as the first did (branches.ts), or is nobody's loss.
  if (!isMeant(replica, epoch) || replica.equivocators.has(hexOf(header.member))) return []
  // Whoever is gone has erased its keys, and misses nothing.
  if (isGone(replica)) return []
  const text = { epoch, line, counter: header.counter }
  addUnopened(replica, text)
  return [{ key: noteKey(replica, text), value: Uint8Array.of(1) }]
}

interface Unopened {
  readonly epoch: Hex
  readonly line: number
  readonly counter: number
}

export const addUnopened = (replica: Replica, { epoch, line, counter }: Unopened): void => {
  const lines = replica.unopened.get(epoch) ?? new Map<number, Set<number>>()
  const counters = lines.get(line) ?? new Set()
  counters.add(counter)
  lines.set(line, counters)
  replica.unopened.set(epoch, lines)
}

/**
 * A text opened by a key that did not come with a seal of this member: struck off, or, where it was not
 * meant for this member from the start, counted as one that opens. The write of that.
 */
export const noteOpened = (
  replica: Replica,
  epoch: Hex,
  { line, counter }: Pick<Row, 'line' | 'counter'>,
): Put[] => {
  if (!isMeant(replica, epoch)) {
    const texts = (replica.sharing.opened.get(epoch) ?? 0) + 1
    replica.sharing.opened.set(epoch, texts)
    const key = groupNoteKey(replica.number, GroupNote.sharedTexts, bytesOf(epoch))
    return [{ key, value: encode([texts]) }]
  }
  const lines = replica.unopened.get(epoch)
  const counters = lines?.get(line)
  if (counters?.delete(counter) !== true) return []
  if (counters.size === 0) lines?.delete(line)
  if (lines?.size === 0) replica.unopened.delete(epoch)
  return [{ key: noteKey(replica, { epoch, line, counter }), value: null }]
}

export const parseOpened = (saved: Uint8Array): number => {
  const parsed = parse(tuple(u53), saved)
  return parsed.ok ? parsed.value[0] : 0
}

/** Whether texts under an epoch are held that this member may read (if it may) and cannot. */
export const lacksTexts = (replica: Replica, epoch: Hex): boolean => {
  if (isMeant(replica, epoch)) return replica.unopened.has(epoch)
  const held = replica.texts.get(epoch)?.texts ?? 0
  return held > (replica.sharing.opened.get(epoch) ?? 0)
}

/** Texts that this member should be able to read and is not; what was withdrawn is nobody's loss. */
export const undecryptable = (replica: Replica): number => {
  let total = 0
  for (const lines of replica.unopened.values()) {
    for (const [line, counters] of lines) {
      const member = replica.transcript.lines[line]?.member ?? ''
      total += replica.departures.has(member)
        ? [...counters].filter((counter) => !isWithdrawn(replica, member, line, counter)).length
        : counters.size
    }
  }
  return total
}
