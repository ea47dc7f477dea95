/**
 * Texts that were taken in before their epoch could be opened: somebody who comes back as a new member
 * holds what was sent before its Welcome came, or another member gave the keys. They are read back in slices and opened in order. Until
 * that is done the chains of their authors stay where they are; a crash in between starts it again.
 */
import type { Bytes } from '../../base/bytes.ts'
import { RUN_MESSAGES_MAX } from '../../base/limits.ts'
import type { Hex } from '../message/header.ts'
import type { Message } from '../message/message.ts'
import { parseMessage } from '../message/message.ts'
import { MessageType, isSealed } from '../message/type.ts'
import { readU32 } from '../../base/bytes.ts'
import { RowFlag, parseRecord, withFlags } from '../transcript/row.ts'
import type { Line } from '../transcript/transcript.ts'
import type { Turn } from '../turn.ts'
import { emit, load, persist } from '../turn.ts'
import { archiveRanges, archivedKeys, interrupt, recall, remember } from './archive.ts'
import { doubtChain, dropDoubted } from './epochs.ts'
import { forgetLeft } from './erasure.ts'
import { fits, messageKeyFor, spendKey } from './keys.ts'
import { openWaitingMetas } from './meta.ts'
import { messageKey } from './rows.ts'
import type { Replica } from './state.ts'
import { GroupNote, bytesOf, groupNoteKey } from './state.ts'
import { noteOpened } from './unopened.ts'

/** Part of a line: what its author sent under one epoch. */
export interface Span {
  readonly epoch: Hex
  readonly line: Line
  readonly from: number
  readonly to: number
}

const noteKey = (replica: Replica, epoch: Hex): Bytes =>
  groupNoteKey(replica.number, GroupNote.reopening, bytesOf(epoch))

export const spansOf = (replica: Replica, epoch: Hex): Span[] =>
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
  const archive = archiveRanges(replica.number, line.index, from, until)
  load(turn, [range, ...archive], (later, [entries = [], ...rows]) => {
    const read = new Set(rows.flat().flatMap(({ value }) => [...archivedKeys(value).keys()]))
    // Rows of the archive never interleave: whatever does not open now ends one.
    interrupt(replica, line.index)
    for (const { key, value } of entries) {
      const place = { line: line.index, counter: readU32(key, key.length - 4) }
      const isRead = read.has(place.counter) || recall(replica, place, undefined) !== undefined
      openStored(later, replica, { place, key, value, isRead })
    }
    const left = until < to ? [{ ...span, from: until }, ...rest] : rest
    next(later, replica, epoch, left)
  })
}

interface StoredText {
  readonly place: { readonly line: number; readonly counter: number }
  readonly key: Bytes
  readonly value: Bytes
  /** Its key is remembered already. */
  readonly isRead: boolean
}

const openStored = (turn: Turn, replica: Replica, stored: StoredText): void => {
  const { place, key, value, isRead } = stored
  const record = parseRecord(value)
  if (!record.ok) return
  const message = parseMessage(turn.env.crypto, record.value.envelope)
  if (!message.ok || message.value.header.type !== MessageType.text) return
  const { header, epoch } = message.value
  const messageKey = isRead ? undefined : keyFor(turn, replica, message.value)
  if (messageKey === undefined) return interrupt(replica, place.line)
  remember(replica, place, { messageKey, sentMs: header.sent })
  persist(turn, noteOpened(replica, epoch, place))
  const { flags } = record.value
  if ((flags & RowFlag.late) !== 0 || isLast(replica, message.value)) return
  const late = withFlags(record.value, flags | RowFlag.late)
  persist(turn, [{ key, value: late }])
}

const isLast = ({ shown }: Replica, { header, member }: Message): boolean =>
  shown.lamport === header.lamport && shown.member === member && shown.counter === header.counter

/** The key of a text from its author's chain, or from what another member gave. */
const keyFor = (turn: Turn, replica: Replica, message: Message): Bytes | undefined => {
  const { crypto } = turn.env
  const { header, epoch, member } = message
  const fromChain = messageKeyFor(crypto, replica, header)
  if (fromChain !== undefined) return fromChain
  doubtChain(replica, epoch, member, header.gen)
  const given = replica.sharing.trying.get(epoch)?.get(`${member}/${String(header.counter)}`)
  return given?.find((key) => fits(crypto, key, header))
}

/** All texts were tried; Metas need the same keys, so they are opened before those are erased. */
const finish = (turn: Turn, replica: Replica, epoch: Hex): void =>
  openWaitingMetas(turn, replica, (later) => moveOn(later, replica, epoch))

/** All were tried: the chains move on to where their authors are. */
const moveOn = (turn: Turn, replica: Replica, epoch: Hex): void => {
  for (const keys of replica.sharing.trying.get(epoch)?.values() ?? []) keys.length = 0
  replica.sharing.trying.delete(epoch)
  if (!replica.reopening.delete(epoch)) return
  persist(turn, [{ key: noteKey(replica, epoch), value: null }])
  for (const line of replica.transcript.lines) {
    const now = line.uses.at(-1)?.epoch
    if (now === epoch && isSealed(line.tip.type)) {
      spendKey(turn.env.crypto, replica, { epoch, member: line.member }, line.tip.gen)
    }
    if (now !== undefined) forgetLeft(replica, line)
  }
  dropDoubted(replica, epoch)
  replica.changed = true
  const { group } = replica
  emit(turn, { kind: 'notify', event: { kind: 'epoch', group, epoch, opened: true } })
}
