/**
 * Two epoch heads after a split: each is known to members whom the other does not name, so a
 * leader makes one epoch over both. Who and when is the election's; what it must say is validity's.
 */
import { readU32 } from '../../base/bytes.ts'
import { rankAccounts } from '../election/rank.ts'
import { backOff, mergeWaitMs } from '../election/merge.ts'
import { EpochReasonCode } from '../epoch/body.ts'
import { isActive } from '../membership/roster.ts'
import { hexOf } from '../message/header.ts'
import type { Turn } from '../turn.ts'
import { count, emit } from '../turn.ts'
import { postEpoch } from './author.ts'
import type { Replica } from './state.ts'
import { currentContext, ownTip } from './state.ts'

const timerOf = (replica: Replica): string => `merge/${String(replica.number)}`

/** The epoch heads that call for a merge by this member, as one text; empty where they do not. */
const calling = (replica: Replica): string => {
  const { self, facts } = replica
  const { roster, epochHeads } = currentContext(replica)
  if (epochHeads.size < 2 || facts.get(self.member)?.leader !== true) return ''
  if (!isActive(roster, self.member) || ownTip(replica) === undefined) return ''
  return [...epochHeads.keys()].sort().join(' ')
}

/** Starts the wait anew when the heads changed, and ends it when there is nothing to merge. */
export const planMerge = (turn: Turn, replica: Replica): void => {
  const heads = calling(replica)
  if (heads === replica.merging) return
  replica.merging = heads
  if (heads === '') return emit(turn, { kind: 'cancel-timer', timer: timerOf(replica) })
  const atMs = turn.env.nowMs + waitOf(turn, replica, heads.split(' '))
  emit(turn, { kind: 'set-timer', timer: timerOf(replica), atMs })
}

const waitOf = (turn: Turn, replica: Replica, heads: readonly string[]): number => {
  const { facts, jurisdiction, self, sync } = replica
  const { epochHeads } = currentContext(replica)
  const epochOf = (id: string): { parents: readonly string[]; merge: boolean } | undefined => {
    const info = jurisdiction.epochs.get(id)?.info
    if (info?.kind !== 'epoch') return undefined
    const { parents, reason } = info.epoch
    return { parents, merge: reason === EpochReasonCode.merge }
  }
  const greatest = Math.max(...[...epochHeads.values()].map((head) => head.depth))
  const leaders = [...facts.values()].filter((one) => one.leader)
  const accounts = leaders.map((one) => one.account)
  const order = rankAccounts(turn.env.crypto, replica.constitution.group, greatest, accounts)
  const names = order.map(hexOf)
  const own = names.indexOf(hexOf(facts.get(self.member)?.account ?? new Uint8Array()))
  const better = new Set(names.slice(0, Math.max(0, own)))
  const online = new Set(
    [...sync.peers.values()].filter((peer) => peer.proven).map((peer) => peer.member),
  )
  const reached = leaders.filter(
    ({ account, member }) => better.has(hexOf(account)) && online.has(member),
  )
  return mergeWaitMs({
    chain: backOff(heads, epochOf),
    betterOnline: reached.length,
    better: better.size,
    luck: readU32(turn.env.random(4), 0) / 2 ** 32,
  })
}

/** The wait is over: if the heads are still the same, they are merged. */
export const mergeNow = (turn: Turn, replica: Replica): void => {
  if (replica.merging === '' || calling(replica) !== replica.merging) {
    return planMerge(turn, replica)
  }
  postEpoch(turn, replica, (later, posted) => {
    if (!posted.ok) count(later, 'merges_failed')
  })
}
