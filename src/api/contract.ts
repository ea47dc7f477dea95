// What a client of the local interface may rely on: names of routes, shapes of answers, limits.
// Types and constants only, so that a command line or a page can import it for nothing. Every answer
// is one JSON object with `v` and `ok`, or one such object a line; fields are added, never renamed.

import type { ErrorCode } from '../base/error.ts'
import type { Moderation } from '../node/moderating.ts'
import type { ExportFigures } from '../node/exporting.ts'
import type { Status } from '../node/status.ts'
import type { Removal } from '../node/removing.ts'
import type {
  Event,
  GroupReport,
  MemberReport,
  MessageReport,
  PeerReport,
  ReadRow,
  RequestReport,
  ShareReport,
  StandingReport,
  SyncRound,
  TextReport,
} from '../node/words.ts'

export type { VerifyReport } from '../node/verifying.ts'
export type {
  Event,
  ExportFigures,
  GroupReport,
  MemberReport,
  MessageReport,
  PeerReport,
  ReadRow,
  Removal,
  RequestReport,
  ShareReport,
  StandingReport,
  Status,
  TextReport,
}

/** Version of the interface: the first part of every path and the `v` of every answer. */
export const API_VERSION = 1

/** Header in which a client names one try of a POST, so that a repeated try is done once. */
export const IDEMPOTENCY_HEADER = 'idempotency-key'

/** Content type of an answer of one object a line. */
export const LINES_TYPE = 'application/x-ndjson'

/** What every good answer carries. */
export interface Answer {
  v: 1
  ok: true
}

/** What every failed answer is. */
export interface ErrorAnswer {
  v: 1
  ok: false
  error: { code: ErrorCode; message: string; hint: string }
}

export type Answered<T> = Answer & T

/** One group in a list. */
export interface GroupRow {
  group: string
  name: string
  /** How this node's own member stands. */
  state: MemberReport['state']
  role: 'leader' | 'member'
  members: number
  messages: number
  policy: string
  created: number
}

export interface AttestationAnswer {
  group: string
  root: string
  authors: string[]
  groupIds: string[]
  latestMessageIds: string[]
}

/** Held: number and id are null and `draft` names the waiting text. */
export interface SendAnswer {
  number: string | null
  id: string | null
  draft: string | null
  ack: 'none' | 'quorum' | 'all'
  /** unknown: receipts did not come in time; the message is signed and will spread all the same. */
  state: 'stored' | 'held' | 'acknowledged' | 'unknown'
  /** memberIds of those whose receipts are here. */
  ackedBy: string[]
}

/** What a stranger needs to see that a member said two things under one number. */
export interface ProofAnswer {
  group: string
  member: string
  number: string
  ids: string[]
  /** The proof, as base64. */
  proof: string
}

/** Answers by route. `:id`, `:member`, `:message`, `:request` take everything that a command line takes. */
export interface Answers {
  'GET /v1/status': Status
  'GET /v1/groups': { groups: GroupRow[] }
  'GET /v1/groups/:id': GroupReport
  'GET /v1/groups/:id/members': {
    group: string
    members: MemberReport[]
    requests: RequestReport[]
  }
  'GET /v1/groups/:id/members/:member/why': StandingReport
  'GET /v1/groups/:id/members/:member/proof': ProofAnswer
  'GET /v1/groups/:id/shares': { group: string; shares: ShareReport[] }
  'GET /v1/groups/:id/attestation': AttestationAnswer
  'GET /v1/messages/:message/why': MessageReport
  'GET /v1/peers': { peers: PeerReport[] }
  'POST /v1/groups': { group: string; name: string; member: string }
  'POST /v1/groups/:id/messages': SendAnswer
  'POST /v1/groups/:id/invites': { ticket: string; expires: number; uses: number }
  'POST /v1/groups/:id/requests/:request/accept': { member: string }
  'POST /v1/groups/:id/members/:member/remove': Removal
  'POST /v1/groups/:id/name': Moderation
  'POST /v1/groups/:id/topic': Moderation
  'POST /v1/groups/:id/types': Moderation
  'POST /v1/groups/:id/members/:member/types': Moderation
  'POST /v1/groups/:id/members/:member/mute': Moderation
  'POST /v1/groups/:id/messages/:message/hide': Moderation
  'POST /v1/groups/:id/leave': { group: string; number: string; id: string }
  'POST /v1/groups/:id/rotate': { group: string; number: string; id: string; epoch: string }
  'POST /v1/groups/:id/attestation': AttestationAnswer & { number: string; id: string }
  'POST /v1/groups/:id/sync': { group: string; rounds: SyncRound[] }
  'POST /v1/join': { group: string; name: string; member: string }
  'POST /v1/card': { card: string }
  'POST /v1/peers': { address: string }
  'POST /v1/peers/block': { blocked: string[] }
  'POST /v1/peers/unblock': { blocked: string[] }
  'POST /v1/peers/ping': { peer: string; rttMs: number }
}

/** What `GET /v1/groups/:id/archive` sends, one object a line; without the end it is cut short. */
export type ArchiveLine =
  /** The next piece of one of the two files, in base64. */
  { part: 'archive' | 'keys'; bytes: string } | ({ part: 'end' } & ExportFigures)

/** What `GET /v1/events` sends, one object a frame. */
export type EventFrame =
  /** First of all: the number that the next event will have. */
  | { v: 1; kind: 'hello'; next: number }
  /** Events that were asked for and are gone: ask for the state again. */
  | { v: 1; kind: 'gap'; from: number; to: number }
  | { v: 1; kind: 'event'; seq: number; at: number; event: Event }
