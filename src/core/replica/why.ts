/**
 * What is known here of one message: how it came, what it waits for, who has it, how far it is final and
 * why it is shown as it is. Reads a bounded number of rows; changes nothing.
 */
import { toHex } from '../../base/bytes.ts'
import { MEMBERS_MAX, STANDPOINT_READS_MAX } from '../../base/limits.ts'
import type { Entry } from '../input.ts'
import type {
  HolderReport,
  MemberName,
  MessageReport,
  ParentReport,
  StandReport,
} from '../message-report.ts'
import { activeMembers } from '../membership/roster.ts'
import type { Hex } from '../message/header.ts'
import { numberText } from '../message/header.ts'
import type { Message } from '../message/message.ts'
import { parseMessage } from '../message/message.ts'
import { covers, standpointOf } from '../order/standpoint.ts'
import type { TextReport } from '../report.ts'
import { Space, key, only, within } from '../storage.ts'
import type { Row } from '../transcript/row.ts'
import { parseRecord } from '../transcript/row.ts'
import { reaches, rowById } from '../transcript/transcript.ts'
import type { Turn } from '../turn.ts'
import { load } from '../turn.ts'
import { archiveRanges, archivedKeys } from './archive.ts'
import { groundOf, isFinal, waitsOf, whenFinal } from './final.ts'
import { textOf } from './keys.ts'
import { groupName } from './meta-state.ts'
import { stateOf } from './report.ts'
import { loadIds, loadPlaces, messageKey } from './rows.ts'
import type { Replica } from './state.ts'
import { bytesOf, currentContext } from './state.ts'
import { becauseOf } from './why-shown.ts'
import {
  awaitersOf,
  cameOf,
  claimantsOf,
  nameOf,
  notHeldMessage,
  notHeldReport,
  stateHere,
  typeWord,
} from './why-waiting.ts'

type Then = (turn: Turn, report: MessageReport) => void

/** Tells of a message that `findMessages` found. */
export const explain = (turn: Turn, replica: Replica, id: Hex, then: Then): void =>
  loadIds(turn, replica, [id], (later) => {
    const row = rowById(replica.transcript, id)
    if (row !== undefined) return explainHeld(later, replica, row, then)
    const message = notHeldMessage(replica, id)
    parentsOf(later, replica, message, (last, parents) =>
      then(last, notHeldReport(last, replica, { id, message, parents })),
    )
  })

const explainHeld = (turn: Turn, replica: Replica, row: Row, then: Then): void => {
  const { number } = replica
  const ranges = [
    only(messageKey(replica, row.line, row.counter)),
    within(key(Space.receipt, number, row.idBytes), { limit: MEMBERS_MAX }),
    ...archiveRanges(number, row.line, row.counter, row.counter + 1),
  ]
  load(turn, ranges, (loaded, [records = [], receipts = [], ...archived]) => {
    const [stored] = records
    const message = stored === undefined ? undefined : messageIn(loaded, stored)
    const text = stored && textIn(loaded, replica, row, stored, archived.flat())
    parentsOf(loaded, replica, message, (later, parents) =>
      whenFinal(later, replica, (final) =>
        standOf(final, replica, row, STANDPOINT_READS_MAX, (last, order) =>
          then(
            last,
            heldReport(replica, {
              row,
              message,
              text,
              parents,
              receipts,
              order,
            }),
          ),
        ),
      ),
    )
  })
}

const messageIn = (turn: Turn, { value }: Entry): Message | undefined => {
  const record = parseRecord(value)
  const message = record.ok ? parseMessage(turn.env.crypto, record.value.envelope) : record
  return message.ok ? message.value : undefined
}

const textIn = (
  turn: Turn,
  replica: Replica,
  row: Row,
  stored: Entry,
  archived: readonly Entry[],
): TextReport | undefined => {
  const keys = archived.map(({ value }) => archivedKeys(value).get(row.counter))
  const known = keys.find((one) => one !== undefined)
  return textOf(turn.env.crypto, replica, stored.value, row.line, known)
}

// --- What it builds on ---------------------------------------------------------------------------

const parentsOf = (
  turn: Turn,
  replica: Replica,
  message: Message | undefined,
  then: (turn: Turn, parents: ParentReport[]) => void,
): void => {
  const { prev, deps = [] } = message ?? {}
  const ids = [...(prev === undefined ? [] : [prev]), ...deps]
  loadIds(turn, replica, ids, (later) =>
    then(
      later,
      ids.map((id) => parentReport(replica, id)),
    ),
  )
}

