/**
 * What is under way between this replica and others about keys of epochs: the one question that is open
 * here, who was asked already, what was given to whom in the last hour, and the log of all that.
 */
import type { Bytes } from '../../base/bytes.ts'
import { Lru } from '../../base/lru.ts'
import type { ShareRefusalWord, ShareRight } from '../key-share/right.ts'
import type { ChannelId } from '../input.ts'
import type { Hex } from '../message/header.ts'

/** How one epoch of a request ended. */
export type ShareOutcome =
  | ShareRefusalWord
  /** Given: its secret; or chains from where they stand, and keys of texts. */
  | 'secret'
  | 'keys'
  /** Not answered yet; nor in time, or the link went. */
  | 'open'
  | 'unanswered'
  /** The answer did not open, or did not fit the epoch. */
  | 'wrong'
  /** The request was no honest one: see `ShareEntry`. */
  | 'impersonated'
  | 'signature'
  | 'replayed'
  | 'unknown-code'

export interface SharedEpoch {
  readonly epoch: Hex
  /** The right that this node found; null where it found none, or did not look. */
  right: ShareRight | null
  outcome: ShareOutcome
  /** Keys of single texts that were given. */
  keys: number
}

/** One request, as either end knows it. */
export interface ShareEntry {
  readonly sequence: number
  /** `asked`: by this node; `answered`: of this node. */
  readonly role: 'asked' | 'answered'
  /** The member at the other end of the link. */
  readonly member: Hex
  /** When it was last made, wall ms, and how often in a row with the same end. */
  atMs: number
  times: number
  /** Why it was refused as a whole; undefined where each epoch has an end of its own. */
  readonly refused: ShareOutcome | undefined
  epochs: readonly SharedEpoch[]
}

/** The question that is open: its answers come on one channel only, to one key. */
export interface OpenRequest {
  readonly channel: ChannelId
  readonly member: Hex
  readonly hash: Bytes
  /** Secret of the key that answers are sealed to; zeroed when the request is over. */
  readonly secret: Bytes
  /** Epochs that are not answered yet. */
  readonly left: Set<Hex>
  readonly entry: ShareEntry
  /** Monotonic ms. */
  untilMs: number
  /** Something was given. */
  gave: boolean
}

/** How often somebody was asked for an epoch, and before when it is not asked again, monotonic ms. */
export interface Asked {
  readonly times: number
  readonly notBeforeMs: number
}

export interface SharingState {
  open: OpenRequest | undefined
  /** By epoch and member. */
  readonly asked: Map<Hex, Map<Hex, Asked>>
  /** The member that was asked last. */
  lastAsked: Hex
  /** By member and epoch: the last text whose key that member gave, where it has more. */
  readonly cursors: Map<string, Bytes>
  /** When somebody is asked next, monotonic ms; undefined: nobody will be. */
  nextMs: number | undefined
  /** Epochs that this member has no right to and never will. */
  readonly barred: Set<Hex>
  /** Texts that opened by keys of others, under epochs not meant for this member. */
  readonly opened: Map<Hex, number>
  /** Keys of texts that were given and are being tried: epoch -> place -> keys. */
  readonly trying: Map<Hex, Map<string, Bytes[]>>
  /** To whom epochs were given, and when, monotonic ms: a sliding hour. */
  readonly given: Map<Hex, { readonly atMs: number; readonly epochs: number }[]>
  /** Members whose request is being answered. */
  readonly answering: Set<Hex>
  /** Requests seen: none is answered twice. */
  readonly seen: Lru<string, true>
  /** Oldest first. */
  readonly log: ShareEntry[]
  nextEntry: number
}

const SEEN_MAX = 4_096

export const createSharingState = (): SharingState => ({
  open: undefined,
  asked: new Map(),
  lastAsked: '',
  cursors: new Map(),
  nextMs: undefined,
  barred: new Set(),
  opened: new Map(),
  trying: new Map(),
  given: new Map(),
  answering: new Set(),
  seen: new Lru(SEEN_MAX),
  log: [],
  nextEntry: 0,
})
