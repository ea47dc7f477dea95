/**
 * Reconciling with one peer at a time: compare digests, ask by vector for what one lacks, answer
 * vectors with streams. Every node does both halves at once, and a round that changed something
 * makes it tell its other peers, so news crosses members that never meet.
 *
 *     A  -- vector or digest -->  B       equal: done, with one small frame back
 *     A  <- vector, batches, end --  B    B asks A in turn, if A shows what it lacks
 *     A  -- batches, end, digest -->  B   by credit; whoever got something tells its digest
 */
import { toHex } from '../../base/bytes.ts'
import type { GroupFrame } from '../anti-entropy/frames.ts'
import { writeGroupFrame } from '../anti-entropy/frames.ts'
import type { Turn } from '../turn.ts'
import { emit } from '../turn.ts'
import { viewOfPast } from '../validity/past.ts'
import { letSpeak } from './recovery.ts'
import { loadPlaces } from './rows.ts'
import { notePeerMet } from './splits.ts'
import type { Replica } from './state.ts'
import { currentContext, isGone } from './state.ts'
import { createStream } from './stream-state.ts'
import { pump } from './stream.ts'
import type { SyncPeer } from './sync-state.ts'
import { freshTally, peerOn } from './sync-state.ts'
import { finishWaiters } from './sync-waiters.ts'
import { noteAnswered, noteClaims } from './withholding.ts'
import {
  askingVector,
  crossedBy,
  knowsOwnEnd,
  lackedEvidence,
  lacksOf,
  oldPlaces,
  sharedVector,
  showsNews,
  withUrgent,
} from './vector.ts'

/** A peer that is asked and says nothing for this long is given up for now. */
const FETCH_STALL_MS = 4_000
/** A link that has worked for this long was no accident. */
const SILENCE_COUNTS_AFTER_MS = 30_000
/** News is told to other peers this soon after it arrived by anti-entropy. */
const NEWS_AFTER_MS = 15

/** The view over everything held: equal on all nodes that hold the same. */
export const rootOf = (turn: Turn, replica: Replica): Uint8Array => {
  const { transcript } = replica
  if (replica.root?.count === transcript.count) return replica.root.bytes
  const { roster } = currentContext(replica)
  const { crypto } = turn.env
  const own = viewOfPast(crypto, replica.jurisdiction, transcript, roster, transcript.seen)
  const bytes = 'view' in own ? own.view.view : new Uint8Array(32)
  replica.root = { count: transcript.count, hex: toHex(bytes), bytes }
  return bytes
}

export const sendFrame = (turn: Turn, peer: SyncPeer, frame: GroupFrame): number => {
  const encoded = writeGroupFrame(frame)
  emit(turn, { kind: 'send', channel: peer.channel, frame: encoded })
  peer.tally.bytesOut += encoded.length
  peer.total.bytesOut += encoded.length
  return encoded.length
}

/** Says what is held in 32 bytes. `answer`: the peer shall say the same. */
export const sendDigest = (turn: Turn, replica: Replica, peer: SyncPeer, answer: boolean): void => {
  const { index } = peer
  const { count } = replica.transcript
  const root = rootOf(turn, replica)
  if (answer) peer.askedWith = toHex(root)
  sendFrame(turn, peer, { kind: 'digest', index, root, count, answer })
}

/** The first word to a peer: a vector, as it holds other things more often than not. */
export const openRound = (turn: Turn, replica: Replica, peer: SyncPeer): void => {
  if (replica.sync.fetching === undefined) wantFrom(turn, replica, peer)
  else sendDigest(turn, replica, peer, true)
}

export const takeDigest = (
  turn: Turn,
  replica: Replica,
  peer: SyncPeer,
  frame: Extract<GroupFrame, { kind: 'digest' }>,
): void => {
  const root = toHex(rootOf(turn, replica))
  const { askedWith } = peer
  const wasAsked = isAsked(replica, peer)
  peer.askedWith = undefined
  peer.theirRoot = toHex(frame.root)
  peer.theirCount = frame.count
  if (peer.theirRoot === root) {
    peer.disagreed = 0
    foundEqual(turn, replica, peer)
  } else wantFrom(turn, replica, peer)
  // Where both ask at once, each question tells all that an answer would.
  if (!frame.answer || askedWith === root) return
  // A vector that just left says that the roots differ; what is held is told when that is over.
  if (peer.ending || (!wasAsked && isAsked(replica, peer))) peer.owed = true
  else sendDigest(turn, replica, peer, false)
}

const isAsked = (replica: Replica, peer: SyncPeer): boolean =>
  replica.sync.fetching?.channel === peer.channel

