/**
 * Messages whose past is not held yet. They are neither forwarded nor receipted; they wait, within
 * bounds per peer and in all, until what they miss arrives or their time is over. Anti-entropy
 * fetches again whatever was let go, so a full buffer costs time and never a message.
 */
import {
  PENDING_AGE_MS,
  PENDING_PER_PEER_BYTES_MAX,
  PENDING_PER_PEER_MAX,
  PENDING_TOTAL_MAX,
} from '../../base/limits.ts'
import type { Hex } from '../message/header.ts'
import type { Message } from '../message/message.ts'

/** A message with whom it came from, and how far it is known to be its author's. */
export interface Arrival {
  readonly message: Message
  readonly from: string
  readonly vouched: boolean
  readonly verified: boolean
}

interface Waiting extends Arrival {
  readonly sinceMs: number
  readonly missing: Set<Hex>
}

interface Load {
  count: number
  bytes: number
}

export interface Pending {
  readonly waiting: Map<Hex, Waiting>
  /** Missing id -> ids of the messages that wait for it. */
  readonly awaited: Map<Hex, Set<Hex>>
  readonly perPeer: Map<string, Load>
}

export const createPending = (): Pending => ({
  waiting: new Map(),
  awaited: new Map(),
  perPeer: new Map(),
})

const sizeOf = (message: Message): number => message.headerBytes.length + message.body.length + 64

/** False when a bound is reached: the message is let go, to be fetched by anti-entropy. */
export const hold = (
  pending: Pending,
  arrival: Arrival,
  missing: readonly Hex[],
  nowMs: number,
): boolean => {
  const { message, from } = arrival
  if (pending.waiting.has(message.id)) return true
  const load = pending.perPeer.get(from) ?? { count: 0, bytes: 0 }
  const bytes = sizeOf(message)
  if (
    pending.waiting.size >= PENDING_TOTAL_MAX ||
    load.count >= PENDING_PER_PEER_MAX ||
    load.bytes + bytes > PENDING_PER_PEER_BYTES_MAX
  ) {
    return false
  }
  pending.perPeer.set(from, { count: load.count + 1, bytes: load.bytes + bytes })
  pending.waiting.set(message.id, { ...arrival, sinceMs: nowMs, missing: new Set(missing) })
  for (const id of missing) {
    const waiters = pending.awaited.get(id) ?? new Set()
    waiters.add(message.id)
    pending.awaited.set(id, waiters)
  }
  return true
}

/** Messages that miss nothing more now that `id` is held, with the peer each came from. */
export const arrived = (pending: Pending, id: Hex): Arrival[] => {
  const waiters = pending.awaited.get(id)
  if (waiters === undefined) return []
  pending.awaited.delete(id)
  const free: Arrival[] = []
  for (const waiter of waiters) {
    const entry = pending.waiting.get(waiter)
    if (entry === undefined) continue
    entry.missing.delete(id)
    if (entry.missing.size > 0) continue
    release(pending, waiter)
    const { message, from, vouched, verified } = entry
    free.push({ message, from, vouched, verified })
  }
  return free
}

/** Takes a message out, whatever it waits for. */
export const release = (pending: Pending, id: Hex): void => {
  const entry = pending.waiting.get(id)
  if (entry === undefined) return
  pending.waiting.delete(id)
  for (const missing of entry.missing) {
    const waiters = pending.awaited.get(missing)
    waiters?.delete(id)
    if (waiters?.size === 0) pending.awaited.delete(missing)
  }
  const load = pending.perPeer.get(entry.from)
  if (load === undefined) return
  load.count -= 1
  load.bytes -= sizeOf(entry.message)
  if (load.count === 0) pending.perPeer.delete(entry.from)
}

/** Lets go of everything that has waited too long; says how many. */
export const expire = (pending: Pending, nowMs: number): number => {
  const old = [...pending.waiting].filter(([, entry]) => entry.sinceMs + PENDING_AGE_MS <= nowMs)
  for (const [id] of old) release(pending, id)
  return old.length
}

/** When the oldest message that waits is let go. */
export const deadline = (pending: Pending): number | undefined => {
  const [oldest] = pending.waiting.values()
  return oldest === undefined ? undefined : oldest.sinceMs + PENDING_AGE_MS
}
