/**
 * A member whose device may have been set back: an old copy of its store runs, and others hold messages
 * of its that it does not. It says nothing more under its numbers, or it would look like a liar. Where
 * that is only possible, it waits until somebody has shown how far they know it (*held*); where somebody
 * shows what it signed and does not hold, it is *retired* for good.
 */
import { EMPTY } from '../../base/bytes.ts'
import { failure } from '../failure.ts'
import type { Turn } from '../turn.ts'
import { count, persist } from '../turn.ts'
import { presentMembers } from '../membership/roster.ts'
import type { Replica } from './state.ts'
import { GroupNote, currentContext, groupNoteKey, isGone, ownTip } from './state.ts'

export const needsRejoin = failure(
  'RECOVERED_NEEDS_REJOIN',
  'the group holds messages of this member that this device does not: it was restored, or runs twice',
  'ask a leader for a new ticket: `coterie join` comes back as a new member',
)

export const heldBack = failure(
  'TIMEOUT',
  'this home may have been restored, moved or copied, and no member has answered yet',
  'connect to a member, or accept the risk: coterie daemon --alone',
)

const keyOf = (replica: Replica, kind: number = GroupNote.retired): Uint8Array =>
  groupNoteKey(replica.number, kind, EMPTY)

/** Whether this member can only come back as a new one. */
export const mustRejoin = (replica: Replica): boolean =>
  isGone(replica) || replica.recovery === 'retired'

/** The store may be an old one: nothing is said before a member has told how far it knows this one. */
export const holdBack = (turn: Turn, replica: Replica): void => {
  const others = presentMembers(currentContext(replica).roster).length > 1
  if (replica.recovery !== undefined || ownTip(replica) === undefined) return
  if (isGone(replica) || !others) return
  replica.recovery = 'held'
  persist(turn, [{ key: keyOf(replica, GroupNote.held), value: Uint8Array.of(1) }])
  count(turn, 'held_back')
}

/** A member knows this one up to something that is held here, or the risk was accepted. */
export const letSpeak = (turn: Turn, replica: Replica): void => {
  if (replica.recovery !== 'held') return
  replica.recovery = undefined
  replica.changed = true
  persist(turn, [{ key: keyOf(replica, GroupNote.held), value: null }])
}

/** Others show what this member signed and does not hold: it is retired, for good. */
export const noteRolledBack = (turn: Turn, replica: Replica): void => {
  if (replica.recovery === 'retired') return
  replica.recovery = 'retired'
  replica.changed = true
  persist(turn, [{ key: keyOf(replica), value: Uint8Array.of(1) }])
  count(turn, 'retired')
}

/** It is back as a new member. */
export const endRecovery = (turn: Turn, replica: Replica): void => {
  if (replica.recovery !== undefined) {
    const kinds = [GroupNote.retired, GroupNote.held]
    persist(
      turn,
      kinds.map((kind) => ({ key: keyOf(replica, kind), value: null })),
    )
  }
  replica.recovery = undefined
}
