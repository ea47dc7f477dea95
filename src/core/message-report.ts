/**
 * What a node knows of one message, as plain values: the answer of `why`. Where it came from, what it
 * waits for, who has it. What is not known is null or empty, never guessed.
 */
import type { FinalWait, MemberState, TextReport } from './report.ts'
import type { PeerId } from './input.ts'

/**
 * held: durable here and judged. pending: here, its past is not. aside: said by somebody accused, and
 * nobody who heard it in time is known to build on it. unknown: of a type that a newer version judges.
 * missing: not here; others build on it.
 */
export type MessageState = 'held' | 'pending' | 'aside' | 'unknown' | 'missing'

export type MessageTypeWord =
  | 'join'
  | 'genesis'
  | 'text'
  | 'attest'
  | 'add'
  | 'remove'
  | 'leave'
  | 'dormant'
  | 'epoch'
  | 'prekey'
  | 'rekey-request'
  | 'evidence'
  | 'meta'
  | `type-${number}`

export interface MemberName {
  member: string
  name: string
}

/** How a message came; `how` null: not remembered, as after a restart. */
export interface CameReport {
  how: 'own' | 'push' | 'sync' | null
  /** The peer that brought it, and its member where it is one. */
  from: PeerId | null
  member: string | null
  name: string
  /** When it was taken in, or began to wait, ms UTC of this node's clock. */
  at: number | null
}

export interface ParentReport {
  id: string
  state: MessageState
  /** Null where it is not here. */
  number: string | null
  author: string | null
  name: string
  /** Of one that is not held: members who build on it, or who brought what does. */
  claimedBy: MemberName[]
}

/** One member, and by what it is known to hold the message. */
export interface HolderReport extends MemberName {
  state: MemberState
  has: boolean
  /** self: it is this node. message: its latest message held here builds on it. receipt: it signed so. */
  by: 'self' | 'message' | 'receipt' | null
  /** Number of that message. */
  number: string | null
}

export interface StandReport {
  /** It can neither move nor be withdrawn any more. */
  final: boolean
  /** Its place in the order of `read --final`; null while a leader has not spoken on top of it. */
  stamp: number | null
  /** Leaders for whose word it waits. */
  waitsFor: FinalWait[]
}

/** A message because of which this one is shown as it is. */
export interface BecauseReport {
  kind: 'remove' | 'remove-account' | 'leave' | 'hide' | 'mute' | 'types' | 'epoch'
  number: string | null
  id: string | null
  author: string
  name: string
}

export interface MessageReport {
  group: string
  groupName: string
  id: string
  number: string | null
  author: string | null
  name: string
  type: MessageTypeWord | null
  state: MessageState
  sent: number | null
  lamport: number | null
  /** Under which its body is sealed, or null. */
  epoch: string | null
  came: CameReport
  parents: ParentReport[]
  /** Ids of messages here that wait for it, the first of them. */
  awaitedBy: string[]
  /** Where it is not held: members who build on it, or who brought it or what does. */
  claimedBy: MemberName[]
  /** Every member ever admitted, by name. Empty where it is not held. */
  holders: HolderReport[]
  /** Every active member that is not dormant has it. */
  stable: boolean
  /** Members whose signed receipt is here. */
  receipts: MemberName[]
  /** Null where it is not held. */
  order: StandReport | null
  /** How `read` shows it; null for what is no text, or not held. */
  shown: TextReport['state'] | null
  hiddenBy: 'message' | 'content-type' | null
  /** It came after a text that sorts behind it. */
  late: boolean
  because: BecauseReport[]
}
