/**
 * When a member owes the group an attestation, and why. What it received and has not attested calls
 * for one within a minute, many messages of its own call for one at once. Attestations and prekeys never
 * call for any, so nothing here feeds itself: after the last other message each member says one, and
 * then all are silent.
 */
import { ATTEST_AFTER_MESSAGES, ATTEST_INTERVAL_MS, ATTEST_JITTER_MS } from '../../base/limits.ts'
import type { Vector } from '../transcript/vector.ts'
import { countAt } from '../transcript/vector.ts'

/**
 * `own`: enough messages of one's own. `received`: something that none of one's attestations covers.
 * `healed`: a split is over. `final`: a text waits for a leader's word to become final.
 */
export type AttestCause = 'own' | 'received' | 'healed' | 'final'

export interface Attesting {
  /** By line: how many messages of it one's next attestation has to cover. */
  readonly owed: Map<number, number>
  /** Own messages since the last one that would be attested if somebody else had written them. */
  own: number
  /** When each cause is due, monotonic ms. */
  readonly calls: Map<AttestCause, number>
  /** For when the timer is set. */
  armedMs: number
  /** One is being written. */
  posting: boolean
}

export const createAttesting = (): Attesting => ({
  owed: new Map(),
  own: 0,
  calls: new Map(),
  armedMs: Number.POSITIVE_INFINITY,
  posting: false,
})

/** Types that call for nothing: what attestations and prekeys would set off would never end. */
const silent = new Set([3, 9])

export const callsForAttest = (type: number): boolean => !silent.has(type)

/** A message as far as attesting looks at it. */
export interface Attestable {
  readonly type: number
  readonly line: number
  readonly counter: number
}

/** Asks for an attestation at a time, unless the same cause asks for an earlier one. */
export const call = (state: Attesting, cause: AttestCause, atMs: number): void => {
  state.calls.set(cause, Math.min(atMs, state.calls.get(cause) ?? Number.POSITIVE_INFINITY))
}

/** A message of one's own was taken in. */
export const noteOwn = (state: Attesting, { type }: Attestable, nowMs: number): void => {
  if (!callsForAttest(type)) return
  state.own += 1
  if (state.own >= ATTEST_AFTER_MESSAGES) call(state, 'own', nowMs)
}

/** A message of another member was taken in. `luck` in [0, 1): not all shall speak at once. */
export const noteReceived = (
  state: Attesting,
  { type, line, counter }: Attestable,
  nowMs: number,
  luck: number,
): void => {
  if (!callsForAttest(type)) return
  state.owed.set(line, Math.max(counter + 1, state.owed.get(line) ?? 0))
  if (!state.calls.has('received')) {
    call(state, 'received', nowMs + ATTEST_INTERVAL_MS + Math.floor(luck * ATTEST_JITTER_MS))
  }
}

/** One's own attestation over a past: what that contains is owed no longer. */
export const noteAttested = (state: Attesting, seen: Vector): void => {
  for (const [line, count] of state.owed) {
    if (countAt(seen, line) >= count) state.owed.delete(line)
  }
  const receivedMs = state.calls.get('received')
  state.calls.clear()
  state.own = 0
  // Of very many heads one message takes in some only: what is left stays due when it was.
  if (state.owed.size > 0 && receivedMs !== undefined) state.calls.set('received', receivedMs)
}

/** The first attestation that is due, or undefined where everything was said. */
export const attestDue = ({
  calls,
}: Attesting): { readonly cause: AttestCause; readonly atMs: number } | undefined => {
  let first: { cause: AttestCause; atMs: number } | undefined
  for (const [cause, atMs] of calls) {
    if (first === undefined || atMs < first.atMs) first = { cause, atMs }
  }
  return first
}
