/**
 * What the outside is told when a message was taken in: that it came, that its author forked itself, or
 * that somebody is gone.
 */
import { numberText } from '../message/header.ts'
import type { Message } from '../message/message.ts'
import type { Row } from '../transcript/row.ts'
import type { Turn } from '../turn.ts'
import { count, emit } from '../turn.ts'
import { noteCame } from './arrivals.ts'
import type { Source } from './source.ts'
import type { Replica } from './state.ts'

/** Two messages under one counter: both are kept, and the author is named from now on. */
export const noteBranch = (turn: Turn, replica: Replica, row: Row): void => {
  replica.equivocators.add(row.member)
  const { group } = replica
  emit(turn, {
    kind: 'notify',
    event: { kind: 'equivocation', group, member: row.member, counter: row.counter },
  })
  count(turn, 'equivocations')
}

export const announceDeparture = (turn: Turn, replica: Replica, member: string): void =>
  emit(turn, { kind: 'notify', event: { kind: 'departed', group: replica.group, member } })

export const announceRow = (
  turn: Turn,
  replica: Replica,
  message: Message,
  row: Row,
  source: Source,
): void => {
  count(turn, 'messages_accepted', source.how)
  noteCame(turn, replica.sync.arrivals, row.id, source)
  emit(turn, {
    kind: 'notify',
    event: {
      kind: 'message',
      group: replica.group,
      id: row.id,
      number: numberText(message.header.memberGroupId, row.counter),
      member: row.member,
      type: row.type,
      line: row.line,
      counter: row.counter,
      how: source.how,
    },
  })
}
