/**
 * Attestations that a member posts by itself: what it took in and wrote calls for them
 * (`attestation/due.ts`), one timer rings when the first is due, and posting one settles all.
 */
import { readU32 } from '../../base/bytes.ts'
import { ATTEST_INTERVAL_MS } from '../../base/limits.ts'
import type { AttestCause } from '../attestation/due.ts'
import {
  attestDue,
  call,
  callsForAttest,
  noteAttested,
  noteOwn,
  noteReceived,
} from '../attestation/due.ts'
import { MessageType } from '../message/type.ts'
import type { Row } from '../transcript/row.ts'
import type { Line } from '../transcript/transcript.ts'
import type { Turn } from '../turn.ts'
import { count, emit } from '../turn.ts'
import type { Replica } from './state.ts'
import { isGone, ownTip } from './state.ts'

const luckOf = (turn: Turn): number => readU32(turn.env.random(4), 0) / 2 ** 32

/** A message was taken in: what it asks for, or, if it is one's own attestation, what it settles. */
export const noteAttesting = (turn: Turn, replica: Replica, row: Row): void => {
  const { attesting, self } = replica
  const { nowMs } = turn.env
  const own = row.member === self.member
  if (own && row.type === MessageType.attest) noteAttested(attesting, row.seen)
  else if (own) noteOwn(attesting, row, nowMs)
  else if (!attesting.calls.has('received')) noteReceived(attesting, row, nowMs, luckOf(turn))
  else noteReceived(attesting, row, nowMs, 0)
  planAttest(turn, replica)
}

/** Asks for an attestation for a cause of another file, at a monotonic time. */
export const callForAttest = (
  turn: Turn,
  replica: Replica,
  cause: AttestCause,
  atMs: number,
): void => {
  call(replica.attesting, cause, atMs)
  planAttest(turn, replica)
}

/** Sets the timer where something is due before it would ring. */
export const planAttest = (turn: Turn, replica: Replica): void => {
  const { attesting } = replica
  const due = attestDue(attesting)
  if (due === undefined || attesting.posting || due.atMs >= attesting.armedMs) return
  attesting.armedMs = due.atMs
  emit(turn, { kind: 'set-timer', timer: `attest/${String(replica.number)}`, atMs: due.atMs })
}

/** Posts an attestation; `then` learns whether it was posted. */
type Post = (
  turn: Turn,
  replica: Replica,
  then: (turn: Turn, posted: { readonly ok: boolean }) => void,
) => void

/** The timer rang: posts what is due, unless that was settled or put off meanwhile. */
export const attestNow = (turn: Turn, replica: Replica, post: Post): void => {
  const { attesting } = replica
  const { nowMs } = turn.env
  attesting.armedMs = Number.POSITIVE_INFINITY
  const due = attestDue(attesting)
  if (due === undefined || attesting.posting || isGone(replica)) return
  if (due.atMs > nowMs) return planAttest(turn, replica)
  // Whoever has not joined yet attests when it does.
  if (ownTip(replica) === undefined) return putOff(turn, replica)
  attesting.posting = true
  count(turn, 'attests_posted', due.cause)
  post(turn, replica, (later, posted) => {
    attesting.posting = false
    if (posted.ok) return planAttest(later, replica)
    count(later, 'attests_failed')
    putOff(later, replica)
  })
}

/** Nothing can be posted now: looks again after the usual time. */
const putOff = (turn: Turn, replica: Replica): void => {
  const { calls } = replica.attesting
  for (const cause of [...calls.keys()]) calls.set(cause, turn.env.nowMs + ATTEST_INTERVAL_MS)
  planAttest(turn, replica)
}

// --- Starting ------------------------------------------------------------------------------------

/**
 * What was owed before the node started, from the last rows of every line: a member that was attested
 * to the end says nothing again. Of a line that grew by more than those rows something is owed for sure.
 */
export const bootAttesting = (
  turn: Turn,
  replica: Replica,
  found: ReadonlyMap<Line, readonly Row[]>,
): void => {
  const { attesting, self } = replica
  let attested: Row | undefined
  for (const [line, rows] of found) {
    const last = rows.findLast((row) => callsForAttest(row.type))
    if (line.member === self.member) {
      attested = rows.findLast((row) => row.type === MessageType.attest)
      const since = rows.filter((row) => row.counter > (attested?.counter ?? -1))
      attesting.own = since.filter((row) => callsForAttest(row.type)).length
    } else {
      const oldest = rows[0]
      const counter = last?.counter ?? (oldest === undefined ? -1 : oldest.counter - 1)
      if (counter >= 0) attesting.owed.set(line.index, counter + 1)
    }
  }
  const { own } = attesting
  if (attested !== undefined) {
    noteAttested(attesting, attested.seen)
    attesting.own = own
  }
  if (attesting.owed.size === 0) return
  call(attesting, 'received', turn.env.nowMs + ATTEST_INTERVAL_MS)
}
