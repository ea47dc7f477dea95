/**
 * What somebody who took this device now could read: by the keys that are still here, texts of the
 * transcript that lies beside them; and, apart from that, the archive. Texts are counted by epoch when
 * they come, so that asking reads no history. Times are claims of the authors.
 */
import type { Bytes } from '../../base/bytes.ts'
import { encode } from '../../codec/canonical.ts'
import { parse, tuple, u53 } from '../../codec/shape.ts'
import type { Hex } from '../message/header.ts'
import { hexOf } from '../message/header.ts'
import type { ExposureReport, TextsReport } from '../report.ts'
import type { Turn } from '../turn.ts'
import { persist } from '../turn.ts'
import { recipientsOfEpoch } from '../validity/context.ts'
import type { Replica, Tally } from './state.ts'
import { GroupNote, bytesOf, groupNoteKey } from './state.ts'

export const addToTally = (tally: Tally, sentMs: number): void => {
  tally.oldestMs = tally.texts === 0 ? sentMs : Math.min(tally.oldestMs, sentMs)
  tally.newestMs = Math.max(tally.newestMs, sentMs)
  tally.texts += 1
}

export const emptyTally = (): Tally => ({ texts: 0, oldestMs: 0, newestMs: 0 })

/** A text under an epoch was taken in. */
export const countText = (replica: Replica, epoch: Hex, sentMs: number): void => {
  const tally = replica.texts.get(epoch) ?? emptyTally()
  addToTally(tally, sentMs)
  replica.texts.set(epoch, tally)
  replica.textsCounted.add(epoch)
}

/** At the end of a step: the counts that changed, in the write of the texts themselves. */
export const noteTexts = (turn: Turn, replica: Replica): void => {
  // To empty an empty set costs more than all else in most steps.
  if (replica.textsCounted.size === 0) return
  for (const epoch of replica.textsCounted) {
    const tally = replica.texts.get(epoch)
    const key = groupNoteKey(replica.number, GroupNote.texts, bytesOf(epoch))
    if (tally !== undefined) persist(turn, [{ key, value: encodeTally(tally) }])
  }
  replica.textsCounted.clear()
}

export const encodeTally = ({ texts, oldestMs, newestMs }: Tally): Bytes =>
  encode([texts, oldestMs, newestMs])

const shape = tuple(u53, u53, u53)

export const parseTally = (saved: Bytes): Tally | undefined => {
  const parsed = parse(shape, saved)
  if (!parsed.ok) return undefined
  const [texts, oldestMs, newestMs] = parsed.value
  return { texts, oldestMs, newestMs }
}

const reportOf = (tallies: readonly Tally[]): TextsReport => {
  const some = tallies.filter(({ texts }) => texts > 0)
  if (some.length === 0) return { texts: 0, oldest: null, newest: null }
  return {
    texts: some.reduce((sum, { texts }) => sum + texts, 0),
    oldest: Math.min(...some.map(({ oldestMs }) => oldestMs)),
    newest: Math.max(...some.map(({ newestMs }) => newestMs)),
  }
}

/** True when all texts under the epoch open with what is here: its secret, or a prekey it is sealed to. */
const opensAgain = (replica: Replica, epoch: Hex): boolean => {
  if ((replica.epochs.get(epoch)?.secret.length ?? 0) > 0) return true
  const prekey = recipientsOfEpoch(replica.jurisdiction, epoch)?.get(replica.self.member)
  return prekey !== undefined && replica.prekeys.has(hexOf(prekey))
}

export const exposureOf = (replica: Replica): ExposureReport => {
  const open = [...replica.texts].filter(([epoch]) => opensAgain(replica, epoch))
  return {
    keys: reportOf(open.map(([, tally]) => tally)),
    archive: reportOf([replica.archived]),
    prekeys: replica.prekeys.size,
    epochs: replica.epochs.size,
  }
}
