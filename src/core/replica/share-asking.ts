/**
 * Asking for keys of epochs that are held and do not open, although this member may read them: one
 * linked member at a time, once the group is quiet, and the same one again only after a growing while.
 * One question is open at most; its secret lives in memory and is forgotten when it is over.
 */
import { EMPTY, compare, equal } from '../../base/bytes.ts'
import {
  SHARE_AGAIN_MAX_MS,
  SHARE_AGAIN_MS,
  SHARE_EPOCHS_MAX,
  SHARE_QUIET_MS,
  SHARE_STALL_MS,
} from '../../base/limits.ts'
import { labelled, labels } from '../../crypto/label.ts'
import { hedgedSecret } from '../identity/hedged.ts'
import { shareRequestHash, signShareRequest } from '../key-share/request.ts'
import type { Hex } from '../message/header.ts'
import type { Turn } from '../turn.ts'
import { count, emit } from '../turn.ts'
import { recipientsOfEpoch } from '../validity/context.ts'
import { wasOpened } from './epochs.ts'
import { openEntry, saveEntry } from './share-log.ts'
import { addsOf, hasSpokenUnder, isInGoodStanding, rightOf } from './share-rights.ts'
import type { ShareOutcome, SharedEpoch } from './sharing-state.ts'
import type { Replica } from './state.ts'
import { bytesOf, currentContext, ownTip } from './state.ts'
import type { SyncPeer } from './sync-state.ts'
import { sendFrame } from './sync.ts'
import { lacksTexts } from './unopened.ts'

const timerOf = (replica: Replica): string => `share/${String(replica.number)}`

/** Epochs under which this member may read something that it cannot, or might soon; newest first. */
export const wantedEpochs = (replica: Replica): Hex[] => {
  const { jurisdiction, self, sharing, facts } = replica
  const heads = currentContext(replica).epochHeads
  const open = [...jurisdiction.epochs.keys()].filter(
    (epoch) => !sharing.barred.has(epoch) && !wasOpened(replica, epoch),
  )
  if (open.length === 0) return []
  const adds = addsOf(replica, self.member)
  const admitted = adds.length > 0 || facts.get(self.member)?.leader === true
  const entitled = open.filter((epoch) => {
    const right = rightOf(replica, self.member, epoch, adds)
    const may = right !== undefined && !hasSpokenUnder(replica, self.member, epoch)
    // What is held of it only grows, and with it the past of its AddMembers.
    if (!may && admitted) sharing.barred.add(epoch)
    return may
  })
  return entitled
    .filter(
      (epoch) => lacksTexts(replica, epoch) || (heads.has(epoch) && !replica.epochs.has(epoch)),
    )
    .reverse()
}

interface Choice {
  readonly peer: SyncPeer
  readonly epochs: readonly Hex[]
}

/** Whom to ask now, and for what: whoever may know most of them, in turn. */
const choose = (turn: Turn, replica: Replica): Choice | undefined => {
  const wanted = wantedEpochs(replica)
  if (wanted.length === 0) return undefined
  const { sharing, jurisdiction } = replica
  const { nowMs } = turn.env
  const peers = [...replica.sync.peers.values()]
    .filter(({ proven, member, peer }) => proven && replica.facts.get(member)?.peer === peer)
    .sort((a, b) => (a.member < b.member ? -1 : 1))
  const after = peers.findIndex(({ member }) => member > sharing.lastAsked)
  const turns = after < 0 ? peers : [...peers.slice(after), ...peers.slice(0, after)]
  let best: Choice | undefined
  for (const peer of turns) {
    const epochs = wanted.filter(
      (epoch) =>
        recipientsOfEpoch(jurisdiction, epoch)?.has(peer.member) === true &&
        (sharing.asked.get(epoch)?.get(peer.member)?.notBeforeMs ?? nowMs) <= nowMs,
    )
    if (epochs.length > (best?.epochs.length ?? 0)) best = { peer, epochs }
  }
  return best
}

const mayAsk = (replica: Replica): boolean =>
  replica.constitution.policy.keyShare &&
  ownTip(replica) !== undefined &&
  isInGoodStanding(replica, replica.self.member)

/** Looks whether somebody is to be asked; soon, unless something else is under way. */
export const planShare = (turn: Turn, replica: Replica): void => {
  const { sharing } = replica
  if (!mayAsk(replica) || sharing.open !== undefined || sharing.nextMs !== undefined) return
  if (choose(turn, replica) === undefined) return
  sharing.nextMs = turn.env.nowMs + SHARE_QUIET_MS
  emit(turn, { kind: 'set-timer', timer: timerOf(replica), atMs: sharing.nextMs })
}

