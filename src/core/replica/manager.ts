/**
 * The manager: whoever of the leaders acts now. Nothing depends on there being one: any leader may
 * make an epoch at any time, two who do only make two heads, and the next merge folds them. This
 * file finds out whether an epoch is called for, waits as long as the election says, looks again
 * and acts.
 */
import { readU32 } from '../../base/bytes.ts'
import {
  EPOCH_AGE_MAX_MS,
  EPOCH_GAP_MIN_MS,
  EPOCH_MESSAGES_MAX,
  MANAGE_RETRY_MS,
  REKEY_REQUEST_GAP_MS,
} from '../../base/limits.ts'
import { complainedLast } from '../election/complaints.ts'
import { backOff, mergeWaitMs, rotateWaitMs } from '../election/merge.ts'
import { rankAccounts } from '../election/rank.ts'
import { EpochReasonCode } from '../epoch/body.ts'
import { activeMembers, isAccused, isPresent, presentMembers } from '../membership/roster.ts'
import { RekeyCode, RemoveScope } from '../message/bodies.ts'
import type { Hex } from '../message/header.ts'
import { hexOf } from '../message/header.ts'
import { MessageType } from '../message/type.ts'
import type { EpochCause } from '../report.ts'
import type { ControlEntry } from '../transcript/control-log.ts'
import type { Turn } from '../turn.ts'
import { count, emit } from '../turn.ts'
import type { Context, ControlInfo, EpochFacts } from '../validity/context.ts'
import { recipientsOfEpoch } from '../validity/context.ts'
import { membershipTypes, messagesIn, prekeysRenewed, uncovered } from '../validity/reason.ts'
import type { Posted } from './author.ts'
import { postEpoch, postRekeyRequest, postRemove } from './author.ts'
import { onlineLeaders } from './presences.ts'
import type { Replica } from './state.ts'
import { bytesOf, currentContext, isActingLeader, isGone } from './state.ts'

interface Call {
  readonly cause: EpochCause
  /** What would have to change for another wait to begin. */
  readonly subject: string
}

const timerOf = (replica: Replica): string => `manage/${String(replica.number)}`

/** What calls for an epoch, or when the clock may bring such a call, or neither. */
const callOf = (turn: Turn, replica: Replica): Call | { readonly atMs: number } | undefined => {
  const context = currentContext(replica)
  const heads = [...context.epochHeads.values()]
  const fresh = uncovered(replica.jurisdiction, context)
  const changes = fresh.filter(
    ({ type }) => membershipTypes.has(type) || type === MessageType.evidence,
  )
  const named = (cause: EpochCause, ids: readonly string[]): Call => ({
    cause,
    subject: `${cause} ${ids.toSorted().join(' ')}`,
  })
  const accused = toRemove(replica, context)
  if (accused.length > 0)
    return named(
      'accused',
      accused.map((member) => `${member}:${heldOf(replica, member)}`),
    )
  if (changes.length > 0)
    return named(
      changes.every(({ type }) => type === MessageType.evidence) ? 'evidence' : 'membership',
      changes.map((entry) => entry.id),
    )
  if (heads.length >= 2)
    return named(
      'merge',
      heads.map((head) => head.id),
    )
  const [head] = heads
  if (head === undefined) return undefined
  // Of somebody who is gone no request is answered: it cannot say on top of its removal that it is.
  const asking = fresh.filter(
    ({ type, member }) => type === MessageType.rekeyRequest && isPresent(context.roster, member),
  )
  const dueMs = asking.map((entry) => honouredFromMs(replica, entry))
  const requests = asking.filter((_, i) => (dueMs[i] ?? 0) <= turn.env.nowMs)
  if (requests.length > 0)
    return named(
      'request',
      requests.map((entry) => entry.id),
    )
  const back = passedOver(replica, context, head.id)
  if (back.length > 0) return named('returned', back)
  const late = byClock(turn, replica, context, head)
  if (typeof late === 'string') return named(late, [head.id])
  const atMs = Math.min(late?.atMs ?? Infinity, ...dueMs)
  return atMs === Infinity ? undefined : { atMs }
}

/** Those accused whom a leader can remove. */
const toRemove = ({ self }: Replica, { roster }: Context): Hex[] =>
  presentMembers(roster)
    .map(({ facts }) => facts)
    .filter(({ member, leader }) => !leader && member !== self.member && isAccused(roster, member))
    .map(({ member }) => member)

