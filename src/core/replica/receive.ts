/**
 * Taking in batches from one peer, one after the other: expand, check one signature per author,
 * then every message through the intake. An author's run whose signature does not hold is dropped
 * whole, so nothing that a corruption touched is ever accepted. Credit goes back only for what is
 * durable, as effects leave after the writes of their step.
 */
import type { Bytes } from '../../base/bytes.ts'
import { DURABLE_BYTES_MIN, EVIDENCE_PATH_MAX, GONE_WITHDRAWN_MAX } from '../../base/limits.ts'
import type { Batch, Voucher } from '../anti-entropy/batch.ts'
import { isSignatureDue } from '../anti-entropy/batch.ts'
import type { Known, Parent } from '../anti-entropy/expand.ts'
import { expand, vouch } from '../anti-entropy/expand.ts'
import type { Side } from '../evidence/evidence.ts'
import type { Hex } from '../message/header.ts'
import { hexOf } from '../message/header.ts'
import type { Message } from '../message/message.ts'
import { withSignature } from '../message/message.ts'
import { isSealed } from '../message/type.ts'
import { rowById } from '../transcript/transcript.ts'
import type { Turn } from '../turn.ts'
import { count, emit, persist } from '../turn.ts'
import { withdrawnOf } from './departures.ts'
import type { Source } from './intake.ts'
import { linePut, take } from './intake.ts'
import { loadIds } from './rows.ts'
import type { Replica } from './state.ts'
import type { SyncPeer, Work } from './sync-state.ts'
import { endFetch, sendFrame } from './sync.ts'
import { noteGiven } from './withholding.ts'

/** Batches that may wait: more than a whole credit of small ones. */
const QUEUE_MAX = 256

/** Runs pieces of work of one peer strictly one after the other. */
const enqueue = (turn: Turn, peer: SyncPeer, work: Work): void => {
  if (peer.queue.length >= QUEUE_MAX) return count(turn, 'frames_dropped', 'queue-full')
  peer.queue.push(work)
  if (!peer.busy) runNext(turn, peer)
}

const runNext = (turn: Turn, peer: SyncPeer): void => {
  const work = peer.queue.shift()
  peer.busy = work !== undefined
  work?.(turn, (later) => runNext(later, peer))
}

export const takeBatch = (
  turn: Turn,
  replica: Replica,
  peer: SyncPeer,
  batch: Batch,
  bytes: number,
): void => {
  enqueue(turn, peer, (at, next) => {
    const before = peer.tally.received
    peer.given += batch.items.length
    noteGiven(at, replica, peer, batch)
    openBatch(at, replica, peer, batch, (later) => {
      // Only what is new counts as an answer, or one peer could keep all others from being asked.
      const { fetching } = replica.sync
      const fresh = peer.tally.received > before
      if (fresh && fetching?.channel === peer.channel) fetching.heardMs = later.env.nowMs
      callDurable(later, peer, bytes)
      next(later)
    })
  })
}

/** Gives credit back, a good part of it at a time; none where nothing more is to come. */
const callDurable = (turn: Turn, peer: SyncPeer, bytes: number): void => {
  peer.uncalled += bytes
  if (peer.ending || peer.uncalled < DURABLE_BYTES_MIN) return
  sendFrame(turn, peer, { kind: 'durable', index: peer.index, bytes: peer.uncalled })
  peer.uncalled = 0
}

export const takeEnd = (
  turn: Turn,
  replica: Replica,
  peer: SyncPeer,
  told: { readonly root: Hex; readonly count: number },
): void => {
  if (replica.sync.fetching?.channel === peer.channel) {
    peer.ending = true
    // A digest that comes before the batches are taken in is newer than this.
    peer.theirRoot = told.root
    peer.theirCount = told.count
  }
  enqueue(turn, peer, (at, next) => {
    endFetch(at, replica, peer)
    next(at)
  })
}

const knownOf = (replica: Replica): Known => ({
  parent: (id) => {
    const row = rowById(replica.transcript, id)
    if (row === undefined) return waitingParent(replica, id)
    const uses = replica.transcript.lines[row.line]?.uses ?? []
    const epoch = uses.filter((use) => use.from <= row.counter).at(-1)?.epoch ?? ''
    return { lamport: row.lamport, epoch, gen: row.gen }
  },
})

