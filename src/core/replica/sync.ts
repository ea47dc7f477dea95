/**
 * Reconciling with one peer at a time: compare digests, ask by vector for what one lacks, answer
 * vectors with streams. Every node does both halves at once, and a round that changed something
 * makes it tell its other peers, so news crosses members that never meet.
 *
 *     A  -- digest -->  B        equal roots: done, one small frame each way
 *     A  <- digest, vector --    B asks A; A asks B with a vector of its own
 *     A  -- batches, end -->     both directions at the same time, by credit
 */
import { toHex } from '../../base/bytes.ts'
import type { GroupFrame, VectorEntry } from '../anti-entropy/frames.ts'
import { writeGroupFrame } from '../anti-entropy/frames.ts'
import type { Row } from '../transcript/row.ts'
import { rowAt } from '../transcript/transcript.ts'
import type { Turn } from '../turn.ts'
import { emit } from '../turn.ts'
import { viewOfPast } from '../validity/past.ts'
import type { Place } from '../validity/past.ts'
import { loadPlaces } from './rows.ts'
import type { Replica } from './state.ts'
import { bytesOf, currentContext } from './state.ts'
import { createStream } from './stream-state.ts'
import { pump } from './stream.ts'
import type { SyncPeer } from './sync-state.ts'
import { freshTally, short } from './sync-state.ts'
import { finishWaiters } from './sync-waiters.ts'

/** A peer that is asked and says nothing for this long is given up for now. */
const FETCH_STALL_MS = 4_000
/** News is told to other peers this soon after it arrived by anti-entropy. */
const NEWS_AFTER_MS = 15
/** Pushed news is told this late: the push itself usually got there. */
const PUSHED_NEWS_AFTER_MS = 1_000

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
  return encoded.length
}

/** Says what is held in 32 bytes. */
export const sendDigest = (turn: Turn, replica: Replica, peer: SyncPeer, answer: boolean): void => {
  const { index } = peer
  const { count } = replica.transcript
  sendFrame(turn, peer, { kind: 'digest', index, root: rootOf(turn, replica), count, answer })
}

export const takeDigest = (
  turn: Turn,
  replica: Replica,
  peer: SyncPeer,
  frame: Extract<GroupFrame, { kind: 'digest' }>,
): void => {
  const equal = compareRoots(turn, replica, peer, frame.root)
  if (frame.answer) sendDigest(turn, replica, peer, false)
  if (!equal) wantFrom(turn, replica, peer)
}

const compareRoots = (turn: Turn, replica: Replica, peer: SyncPeer, root: Uint8Array): boolean => {
  peer.theirRoot = toHex(root)
  const equal = peer.theirRoot === toHex(rootOf(turn, replica))
  if (equal) {
    peer.syncedMs = turn.env.nowMs
    finishWaiters(turn, replica, peer, true)
  }
  return equal
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
    const peer = sync.peers.get(channel)
    if (peer === undefined) continue
    if (peer.theirRoot === toHex(rootOf(turn, replica))) {
      // Another peer brought what this one had.
      finishWaiters(turn, replica, peer, true)
      continue
    }
    sync.fetching = { channel, heardMs: turn.env.nowMs }
    peer.tally = freshTally(turn.env.nowMs)
    const explicit = replica.equivocators.size > 0
    const entries = vectorOf(replica)
    sendFrame(turn, peer, { kind: 'vector', index: peer.index, explicit, entries })
    const timer = `fetch/${replica.number}`
    emit(turn, { kind: 'set-timer', timer, atMs: turn.env.nowMs + FETCH_STALL_MS })
    return
  }
}

/** Where every line ends. */
const vectorOf = (replica: Replica): VectorEntry[] =>
  replica.transcript.lines.map((line) => ({
    member: short(bytesOf(line.member)),
    counter: line.tip.counter,
    tip: short(line.tip.idBytes),
  }))