const foundEqual = (turn: Turn, replica: Replica, peer: SyncPeer): void => {
  peer.theirRoot = toHex(rootOf(turn, replica))
  peer.syncedMs = turn.env.nowMs
  if (peer.proven) letSpeak(turn, replica)
  finishWaiters(turn, replica, peer, true)
  notePeerMet(turn, replica, peer)
}

const wantFrom = (turn: Turn, replica: Replica, peer: SyncPeer): void => {
  replica.sync.wanted.add(peer.channel)
  fetchNext(turn, replica)
}

/** Asks the next peer that is known to differ, unless one is being asked. */
export const fetchNext = (turn: Turn, replica: Replica): void => {
  const { sync } = replica
  if (sync.fetching !== undefined) return
  for (const channel of [...sync.wanted]) {
    sync.wanted.delete(channel)
    const peer = peerOn(sync, channel)
    if (peer === undefined) continue
    if (peer.theirRoot === toHex(rootOf(turn, replica))) {
      // Another peer brought what this one had.
      finishWaiters(turn, replica, peer, true)
      notePeerMet(turn, replica, peer)
      continue
    }
    sync.fetching = { channel, heardMs: turn.env.nowMs }
    peer.tally = freshTally(turn.env.nowMs)
    peer.ending = false
    peer.uncalled = 0
    peer.given = 0
    const explicit = replica.equivocators.size > 0 || peer.crossed.size > 0
    const entries = peer.shared ?? askingVector(replica, peer.crossed)
    sendFrame(turn, peer, { kind: 'vector', index: peer.index, explicit, entries })
    const timer = `fetch/${replica.number}`
    emit(turn, { kind: 'set-timer', timer, atMs: turn.env.nowMs + FETCH_STALL_MS })
    return
  }
}

/** The peer asks: stream what its vector does not cover. */
export const takeVector = (
  turn: Turn,
  replica: Replica,
  peer: SyncPeer,
  frame: Extract<GroupFrame, { kind: 'vector' }>,
): void => {
  // Whoever is not known to be a member is given nothing; it asks again when that has changed.
  const entries = peer.proven ? frame.entries : undefined
  loadPlaces(turn, replica, oldPlaces(replica, entries ?? []), (later) => {
    if (entries !== undefined && knowsOwnEnd(replica, entries)) letSpeak(later, replica)
    noteClaims(later, replica, peer, entries ?? [])
    peer.crossed = crossedBy(replica, entries ?? [])
    const wants = entries === undefined ? [] : lacksOf(replica, entries)
    if (showsNews(replica, frame.entries)) wantNews(later, replica, peer)
    else if (peer.proven && wants.length === 0) foundEqual(later, replica, peer)
    const first = lackedEvidence(replica, wants)
    loadPlaces(later, replica, first, (after) => {
      if (peer.stream !== undefined) peer.stream.over = true
      peer.stream = createStream(withUrgent(replica, wants, first), frame.explicit)
      serve(after, replica, peer)
    })
  })
}

/** Somebody who is gone says what it holds: once, and it learns nothing by what it is asked with. */
export const takeOffer = (
  turn: Turn,
  replica: Replica,
  peer: SyncPeer,
  frame: Extract<GroupFrame, { kind: 'vector' }>,
): void => {
  if (peer.shared !== undefined || isGone(replica)) return
  peer.shared = []
  loadPlaces(turn, replica, oldPlaces(replica, frame.entries), (later) => {
    peer.shared = sharedVector(replica, frame.entries)
    if (showsNews(replica, frame.entries)) wantFrom(later, replica, peer)
  })
}

/** A peer that asks has something itself: it is asked too, before it is answered. */
const wantNews = (turn: Turn, replica: Replica, peer: SyncPeer): void => {
  if (isAsked(replica, peer)) return
  // Whatever root it told last is not what it has now.
  peer.theirRoot = ''
  wantFrom(turn, replica, peer)
}

/** Goes on streaming to a peer, as far as its credit allows. */
export const serve = (turn: Turn, replica: Replica, peer: SyncPeer): void => {
  const { stream } = peer
  if (stream === undefined) return
  pump(
    turn,
    replica,
    stream,
    (later, batch) => {
      peer.tally.sent += batch.items.length
      peer.total.sent += batch.items.length
      return sendFrame(later, peer, { kind: 'batch', index: peer.index, batch })
    },
    (later) => {
      peer.stream = undefined
      const root = rootOf(later, replica)
      const { count } = replica.transcript
      sendFrame(later, peer, { kind: 'end', index: peer.index, root, count })
    },
  )
}