/** A message that waits or lies aside: what is built on it comes in later batches. */
const waitingParent = (replica: Replica, id: Hex): Parent | undefined => {
  const at = (one: Hex): Message | undefined =>
    replica.aside.get(one)?.message ?? replica.pending.waiting.get(one)?.message
  const message = at(id)
  if (message === undefined) return undefined
  const { lamport } = message.header
  // What its author sealed last: this one, or one before it, waiting or held.
  for (let text: Message | undefined = message; text !== undefined;) {
    if (isSealed(text.header.type)) return { lamport, epoch: text.epoch, gen: text.header.gen }
    if (text.prev === undefined) return { lamport, epoch: '', gen: 0 }
    const before = at(text.prev)
    if (before !== undefined) text = before
    else {
      const held = rowById(replica.transcript, text.prev) && knownOf(replica).parent(text.prev)
      return held && { ...held, lamport }
    }
  }
  return undefined
}

const openBatch = (
  turn: Turn,
  replica: Replica,
  peer: SyncPeer,
  batch: Batch,
  done: (turn: Turn) => void,
): void => {
  const { crypto } = turn.env
  const group = replica.constitution.group
  const known = knownOf(replica)
  const first = expand(crypto, group, batch, known)
  if (first.kind === 'messages') return takeAll(turn, replica, peer, batch, first.messages, done)
  if (first.kind === 'malformed') return blame(turn, replica, peer, first.reason, done)
  loadIds(turn, replica, first.ids, (later) => {
    const again = expand(crypto, group, batch, known)
    if (again.kind === 'malformed') return blame(later, replica, peer, again.reason, done)
    // No misdeed: what the peer builds on may have been refused here, or come from elsewhere.
    if (again.kind === 'missing') return drop(later, peer, 'batch-gap', done)
    takeAll(later, replica, peer, batch, again.messages, done)
  })
}

const drop = (turn: Turn, peer: SyncPeer, reason: string, done: (turn: Turn) => void): void => {
  count(turn, 'frames_dropped', reason)
  emit(turn, { kind: 'notify', event: { kind: 'dropped', peer: peer.peer, reason } })
  done(turn)
}

/** As `drop`, for what no honest peer sends. */
const blame = (
  turn: Turn,
  replica: Replica,
  peer: SyncPeer,
  reason: string,
  done: (turn: Turn) => void,
): void => {
  replica.sync.misdeeds.push(peer.peer)
  drop(turn, peer, reason, done)
}

/** One author's part of a batch: not checked yet, vouched for, or refused. */
type Standing = 'unchecked' | 'vouched' | 'refused'

interface BatchRun {
  readonly replica: Replica
  readonly peer: SyncPeer
  readonly batch: Batch
  readonly messages: readonly Message[]
  readonly standing: Standing[]
  /** Author -> index of its last item. */
  readonly last: ReadonlyMap<number, number>
  readonly vouchers: ReadonlyMap<number, Voucher>
  /** An invalid message was in it: the peer is blamed once for all of them. */
  blamed: boolean
  /** Where its messages come from, with or without a signature of their own that was checked. */
  readonly vouched: Source
  readonly signed: Source
}

const takeAll = (
  turn: Turn,
  replica: Replica,
  peer: SyncPeer,
  batch: Batch,
  messages: readonly Message[],
  done: (turn: Turn) => void,
): void => {
  const run: BatchRun = {
    replica,
    peer,
    batch,
    messages,
    standing: batch.authors.map(() => 'unchecked'),
    last: new Map(batch.items.map((item, i) => [item.author, i])),
    vouchers: new Map(batch.vouchers.map((voucher) => [voucher.author, voucher])),
    blamed: false,
    vouched: {
      how: 'sync',
      from: peer.peer,
      vouched: true,
      verified: false,
      side: (message) => sideOf(run, message),
    },
    signed: { how: 'sync', from: peer.peer, vouched: true, verified: true },
  }
  takeFrom(turn, run, 0, done)
}

