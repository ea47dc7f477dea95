/**
 * What an endpoint knows right now, as plain values: the source of `status`, `group list`,
 * `member list` and `peer list`. Asking changes nothing.
 */
import type { PeerId } from './input.ts'
import type { HealReport, PartitionReport } from './split-report.ts'
import type { PolicyName } from './command.ts'

export type MemberState = 'invited' | 'active' | 'dormant' | 'left' | 'removed' | 'quarantined'

/** Why an epoch was made, as it is written in it. */
export type EpochReasonWord =
  'membership' | 'merge' | 'periodic' | 'request' | 'refresh' | 'evidence'

/** Why an epoch is called for now; it is made when a leader is reached. */
export type EpochCause =
  | 'accused'
  | 'membership'
  | 'evidence'
  | 'merge'
  | 'messages'
  | 'request'
  | 'returned'
  | 'prekeys'
  | 'age'

/** The epoch in force that came here last. */
export interface EpochReport {
  epoch: string
  /** memberId and name of the leader that made it. */
  author: string
  name: string
  reason: EpochReasonWord
  /** When it came to this node, ms UTC of its own clock; null where that is not known. */
  at: number | null
  /** How many members it was sealed to. */
  recipients: number
}

export interface MemberReport {
  member: string
  memberGroupId: string
  account: string
  name: string
  role: 'leader' | 'member'
  state: MemberState
  device: string
  peerId: PeerId
  reachable: boolean
  /** A leader muted it: what it says is held and passed on, and shown as muted. */
  muted: boolean
  /** The content types of it that are shown; none named: all. */
  allowedTypes: string[]
  /** Highest contiguous counter held, or null while counter 0 is not held. */
  counter: number | null
  /** Messages of it known here whose past is not held: a Remove made now would withdraw them. */
  waiting: number
}

/** The word of another on which this member stands as gone: a signed message whose past is not here. */
export interface ToldReport {
  kind: 'removed' | 'left'
  /** memberId and name of the author of the message, and its id. */
  by: string
  name: string
  id: string
  /** When it was told, ms UTC of this node's own clock. */
  at: number
}

export interface RequestReport {
  request: string
  name: string
  account: string
  since: number
}

/** A leader for whose word the final order waits. */
export interface FinalWait {
  member: string
  name: string
  /** Since when this node has been waiting for it, ms UTC of its own clock; null where it is not. */
  since: number | null
}

/** How far the order is final. */
export interface FinalReport {
  /** The greatest stamp that is final; 0 while none is. */
  stamp: number
  /** Messages held that are final, and those that are not yet. */
  messages: number
  waiting: number
  /** Leaders for whose word texts wait. */
  waitsFor: FinalWait[]
}

/** The messages of one leader line that the walk passes: counters in [from, to). */
export interface VoicePart {
  readonly line: number
  /** Place of the leader in the plan. */
  readonly seat: number
  readonly from: number
  readonly to: number
}

/** How to walk through the final order: which messages of which leaders make it. */
export interface OrderPlan {
  readonly mark: number
  /** How many leaders there are. */
  readonly seats: number
  readonly voices: readonly VoicePart[]
  /** From which lamport on a closed leader asks for nothing. */
  readonly closings: readonly { readonly seat: number; readonly lamport: number }[]
  /** Everything held: line -> number of its messages. */
  readonly held: readonly (readonly [line: number, count: number])[]
}

export interface GroupReport {
  group: string
  /** As leaders last called it. */
  name: string
  topic: string
  /** The content types that are shown, of whomever; none named: all. */
  allowedTypes: string[]
  policy: PolicyName
  created: number
  founder: string
  predecessor: string | null
  self: string
  /** How this member itself stands. */
  selfState: MemberState
  /** Who told it that it is gone, where the transcript held here does not say so. */
  told: ToldReport | null
  /** held: says nothing before a member answered. retired: can only come back as a new member. */
  recovery: 'held' | 'retired' | null
  role: 'leader' | 'member'
  trust: 'introducer' | 'checked'
  /** Members by memberId. */
  members: MemberReport[]
  requests: RequestReport[]
  epoch: string | null
  epochHeads: string[]
  /** memberId of the leader whose turn it is, as seen from here; null where none is reachable. */
  manager: string | null
  lastEpoch: EpochReport | null
  /** What calls for a new epoch now, or null. */
  epochDue: EpochCause | null
  /** Own texts that wait for an epoch under which they may be sent. */
  held: number
  /** Messages held whose past is not held yet. */
  pending: number
  /** Pending messages of a type that this version does not know. */
  unknown: number
  /** Texts that count, that a held epoch should open, and that it does not. */
  undecryptable: number
  root: string
  messages: number
  final: FinalReport
  /** memberId to highest contiguous counter held. */
  vector: Record<string, number>
  authors: string[]
  groupIds: string[]
  latestMessageIds: string[]
  partition: PartitionReport | null
  /** The last heal of a split, as far as it got; null before the first since the node started. */
  lastHeal: HealReport | null
  /** memberIds with two messages under one counter. */
  equivocators: string[]
  /** memberIds of whom a signed statement of a view is held that is not true of its own past. */
  contradictions: string[]
  /** Messages that a peer says to hold, was asked for again and again, and did not give. */
  withheld: WithheldReport[]
  /** Local storage lines, one per author and one more per branch: what a reader must merge. */
  lines: { line: number; member: string; next: number }[]
}

