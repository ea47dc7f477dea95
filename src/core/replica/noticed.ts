/**
 * What a message that was just taken in means to everything that only watches: witnesses, attestations that
 * are owed, splits and heals, complaints. None of it changes what is valid, held or shown.
 */
import { noteComplaint } from '../election/complaints.ts'
import { RekeyCode, parseRekeyRequest } from '../message/bodies.ts'
import { hexOf } from '../message/header.ts'
import type { Message } from '../message/message.ts'
import { MessageType } from '../message/type.ts'
import type { Row } from '../transcript/row.ts'
import type { Turn } from '../turn.ts'
import { noteAttesting } from './attesting.ts'
import { noteSplitRow } from './splits.ts'
import type { Replica } from './state.ts'
import { noteWitness } from './witness.ts'

export const noticed = (
  turn: Turn,
  replica: Replica,
  message: Message,
  row: Row,
  how: 'own' | 'push' | 'sync',
): void => {
  noteWitness(turn, replica, row)
  noteAttesting(turn, replica, row)
  noteSplitRow(turn, replica, row, how)
  if (row.type === MessageType.rekeyRequest) weighComplaint(turn, replica, message)
}

const weighComplaint = (turn: Turn, replica: Replica, { body }: Message): void => {
  const parsed = parseRekeyRequest(body)
  if (!parsed.ok || parsed.value.code !== RekeyCode.complaint) return
  const info = replica.jurisdiction.epochs.get(hexOf(parsed.value.epoch))?.info
  if (info?.kind === 'epoch') noteComplaint(replica.complaints, info.epoch.author, turn.env.nowMs)
}
