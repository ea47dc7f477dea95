/**
 * Texts that were taken in before their epoch could be opened: somebody who comes back as a new member
 * holds what was sent before its Welcome came. They are read back in slices and opened in order. Until
 * that is done the chains of their authors stay where they are; a crash in between starts it again.
 */
import type { Bytes } from '../../base/bytes.ts'
import { RUN_MESSAGES_MAX } from '../../base/limits.ts'
import type { Hex } from '../message/header.ts'
import { parseMessage } from '../message/message.ts'
import { MessageType, isSealed } from '../message/type.ts'
import { readU32 } from '../../base/bytes.ts'
import { parseRecord } from '../transcript/row.ts'
import type { Line } from '../transcript/transcript.ts'
import type { Turn } from '../turn.ts'
import { emit, load, persist } from '../turn.ts'
import { forgetLeft } from './erasure.ts'
import { messageKeyFor, spendKey, takeText } from './keys.ts'
import { messageKey } from './rows.ts'
import type { Replica } from './state.ts'
import { GroupNote, bytesOf, groupNoteKey } from './state.ts'

/** Part of a line: what its author sent under one epoch. */
interface Span {
  readonly epoch: Hex
  readonly line: Line
  readonly from: number
  readonly to: number
}

const noteKey = (replica: Replica, epoch: Hex): Bytes =>
  groupNoteKey(replica.number, GroupNote.reopening, bytesOf(epoch))

const spansOf = (replica: Replica, epoch: Hex): Span[] =>
  replica.transcript.lines.flatMap((line) =>
    line.uses.flatMap((use, i) =>
      use.epoch === epoch
        ? [{ epoch, line, from: use.from, to: line.uses[i + 1]?.from ?? line.tip.counter + 1 }]
        : [],
    ),
  )

/** Opens what is held under an epoch that was just opened, or whose texts a crash left closed. */
export const reopen = (turn: Turn, replica: Replica, epoch: Hex): void => {
  const spans = spansOf(replica, epoch)
  if (spans.length === 0) return finish(turn, replica, epoch)
  replica.reopening.add(epoch)
  persist(turn, [{ key: noteKey(replica, epoch), value: Uint8Array.of(1) }])
  next(turn, replica, epoch, spans)
}

const next = (turn: Turn, replica: Replica, epoch: Hex, spans: readonly Span[]): void => {
  const [span, ...rest] = spans
  if (span === undefined) return finish(turn, replica, epoch)
  const { line, from, to } = span
  const until = Math.min(to, from + RUN_MESSAGES_MAX)
  const range = {
    from: messageKey(replica, line.index, from),
    to: messageKey(replica, line.index, until),
  }
  load(turn, [range], (later, [entries = []]) => {
    for (const { key, value } of entries) {
      openStored(later, replica, line, readU32(key, key.length - 4), value)
    }
    const left = until < to ? [{ ...span, from: until }, ...rest] : rest
    next(later, replica, epoch, left)
  })
}

const openStored = (
  turn: Turn,
  replica: Replica,
  line: Line,
  counter: number,
  stored: Bytes,
): void => {
  const record = parseRecord(stored)
  const message = record.ok ? parseMessage(turn.env.crypto, record.value.envelope) : record
  if (!message.ok || message.value.header.type !== MessageType.text) return
  const { header, epoch, member } = message.value
  if (messageKeyFor(turn.env.crypto, replica, epoch, member, header.gen) === undefined) return
  persist(turn, takeText(turn, replica, message.value, { line: line.index, counter }))
}

/** All were tried: the chains move on to where their authors are. */
const finish = (turn: Turn, replica: Replica, epoch: Hex): void => {
  if (!replica.reopening.delete(epoch)) return
  persist(turn, [{ key: noteKey(replica, epoch), value: null }])
  for (const line of replica.transcript.lines) {
    const now = line.uses.at(-1)?.epoch
    if (now === epoch && isSealed(line.tip.type)) {
      spendKey(turn.env.crypto, replica, { epoch, member: line.member, gen: line.tip.gen })
    }
    if (now !== undefined) forgetLeft(replica, line)
  }
  const { group } = replica
  emit(turn, { kind: 'notify', event: { kind: 'epoch', group, epoch, opened: true } })
}