/** How much of a member is held: while that grows, a Remove would withdraw what is still on its way. */
const heldOf = ({ transcript }: Replica, member: Hex): string =>
  (transcript.byMember.get(member) ?? [])
    .map((line) => String(transcript.lines[line]?.tip.counter))
    .join('.')

/** Members who were dormant when the epoch was made, and are back by a prekey, which makes none by itself. */
const passedOver = ({ jurisdiction }: Replica, { roster }: Context, head: Hex): Hex[] => {
  const named = recipientsOfEpoch(jurisdiction, head)
  return activeMembers(roster)
    .map(({ facts }) => facts.member)
    .filter((member) => named?.has(member) === false)
}

/** When a request to re-key is answered: a leader's at once, of a member one an hour. */
const honouredFromMs = (replica: Replica, { member }: ControlEntry<ControlInfo>): number => {
  const lastMs = replica.rekeyed.get(member)
  if (lastMs === undefined || replica.facts.get(member)?.leader === true) return 0
  return lastMs + REKEY_REQUEST_GAP_MS
}

/** Calls that need the clock: an epoch in use that is old, large, or behind its members' prekeys. */
const byClock = (
  turn: Turn,
  replica: Replica,
  context: Context,
  head: EpochFacts,
): EpochCause | { readonly atMs: number } | undefined => {
  if (!replica.epochsUsed.has(head.id)) return undefined
  const { wallMs, nowMs } = turn.env
  const age = wallMs - (replica.epochsSeen.get(head.id) ?? wallMs)
  const { transcript, jurisdiction } = replica
  const large = messagesIn(transcript, transcript.seen) - head.messages > EPOCH_MESSAGES_MAX
  if (large && age >= EPOCH_GAP_MIN_MS) return 'messages'
  if (age >= EPOCH_AGE_MAX_MS) {
    return prekeysRenewed(jurisdiction, context, head.id) ? 'prekeys' : 'age'
  }
  const left = (large ? EPOCH_GAP_MIN_MS : EPOCH_AGE_MAX_MS) - age
  return { atMs: nowMs + Math.max(1, Math.ceil(left)) }
}

/** What calls for an epoch now, whoever may make it. Nothing calls on one who is gone. */
export const causeNow = (turn: Turn, replica: Replica): EpochCause | undefined => {
  if (isGone(replica)) return undefined
  const call = callOf(turn, replica)
  return call !== undefined && 'cause' in call ? call.cause : undefined
}

/** Starts the wait anew when what calls changed, and ends it when nothing does. */
export const planEpoch = (turn: Turn, replica: Replica): void => {
  const call = isActingLeader(replica) ? callOf(turn, replica) : undefined
  const subject = call !== undefined && 'cause' in call ? call.subject : ''
  if (subject !== '' && subject === replica.calling) return
  const waited = replica.calling !== ''
  replica.calling = subject
  const timer = timerOf(replica)
  if (call === undefined) {
    if (waited) emit(turn, { kind: 'cancel-timer', timer })
    return
  }
  const atMs = 'atMs' in call ? call.atMs : turn.env.nowMs + waitOf(turn, replica, call)
  emit(turn, { kind: 'set-timer', timer, atMs })
}

/** Leaders of the constitution that have not left and are not accused, by rank: the first acts first. */
export const rankedLeaders = (turn: Pick<Turn, 'env'>, replica: Replica): Hex[] => {
  const { roster, epochHeads } = currentContext(replica)
  const depth = Math.max(0, ...[...epochHeads.values()].map((head) => head.depth))
  const leaders = presentMembers(roster).filter(
    ({ facts }) => facts.leader && !isAccused(roster, facts.member),
  )
  const accounts = leaders.map((member) => member.facts.account)
  const { group } = replica.constitution
  const ranked = rankAccounts(turn.env.crypto, group, depth, accounts).map(hexOf)
  const members = ranked.flatMap((account) =>
    leaders
      .filter((member) => hexOf(member.facts.account) === account)
      .map((member) => member.facts.member),
  )
  return complainedLast(members, replica.complaints, turn.env.nowMs)
}

/** Members on a proven link now. */
export const onlineMembers = (replica: Replica): Set<Hex> =>
  new Set([...replica.sync.peers.values()].filter((peer) => peer.proven).map((one) => one.member))

