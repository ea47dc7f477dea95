/**
 * What an accused member says lies aside, neither taken in nor passed on, until a valid message of somebody
 * else builds on it: its author knew of no evidence and covers it, or Rule Q found that another did. Then all of
 * it that this message builds on comes in with it. What nobody builds on is let go after a while, like anything
 * that waits for its past.
 */
import { ASIDE_BYTES_MAX, ASIDE_MAX, PENDING_AGE_MS } from '../../base/limits.ts'
import type { Side } from '../evidence/evidence.ts'
import type { Hex } from '../message/header.ts'
import type { Message } from '../message/message.ts'
import { release } from '../transcript/pending.ts'
import { rowById } from '../transcript/transcript.ts'
import type { Turn } from '../turn.ts'
import { persist } from '../turn.ts'
import type { Rehearsed } from '../validity/rehearsal.ts'
import { rehearse } from '../validity/rehearsal.ts'
import type { Done, Source } from './intake.ts'
import { loadIds, loadPlaces } from './rows.ts'
import { linePut } from './intake.ts'
import type { Aside, Replica, Suspect } from './state.ts'
import { courtOf } from './state.ts'

type Settle = (turn: Turn, replica: Replica, message: Message, source: Source, done: Done) => void

const bytesOf = ({ message, side }: Pick<Aside, 'message' | 'side'>): number =>
  message.headerBytes.length +
  message.body.length +
  (side?.headers ?? []).reduce((sum, header) => sum + header.length, 64)

/** False when a bound is reached. */
export const setAside = ({ aside }: Replica, suspect: Suspect, nowMs: number): boolean => {
  for (const [id, { sinceMs }] of aside) {
    if (sinceMs + PENDING_AGE_MS > nowMs) break
    aside.delete(id)
  }
  const { message, missing } = suspect
  if (aside.has(message.id)) return true
  const { side: prove, ...source } = suspect.source
  const side = message.signature.length === 64 ? undefined : prove?.(message)
  const bytes = [...aside.values()].reduce((sum, one) => sum + bytesOf(one), 0)
  if (aside.size >= ASIDE_MAX || bytes + bytesOf({ message, side }) > ASIDE_BYTES_MAX) return false
  aside.set(message.id, { message, source, missing, side, sinceMs: nowMs })
  return true
}

/** Keeps what proves the last message of a line, so that it can be served. */
export const keepSide = (
  turn: Turn,
  replica: Replica,
  message: Message,
  side: Side | undefined,
): void => {
  const row = rowById(replica.transcript, message.id)
  const line = row && replica.transcript.lines[row.line]
  if (side === undefined || line?.tip.id !== message.id) return
  // From the message on to the one that is signed.
  const headers = side.headers.slice(0, -1).toReversed()
  replica.vouchers.set(line.index, { headers, signature: side.signature })
  persist(turn, [linePut(replica, line)])
}

/** What would have to come in with a message, itself last; undefined while anything of it is missing. */
const belowOf = (replica: Replica, top: Hex): Rehearsed[] | undefined => {
  const { aside, pending } = replica
  const found = new Map<Hex, Rehearsed>()
  const open = [top]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id)) continue
    const kept = aside.get(id)
    const waiting = pending.waiting.get(id)
    const message = kept?.message ?? waiting?.message
    if (message === undefined) return undefined
    const source = kept?.source ?? waiting
    found.set(id, { message, assured: source?.vouched === true || source?.verified === true })
    open.push(...stillMissing(replica, kept?.missing ?? waiting?.missing ?? []))
  }
  return [...found.values()].sort(
    (a, b) =>
      a.message.header.lamport - b.message.header.lamport || (a.message.id < b.message.id ? -1 : 1),
  )
}

/** Some of what was missing may have come in since. */
const stillMissing = ({ transcript }: Replica, ids: Iterable<Hex>): Hex[] =>
  [...ids].filter((id) => rowById(transcript, id) === undefined)

/** The messages that wait for one, directly or not, itself first. */
const aboveOf = ({ pending }: Replica, bottom: Hex): Hex[] => {
  const found = new Set([bottom])
  for (const id of found) for (const waiter of pending.awaited.get(id) ?? []) found.add(waiter)
  return [...found]
}

/** Something came: whatever waits for it, itself included, is looked at again. */
export const releaseUpon = (turn: Turn, replica: Replica, id: Hex, settle: Settle): void => {
  if (replica.aside.size === 0) return
  for (const top of aboveOf(replica, id)) {
    const message = replica.pending.waiting.get(top)?.message
    if (message === undefined || !covers(replica, message)) continue
    const below = belowOf(replica, top)
    if (below?.some((one) => replica.aside.has(one.message.id)) !== true) continue
    return tryOn(turn, replica, below, settle, 0)
  }
}

/** Whether somebody held to be a member, and not accused, wrote it: what is held of Adds is covered. */
const covers = ({ facts, accused }: Replica, { member }: Message): boolean =>
  facts.has(member) && !accused.has(member)

const TRIES_MAX = 4

const tryOn = (
  turn: Turn,
  replica: Replica,
  messages: readonly Rehearsed[],
  settle: Settle,
  tries: number,
): void => {
  const again = (later: Turn): void => {
    if (tries < TRIES_MAX) tryOn(later, replica, messages, settle, tries + 1)
  }
  const within = new Set(messages.map(({ message }) => message.id))
  const parents = messages
    .flatMap(({ message }) => [
      ...message.deps,
      ...(message.prev === undefined ? [] : [message.prev]),
    ])
    .filter((id) => !within.has(id))
  if (parents.some((id) => rowById(replica.transcript, id) === undefined)) {
    return loadIds(turn, replica, parents, again)
  }
  const rehearsal = rehearse(courtOf(turn, replica), messages)
  if (rehearsal.kind === 'need') return loadPlaces(turn, replica, rehearsal.places, again)
  if (rehearsal.kind !== 'valid') return
  const entries = messages.map(({ message, assured }) => entryOf(replica, message.id, assured))
  for (const { message } of messages) {
    replica.aside.delete(message.id)
    release(replica.pending, message.id)
  }
  // Lowest first, each on what came in before it: the last of them covers the others.
  messages.forEach(({ message }, i) => {
    const { source, side } = entries[i] ?? entryOf(replica, message.id, false)
    settle(turn, replica, message, source, (later, outcome) => {
      if (outcome.kind === 'accepted') keepSide(later, replica, message, side)
    })
  })
}

const entryOf = (
  { aside, pending }: Replica,
  id: Hex,
  vouched: boolean,
): Pick<Aside, 'source' | 'side'> => {
  const from = pending.waiting.get(id)?.from ?? ''
  const source = { how: 'push', from, vouched, verified: false } as const
  return aside.get(id) ?? { source, side: undefined }
}
