/**
 * Epochs that are sealed to this member and that it could not open. Whoever comes back as a new member
 * may hold some from before its Welcome: those are opened now. A head that cannot be opened is
 * complained about, at most once an hour, for as long as it is in force, over restarts too.
 */
import { REKEY_REQUEST_GAP_MS } from '../../base/limits.ts'
import { RekeyCode } from '../message/bodies.ts'
import type { Hex } from '../message/header.ts'
import { parseMessage } from '../message/message.ts'
import { MessageType } from '../message/type.ts'
import { only } from '../storage.ts'
import type { ControlEntry } from '../transcript/control-log.ts'
import { has } from '../transcript/control-log.ts'
import { parseRecord } from '../transcript/row.ts'
import type { Turn } from '../turn.ts'
import { count, emit, load } from '../turn.ts'
import type { ControlInfo } from '../validity/context.ts'
import { closureOfPast, recipientsOfEpoch } from '../validity/context.ts'
import { postPrekey, postRekeyRequest } from './author.ts'
import { wasOpened } from './epochs.ts'
import { openOwnSeal } from './keys.ts'
import { reopen } from './reopen.ts'
import { messageKey } from './rows.ts'
import type { Replica } from './state.ts'
import { bytesOf, currentContext, isGone, ownTip } from './state.ts'

const isUnopened = (replica: Replica, id: Hex): boolean =>
  !wasOpened(replica, id) &&
  recipientsOfEpoch(replica.jurisdiction, id)?.has(replica.self.member) === true

/** Tries the seals of epochs that are held already: this member is a new one, or the node starts. */
export const openHeld = (turn: Turn, replica: Replica): void => {
  for (const epoch of [...replica.reopening]) reopen(turn, replica, epoch)
  const entries = [...replica.jurisdiction.epochs]
    .filter(([id]) => isUnopened(replica, id))
    .map(([, entry]) => entry)
  if (entries.length === 0) return
  replica.opening += 1
  const ranges = entries.map(({ line, counter }) => only(messageKey(replica, line, counter)))
  load(turn, ranges, (later, results) => {
    replica.opening -= 1
    replica.changed = true
    const late: Hex[] = []
    for (const [stored] of results) {
      const record = stored === undefined ? undefined : parseRecord(stored.value)
      if (record?.ok !== true) continue
      const message = parseMessage(later.env.crypto, record.value.envelope)
      if (message.ok && openOwnSeal(later, replica, message.value)) late.push(message.value.id)
    }
    for (const id of late) {
      const info = replica.transcript.control.byId.get(id)?.info
      if (info?.kind === 'epoch') reopen(later, replica, info.epoch.id)
    }
  })
}

/** Asks for another epoch where a head does not open, now or when the hour is over. */
export const complain = (turn: Turn, replica: Replica): void => {
  if (replica.opening > 0 || isGone(replica) || ownTip(replica) === undefined) return
  const heads = [...currentContext(replica).epochHeads.keys()]
  const epoch = heads.find((id) => isUnopened(replica, id))
  if (epoch === undefined) return
  const { nowMs } = turn.env
  // A restart forgets when it was: an hour from now at the latest.
  if (replica.complainedMs === Number.NEGATIVE_INFINITY && wasNamed(replica, epoch)) {
    replica.complainedMs = nowMs
  }
  const dueMs = replica.complainedMs + REKEY_REQUEST_GAP_MS
  if (dueMs > nowMs) {
    const timer = `complain/${String(replica.number)}`
    return emit(turn, { kind: 'set-timer', timer, atMs: dueMs })
  }
  replica.complainedMs = nowMs
  // With a new prekey: the secret of the old one may be what is missing.
  postPrekey(turn, replica, (later, renewed) => {
    if (!renewed.ok) return count(later, 'complaints_failed', renewed.error.code)
    postRekeyRequest(later, replica, RekeyCode.complaint, bytesOf(epoch), (after, posted) => {
      if (!posted.ok) count(after, 'complaints_failed', posted.error.code)
    })
  })
}

/** Whether this member has complained since an epoch came. */
const wasNamed = ({ jurisdiction, self }: Replica, epoch: Hex): boolean => {
  const sequence = jurisdiction.epochs.get(epoch)?.sequence ?? -1
  const complains = ({ type, member, info, past }: ControlEntry<ControlInfo>): boolean =>
    type === MessageType.rekeyRequest &&
    member === self.member &&
    info.kind === 'request' &&
    info.code === RekeyCode.complaint &&
    has(closureOfPast(jurisdiction, past), sequence)
  return jurisdiction.control.entries.some(complains)
}
