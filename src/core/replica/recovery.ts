/**
 * A member whose device may have been set back: an old copy of its store runs, and others hold messages
 * of its that it does not. It says nothing more under its numbers, or it would look like a liar.
 */
import { EMPTY } from '../../base/bytes.ts'
import { failure } from '../failure.ts'
import type { Turn } from '../turn.ts'
import { count, persist } from '../turn.ts'
import type { Replica } from './state.ts'
import { GroupNote, groupNoteKey } from './state.ts'

export const needsRejoin = failure(
  'RECOVERED_NEEDS_REJOIN',
  'the group holds messages of this member that this device does not: it was restored, or runs twice',
  'ask a leader for a new ticket: `coterie join` comes back as a new member',
)

const keyOf = (replica: Replica): Uint8Array =>
  groupNoteKey(replica.number, GroupNote.retired, EMPTY)

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
  if (replica.recovery === 'retired') persist(turn, [{ key: keyOf(replica), value: null }])
  replica.recovery = undefined
}
