/**
 * Because of which messages a text is shown as it is: who removed its author, which leader hid it or muted
 * whoever wrote it, the epoch that names other members.
 */
import type { MetaWrite } from '../command.ts'
import type { BecauseReport } from '../message-report.ts'
import type { Hex } from '../message/header.ts'
import { numberText } from '../message/header.ts'
import { keyOf } from '../meta/body.ts'
import type { TextReport } from '../report.ts'
import { metaMaxima } from './meta-state.ts'
import { standingOf } from './standing.ts'
import type { Replica } from './state.ts'

export const becauseOf = (replica: Replica, text: TextReport): BecauseReport[] => {
  const { id, author } = text
  switch (text.state) {
    case 'withdrawn':
      return departuresOf(replica, author)
    case 'muted':
      return writesOf(replica, { kind: 'mute', member: author, on: true })
    case 'hidden':
      return text.hiddenBy === 'content-type'
        ? ['', author].flatMap((member) => writesOf(replica, { kind: 'types', member, types: [] }))
        : writesOf(replica, { kind: 'hide', message: id, on: true })
    case 'sealed':
    case 'undecryptable':
      return epochOf(replica, text.epoch)
    default:
      return []
  }
}

const departuresOf = (replica: Replica, author: Hex): BecauseReport[] =>
  (standingOf(replica, author)?.causes ?? []).flatMap((cause) => {
    const { kind, number, id, author: by, name, holds } = cause
    const ends = kind === 'remove' || kind === 'remove-account' || kind === 'leave'
    return ends && holds ? [{ kind, number, id, author: by, name }] : []
  })

/** The write of a key that counts, if anybody ever wrote it. */
const writesOf = (
  replica: Replica,
  write: Extract<MetaWrite, { kind: 'hide' | 'mute' | 'types' }>,
): BecauseReport[] => {
  const now = metaMaxima(replica).get(keyOf(write))?.[0]
  const line = replica.transcript.lines[now?.at.line ?? -1]
  if (now === undefined || line === undefined) return []
  const { counter, id } = now.at
  return [{ kind: write.kind, ...placed(replica, line.member, counter), id }]
}

const epochOf = (replica: Replica, epoch: Hex): BecauseReport[] => {
  // By the id of the epoch, which is not that of the message that brought it.
  const entry = replica.jurisdiction.epochs.get(epoch)
  if (entry === undefined) return []
  return [
    {
      kind: 'epoch',
      ...placed(replica, entry.member, entry.counter),
      id: entry.id,
    },
  ]
}

const placed = (
  replica: Replica,
  author: Hex,
  counter: number,
): Pick<BecauseReport, 'number' | 'author' | 'name'> => {
  const facts = replica.facts.get(author)
  const number = facts === undefined ? null : numberText(facts.memberGroupId, counter)
  return { number, author, name: facts?.name ?? '' }
}
