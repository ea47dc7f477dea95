/**
 * When keys that were opened are erased (E2, E4, and the key of envelopes). A chain dies when its
 * author cannot use it any more: it uses another epoch, or is gone and all that could still count of it
 * is here. What no rule reaches dies by age, counted from when the epoch was replaced here, so that
 * neither a long absence nor a side without a leader loses keys that are still in use.
 */
import { CHAINS_RENEWED_MS } from '../../base/limits.ts'
import { Standing, activeMembers, presentMembers } from '../membership/roster.ts'
import type { Roster } from '../membership/roster.ts'
import type { Hex } from '../message/header.ts'
import { has } from '../transcript/control-log.ts'
import type { Line } from '../transcript/transcript.ts'
import type { Turn } from '../turn.ts'
import { closureOfPast, contextOf } from '../validity/context.ts'
import { eraseChain, eraseEnv, eraseEpoch, eraseSecret, eraseSpent, renewEpochs } from './epochs.ts'
import { eraseOwnPrekeys, erasePrekeys } from './prekeys.ts'
import type { OpenEpoch, Replica } from './state.ts'
import { currentContext, isGone } from './state.ts'

/** True when `older` lies in the past of the epoch `newer`. */
const isAncestor = ({ jurisdiction }: Replica, older: Hex, newer: Hex): boolean => {
  const [a, b] = [jurisdiction.epochs.get(older), jurisdiction.epochs.get(newer)]
  return a !== undefined && b !== undefined && has(closureOfPast(jurisdiction, b.past), a.sequence)
}

/** The author of a line has just turned to another epoch: S2 forbids all that it leaves behind. */
export const forgetLeft = (replica: Replica, line: Line): void => {
  const now = line.uses.at(-1)?.epoch
  if (now === undefined) return
  for (const epoch of replica.epochs.values()) {
    if (epoch.id === now || !epoch.chains.has(line.member)) continue
    const left = line.uses.some((use) => use.epoch === epoch.id)
    if (left || isAncestor(replica, epoch.id, now)) eraseChain(replica, epoch, line.member)
  }
}

/** Members of whom nothing that is not here yet can ever count. */
const finished = (replica: Replica, roster: Roster): Hex[] => {
  const { transcript, jurisdiction } = replica
  const tips = presentMembers(roster)
    .filter(({ facts }) => facts.leader)
    .map(({ facts }) => transcript.lines[transcript.byMember.get(facts.member)?.[0] ?? -1]?.tip)
  // What the last words of every leader knew of: a leader who knows covers nothing of them any more.
  const known = tips.map((tip) => tip && contextOf(jurisdiction, tip.control).roster)
  const toAll = (member: Hex): boolean =>
    known.every((one) => one?.members.get(member)?.standing === Standing.removed)
  return [...roster.members.values()]
    .filter(({ standing }) => standing === Standing.left || standing === Standing.removed)
    .filter(({ standing, leftBy, facts }) =>
      standing === Standing.left || leftBy.length > 0 ? true : toAll(facts.member),
    )
    .map(({ facts }) => facts.member)
}

/** When an epoch was replaced here, wall ms; undefined while it is a head. */
export const replacedMs = (replica: Replica): Map<Hex, number> => {
  const replaced = new Map<Hex, number>()
  for (const [id, { info }] of replica.jurisdiction.epochs) {
    if (info.kind !== 'epoch') continue
    const seenMs = replica.epochsSeen.get(id) ?? 0
    for (const parent of info.epoch.parents) {
      replaced.set(parent, Math.min(replaced.get(parent) ?? seenMs, seenMs))
    }
  }
  return replaced
}

/** After a control message: members that are finished, and envelopes that nobody sends any more. */
export const eraseAfterChange = (turn: Turn, replica: Replica): void => {
  if (isGone(replica)) return eraseAll(turn, replica)
  const { roster, epochHeads } = currentContext(replica)
  const done = finished(replica, roster)
  const near = new Set(epochHeads.keys())
  for (const head of epochHeads.values()) for (const parent of head.parents) near.add(parent)
  for (const epoch of replica.epochs.values()) {
    for (const member of done) eraseChain(replica, epoch, member)
    if (!near.has(epoch.id)) eraseEnv(replica, epoch)
  }
}

/** By the clock: what is too old, and, once in a while, everything that changed is written anew. */
export const eraseByClock = (turn: Turn, replica: Replica): void => {
  erasePrekeys(turn, replica)
  const { wallMs, nowMs } = turn.env
  const { chainCapMs, shareWindowMs } = replica.constitution.policy
  // One epoch alone is a head: nothing of it can be too old.
  if (replica.epochs.size > 1) {
    const replaced = replacedMs(replica)
    for (const epoch of replica.epochs.values()) {
      const since = replaced.get(epoch.id)
      if (since === undefined || wallMs - since < chainCapMs) continue
      for (const member of [...epoch.chains.keys()]) eraseChain(replica, epoch, member)
    }
  }
  for (const epoch of replica.epochs.values()) {
    if (epoch.secret.length === 0) continue
    const over = wallMs - epoch.openedMs >= shareWindowMs
    if (over || sharedWithAll(replica, epoch)) eraseSecret(replica, epoch)
  }
  eraseSpent(turn, replica)
  if (replica.stale.size === 0) replica.staleMs = undefined
  else if (replica.staleMs === undefined) replica.staleMs = nowMs
  else if (nowMs - replica.staleMs >= CHAINS_RENEWED_MS) {
    replica.staleMs = undefined
    renewEpochs(turn, replica)
  }
}

/** Every active member speaks under the epoch or a later one: nobody has to ask for it. */
const sharedWithAll = (replica: Replica, epoch: OpenEpoch): boolean => {
  const { roster } = currentContext(replica)
  const { transcript } = replica
  return activeMembers(roster).every(({ facts }) => {
    const line = transcript.lines[transcript.byMember.get(facts.member)?.[0] ?? -1]
    const now = line?.uses.at(-1)?.epoch
    return now !== undefined && (now === epoch.id || isAncestor(replica, epoch.id, now))
  })
}

/** This member is gone: nothing that comes is meant for it, so none of its keys is kept. */
export const eraseAll = (turn: Turn, replica: Replica): void => {
  for (const epoch of [...replica.epochs.values()]) eraseEpoch(turn, replica, epoch)
  eraseOwnPrekeys(turn, replica)
}
