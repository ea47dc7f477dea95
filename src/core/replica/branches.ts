/**
 * Texts of a second branch. Two branches of one author are sealed with the same message keys, and each leaves
 * its chain with the text that came first. So that both can be read, the key of the other is looked for
 * where this device remembers what it has read; the commitment in the header tells which one it is.
 */
import type { Message } from '../message/message.ts'
import type { Row } from '../transcript/row.ts'
import type { Turn } from '../turn.ts'
import { emit, load, persist } from '../turn.ts'
import { archiveRanges, archivedKeys, interrupt, recall, remember } from './archive.ts'
import { fits, messageKeyFor } from './keys.ts'
import type { Replica } from './state.ts'
import { isMeant, noteOpened } from './unopened.ts'

/** Branches are sealed in step: the key lies at the same counter, or near it where other messages lie between. */
const NEAR = 8

/** A text of somebody with two branches was taken in: opens it as the other branch was, if its chain did not. */
export const openBranch = (
  turn: Turn,
  replica: Replica,
  { header, epoch, member }: Message,
  { line, counter }: Pick<Row, 'line' | 'counter'>,
): void => {
  if (messageKeyFor(turn.env.crypto, replica, header) !== undefined) return
  const others = (replica.transcript.byMember.get(member) ?? []).filter((other) => other !== line)
  const from = Math.max(0, counter - NEAR)
  const counters = Array.from({ length: counter + NEAR + 1 - from }, (_, at) => from + at)
  const inMemory = others.flatMap((other) =>
    counters.flatMap((at) => recall(replica, { line: other, counter: at }, undefined) ?? []),
  )
  const ranges = others.flatMap((other) =>
    archiveRanges(replica.number, other, from, counter + NEAR + 1),
  )
  load(turn, ranges, (later, rows) => {
    const archived = rows.flat().flatMap(({ value }) => {
      const keys = archivedKeys(value)
      return counters.flatMap((at) => keys.get(at) ?? [])
    })
    const { crypto } = later.env
    const messageKey = [...inMemory, ...archived].find((key) => fits(crypto, key, header))
    if (messageKey === undefined) return
    // A row of its own: rows of the archive never interleave.
    interrupt(replica, line)
    remember(replica, { line, counter }, { messageKey, sentMs: header.sent })
    interrupt(replica, line)
    if (isMeant(replica, epoch)) persist(later, noteOpened(replica, epoch, { line, counter }))
    const { group } = replica
    emit(later, { kind: 'notify', event: { kind: 'epoch', group, epoch, opened: true } })
  })
}
