/**
 * What leaders do to a group, and how a member ends its own membership: each a message, and where
 * keys must change at once, the Epoch in the same batch. Whoever is cut off meanwhile re-keys when
 * it learns of it; see `manager.ts`.
 */
import type { Bytes } from '../../base/bytes.ts'
import type { Failure } from '../effect.ts'
import { failure } from '../failure.ts'
import { presentMembers } from '../membership/roster.ts'
import { RekeyCode, RemoveScope } from '../message/bodies.ts'
import type { Hex } from '../message/header.ts'
import { hexOf, numberText } from '../message/header.ts'
import type { Message } from '../message/message.ts'
import type { Turn } from '../turn.ts'
import { isLeader } from './admission.ts'
import { gone, postEpoch, postLeave, postRekeyRequest, postRemove } from './author.ts'
import type { Posted } from './author.ts'
import { onlineMembers } from './manager.ts'
import type { Replica } from './state.ts'
import { bytesOf, currentContext, isGone } from './state.ts'

/** A message posted, as answers name it. */
export const numbered = ({ header, idBytes }: Message): { number: string; id: string } => ({
  number: numberText(header.memberGroupId, header.counter),
  id: hexOf(idBytes),
})

export const notALeader = failure(
  'NOT_A_LEADER',
  'only a leader of the group can do this',
  'ask a leader: `coterie member list` shows who they are',
)

export interface Removed {
  readonly number: string
  readonly id: string
  /** The members that this hits. */
  readonly members: readonly Hex[]
  /** The epoch made with it, or null where it could not be made at once. */
  readonly epoch: Hex | null
  /** Messages of them known here by number only: they will not count. */
  readonly withdraws: number
  /** Leaders that could not be asked before: what only they hold may be withdrawn too. */
  readonly unaskedLeaders: readonly Hex[]
}

/** Removes a member, or every member of an account, and re-keys without them in one batch. */
export const remove = (
  turn: Turn,
  replica: Replica,
  scope: 'member' | 'account',
  target: Hex,
  then: (turn: Turn, result: Removed | Failure) => void,
): void => {
  if (!isLeader(replica)) return then(turn, notALeader)
  const wanted: Bytes = bytesOf(target)
  const here = presentMembers(currentContext(replica).roster)
  const hit = here.filter(({ facts }) =>
    scope === 'member' ? facts.member === target : hexOf(facts.account) === target,
  )
  if (hit.length === 0) {
    const hint = 'see `coterie member list` for who belongs now'
    return then(turn, failure('MEMBER_UNKNOWN', 'nobody of that id belongs to the group now', hint))
  }
  if (hit.some(({ facts }) => facts.leader)) {
    const hint = 'leaders are fixed for the life of a group: found a new one without them'
    return then(turn, failure('USAGE', 'a leader cannot be removed', hint))
  }
  const members = hit.map(({ facts }) => facts.member)
  const withdraws = waitingOf(replica, members)
  const unaskedLeaders = unasked(replica)
  const code = scope === 'member' ? RemoveScope.member : RemoveScope.account
  postRemove(turn, replica, { scope: code, target: wanted }, (later, posted) => {
    if (!posted.ok) return then(later, posted.error)
    postEpoch(later, replica, (after, made) => {
      const epoch = made.ok ? epochMadeBy(replica, made.message) : null
      then(after, { ...numbered(posted.message), members, epoch, withdraws, unaskedLeaders })
    })
  })
}

const waitingOf = (replica: Replica, members: readonly Hex[]): number =>
  [...replica.pending.waiting.values()].filter(({ message }) => members.includes(message.member))
    .length

const unasked = (replica: Replica): Hex[] => {
  const online = onlineMembers(replica)
  return presentMembers(currentContext(replica).roster)
    .filter(({ facts }) => facts.leader && facts.member !== replica.self.member)
    .map(({ facts }) => facts.member)
    .filter((member) => !online.has(member))
}

const epochMadeBy = (replica: Replica, message: Message): Hex | null => {
  const entry = replica.transcript.control.byId.get(message.id)
  return entry?.info.kind === 'epoch' ? entry.info.epoch.id : null
}

/** Mints an epoch now, by a request of one's own that it answers. */
export const rotate = (
  turn: Turn,
  replica: Replica,
  then: (turn: Turn, result: { number: string; id: string; epoch: Hex } | Failure) => void,
): void => {
  if (!isLeader(replica)) return then(turn, notALeader)
  postRekeyRequest(turn, replica, RekeyCode.manual, undefined, (later, asked) => {
    if (!asked.ok) return then(later, asked.error)
    postEpoch(later, replica, (after, made) => {
      if (!made.ok) return then(after, made.error)
      const epoch = epochMadeBy(replica, made.message) ?? ''
      then(after, { ...numbered(made.message), epoch })
    })
  })
}

/** Ends this device's own membership for ever. The last leader must say that it means it. */
export const leave = (
  turn: Turn,
  replica: Replica,
  wish: { readonly reason: string; readonly last: boolean },
  then: (turn: Turn, posted: Posted) => void,
): void => {
  if (isGone(replica)) return then(turn, { ok: false, error: gone })
  const leaders = presentMembers(currentContext(replica).roster).filter(({ facts }) => facts.leader)
  if (!wish.last && isLeader(replica) && leaders.length === 1) {
    const error = failure(
      'USAGE',
      'you are the last leader: nobody could be admitted, removed or re-keyed afterwards',
      'if you mean it: coterie group leave GROUP --last',
    )
    return then(turn, { ok: false, error })
  }
  postLeave(turn, replica, wish.reason, then)
}