/** From which counter on the peer lacks each line, by its vector. */
const lacksOf = (
  replica: Replica,
  entries: readonly VectorEntry[],
): { line: number; from: number; end: number }[] => {
  const { transcript } = replica
  const known = new Map<number, number>()
  const byMember = linesByShortName(replica)
  for (const entry of entries) {
    for (const line of byMember.get(toHex(entry.member)) ?? []) {
      const upTo = coveredBy(replica, line, entry)
      if (upTo !== undefined) known.set(line, Math.max(known.get(line) ?? 0, upTo))
    }
  }
  return transcript.lines
    .map((line) => ({
      line: line.index,
      from: Math.max(line.first, known.get(line.index) ?? 0),
      end: line.tip.counter + 1,
    }))
    .filter(({ from, end }) => from < end)
}

/** How many messages of a line an entry shows to be held; undefined where it is another branch. */
const coveredBy = (replica: Replica, index: number, entry: VectorEntry): number | undefined => {
  const line = replica.transcript.lines[index]
  if (line === undefined) return undefined
  if (entry.counter > line.tip.counter) return aheadOf(replica, index, entry)
  const row: Row | undefined = rowAt(replica.transcript, index, entry.counter)
  if (row === undefined) return undefined
  return toHex(short(row.idBytes)) === toHex(entry.tip) ? entry.counter + 1 : undefined
}

/** A peer that is ahead on a line holds all of it, if the author has no other line here. */
const aheadOf = (replica: Replica, index: number, entry: VectorEntry): number | undefined => {
  const line = replica.transcript.lines[index]
  const single = replica.transcript.byMember.get(line?.member ?? '')?.length === 1
  return single ? entry.counter + 1 : undefined
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
    const wants = entries === undefined ? [] : lacksOf(replica, entries)
    if (peer.stream !== undefined) peer.stream.over = true
    peer.stream = createStream(wants, frame.explicit)
    serve(later, replica, peer)
  })
}

/** Where entries end on lines here, as far as those rows are on disk only. */
const oldPlaces = (replica: Replica, entries: readonly VectorEntry[]): Place[] => {
  const { transcript } = replica
  const byMember = linesByShortName(replica)
  return entries.flatMap(({ member, counter }) =>
    (byMember.get(toHex(member)) ?? [])
      .filter((line) => {
        const { first = 0, tip } = transcript.lines[line] ?? {}
        const within = tip !== undefined && counter >= first && counter <= tip.counter
        return within && rowAt(transcript, line, counter) === undefined
      })
      .map((line) => ({ line, counter })),
  )
}

const linesByShortName = (replica: Replica): Map<string, number[]> => {
  const byMember = new Map<string, number[]>()
  for (const [member, lines] of replica.transcript.byMember) {
    const name = toHex(short(bytesOf(member)))
    byMember.set(name, [...(byMember.get(name) ?? []), ...lines])
  }
  return byMember
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
export const endFetch = (turn: Turn, replica: Replica, peer: SyncPeer, root: string): void => {
  const { sync } = replica
  if (sync.fetching?.channel !== peer.channel) return
  sync.fetching = undefined
  emit(turn, { kind: 'cancel-timer', timer: `fetch/${replica.number}` })
  peer.theirRoot = root
  const equal = root === toHex(rootOf(turn, replica))
  const { tally } = peer
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
  peer.syncedMs = turn.env.nowMs
  finishWaiters(turn, replica, peer, equal)
  if (tally.received > 0) {
    sync.newsFrom = peer.channel
    news(turn, replica, NEWS_AFTER_MS)
    // Told only of a difference, a peer can ask: what we had for it may have grown meanwhile.
    sendDigest(turn, replica, peer, !equal)
  }
  fetchNext(turn, replica)
}

/** A peer that was asked said nothing for too long: the next one is asked. */
export const fetchStalled = (turn: Turn, replica: Replica): void => {
  const { sync } = replica
  if (sync.fetching === undefined) return
  const dueMs = sync.fetching.heardMs + FETCH_STALL_MS
  if (dueMs > turn.env.nowMs) {
    return emit(turn, { kind: 'set-timer', timer: `fetch/${replica.number}`, atMs: dueMs })
  }
  const peer = sync.peers.get(sync.fetching.channel)
  sync.fetching = undefined
  if (peer !== undefined) finishWaiters(turn, replica, peer, false)
  fetchNext(turn, replica)
}

/** Tells the other peers soon that something is new here; later news never delays earlier news. */
export const news = (turn: Turn, replica: Replica, afterMs = PUSHED_NEWS_AFTER_MS): void => {
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