/** Takes items from `start` on. Most are judged at once; a loop, so that the stack stays flat. */
const takeFrom = (turn: Turn, run: BatchRun, start: number, done: (turn: Turn) => void): void => {
  for (let i = start; i < run.messages.length; i++) {
    let finished = false
    let waited = false
    takeItem(turn, run, i, (later) => {
      finished = true
      if (waited) takeFrom(later, run, i + 1, done)
    })
    waited = true
    if (!finished) return
  }
  done(turn)
}

const takeItem = (turn: Turn, run: BatchRun, i: number, next: (turn: Turn) => void): void => {
  const { replica, peer } = run
  const message = run.messages[i]
  const author = run.batch.items[i]?.author
  if (message === undefined || author === undefined) return next(turn)
  if (isTooMuch(replica, peer, message)) {
    return drop(turn, peer, 'gone-withdrawn', next)
  }
  const voucher = run.vouchers.get(author)
  if (!standsBy(turn, run, author, message, voucher) || voucher === undefined) return next(turn)
  const isLast = run.last.get(author) === i
  const signed = isLast && voucher.headers.length === 0
  const taken = signed ? withSignature(message, voucher.signature) : message
  take(turn, replica, taken, signed ? run.signed : run.vouched, (later, outcome) => {
    if (outcome.kind === 'accepted') {
      peer.tally.received += 1
      peer.total.received += 1
      if (isLast && !signed) keepVoucher(later, replica, message, voucher)
    }
    // Validity is the same everywhere: an honest peer does not hold what is invalid here.
    if (outcome.kind === 'rejected' && !run.blamed) {
      run.blamed = true
      replica.sync.misdeeds.push(peer.peer)
    }
    next(later)
  })
}

/** Somebody who is gone may bring what others said, not endless words of the gone that do not count. */
const isTooMuch = (replica: Replica, peer: SyncPeer, message: Message): boolean =>
  replica.sync.gone.has(peer.channel) &&
  replica.departures.has(message.member) &&
  withdrawnOf(replica, message.member) >= GONE_WITHDRAWN_MAX

/** What proves an item: from what its author's voucher signs down to it, as short as it can be. */
const sideOf = (run: BatchRun, disputed: Message): Side | undefined => {
  const i = run.messages.indexOf(disputed)
  const author = run.batch.items[i]?.author
  const voucher = author === undefined ? undefined : run.vouchers.get(author)
  if (voucher === undefined) return undefined
  const headers: Bytes[] = []
  for (let at = i; at < run.messages.length; at++) {
    const message = run.messages[at]
    if (message === undefined || run.batch.items[at]?.author !== author) continue
    headers.unshift(message.headerBytes)
    // Its own signature, where it is due, is checked when the item is taken in.
    if (at > i && headers.length > EVIDENCE_PATH_MAX) return undefined
    if (isSignatureDue(message.header.counter) && message.signature.length === 64) {
      return { headers, signature: message.signature }
    }
  }
  return { headers: [...voucher.headers.toReversed(), ...headers], signature: voucher.signature }
}

/** Checks an author's one signature when its first item is due: its admission is held by then. */
const standsBy = (
  turn: Turn,
  run: BatchRun,
  author: number,
  message: Message,
  voucher: Voucher | undefined,
): boolean => {
  if (run.standing[author] !== 'unchecked') return run.standing[author] === 'vouched'
  const device = run.replica.facts.get(message.member)?.device
  const end = run.messages[run.last.get(author) ?? -1]
  const holds =
    device !== undefined &&
    end !== undefined &&
    voucher !== undefined &&
    vouch(turn.env.crypto, device, end, voucher)
  run.standing[author] = holds ? 'vouched' : 'refused'
  if (holds) return true
  if (device === undefined) drop(turn, run.peer, 'author-unknown', () => undefined)
  else blame(turn, run.replica, run.peer, 'signature', () => undefined)
  return false
}

const keepVoucher = (
  turn: Turn,
  replica: Replica,
  message: Message,
  voucher: { readonly headers: readonly Uint8Array[]; readonly signature: Uint8Array },
): void => {
  const row = rowById(replica.transcript, message.id)
  const line = row && replica.transcript.lines[row.line]
  if (line === undefined || line.tip.id !== hexOf(message.idBytes)) return
  replica.vouchers.set(line.index, voucher)
  persist(turn, [linePut(replica, line)])
}
