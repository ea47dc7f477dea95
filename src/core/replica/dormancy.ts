/**
 * Members who have not been heard of for as long as the policy says are set dormant, so that epochs are
 * no longer sealed to keys that nobody renews. Heard of means: a message of theirs came, by whomever, or
 * they proved themselves on a link. A leader that was away itself judges nobody before it has been
 * among others for an hour: by then it holds what they have said meanwhile.
 */
import { HEARD_SAVED_MS, SILENCE_JUDGED_AFTER_MS } from '../../base/limits.ts'
import { encode } from '../../codec/canonical.ts'
import { activeMembers } from '../membership/roster.ts'
import type { Hex } from '../message/header.ts'
import type { Turn } from '../turn.ts'
import { count, persist } from '../turn.ts'
import { postDormant } from './author.ts'
import { noteHeard } from './heard.ts'
import { managerNow, onlineMembers } from './manager.ts'
import type { Replica } from './state.ts'
import { GroupNote, bytesOf, currentContext, groupNoteKey, isActingLeader } from './state.ts'

/** Looks who is there, and, when it is this leader's turn, who has been silent for too long. */
export const watchSilence = (turn: Turn, replica: Replica): void => {
  const { dormantAfterMs } = replica.constitution.policy
  if (dormantAfterMs === undefined || !isActingLeader(replica)) return
  const { nowMs, wallMs } = turn.env
  const online = onlineMembers(replica)
  if (online.size === 0) replica.amongSinceMs = undefined
  else replica.amongSinceMs ??= nowMs
  const { self } = replica
  const others = activeMembers(currentContext(replica).roster)
    .map(({ facts }) => facts.member)
    .filter((member) => member !== self.member)
  for (const member of others) {
    // Never heard of since it is counted: from now on.
    if (online.has(member) || !replica.heard.has(member)) noteHeard(turn, replica, member)
  }
  saveHeard(turn, replica, others)
  const among = replica.amongSinceMs
  if (among === undefined || nowMs - among < SILENCE_JUDGED_AFTER_MS) return
  if (managerNow(turn, replica) !== self.member) return
  const silent = others.find(
    (member) => wallMs - (replica.heard.get(member)?.atMs ?? wallMs) >= dormantAfterMs,
  )
  // One at a time: the next round finds the next.
  if (silent === undefined) return
  postDormant(turn, replica, bytesOf(silent), true, (later, posted) => {
    if (!posted.ok) count(later, 'dormants_failed', posted.error.code)
  })
}

/** What a restart may forget is less than a quarter of a day. */
const saveHeard = (turn: Turn, replica: Replica, members: readonly Hex[]): void => {
  const due = members.filter((member) => {
    const heard = replica.heard.get(member)
    return heard !== undefined && heard.atMs - heard.savedMs >= HEARD_SAVED_MS
  })
  persist(
    turn,
    due.map((member) => {
      const { atMs = 0 } = replica.heard.get(member) ?? {}
      replica.heard.set(member, { atMs, savedMs: atMs })
      const key = groupNoteKey(replica.number, GroupNote.heard, bytesOf(member))
      return { key, value: encode([atMs]) }
    }),
  )
}
