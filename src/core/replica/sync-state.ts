/**
 * What is under way between this replica and each peer that proved itself a member, or claims to
 * be one whose admission has not arrived yet. One peer at a time is asked for what is missing, so
 * that a heal with many links does not bring everything many times over.
 */
import type { Bytes } from '../../base/bytes.ts'
import type { VectorEntry } from '../anti-entropy/frames.ts'
import type { HelloClaim } from '../anti-entropy/hello-proof.ts'
import type { Traffic } from '../attestation/heal.ts'
import { noTraffic } from '../attestation/heal.ts'
import type { SyncRound } from '../command.ts'
import type { PeerId } from '../input.ts'
import type { Hex } from '../message/header.ts'
import type { Turn } from '../turn.ts'
import type { Acks } from './acks-state.ts'
import { createAcks } from './acks-state.ts'
import type { Arrivals } from './arrivals.ts'
import { createArrivals } from './arrivals.ts'
import type { Stream } from './stream-state.ts'

/** Bytes, messages and times of one round with one peer: what `sync` prints. */
export interface Tally {
  startedMs: number
  received: number
  sent: number
  bytesIn: number
  bytesOut: number
}

export interface SyncPeer {
  readonly channel: number
  readonly index: number
  readonly peer: PeerId
  readonly member: Hex
  readonly claim: HelloClaim
  /** Monotonic ms of the end of its hello. */
  readonly linkedMs: number
  /** False while its admission is not held: it may give, and gets nothing. */
  proven: boolean
  /** What this side streams to it now. */
  stream: Stream | undefined
  /** The last root it told. */
  theirRoot: Hex
  /** How many messages it said to hold with that. */
  theirCount: number
  /** Rounds in a row that brought nothing, although it holds as many messages under another root. */
  disagreed: number
  /** The root told when it was last asked for its digest, until one comes. */
  askedWith: Hex | undefined
  /** It waits for a digest: told when the fetch from it is over. */
  owed: boolean
  /** Messages in batches since it was last asked, whatever became of them. */
  given: number
  /** The end of its answer is here, and waits for the batches before it. */
  ending: boolean
  /** Bytes of its batches that are durable and were not called so yet. */
  uncalled: number
  /** Our reach records were sent to it. */
  greeted: boolean
  /** Of somebody who is gone: what it holds, as far as both know of it; all that it is asked with. */
  shared: readonly VectorEntry[] | undefined
  /** Members of whom it showed another branch than stands here: it is asked for all of them. */
  crossed: ReadonlySet<string>
  /** Monotonic ms of the last moment at which both were known equal, or the last round ended. */
  syncedMs: number
  tally: Tally
  /** All that crossed this link. */
  readonly total: Traffic
  /** What came from it and waits its turn: batches build on each other, an end on all of them. */
  readonly queue: Work[]
  busy: boolean
}

/** Takes something in, perhaps over several steps, then calls `next` once. */
export type Work = (turn: Turn, next: (turn: Turn) => void) => void

export interface SyncWaiter {
  readonly ticket: number
  readonly open: Set<number>
  readonly rounds: SyncRound[]
  readonly deadlineMs: number
}

/** `gap`: something in it waits for its past. `closed`: it could not be opened, or was too much. */
export type AskReason = 'gap' | 'closed'

export interface SyncState {
  /** Receipts that are asked for. */
  readonly acks: Acks
  /** How the last messages came. */
  readonly arrivals: Arrivals
  /** By channel. */
  readonly peers: Map<number, SyncPeer>
  /** By channel, those who are gone: asked for what only they have, and given nothing. */
  readonly gone: Map<number, SyncPeer>
  /** The channel that is asked now, and since when nothing came from it. */
  fetching: { readonly channel: number; heardMs: number } | undefined
  /** Channels known to differ, to be asked next. */
  readonly wanted: Set<number>
  readonly waiters: SyncWaiter[]
  /** Peers whose push could not be judged, to be asked soon, and why. */
  readonly ask: Map<PeerId, AskReason>
  /** When the other peers are told of news, if they will be. */
  newsAtMs: number | undefined
  /** When the first and the last push came or went that peers were not told of yet. */
  pushed: { readonly firstMs: number; lastMs: number } | undefined
  /** Channels that need not be told of the last news, as it came from them. */
  newsFrom: number | undefined
  /** Peers that sent what an honest one never would; the endpoint draws the consequences. */
  readonly misdeeds: PeerId[]
}

export const createSyncState = (): SyncState => ({
  acks: createAcks(),
  arrivals: createArrivals(),
  peers: new Map(),
  gone: new Map(),
  fetching: undefined,
  wanted: new Set(),
  waiters: [],
  ask: new Map(),
  newsAtMs: undefined,
  pushed: undefined,
  newsFrom: undefined,
  misdeeds: [],
})

/** Whoever is on a channel, member or gone. */
export const peerOn = (sync: SyncState, channel: number): SyncPeer | undefined =>
  sync.peers.get(channel) ?? sync.gone.get(channel)

/** A peer of which nothing was heard yet. */
export const createSyncPeer = (
  {
    channel,
    index,
    peer,
    member,
    claim,
  }: Pick<SyncPeer, 'channel' | 'index' | 'peer' | 'member' | 'claim'>,
  nowMs: number,
): SyncPeer => ({
  channel,
  index,
  peer,
  member,
  claim,
  linkedMs: nowMs,
  proven: false,
  stream: undefined,
  theirRoot: '',
  theirCount: -1,
  disagreed: 0,
  askedWith: undefined,
  owed: false,
  given: 0,
  ending: false,
  uncalled: 0,
  greeted: false,
  shared: undefined,
  crossed: new Set(),
  syncedMs: -1,
  tally: freshTally(nowMs),
  total: noTraffic(),
  queue: [],
  busy: false,
})

export const freshTally = (nowMs: number): Tally => ({
  startedMs: nowMs,
  received: 0,
  sent: 0,
  bytesIn: 0,
  bytesOut: 0,
})

export const SHORT_BYTES = 8

/** First bytes of an id, as vectors carry them. */
export const short = (id: Bytes): Bytes => id.subarray(0, SHORT_BYTES)
