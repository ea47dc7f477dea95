/**
 * Who asked whom for the keys of which epochs, by what right, and how it ended: kept at both ends, on
 * disk, up to a bound. It is this node's own record and no message of the group: nobody else holds it,
 * and nothing depends on it. The same question with the same end is one entry with a count.
 */
import type { Bytes } from '../../base/bytes.ts'
import { readU32, u32 as u32Bytes } from '../../base/bytes.ts'
import { SHARE_EPOCHS_MAX, SHARE_LOG_MAX } from '../../base/limits.ts'
import { encode } from '../../codec/canonical.ts'
import { bytes, flag, list, parse, textUpTo, tuple, u32, u53 } from '../../codec/shape.ts'
import type { ShareRight } from '../key-share/right.ts'
import type { Entry } from '../input.ts'
import { hexOf } from '../message/header.ts'
import type { ShareReport } from '../report.ts'
import type { Turn } from '../turn.ts'
import { emit, persist } from '../turn.ts'
import type { ShareEntry, ShareOutcome, SharedEpoch } from './sharing-state.ts'
import type { Replica } from './state.ts'
import { GroupNote, bytesOf, groupNoteKey } from './state.ts'

const keyOf = (replica: Replica, sequence: number): Bytes =>
  groupNoteKey(replica.number, GroupNote.shareLog, u32Bytes(sequence))

/** A request begins, or was refused as a whole. */
export const openEntry = (
  turn: Turn,
  replica: Replica,
  what: Pick<ShareEntry, 'role' | 'member' | 'epochs' | 'refused'>,
): ShareEntry => {
  const { sharing } = replica
  const atMs = Math.max(0, Math.floor(turn.env.wallMs))
  const entry: ShareEntry = { ...what, sequence: sharing.nextEntry++, atMs, times: 1 }
  sharing.log.push(entry)
  // A crash before the end leaves it as not answered.
  persist(turn, [put(replica, entry)])
  return entry
}

/** It is over, or further: written, and folded into the one before where that tells the same. */
export const saveEntry = (turn: Turn, replica: Replica, entry: ShareEntry): void => {
  const { log } = replica.sharing
  const before = log.findLast(
    (one) =>
      one !== entry &&
      one.member === entry.member &&
      one.role === entry.role &&
      (entry.refused === undefined || one.refused === entry.refused),
  )
  if (before !== undefined && tellsTheSame(before, entry)) {
    before.times += entry.times
    before.atMs = entry.atMs
    before.epochs = entry.epochs
    log.splice(log.indexOf(entry), 1)
    persist(turn, [put(replica, before), { key: keyOf(replica, entry.sequence), value: null }])
  } else {
    persist(turn, [put(replica, entry)])
  }
  for (const old of log.splice(0, Math.max(0, log.length - SHARE_LOG_MAX))) {
    persist(turn, [{ key: keyOf(replica, old.sequence), value: null }])
  }
  const { group } = replica
  const { role, member, epochs } = entry
  emit(turn, {
    kind: 'notify',
    event: {
      kind: 'share',
      group,
      role,
      member,
      epochs: epochs.map(({ epoch }) => epoch),
      given: epochs.filter(({ outcome }) => outcome === 'secret' || outcome === 'keys').length,
    },
  })
}

/** Refused as a whole for the same reason: a flood of them is one entry, whatever it asked for. */
const tellsTheSame = (a: ShareEntry, b: ShareEntry): boolean =>
  a.refused === b.refused && (a.refused !== undefined || sameEpochs(a.epochs, b.epochs))

const sameEpochs = (a: readonly SharedEpoch[], b: readonly SharedEpoch[]): boolean =>
  a.length === b.length &&
  a.every((one, i) => {
    const other = b[i]
    return (
      other !== undefined &&
      one.epoch === other.epoch &&
      one.right === other.right &&
      one.outcome === other.outcome &&
      one.keys === other.keys
    )
  })

const put = (replica: Replica, entry: ShareEntry): { key: Bytes; value: Bytes } => ({
  key: keyOf(replica, entry.sequence),
  value: encode([
    entry.role === 'asked' ? 1 : 0,
    bytesOf(entry.member),
    entry.atMs,
    entry.times,
    entry.refused ?? '',
    entry.epochs.map(({ epoch, right, outcome, keys }) => [
      bytesOf(epoch),
      right ?? '',
      outcome,
      keys,
    ]),
  ]),
})

const shape = tuple(
  flag,
  bytes(32),
  u53,
  u32,
  textUpTo(16),
  list(tuple(bytes(32), textUpTo(16), textUpTo(16), u32), { max: SHARE_EPOCHS_MAX }),
)

/** A start: what was open then was not answered. */
export const bootShareLog = (replica: Replica, note: Entry): void => {
  const parsed = parse(shape, note.value)
  if (!parsed.ok) return
  const [asked, member, atMs, times, why, rows] = parsed.value
  const epochs = rows.map(([epoch, right, outcome, keys]): SharedEpoch => ({
    epoch: hexOf(epoch),
    right: right === '' ? null : (right as ShareRight),
    outcome: outcome === 'open' ? 'unanswered' : (outcome as ShareOutcome),
    keys,
  }))
  const sequence = readU32(note.key, note.key.length - 4)
  const { sharing } = replica
  const role = asked ? 'asked' : 'answered'
  const refused = why === '' ? undefined : (why as ShareOutcome)
  sharing.log.push({ sequence, role, member: hexOf(member), atMs, times, refused, epochs })
  sharing.nextEntry = Math.max(sharing.nextEntry, sequence + 1)
}

/** The log as people read it, newest first. */
export const sharesOf = (replica: Replica): ShareReport[] =>
  replica.sharing.log
    .map(({ role, member, atMs, times, refused, epochs }) => ({
      role,
      member,
      name: replica.facts.get(member)?.name ?? '',
      at: atMs,
      times,
      refused: refused ?? null,
      epochs: epochs.map(({ epoch, right, outcome, keys }) => ({ epoch, right, outcome, keys })),
    }))
    .toReversed()