const parentReport = (replica: Replica, id: Hex): ParentReport => {
  const row = rowById(replica.transcript, id)
  const message = notHeldMessage(replica, id)
  const author = row?.member ?? message?.member ?? null
  const counter = row?.counter ?? message?.header.counter
  const group = replica.facts.get(author ?? '')?.memberGroupId ?? message?.header.memberGroupId
  const known = counter !== undefined && group !== undefined
  return {
    id,
    state: row === undefined ? stateHere(replica, id) : 'held',
    number: known ? numberText(group, counter) : null,
    author,
    name: nameOf(replica, author ?? '').name,
    claimedBy: row === undefined ? claimantsOf(replica, id) : [],
  }
}

// --- Who has it ----------------------------------------------------------------------------------

const holdersOf = (replica: Replica, row: Row, receipts: ReadonlySet<Hex>): HolderReport[] => {
  const { roster } = currentContext(replica)
  return [...roster.members.values()]
    .map(({ facts, standing }): HolderReport => {
      const tips = (replica.transcript.byMember.get(facts.member) ?? []).flatMap(
        (line) => replica.transcript.lines[line]?.tip ?? [],
      )
      const latest = tips.find((tip) => reaches(tip, row))
      const self = facts.member === replica.self.member
      const signed = receipts.has(facts.member) ? 'receipt' : null
      const by = self ? 'self' : latest === undefined ? signed : 'message'
      return {
        member: facts.member,
        name: facts.name,
        state: stateOf(standing, tips.length > 0),
        has: by !== null,
        by,
        number: latest === undefined ? null : numberText(facts.memberGroupId, latest.counter),
      }
    })
    .sort((a, b) => (a.name === b.name ? (a.member < b.member ? -1 : 1) : a.name < b.name ? -1 : 1))
}

/** A receipt is no row of the matrix clock: what is stable is told by messages alone. */
const isStable = (replica: Replica, row: Row): boolean => {
  const { lines, byMember } = replica.transcript
  return activeMembers(currentContext(replica).roster).every(
    ({ facts: { member } }) =>
      member === replica.self.member ||
      (byMember.get(member) ?? []).some((line) => covers(lines[line]?.tip, row)),
  )
}

const receiptsOf = (replica: Replica, row: Row, stored: readonly Entry[]): MemberName[] => {
  const kept = stored.map(({ key: at }) => toHex(at.subarray(at.length - bytesOf(row.id).length)))
  const open = replica.sync.acks.open.get(row.id)?.receipts.keys() ?? []
  return [...new Set([...kept, ...open])].sort().map((member) => nameOf(replica, member))
}

// --- Where it stands -----------------------------------------------------------------------------

const standOf = (
  turn: Turn,
  replica: Replica,
  row: Row,
  reads: number,
  then: (turn: Turn, order: StandReport) => void,
): void => {
  const found = standpointOf(groundOf(replica), replica.final.now, row)
  if (!('missing' in found)) {
    const { stamp = null, waitsFor } = found
    const final = isFinal(replica, row.member, row)
    return then(turn, { final, stamp, waitsFor: waitsOf(replica, waitsFor) })
  }
  if (reads < 1) return then(turn, { final: false, stamp: null, waitsFor: [] })
  loadPlaces(turn, replica, found.missing, (later) => standOf(later, replica, row, reads - 1, then))
}

// --- All of it -----------------------------------------------------------------------------------

interface Findings {
  readonly row: Row
  readonly message: Message | undefined
  readonly text: TextReport | undefined
  readonly parents: ParentReport[]
  readonly receipts: readonly Entry[]
  readonly order: StandReport
}

const heldReport = (replica: Replica, found: Findings): MessageReport => {
  const { row, message, text, parents, order } = found
  const receipts = receiptsOf(replica, row, found.receipts)
  const signed = new Set(receipts.map(({ member }) => member))
  return {
    group: replica.group,
    groupName: groupName(replica),
    id: row.id,
    number: numberText(replica.facts.get(row.member)?.memberGroupId ?? 0, row.counter),
    author: row.member,
    name: nameOf(replica, row.member).name,
    type: typeWord(row.type),
    state: 'held',
    sent: message?.header.sent ?? null,
    lamport: row.lamport,
    epoch: message === undefined || message.epoch === '' ? null : message.epoch,
    came: cameOf(replica, row),
    parents,
    awaitedBy: awaitersOf(replica, row.id),
    claimedBy: [],
    holders: holdersOf(replica, row, signed),
    stable: isStable(replica, row),
    receipts,
    order,
    shown: text?.state ?? null,
    hiddenBy: text?.hiddenBy ?? null,
    late: text?.late ?? false,
    because: text === undefined ? [] : becauseOf(replica, text),
  }
}
