/**
 * One group's running copy on one device: the fixed facts, the transcript, the keys, and what is
 * under way with each peer. The other files of this folder are the verbs; this one is the noun.
 */
import type { Bytes } from '../../base/bytes.ts'
import { concat, fromHex } from '../../base/bytes.ts'
import { type Lru } from '../../base/lru.ts'
import type { Constitution } from '../constitution/constitution.ts'
import type { Chain } from '../epoch/chain.ts'
import type { PushedMessage } from '../epoch/envelope.ts'
import type { MemberFacts, Roster } from '../membership/roster.ts'
import { isAccused, isPresent } from '../membership/roster.ts'
import type { Hex } from '../message/header.ts'
import type { Message } from '../message/message.ts'
import { Space, key } from '../storage.ts'
import type { Arrival, Pending } from '../transcript/pending.ts'
import type { Transcript } from '../transcript/transcript.ts'
import type { Turn } from '../turn.ts'
import type { Context, ControlInfo, Jurisdiction } from '../validity/context.ts'
import { wholeContext } from '../validity/context.ts'
import type { Court } from '../validity/court.ts'
import type { HeldMeta, Maxima, MetaState } from '../meta/fold.ts'
import type { ArchiveRun } from './archive.ts'
import type { Departure } from './departures.ts'
import type { SharingState } from './sharing-state.ts'
import type { Side } from '../evidence/evidence.ts'
import type { Done, Source } from './source.ts'
import type { Finalising } from './final.ts'
import type { SyncState } from './sync-state.ts'
import type { Watched } from './watched.ts'

/** An epoch that this member could open. */
export interface OpenEpoch {
  readonly id: Hex
  readonly idBytes: Bytes
  /** When it was opened, wall ms. */
  readonly openedMs: number
  /** The key of its envelopes; empty once no epoch in force is near it. */
  env: Bytes
  /** Its secret; empty but while members may still ask for it. */
  secret: Bytes
  /** The chains of those who may still speak under it, by member. */
  readonly chains: Map<Hex, Chain>
  /** Its chains came from another member, each as far as it goes, and are believed message by message. */
  readonly given: boolean
  /** Of those: authors one of whose texts did not fit. */
  readonly doubted: Set<Hex>
}

export interface Self {
  readonly member: Hex
  readonly memberBytes: Bytes
  readonly memberGroupId: number
  readonly deviceSeed: Bytes
}

/** A join command that waits until this member can send. */
export interface JoinWaiter {
  readonly ticket: number
  readonly deadlineMs: number
  /** The ticket's text, where this node seemed to be in already: it may turn out that it is not. */
  readonly text?: string
}

/** By which message this member was told that it is gone, whose past is not held here. */
export interface Told {
  /** The member that it is about: one that came back later is not meant. */
  readonly member: Hex
  readonly kind: 'removed' | 'left'
  /** memberId of the author of the message, and its id. */
  readonly by: Hex
  readonly id: Hex
  /** When it was told, wall ms. */
  readonly atMs: number
}

export interface Invite {
  readonly id: Bytes
  readonly secret: Bytes
  readonly expiresMs: number
  readonly confirm: boolean
  uses: number
}

export interface WaitingRequest {
  readonly bytes: Bytes
  readonly sinceMs: number
  readonly name: string
  readonly account: Hex
  /** Whose ticket it is: only that leader can accept it. */
  readonly issuer: Hex
}

/** A text that is held: it has no number yet. */
export interface Draft {
  readonly contentType: string
  readonly payload: Bytes
  readonly writtenMs: number
}

/** How many texts, and between which times they claim to have been written. */
export interface Tally {
  texts: number
  oldestMs: number
  newestMs: number
}

/** A prekey of this member. */
export interface OwnPrekey {
  readonly secret: Bytes
  /** When it was made, wall ms. */
  readonly madeMs: number
}

export interface Reach {
  readonly record: Bytes
  readonly seq: number
  readonly addresses: readonly string[]
}

/** What leaders said about the group. */
export interface Metas {
  /** Every Meta message, by its id. */
  readonly held: Map<Hex, HeldMeta>
  /** What they come to; undefined until somebody asks. */
  maxima: Maxima | undefined
  state: MetaState | undefined
  /** Grows with every change. */
  version: number
  /** Epoch and version for which it was last looked whether something is to be said again. */
  looked: string
  /** Something is being said again. */
  restating: boolean
}

