/**
 * How a start becomes checked: whoever was let in by one introducer counts the members, a leader among
 * them, who saw the same as it does. Until there are enough, `status` says so.
 */
import { EMPTY } from '../../base/bytes.ts'
import { activeMembers } from '../membership/roster.ts'
import { MessageType } from '../message/type.ts'
import type { Row } from '../transcript/row.ts'
import type { Turn } from '../turn.ts'
import { persist } from '../turn.ts'
import { contextOf } from '../validity/context.ts'
import type { Replica } from './state.ts'
import { GroupNote, groupNoteKey } from './state.ts'

const carriesView = (type: number): boolean =>
  type === MessageType.attest || type === MessageType.add || type === MessageType.epoch

/** An equal view from somebody who counts us in: enough of them, and our start is checked. */
export const noteWitness = (turn: Turn, replica: Replica, row: Row): void => {
  if (!carriesView(row.type)) return
  const { self, checked, witnesses, jurisdiction } = replica
  const { roster } = contextOf(jurisdiction, row.control)
  if (checked || row.member === self.member || !roster.members.has(self.member)) return
  witnesses.add(row.member)
  const leader = [...witnesses].some((member) => replica.facts.get(member)?.leader === true)
  const others = activeMembers(roster).length - 1
  if (leader && witnesses.size >= Math.min(2, others)) noteChecked(turn, replica)
}

/** From now on `status` says that the start was checked against other members. */
export const noteChecked = (turn: Turn, replica: Replica): void => {
  replica.checked = true
  const at = groupNoteKey(replica.number, GroupNote.checked, EMPTY)
  persist(turn, [{ key: at, value: Uint8Array.of(1) }])
}
