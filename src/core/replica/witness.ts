/**
 * How a start becomes checked: whoever was let in by one introducer counts the members, a leader among
 * them, who have heard its Join and come to the same view. A Join commits to all that its author held, so
 * whoever was shown another past would have said so. Until there are enough, `status` says so.
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

/** An equal view from somebody who has heard our first word: enough of them, and our start is checked. */
export const noteWitness = (turn: Turn, replica: Replica, row: Row): void => {
  if (!carriesView(row.type)) return
  const { self, checked, witnesses, jurisdiction } = replica
  const { roster } = contextOf(jurisdiction, row.control)
  const heard = roster.members.get(self.member)?.joined === true
  if (checked || row.member === self.member || !heard) return
  witnesses.add(row.member)
  // Who is known to say two things vouches for nothing.
  const honest = [...witnesses].filter((member) => !replica.equivocators.has(member))
  const leader = honest.some((member) => replica.facts.get(member)?.leader === true)
  const others = activeMembers(roster).length - 1
  if (leader && honest.length >= Math.min(2, others)) noteChecked(turn, replica)
}

/** From now on `status` says that the start was checked against other members. */
export const noteChecked = (turn: Turn, replica: Replica): void => {
  replica.checked = true
  const at = groupNoteKey(replica.number, GroupNote.checked, EMPTY)
  persist(turn, [{ key: at, value: Uint8Array.of(1) }])
}