/** A valid message that waits for an answer within its step. */
export interface Suspect {
  readonly message: Message
  readonly source: Source
  /** `fork`: it uses a number again. `waiting`: something that waits may now be complete. */
  readonly why: 'fork' | 'evidence' | 'accused' | 'waiting'
  readonly done: Done
  /** Its parents that are not held. */
  readonly missing: readonly Hex[]
}

export interface Aside {
  readonly message: Message
  readonly source: Source
  /** Its parents that were not held when it came. */
  readonly missing: readonly Hex[]
  /** What proves it, where it has no signature of its own. */
  readonly side: Side | undefined
  readonly sinceMs: number
}

export interface Replica extends Watched {
  /** Local number of the group: the first field of its keys. */
  readonly number: number
  readonly constitution: Constitution
  readonly group: Hex
  readonly createdMs: number
  readonly accessKey: Bytes
  readonly topic: string
  /** Changes only when a member that is gone comes back as a new one. */
  self: Self
  /** Set while somebody's word is all that says that this member is gone. */
  told: Told | undefined
  readonly jurisdiction: Jurisdiction
  readonly transcript: Transcript<ControlInfo>
  /** Everybody ever admitted here, by memberId. */
  readonly facts: Map<Hex, MemberFacts>
  readonly pending: Pending
  /** Messages that are being judged now, with copies that came meanwhile. */
  readonly taking: Map<Hex, ((turn: Turn) => void)[]>
  /** Reads of parents under way, with those parents that were here meanwhile. */
  readonly reading: Set<{ readonly parents: readonly Hex[]; readonly held: Set<Hex> }>
  /** Messages whose past has just become complete, and whether they are being taken up. */
  readonly freed: Arrival[]
  freeing: boolean
  /** Messages of critical types that this version cannot judge. */
  readonly unknown: Map<Hex, Message>
  /** Own prekeys whose private half is kept, by prekey id. */
  readonly prekeys: Map<Hex, OwnPrekey>
  /** For what the timer of the next prekey was set; empty before the first look. */
  prekeyPlan: string
  /** When this member last posted a prekey by itself, monotonic ms. */
  prekeyPostedMs: number
  /** Opened epochs, oldest first. */
  readonly epochs: Map<Hex, OpenEpoch>
  /** When each member was last heard of, and what of that is on disk, wall ms. */
  readonly heard: Map<Hex, { readonly atMs: number; readonly savedMs: number }>
  /** Since when somebody has been on a link, monotonic ms. */
  amongSinceMs: number | undefined
  /** Epochs that were opened and of which everything was erased: never opened again. */
  readonly spent: Set<Hex>
  /** Epochs under which texts are being read back: their chains wait. */
  readonly reopening: Set<Hex>
  /** Epochs whose row in the store is behind memory, and since when, monotonic ms. */
  readonly stale: Set<Hex>
  staleMs: number | undefined
  /** Whether keys of texts are kept on disk once these were taken in. */
  readonly archive: boolean
  /** How much of them. */
  readonly archived: Tally
  /** Of this step: keys that are to be archived, and by line the run that is open. */
  readonly archiveRuns: ArchiveRun[]
  readonly archiving: Map<number, ArchiveRun>
  /** Texts held under each epoch, and those of them that changed in this step. */
  readonly texts: Map<Hex, Tally>
  readonly textsCounted: Set<Hex>
  /** Keys of the last texts of a node without an archive. */
  readonly recent: Lru<string, Bytes>
  /** The epoch last used for sending. */
  sending: Hex
  /** Messages that wait to be pushed, with the epoch whose key wraps them. */
  readonly outbox: { readonly epoch: Hex; readonly message: PushedMessage }[]
  /** How many live messages of each author are still taken in now. */
  readonly intake: Lru<Hex, { readonly tokens: number; readonly atMs: number }>
  readonly invites: Map<Hex, Invite>
  /** Join requests that wait for a human, or for the issuer to be reached. */
  readonly requests: Map<Hex, WaitingRequest>
  readonly reach: Map<Hex, Reach>
  /** Reach records of members whose admission is not held yet. */
  readonly earlyReach: Map<Hex, Bytes>
  readonly sync: SyncState
  /** How far the order is final, and what is to be done for it. */
  readonly final: Finalising
  readonly equivocators: Set<Hex>
  /** Members against whom evidence is held, and those against whom it is being made or taken in. */
  readonly accused: Set<Hex>
  readonly accusing: Set<Hex>
  /** Messages of this step that are not to be taken in just so. */
  readonly suspects: Suspect[]
  /** Messages of accused members that nobody who heard them in time is known to build on. */
  readonly aside: Map<Hex, Aside>
  /** Set where this device may have been set back: it says nothing under its old numbers. */
  recovery: 'held' | 'retired' | undefined
  /** Sort key of the last text in total order that is held: an earlier newcomer is late. */
  shown: { lamport: number; member: Hex; counter: number }
  /** Texts meant for this member that it could not open: epoch -> line -> their counters. */
  readonly unopened: Map<Hex, Map<number, Set<number>>>
  /** Keys that are asked for, and given. */
  readonly sharing: SharingState
  /** Other members whose view of a past with our Join was equal to ours. */
  readonly witnesses: Set<Hex>
  /** Enough witnesses, or one's own group: see `status`. */
  checked: boolean
  root: { readonly count: number; readonly hex: Hex; readonly bytes: Bytes } | undefined
  /** Set when who belongs, or how to reach somebody, may have changed. */
  changed: boolean
  readonly meta: Metas
  /** What still counts of those who were removed or left. */
  readonly departures: Map<Hex, Departure>
  /** Of whose departure the last looked-at past does not know. */
  unaware:
    | { readonly roster: Roster; readonly departures: number; readonly members: readonly Hex[] }
    | undefined
  /** What calls for an epoch by this member, as one text; empty while nothing does. */
  calling: string
  /** When an epoch came to this node, wall ms, and whether a text was sent under it. */
  readonly epochsSeen: Map<Hex, number>
  readonly epochsUsed: Set<Hex>
  /** When a request of a member to re-key was last honoured, monotonic ms. */
  readonly rekeyed: Map<Hex, number>
  /** Texts that wait for an epoch under which they may be sent, in order. */
  readonly drafts: Map<Hex, Draft>
  /** Drafts are being sent. */
  releasing: boolean
  /** Reads under way of epochs held whose seals have not been tried. */
  opening: number
  /** When this member last complained, monotonic ms. */
  complainedMs: number
  /** Join commands that wait until this member can send. */
  readonly joinWaiters: JoinWaiter[]
  /** Its Join is being written. */
  joining: boolean
  /** Lines whose tip a later signed header vouches for, as it came. */
  readonly vouchers: Map<number, { readonly headers: readonly Bytes[]; readonly signature: Bytes }>
}

