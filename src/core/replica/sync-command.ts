/**
 * The `sync` command: starts one round with each peer asked, by a digest that wants an answer.
 * `sync-waiters.ts` replies when the rounds are over.
 */
import type { PeerId } from '../input.ts'
import { failure, refused } from '../failure.ts'
import type { Turn } from '../turn.ts'
import { emit } from '../turn.ts'
import type { Replica } from './state.ts'
import { freshTally } from './sync-state.ts'
import { armWaiters } from './sync-waiters.ts'
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
  armWaiters(turn, replica)
  for (const one of asked) {
    one.tally = freshTally(turn.env.nowMs)
    sendDigest(turn, replica, one, true)
  }
}
