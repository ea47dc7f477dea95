/** The `sync` command: one round with each peer asked, answered when all are over or late. */
import type { PeerId } from '../input.ts'
import { failure, refused } from '../failure.ts'
import type { Turn } from '../turn.ts'
import { emit } from '../turn.ts'
import type { Replica } from './state.ts'
import type { SyncPeer } from './sync-state.ts'
import { freshTally } from './sync-state.ts'
import { sendDigest } from './sync.ts'

const ROUND_WITHIN_MS = 10_000

/** Starts a round with one peer or with all. */
export const syncNow = (
  turn: Turn,
  replica: Replica,
  ticket: number,
  peer: PeerId | undefined,
): void => {
  const { sync } = replica
  const asked = [...sync.peers.values()].filter(
    (one) => one.proven && (peer === undefined || one.peer === peer),
  )
  if (asked.length === 0) {
    const error = failure(
      'PEER_UNREACHABLE',
      'no member of the group is reachable now',
      'see `coterie status` for who is missing and why',
    )
    return emit(turn, { kind: 'reply', ticket, reply: refused(error) })
  }
  const deadlineMs = turn.env.nowMs + ROUND_WITHIN_MS
  const open = new Set(asked.map((one) => one.channel))
  sync.waiters.push({ ticket, open, rounds: [], deadlineMs })
  emit(turn, { kind: 'set-timer', timer: `sync/${replica.number}`, atMs: deadlineMs })
  for (const one of asked) {
    one.tally = freshTally(turn.env.nowMs)
    sendDigest(turn, replica, one, true)
  }
}

/** A round with a peer is over: whoever waited for it is told. */
export const finishWaiters = (
  turn: Turn,
  replica: Replica,
  peer: SyncPeer,
  equal: boolean,
): void => {
  for (const waiter of [...replica.sync.waiters]) {
    if (!waiter.open.delete(peer.channel)) continue
    const { startedMs, ...tally } = peer.tally
    const ms = turn.env.nowMs - startedMs
    waiter.rounds.push({ peer: peer.peer, member: peer.member, ...tally, ms, equal })
    if (waiter.open.size === 0) answer(turn, replica, waiter.ticket)
  }
}

/** Rounds that take too long are reported as they stand. */
export const expireWaiters = (turn: Turn, replica: Replica): void => {
  for (const waiter of [...replica.sync.waiters]) {
    if (waiter.deadlineMs <= turn.env.nowMs) answer(turn, replica, waiter.ticket)
  }
}

const answer = (turn: Turn, replica: Replica, ticket: number): void => {
  const { waiters } = replica.sync
  const at = waiters.findIndex((waiter) => waiter.ticket === ticket)
  const [waiter] = waiters.splice(at, 1)
  if (waiter === undefined) return
  const rounds = waiter.rounds
  emit(turn, { kind: 'reply', ticket, reply: { ok: true, value: { rounds } } })
}