/** The timer rang: it is time to ask, or to give up on whoever was asked. */
export const shareDue = (turn: Turn, replica: Replica): void => {
  const { sharing } = replica
  const { nowMs } = turn.env
  sharing.nextMs = undefined
  if (sharing.open !== undefined) {
    const { untilMs } = sharing.open
    if (untilMs <= nowMs) return closeRequest(turn, replica)
    return emit(turn, { kind: 'set-timer', timer: timerOf(replica), atMs: untilMs })
  }
  const busy =
    replica.sync.fetching !== undefined || replica.opening > 0 || replica.reopening.size > 0
  if (busy) return planShare(turn, replica)
  const choice = mayAsk(replica) ? choose(turn, replica) : undefined
  if (choice !== undefined) ask(turn, replica, choice)
}

const ask = (turn: Turn, replica: Replica, { peer, epochs }: Choice): void => {
  const { env } = turn
  const { self, constitution, sharing } = replica
  const { group } = constitution
  const asked = epochs.slice(0, SHARE_EPOCHS_MAX)
  const nonce = env.random(16)
  const context = labelled(labels.shareRequest, group, nonce)
  const secret = hedgedSecret(env, self.deviceSeed, context)
  const request = signShareRequest(env.crypto, self.deviceSeed, {
    group,
    requester: self.memberBytes,
    epochs: asked.map((epoch) => ({
      epoch: bytesOf(epoch),
      after: sharing.cursors.get(`${peer.member}/${epoch}`) ?? EMPTY,
    })),
    key: env.crypto.xPublicKey(secret),
    nonce,
    timeMs: Math.max(0, Math.floor(env.wallMs)),
  })
  const adds = addsOf(replica, self.member)
  const rows = asked.map((epoch): SharedEpoch => ({
    epoch,
    right: rightOf(replica, self.member, epoch, adds) ?? null,
    outcome: 'open',
    keys: 0,
  }))
  const { channel, member, index } = peer
  const what = { role: 'asked', member, epochs: rows, refused: undefined } as const
  const untilMs = env.nowMs + SHARE_STALL_MS
  sharing.lastAsked = member
  sharing.open = {
    channel,
    member,
    hash: shareRequestHash(env.crypto, request),
    secret,
    left: new Set(asked),
    entry: openEntry(turn, replica, what),
    untilMs,
    gave: false,
  }
  count(turn, 'shares_asked')
  sendFrame(turn, peer, { kind: 'share-request', index, request })
  emit(turn, { kind: 'set-timer', timer: timerOf(replica), atMs: untilMs })
}

/** How the question ended for one epoch; the last one closes it. `again`: that member has more. */
export const settleEpoch = (
  turn: Turn,
  replica: Replica,
  epoch: Hex,
  end: { readonly outcome: ShareOutcome; readonly keys?: number; readonly again?: boolean },
): void => {
  const { open } = replica.sharing
  if (open?.left.delete(epoch) !== true) return
  const row = open.entry.epochs.find((one) => one.epoch === epoch)
  if (row !== undefined) {
    row.outcome = end.outcome
    row.keys = end.keys ?? 0
  }
  if (end.again !== true) waitLonger(turn, replica, epoch, open.member)
  open.untilMs = turn.env.nowMs + SHARE_STALL_MS
  if (open.left.size === 0) closeRequest(turn, replica)
}

/** The same member is asked for the same epoch again after a minute, two, four ... */
const waitLonger = (turn: Turn, replica: Replica, epoch: Hex, member: Hex): void => {
  const { asked, cursors } = replica.sharing
  const members = asked.get(epoch) ?? new Map<Hex, { times: number; notBeforeMs: number }>()
  const times = (members.get(member)?.times ?? 0) + 1
  const waitMs = Math.min(SHARE_AGAIN_MAX_MS, SHARE_AGAIN_MS * 2 ** Math.min(times - 1, 16))
  members.set(member, { times, notBeforeMs: turn.env.nowMs + waitMs })
  asked.set(epoch, members)
  cursors.delete(`${member}/${epoch}`)
}

/** The question is over, answered or not: its secret is forgotten, and what comes later is refused. */
export const closeRequest = (turn: Turn, replica: Replica): void => {
  const { sharing } = replica
  const { open } = sharing
  if (open === undefined) return
  sharing.open = undefined
  open.secret.fill(0)
  for (const row of open.entry.epochs) {
    if (row.outcome !== 'open') continue
    row.outcome = 'unanswered'
    waitLonger(turn, replica, row.epoch, open.member)
  }
  saveEntry(turn, replica, open.entry)
  emit(turn, { kind: 'cancel-timer', timer: timerOf(replica) })
  planShare(turn, replica)
}

/** A link went: whoever was asked on it will not answer. */
export const shareLinkDown = (turn: Turn, replica: Replica, channel: number): void => {
  if (replica.sharing.open?.channel === channel) closeRequest(turn, replica)
}

/** Remembers how far a member has given; false where it did not get any further. */
export const moveCursor = (
  replica: Replica,
  epoch: Hex,
  member: Hex,
  place: Uint8Array,
): boolean => {
  const { cursors } = replica.sharing
  const name = `${member}/${epoch}`
  const before = cursors.get(name) ?? EMPTY
  if (compare(place, before) <= 0 || equal(place, before)) return false
  cursors.set(name, place)
  return true
}
