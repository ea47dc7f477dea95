/**
 * What an endpoint knows right now, as plain values: the source of `status`, `group list`,
 * `member list` and `peer list`. Asking changes nothing.
 */
import type { PeerId } from './input.ts'
import type { PolicyName } from './command.ts'

export type MemberState = 'invited' | 'active' | 'dormant' | 'left' | 'removed' | 'quarantined'

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
  muted: boolean
  /** Highest contiguous counter held, or null while counter 0 is not held. */
  counter: number | null
}

export interface RequestReport {
  request: string
  name: string
  account: string
  since: number
}

export interface GroupReport {
  group: string
  name: string
  policy: PolicyName
  created: number
  founder: string
  predecessor: string | null
  self: string
  role: 'leader' | 'member'
  trust: 'introducer' | 'checked'
  /** Members by memberId. */
  members: MemberReport[]
  requests: RequestReport[]
  epoch: string | null
  epochHeads: string[]
  /** Messages held whose past is not held yet. */
  pending: number
  /** Pending messages of a type that this version does not know. */
  unknown: number
  /** Texts that a held epoch should open and does not. */
  undecryptable: number
  root: string
  messages: number
  /** memberId to highest contiguous counter held. */
  vector: Record<string, number>
  authors: string[]
  groupIds: string[]
  latestMessageIds: string[]
  /** memberIds with two messages under one counter. */
  equivocators: string[]
  /** Local storage lines, one per author and one more per branch: what a reader must merge. */
  lines: { line: number; member: string; next: number }[]
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

export interface EndpointReport {
  name: string
  account: string
  device: string
  peerId: PeerId
  listen: string[]
  groups: GroupReport[]
  peers: PeerReport[]
  contacts: string[]
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
  state: 'ok' | 'undecryptable' | 'withdrawn' | 'muted' | 'hidden' | 'sealed' | 'held'
  late: boolean
}
