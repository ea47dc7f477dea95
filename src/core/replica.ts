/**
 * One group's replica as the endpoint sees it: which verb answers which input. No rule of its own;
 * every rule lives with its idea.
 */
import { deadline as pendingDeadline, expire } from './transcript/pending.ts'
import { attestNow, planAttest } from './replica/attesting.ts'
import { expireAcks } from './replica/acks.ts'
import { complain } from './replica/complaint.ts'
import { postAttest, postJoin, renewPrekey } from './replica/author.ts'
import { isGone } from './replica/state.ts'
import { watchSilence } from './replica/dormancy.ts'
import { attestFinal } from './replica/final-attest.ts'
import { eraseByClock } from './replica/erasure.ts'
import { sendingEpoch } from './replica/keys.ts'
import { manageNow } from './replica/manager.ts'
import { prekeyTimer } from './replica/prekeys.ts'
import { flushPush } from './replica/push.ts'
import { tellPushed } from './replica/pushed-news.ts'
import { planShare, shareDue } from './replica/share-asking.ts'
import type { Replica } from './replica/state.ts'
import { ownTip } from './replica/state.ts'
import type { AskReason } from './replica/sync-state.ts'
import { sendPresence } from './replica/presences.ts'
import { review } from './replica/splits.ts'
import { expireWaiters } from './replica/sync-waiters.ts'
import { fetchStalled, sendDigest, tellNews } from './replica/sync.ts'
import type { Turn } from './turn.ts'
import { count, emit } from './turn.ts'

/** Peers are asked for their digest this often, whatever was heard meanwhile. */
const ROUND_EVERY_MS = 10_000
/** A push that builds on something unknown: its sender is asked after this, unless it came. */
const ASK_AFTER_MS = 100

/** Timers that a running replica always has. */
export const startTimers = (turn: Turn, replica: Replica): void => {
  const atMs = turn.env.nowMs + ROUND_EVERY_MS
  emit(turn, { kind: 'set-timer', timer: `round/${replica.number}`, atMs })
  planAttest(turn, replica)
}

/** A timer `<name>/<group number>` rang. */
export const onReplicaTimer = (turn: Turn, replica: Replica, name: string): void => {
  switch (name) {
    case 'push':
      return flushPush(turn, replica)
    case 'news':
      return tellNews(turn, replica)
    case 'pushed':
      return tellPushed(turn, replica)
    case 'fetch':
      return fetchStalled(turn, replica)
    case 'sync':
      return expireWaiters(turn, replica)
    case 'ask':
      return askSenders(turn, replica)
    case 'round':
      return round(turn, replica)
    case 'manage':
      return manageNow(turn, replica)
    case 'attest':
      return attestNow(turn, replica, postAttest)
    case 'heal':
      return review(turn, replica)
    case 'complain':
      return complain(turn, replica)
    case 'ack':
      return expireAcks(turn, replica)
    case 'final':
      return attestFinal(turn, replica)
    case 'prekey':
      return prekeyTimer(turn, replica, renewPrekey)
    case 'share':
      return shareDue(turn, replica)
    case 'pending':
      return expirePending(turn, replica)
  }
}

const round = (turn: Turn, replica: Replica): void => {
  // Whoever is gone would get no answer.
  const peers = isGone(replica) ? [] : replica.sync.peers.values()
  for (const peer of peers) sendDigest(turn, replica, peer, true)
  eraseByClock(turn, replica)
  watchSilence(turn, replica)
  planShare(turn, replica)
  review(turn, replica)
  sendPresence(turn, replica)
  startTimers(turn, replica)
}

/** Remembers to ask a peer whose push could not be judged; soon, as the rest may be on its way. */
export const askSoon = (turn: Turn, replica: Replica, from: string, why: AskReason): void => {
  const { ask } = replica.sync
  if (ask.get(from) !== 'closed') ask.set(from, why)
  emit(turn, {
    kind: 'set-timer',
    timer: `ask/${replica.number}`,
    atMs: turn.env.nowMs + ASK_AFTER_MS,
  })
  const due = pendingDeadline(replica.pending)
  if (due === undefined) return
  emit(turn, { kind: 'set-timer', timer: `pending/${replica.number}`, atMs: due })
}

const askSenders = (turn: Turn, replica: Replica): void => {
  const { ask, peers } = replica.sync
  if (isGone(replica)) return ask.clear()
  // The usual gap is a race of two pushes, and closed by now.
  const gap = replica.pending.waiting.size > 0
  for (const peer of peers.values()) {
    const why = ask.get(peer.peer)
    if (why === 'closed' || (why === 'gap' && gap)) sendDigest(turn, replica, peer, true)
  }
  ask.clear()
}

const expirePending = (turn: Turn, replica: Replica): void => {
  const gone = expire(replica.pending, turn.env.nowMs)
  if (gone > 0) count(turn, 'messages_dropped', 'pending-expired', gone)
  const due = pendingDeadline(replica.pending)
  if (due === undefined) return
  emit(turn, { kind: 'set-timer', timer: `pending/${replica.number}`, atMs: due })
}

/** A member that was admitted and has nothing posted yet posts its Join, once it has caught up. */
export const joinWhenAdmitted = (turn: Turn, replica: Replica): void => {
  const { sync, transcript, self, facts } = replica
  if (replica.joining || ownTip(replica) !== undefined || sync.fetching !== undefined) return
  if (!facts.has(self.member) || transcript.heads.size === 0) return
  replica.joining = true
  postJoin(turn, replica, (later, joined) => {
    replica.joining = false
    if (joined.ok) postAttest(later, replica, () => undefined)
  })
}

/** True once this member can send: its Join is durable and an epoch names it. */
export const canSend = (turn: Turn, replica: Replica): boolean =>
  ownTip(replica) !== undefined && sendingEpoch(turn.env.crypto, replica) !== undefined