/** A message that somebody says to hold and does not give. */
export interface WithheldReport {
  /** memberId of its author, and its number: the first that is lacked here. */
  member: string
  number: string
  /** Up to which counter there is more, as far as is known. */
  upTo: number
  /** memberId of who withholds it. */
  by: string
  /** Since when it is asked for, ms UTC. */
  since: number
}

export interface PeerReport {
  peerId: PeerId
  /** Name of the member that proved itself on this link, or empty. */
  name: string
  state: 'connected' | 'connecting' | 'missing' | 'blocked'
  rttMs: number | null
  /** Milliseconds since the last anti-entropy round ended, or null. */
  lastSyncMs: number | null
  blocked: boolean
  why: string
  groups: string[]
}

/** An admission that is being asked for: its ticket is good, and no Welcome came yet. */
export interface JoinReport {
  group: string
  /** Until when it is asked for, ms UTC. */
  expires: number
  /** How it went last. */
  why: string
}

export interface EndpointReport {
  name: string
  account: string
  device: string
  peerId: PeerId
  listen: string[]
  groups: GroupReport[]
  peers: PeerReport[]
  joins: JoinReport[]
  contacts: string[]
}

/** A control message that made the standing of a member, and how it lies to the others. */
export interface StandingCause {
  kind:
    'card' | 'add' | 'join' | 'remove' | 'remove-account' | 'leave' | 'dormant' | 'awake' | 'accuse'
  /** Null for a card: it is part of the constitution. */
  number: string | null
  id: string | null
  /** memberId and name of its author; of a card, the member itself. */
  author: string
  name: string
  /** Whether it decides the standing now: an ended Dormant does not, nor a ban that an Add knew of. */
  holds: boolean
  /** Ids of those of the listed messages that it builds on. */
  after: string[]
  /** Ids of those that it does not know and that do not know it. */
  concurrent: string[]
}

/** So many texts, said to be written between these times, ms UTC; null where there are none. */
export interface TextsReport {
  texts: number
  oldest: number | null
  newest: number | null
}

/** What somebody who took this device now could read of a group. */
export interface ExposureReport {
  /** Texts of the transcript that the keys still here open. */
  keys: TextsReport
  /** Texts that lie opened in the archive. */
  archive: TextsReport
  /** Private prekeys kept, and epochs of which any key is kept. */
  prekeys: number
  epochs: number
}

/** Why a member stands as it does. */
export interface StandingReport {
  group: string
  member: string
  memberGroupId: string
  name: string
  state: MemberState
  /** Messages of it held here that do not count, because of who removed it without knowing them. */
  withdrawn: number
  /** In the order in which they came here: each stands after those that it builds on. */
  causes: StandingCause[]
}

/** One request for keys of epochs, as this node knows it: by it, or of it. */
export interface ShareReport {
  /** `asked`: this node asked; `answered`: it was asked. */
  role: 'asked' | 'answered'
  /** memberId and name of the other end. */
  member: string
  name: string
  /** When it was last made, ms UTC of this node's clock, and how often in a row with this end. */
  at: number
  times: number
  /** Why it was refused as a whole, or null; the epochs are then those of the last one. */
  refused: string | null
  epochs: {
    epoch: string
    /** By what right, as this node finds; null: none, or it did not look. */
    right: 'recipient' | 'concurrent' | 'full' | null
    /** `secret` or `keys` where it was given, else why not. */
    outcome: string
    /** Keys of single texts that were given. */
    keys: number
  }[]
}

/** One displayable row of the transcript, in the words of the `read` command. */
export interface TextReport {
  number: string
  id: string
  author: string
  name: string
  text: string | null
  contentType: string
  sent: number
  lamport: number
  epoch: string
  final: boolean
  /**
   * Muted and hidden: what leaders ask not to be shown. The text is here all the same, as it is no
   * secret: whoever prints it says so.
   */
  state: 'ok' | 'undecryptable' | 'withdrawn' | 'muted' | 'hidden' | 'sealed'
  late: boolean
  /** While following: it was given before, and its state is another one now. */
  again?: true
  /** Of a hidden one: whether a leader hid this message, or its author's content type is restricted. */
  hiddenBy?: 'message' | 'content-type'
}

/** A text of one's own that waits to be sent: it has no place among the others yet. */
export interface HeldText {
  number: null
  id: null
  /** Names the waiting text. */
  draft: string
  author: string
  name: string
  text: string
  contentType: string
  /** When it was written. */
  sent: number
  lamport: null
  epoch: null
  final: false
  state: 'held'
  late: false
}

/** A text that can neither move nor be withdrawn any more, in the order of `read --final`. */
export interface FinalText extends TextReport {
  /** Texts are in the order of their stamps; those of one stamp in the usual order. */
  stamp: number
}

/** What `read` gives: texts in total order, then what is held. */
export type ReadRow = TextReport | HeldText
