/**
 * Who may have the keys of which epoch, from what is held now: the standing of a member, to whom an
 * epoch was sealed, and how its message and the AddMembers of a member lie to each other.
 */
import { Standing } from '../membership/roster.ts'
import { rightTo } from '../key-share/right.ts'
import type { ShareRight } from '../key-share/right.ts'
import type { Hex } from '../message/header.ts'
import { MessageType } from '../message/type.ts'
import { has } from '../transcript/control-log.ts'
import type { ControlEntry } from '../transcript/control-log.ts'
import type { ControlInfo } from '../validity/context.ts'
import { closureOfPast, recipientsOfEpoch } from '../validity/context.ts'
import type { Replica } from './state.ts'
import { currentContext } from './state.ts'

/** Active now, and not known to have forked: anybody else is given nothing. */
export const isInGoodStanding = (replica: Replica, member: Hex): boolean =>
  currentContext(replica).roster.members.get(member)?.standing === Standing.active &&
  !replica.equivocators.has(member)

type Add = ControlEntry<ControlInfo>

/** The AddMembers of a member that are held. */
export const addsOf = ({ jurisdiction }: Replica, member: Hex): Add[] =>
  jurisdiction.control.entries.filter(
    ({ type, info }) =>
      type === MessageType.add &&
      info.kind === 'roster' &&
      info.changes.some((change) => change.kind === 'admit' && change.facts.member === member),
  )

/** How an epoch lies to the AddMembers of somebody to whom it was not sealed. */
const isConcurrent = ({ jurisdiction }: Replica, epoch: Hex, adds: readonly Add[]): boolean => {
  const made = jurisdiction.epochs.get(epoch)
  if (made === undefined || adds.length === 0) return false
  const before = closureOfPast(jurisdiction, made.past)
  // Whoever added it knew of an epoch before: those who spoke under that did so before it came.
  return adds.every(
    (add) =>
      !has(before, add.sequence) && !has(closureOfPast(jurisdiction, add.past), made.sequence),
  )
}

/** The right of a member to an epoch that is known here, or undefined. */
export const rightOf = (
  replica: Replica,
  member: Hex,
  epoch: Hex,
  adds: readonly Add[],
): ShareRight | undefined =>
  rightTo(replica.constitution.policy, {
    recipient: recipientsOfEpoch(replica.jurisdiction, epoch)?.has(member) === true,
    concurrent: isConcurrent(replica, epoch, adds),
  })

/** True when a member spoke under an epoch: it had the keys. */
export const hasSpokenUnder = ({ transcript }: Replica, member: Hex, epoch: Hex): boolean =>
  (transcript.byMember.get(member) ?? []).some(
    (line) => transcript.lines[line]?.uses.some((use) => use.epoch === epoch) === true,
  )
