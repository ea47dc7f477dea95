/**
 * What people and programs can ask of an endpoint, and what each answers with. Ids are lower-case
 * hex. A reply comes only when its promise holds: `send` when the message is durable, `join` when
 * the new member can send.
 */
import type { Bytes } from '../base/bytes.ts'
import type { PeerId } from './input.ts'
import type { MessageReport } from './message-report.ts'
import type { OrderPlan } from './report.ts'

export type PolicyName = 'strict' | 'balanced' | 'partition-tolerant'

/** One key of what leaders say about a group, and what it is set to. Ids are hex. */
export type MetaWrite =
  | { readonly kind: 'name'; readonly name: string }
  /** Empty: the group has no topic. */
  | { readonly kind: 'topic'; readonly topic: string }
  | { readonly kind: 'mute'; readonly member: string; readonly on: boolean }
  /** The content types that are shown; none: all. `member` empty: of every member. */
  | { readonly kind: 'types'; readonly member: string; readonly types: readonly string[] }
  | { readonly kind: 'hide'; readonly message: string; readonly on: boolean }

/** none: durable here. quorum: most leaders hold it. all: every active member does. */
export type AckMode = 'none' | 'quorum' | 'all'

export type Command =
  | { readonly kind: 'mint-card' }
  | {
      readonly kind: 'create-group'
      readonly name: string
      /** Cards of the other leaders, as printed by `card`. */
      readonly leaders: readonly string[]
      readonly policy: PolicyName
      /** The group that this one succeeds. */
      readonly succeeds?: string
    }
  | {
      readonly kind: 'invite'
      readonly group: string
      readonly expiresMs: number
      readonly uses: number
      readonly confirm: boolean
    }
  | { readonly kind: 'join'; readonly ticket: string; readonly waitMs: number }
  | { readonly kind: 'accept-request'; readonly group: string; readonly request: string }
  | {
      readonly kind: 'send'
      readonly group: string
      readonly contentType: string
      readonly payload: Bytes
      /** Whose receipts the answer waits for, and how long. Default: nobody's. */
      readonly ack?: AckMode
      readonly timeoutMs?: number
    }
  | { readonly kind: 'attest'; readonly group: string }
  /** What is known of one message of any group: an id, the beginning of one, or a number. */
  | { readonly kind: 'why-message'; readonly message: string }
  /** How to walk through what is final, up to date with everything durable. */
  | { readonly kind: 'final-order'; readonly group: string }
  /** What a stranger needs to see that a member said two things under one number. */
  | { readonly kind: 'prove'; readonly group: string; readonly member: string }
  | {
      readonly kind: 'remove-member'
      readonly group: string
      readonly scope: 'member' | 'account'
      /** A memberId or an account, by scope. */
      readonly target: string
    }
  | {
      readonly kind: 'leave-group'
      readonly group: string
      readonly reason: string
      /** Also when no leader is left afterwards. */
      readonly last: boolean
    }
  | { readonly kind: 'rotate'; readonly group: string }
  /** What a leader says about the group, one key at a time. */
  | { readonly kind: 'set-meta'; readonly group: string; readonly write: MetaWrite }
  | { readonly kind: 'sync'; readonly group: string; readonly peer?: PeerId }
  /** A multiaddr to keep dialling, with or without /p2p/. */
  | { readonly kind: 'peer-add'; readonly address: string }
  | { readonly kind: 'peer-block'; readonly peers: readonly PeerId[] | 'all' }
  | { readonly kind: 'peer-unblock'; readonly peers: readonly PeerId[] | 'all' }
  | { readonly kind: 'peer-ping'; readonly peer: PeerId }

/** What the reply to each command carries. */
export interface CommandResult {
  'mint-card': { card: string }
  'create-group': { group: string; name: string; member: string }
  invite: { ticket: string; expires: number; uses: number }
  join: { group: string; name: string; member: string }
  'accept-request': { member: string }
  /**
   * Held: number and id are null and `draft` names the waiting text. Asked for receipts: whether there were
   * enough in time, and the memberIds of those who gave one.
   */
  send:
    | {
        number: string
        id: string
        draft: null
        acknowledged?: boolean
        ackedBy?: readonly string[]
      }
    | { number: null; id: null; draft: string }
  'remove-member': {
    number: string
    id: string
    /** memberIds that it hits. */
    members: readonly string[]
    epoch: string | null
    /** Messages of theirs known here by number only: they will not count. */
    withdraws: number
    /** memberIds of leaders that were not on a link: what only they hold may be withdrawn too. */
    unaskedLeaders: readonly string[]
  }
  'leave-group': { number: string; id: string }
  rotate: { number: string; id: string; epoch: string }
  /** Unchanged: the message that said so before, or null where nobody ever did. */
  'set-meta': { number: string | null; id: string | null; changed: boolean }
  attest: { number: string; id: string }
  'why-message': MessageReport
  'final-order': OrderPlan
  /** The number and the ids of both messages, and the bytes that verify. */
  prove: { member: string; number: string; ids: readonly string[]; proof: Bytes }
  sync: { rounds: SyncRound[] }
  'peer-add': { address: string }
  'peer-block': { blocked: PeerId[] }
  'peer-unblock': { blocked: PeerId[] }
  'peer-ping': { peer: PeerId; rttMs: number }
}

/** One anti-entropy round with one peer, as it ended. */
export interface SyncRound {
  peer: PeerId
  member: string
  received: number
  sent: number
  bytesIn: number
  bytesOut: number
  ms: number
  equal: boolean
}
