/**
 * Whoever waits for `sync` rounds to end: told when all are over, or when they take too long.
 * A round that is late is reported as it stands, never as a failure.
 */
import type { Turn } from '../turn.ts'
import { emit } from '../turn.ts'
import type { Replica } from './state.ts'
import type { SyncPeer } from './sync-state.ts'

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

/** A link is gone: nobody waits for the round on it. */
export const dropWaiters = (turn: Turn, replica: Replica, channel: number): void => {
  for (const waiter of [...replica.sync.waiters]) {
    if (waiter.open.delete(channel) && waiter.open.size === 0) {
      answer(turn, replica, waiter.ticket)
    }
  }
}

/** Sets the one timer to the deadline that comes first. */
export const armWaiters = (turn: Turn, replica: Replica): void => {
  const deadlines = replica.sync.waiters.map((waiter) => waiter.deadlineMs)
  if (deadlines.length === 0) return
  const timer = `sync/${String(replica.number)}`
  emit(turn, { kind: 'set-timer', timer, atMs: Math.min(...deadlines) })
}

/** Rounds that take too long are reported as they stand. */
export const expireWaiters = (turn: Turn, replica: Replica): void => {
  for (const waiter of [...replica.sync.waiters]) {
    if (waiter.deadlineMs <= turn.env.nowMs) answer(turn, replica, waiter.ticket)
  }
  armWaiters(turn, replica)
}

const answer = (turn: Turn, replica: Replica, ticket: number): void => {
  const { waiters } = replica.sync
  const at = waiters.findIndex((waiter) => waiter.ticket === ticket)
  const [waiter] = waiters.splice(at, 1)
  if (waiter === undefined) return
  const rounds = waiter.rounds
  emit(turn, { kind: 'reply', ticket, reply: { ok: true, value: { rounds } } })
}
