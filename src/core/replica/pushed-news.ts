/**
 * News of what came or went by push. The push itself usually got everywhere, and whoever missed one
 * notices by the next message, which names it. So peers are told only once a conversation pauses,
 * and now and then in a long one: digests in the midst of pushes always differ, and would cost
 * every pair a useless round.
 */
import type { Turn } from '../turn.ts'
import { emit } from '../turn.ts'
import type { Replica } from './state.ts'
import { tellNews } from './sync.ts'

/** Nothing more was pushed for so long. */
const QUIET_MS = 1_000
/** Told at the latest so long after the first push that was not told. */
const TOLD_WITHIN_MS = 2_000

/** Remembers that something was pushed, to or from here. */
export const notePushed = (turn: Turn, replica: Replica): void => {
  const { sync } = replica
  const { nowMs } = turn.env
  const untold = sync.pushed
  if (untold !== undefined) untold.lastMs = nowMs
  else {
    sync.pushed = { firstMs: nowMs, lastMs: nowMs }
    arm(turn, replica, nowMs + QUIET_MS)
  }
}

/** The timer rang: tells, or waits on while pushes go on. */
export const tellPushed = (turn: Turn, replica: Replica): void => {
  const { pushed } = replica.sync
  if (pushed === undefined) return
  const dueMs = Math.min(pushed.lastMs + QUIET_MS, pushed.firstMs + TOLD_WITHIN_MS)
  if (dueMs > turn.env.nowMs) return arm(turn, replica, dueMs)
  replica.sync.pushed = undefined
  tellNews(turn, replica)
}

const arm = (turn: Turn, replica: Replica, atMs: number): void =>
  emit(turn, { kind: 'set-timer', timer: `pushed/${String(replica.number)}`, atMs })