export const courtOf = (turn: Turn, replica: Replica): Court => ({
  crypto: turn.env.crypto,
  jurisdiction: replica.jurisdiction,
  transcript: replica.transcript,
})

/** The context of everything held. */
export const currentContext = ({ jurisdiction }: Replica): Context => wholeContext(jurisdiction)

/** Kinds of group secrets, the third field of their keys. `given`: chains that came from another member. */
export const SecretKind = { access: 0, prekey: 1, epoch: 2, given: 3 } as const

/** Kinds of small notes about a group, the third field of their keys. */
export const GroupNote = {
  checked: 1,
  unopened: 2,
  departure: 3,
  epochSeen: 4,
  archived: 5,
  spent: 6,
  reopening: 7,
  heard: 8,
  texts: 9,
  told: 10,
  sharedTexts: 11,
  shareLog: 12,
  retired: 13,
  held: 14,
  split: 20,
  contradiction: 21,
} as const

export const groupNoteKey = (number: number, kind: number, id: Bytes): Bytes =>
  key(Space.group, number, concat(Uint8Array.of(kind), id))

export const secretKey = (number: number, kind: number, id: Bytes): Bytes =>
  key(Space.secret, number, concat(Uint8Array.of(kind), id))

export const bytesOf = (hex: Hex): Bytes => fromHex(hex) ?? new Uint8Array()

/** The line of this device's own member, or undefined before its counter 0. */
export const ownTip = (replica: Replica): Transcript<ControlInfo>['lines'][number] | undefined => {
  const lines = replica.transcript.byMember.get(replica.self.member) ?? []
  return replica.transcript.lines[lines[0] ?? -1]
}

/** True when this device speaks for a leader that has joined, not left and is not accused. */
export const isActingLeader = (replica: Replica): boolean =>
  replica.facts.get(replica.self.member)?.leader === true &&
  ownTip(replica) !== undefined &&
  isPresent(currentContext(replica).roster, replica.self.member) &&
  !isAccused(currentContext(replica).roster, replica.self.member)

/** True once a Remove or a Leave that hits this member is held, or was told. */
export const isGone = (replica: Replica): boolean => {
  if (isTold(replica)) return true
  const { roster } = currentContext(replica)
  return roster.members.has(replica.self.member) && !isPresent(roster, replica.self.member)
}

export const isTold = ({ told, self }: Replica): boolean => told?.member === self.member