export const takeDurable = (turn: Turn, replica: Replica, peer: SyncPeer, bytes: number): void => {
  if (peer.stream === undefined) return
  peer.stream.owed = Math.max(0, peer.stream.owed - bytes)
  serve(turn, replica, peer)
}

/** Everything that the peer had for us has been taken in, or was refused. */
export const endFetch = (turn: Turn, replica: Replica, peer: SyncPeer): void => {
  const { sync } = replica
  if (!isAsked(replica, peer)) return
  sync.fetching = undefined
  emit(turn, { kind: 'cancel-timer', timer: `fetch/${replica.number}` })
  const equal = peer.theirRoot === toHex(rootOf(turn, replica))
  noteDisagreement(replica, peer, equal)
  if (equal && peer.proven) letSpeak(turn, replica)
  noteAnswered(turn, replica, peer)
  notifySynced(turn, replica, peer, equal)
  peer.syncedMs = turn.env.nowMs
  finishWaiters(turn, replica, peer, equal)
  notePeerMet(turn, replica, peer)
  const grown = peer.tally.received > 0
  if (grown) {
    sync.newsFrom = peer.channel
    news(turn, replica, NEWS_AFTER_MS)
  }
  // Told only of a difference, a peer can ask: what we had for it may have grown meanwhile.
  if (peer.shared === undefined && (grown || peer.owed)) {
    sendDigest(turn, replica, peer, grown && !equal)
  }
  peer.owed = false
  peer.ending = false
  fetchNext(turn, replica)
}

/** Two that hold as many messages, of which neither has one for the other, ought to have one root. */
const noteDisagreement = ({ transcript }: Replica, peer: SyncPeer, equal: boolean): void => {
  if (equal) peer.disagreed = 0
  else if (peer.tally.received > 0 || peer.theirCount !== transcript.count) peer.disagreed = 0
  else peer.disagreed += 1
}

const notifySynced = (turn: Turn, replica: Replica, peer: SyncPeer, equal: boolean): void => {
  const { tally } = peer
  // Two that meet and hold the same had nothing to do.
  if (equal && tally.received + tally.sent === 0) return
  emit(turn, {
    kind: 'notify',
    event: {
      kind: 'synced',
      group: replica.group,
      peer: peer.peer,
      received: tally.received,
      sent: tally.sent,
      bytesIn: tally.bytesIn,
      bytesOut: tally.bytesOut,
      ms: turn.env.nowMs - tally.startedMs,
      equal,
    },
  })
}

/** A peer that was asked said nothing for too long: the next one is asked. */
export const fetchStalled = (turn: Turn, replica: Replica): void => {
  const { sync } = replica
  if (sync.fetching === undefined) return
  const dueMs = sync.fetching.heardMs + FETCH_STALL_MS
  if (dueMs > turn.env.nowMs) {
    return emit(turn, { kind: 'set-timer', timer: `fetch/${replica.number}`, atMs: dueMs })
  }
  const peer = peerOn(sync, sync.fetching.channel)
  sync.fetching = undefined
  if (peer !== undefined) giveUpFetch(turn, replica, peer)
  fetchNext(turn, replica)
}

const giveUpFetch = (turn: Turn, replica: Replica, peer: SyncPeer): void => {
  finishWaiters(turn, replica, peer, false)
  // On a link that has worked for long, silence is an answer.
  const settled = turn.env.nowMs - peer.linkedMs > SILENCE_COUNTS_AFTER_MS
  if (settled && peer.tally.received === 0) noteAnswered(turn, replica, peer)
  if (peer.owed) sendDigest(turn, replica, peer, false)
  peer.owed = false
  peer.ending = false
}

/** Tells the other peers soon that something is new here; later news never delays earlier news. */
export const news = (turn: Turn, replica: Replica, afterMs: number): void => {
  const atMs = turn.env.nowMs + afterMs
  const { newsAtMs } = replica.sync
  if (newsAtMs !== undefined && newsAtMs <= atMs) return
  replica.sync.newsAtMs = atMs
  emit(turn, { kind: 'set-timer', timer: `news/${String(replica.number)}`, atMs })
}

/** Sends digests to all peers but the one that the news came from. */
export const tellNews = (turn: Turn, replica: Replica): void => {
  const { sync } = replica
  const source = sync.newsFrom
  sync.newsFrom = undefined
  sync.newsAtMs = undefined
  const root = toHex(rootOf(turn, replica))
  for (const peer of sync.peers.values()) {
    if (peer.channel !== source && peer.theirRoot !== root) sendDigest(turn, replica, peer, true)
  }
}