/** The leader whose turn it is as seen from here, or undefined where no leader is reachable. */
export const managerNow = (turn: Pick<Turn, 'env'>, replica: Replica): Hex | undefined => {
  const online = onlineLeaders(turn.env.nowMs, replica)
  return rankedLeaders(turn, replica).find(
    (member) => online.has(member) || member === replica.self.member,
  )
}

const waitOf = (turn: Turn, replica: Replica, call: Call): number => {
  const { jurisdiction, self } = replica
  const epochOf = (id: string): { parents: readonly string[]; merge: boolean } | undefined => {
    const info = jurisdiction.epochs.get(id)?.info
    if (info?.kind !== 'epoch') return undefined
    const { parents, reason } = info.epoch
    return { parents, merge: reason === EpochReasonCode.merge }
  }
  const ranked = rankedLeaders(turn, replica)
  const better = ranked.slice(0, Math.max(0, ranked.indexOf(self.member)))
  const online = onlineLeaders(turn.env.nowMs, replica)
  const wait = {
    chain: backOff([...currentContext(replica).epochHeads.keys()], epochOf),
    betterOnline: better.filter((member) => online.has(member)).length,
    better: better.length,
    luck: readU32(turn.env.random(4), 0) / 2 ** 32,
  }
  const quiet = call.cause === 'merge' || call.cause === 'accused'
  return quiet ? mergeWaitMs(wait) : rotateWaitMs(wait)
}

/** The wait is over: if the same still calls, this leader acts. */
export const manageNow = (turn: Turn, replica: Replica): void => {
  const call = isActingLeader(replica) ? callOf(turn, replica) : undefined
  if (call === undefined || !('cause' in call) || call.subject !== replica.calling) {
    return planEpoch(turn, replica)
  }
  const asked = requestsNow(replica)
  const acted = (later: Turn, posted: Posted): void => {
    if (posted.ok) noteHonoured(later, replica, asked)
    else count(later, 'epochs_failed', posted.error.code)
    lookAgain(later, replica, call)
  }
  if (call.cause === 'accused') return removeAccused(turn, replica, acted)
  const own = call.cause === 'age' || call.cause === 'returned'
  if (!own) return postEpoch(turn, replica, acted)
  postRekeyRequest(turn, replica, RekeyCode.age, undefined, (later, posted) => {
    if (posted.ok) postEpoch(later, replica, acted)
    else acted(later, posted)
  })
}

/**
 * What called may still call: nothing could be posted, or more was heard at once than an epoch can stand
 * on, and what called was not among it. Maybe nothing else will ever change, so this leader looks again
 * after a while; by then another call has set its own wait, and no call has ended this one.
 */
const lookAgain = (turn: Turn, replica: Replica, call: Call): void => {
  if (replica.calling !== call.subject) return
  const atMs = turn.env.nowMs + MANAGE_RETRY_MS
  emit(turn, { kind: 'set-timer', timer: timerOf(replica), atMs })
}

/** Takes out those accused, one after the other, and re-keys without them. */
const removeAccused = (
  turn: Turn,
  replica: Replica,
  then: (turn: Turn, posted: Posted) => void,
): void => {
  const context = currentContext(replica)
  const [member] = toRemove(replica, context)
  if (member === undefined) return postEpoch(turn, replica, then)
  const [evidence] = context.roster.members.get(member)?.accusedBy ?? []
  const id = replica.transcript.control.entries[evidence ?? -1]?.id ?? ''
  const wanted = { scope: RemoveScope.member, target: bytesOf(member), evidence: bytesOf(id) }
  postRemove(turn, replica, wanted, (later, posted) => {
    if (!posted.ok) return then(later, posted)
    removeAccused(later, replica, then)
  })
}

/** Requests to re-key that no epoch has answered. */
const requestsNow = (replica: Replica): ControlEntry<ControlInfo>[] =>
  uncovered(replica.jurisdiction, currentContext(replica)).filter(
    ({ type }) => type === MessageType.rekeyRequest,
  )

/** An epoch answers every request in its past: their authors' hour begins. */
const noteHonoured = (
  turn: Turn,
  replica: Replica,
  asked: readonly ControlEntry<ControlInfo>[],
): void => {
  const left = new Set(requestsNow(replica))
  for (const entry of asked) {
    if (!left.has(entry)) replica.rekeyed.set(entry.member, turn.env.nowMs)
  }
}
