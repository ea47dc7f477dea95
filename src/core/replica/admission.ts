/**
 * Letting people in. The leader whose ticket it is checks the request and writes Add and Epoch in
 * one go; from then on any member who holds the Add can hand the newcomer its Welcome, so an
 * introducer needs to reach the issuer once and never again.
 */
import type { Bytes } from '../../base/bytes.ts'
import { EMPTY, equal } from '../../base/bytes.ts'
import { JOIN_REQUEST_KEPT_MS } from '../../base/limits.ts'
import { encode } from '../../codec/canonical.ts'
import { bytes, flag, parse, tuple, u53 } from '../../codec/shape.ts'
import type { Failure } from '../effect.ts'
import type { JoinRequest } from '../membership/join-request.ts'
import { inviteMacHolds, parseJoinRequest } from '../membership/join-request.ts'
import type { Ticket } from '../membership/ticket.ts'
import { ticketText } from '../membership/ticket.ts'
import { sealWelcome } from '../membership/welcome.ts'
import type { MemberFacts } from '../membership/roster.ts'
import { isPresent } from '../membership/roster.ts'
import { hexOf } from '../message/header.ts'
import { Space, key } from '../storage.ts'
import { sortedHeads } from '../transcript/transcript.ts'
import type { Turn } from '../turn.ts'
import { count, emit, persist } from '../turn.ts'
import { failure } from '../failure.ts'
import { gone, postAdd, postEpoch } from './author.ts'
import type { Invite, Replica } from './state.ts'
import { bytesOf, currentContext, isGone } from './state.ts'
import { sendFrame } from './sync.ts'

/** Requests that may wait here at once. */
const REQUESTS_MAX = 256

export type Answer =
  | { readonly kind: 'pending' }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'welcome'; readonly sealed: Bytes }

const pending: Answer = { kind: 'pending' }
const refuse = (code: string): Answer => ({ kind: 'refused', code })

export const isLeader = (replica: Replica): boolean =>
  replica.facts.get(replica.self.member)?.leader === true

// --- Tickets -------------------------------------------------------------------------------------

const inviteShape = tuple(bytes(16), bytes(32), u53, u53, flag)

const putInvite = (turn: Turn, replica: Replica, invite: Invite): void => {
  replica.invites.set(hexOf(invite.id), invite)
  const { id, secret, expiresMs, uses, confirm } = invite
  persist(turn, [
    {
      key: key(Space.invite, replica.number, id),
      value: encode([id, secret, expiresMs, uses, confirm ? 1 : 0]),
      secret: true,
    },
  ])
}

export const parseInvite = (saved: Bytes): Invite | undefined => {
  const parsed = parse(inviteShape, saved)
  if (!parsed.ok) return undefined
  const [id, secret, expiresMs, uses, confirm] = parsed.value
  return { id, secret, expiresMs, uses, confirm }
}

/** Issues a ticket. Reason for a refusal: only leaders do. */
export const invite = (
  turn: Turn,
  replica: Replica,
  wanted: { expiresMs: number; uses: number; confirm: boolean; introducers: readonly string[] },
): { ticket: string; expires: number; uses: number } | Failure => {
  if (isGone(replica)) return gone
  if (!isLeader(replica)) {
    return failure(
      'NOT_A_LEADER',
      'only a leader of the group can invite',
      'ask a leader: `coterie member list` shows who they are',
    )
  }
  const id = turn.env.random(16)
  const secret = turn.env.random(32)
  const { confirm, uses } = wanted
  const expiresMs = Math.floor(turn.env.wallMs + wanted.expiresMs)
  putInvite(turn, replica, { id, secret, expiresMs, uses, confirm })
  const ticket: Ticket = {
    group: replica.constitution.group,
    issuer: replica.self.memberBytes,
    introducers: wanted.introducers.slice(0, 8),
    inviteId: id,
    inviteSecret: secret,
    expiresMs,
    uses,
  }
  return { ticket: ticketText(turn.env.crypto, ticket), expires: expiresMs, uses }
}

// --- Requests ------------------------------------------------------------------------------------

/** Somebody knocks with a join request, directly or through another member. */
export const takeRequest = (turn: Turn, replica: Replica, encoded: Bytes): Answer => {
  const parsed = parseJoinRequest(turn.env.crypto, encoded)
  if (!parsed.ok) return refuse('TICKET_INVALID')
  const request = parsed.value
  if (!equal(request.group, replica.constitution.group)) return refuse('TICKET_INVALID')
  const member = replica.facts.get(hexOf(request.member))
  if (member !== undefined) return welcomeFor(turn, replica, member)
  if (hexOf(request.issuer) !== replica.self.member) return passOn(turn, replica, request)
  return admitByTicket(turn, replica, request)
}

/** The welcome of a member that is already admitted: any member can write it. */
const welcomeFor = (turn: Turn, replica: Replica, member: MemberFacts): Answer => {
  const { roster } = currentContext(replica)
  if (!isPresent(roster, member.member)) return refuse('NOT_A_MEMBER')
  const { constitution, accessKey, transcript } = replica
  const add = transcript.control.entries.find(
    (entry) =>
      entry.info.kind === 'roster' &&
      entry.info.changes.some(
        (change) => change.kind === 'admit' && change.facts.member === member.member,
      ),
  )
  const records = [...replica.reach.values()].map((reach) => reach.record)
  const sealed = sealWelcome(
    turn.env,
    replica.self.deviceSeed,
    {
      group: constitution.group,
      admission: member.admission,
      prekey0: member.prekey.public,
    },
    {
      constitution: constitution.bytes,
      accessKey,
      add: add === undefined ? EMPTY : bytesOf(add.id),
      heads: sortedHeads(transcript).map((head) => head.idBytes),
      reachRecords: records,
    },
  )
  return { kind: 'welcome', sealed }
}

/** A leader named by a card asks for the group: no ticket is used up. */
export const welcomeLeader = (turn: Turn, replica: Replica, card: Bytes): Answer => {
  const leader = [...replica.facts.values()].find(
    (facts) => facts.leader && equal(facts.admission, card),
  )
  return leader === undefined ? refuse('CARD_INVALID') : welcomeFor(turn, replica, leader)
}

const admitByTicket = (turn: Turn, replica: Replica, request: JoinRequest): Answer => {
  const invited = replica.invites.get(hexOf(request.inviteId))
  if (invited === undefined || !inviteMacHolds(turn.env.crypto, request, invited.secret)) {
    return refuse('TICKET_INVALID')
  }
  if (invited.expiresMs <= turn.env.wallMs) return refuse('TICKET_EXPIRED')
  if (invited.uses <= 0) return refuse('TICKET_USED')
  if (invited.confirm) {
    wait(turn, replica, request)
    return pending
  }
  putInvite(turn, replica, { ...invited, uses: invited.uses - 1 })
  admitNow(turn, replica, request, () => undefined)
  return pending
}

/** Add and Epoch in one batch: nobody is ever added without a key that it can open. */
const admitNow = (
  turn: Turn,
  replica: Replica,
  request: JoinRequest,
  then: (turn: Turn, error: Failure | undefined) => void,
): void => {
  replica.requests.delete(hexOf(request.admission))
  persist(turn, [{ key: key(Space.request, replica.number, request.admission), value: null }])
  postAdd(turn, replica, request.bytes, (later, added) => {
    if (!added.ok) {
      count(later, 'joins_refused', 'add')
      return then(later, added.error)
    }
    postEpoch(later, replica, (after, epoch) => then(after, epoch.ok ? undefined : epoch.error))
  })
}

/** Keeps a request: for a human here, or for the issuer to be reached. */
const wait = (turn: Turn, replica: Replica, request: JoinRequest): boolean => {
  const name = hexOf(request.admission)
  if (replica.requests.has(name)) return false
  expireRequests(turn, replica)
  if (replica.requests.size >= REQUESTS_MAX) return false
  replica.requests.set(name, {
    bytes: request.bytes,
    sinceMs: Math.floor(turn.env.wallMs),
    name: request.name,
    account: hexOf(request.account),
    issuer: hexOf(request.issuer),
  })
  persist(turn, [
    { key: key(Space.request, replica.number, request.admission), value: request.bytes },
  ])
  const { group } = replica
  emit(turn, {
    kind: 'notify',
    event: { kind: 'request', group, request: name, name: request.name },
  })
  return true
}

/** Requests for another leader are kept for ten minutes; one's own wait for a human. */
const expireRequests = (turn: Turn, replica: Replica): void => {
  for (const [name, request] of replica.requests) {
    if (turn.env.wallMs - request.sinceMs < JOIN_REQUEST_KEPT_MS) continue
    if (request.issuer === replica.self.member) continue
    replica.requests.delete(name)
    persist(turn, [{ key: key(Space.request, replica.number, bytesOf(name)), value: null }])
  }
}

/** An introducer: tells the issuer, or all others on links, and keeps it for those who come. */
const passOn = (turn: Turn, replica: Replica, request: JoinRequest): Answer => {
  if (!wait(turn, replica, request)) return pending
  const linked = [...replica.sync.peers.values()].filter((peer) => peer.proven)
  const issuer = linked.filter((peer) => peer.member === hexOf(request.issuer))
  for (const peer of issuer.length > 0 ? issuer : linked) {
    sendFrame(turn, peer, { kind: 'request', index: peer.index, request: request.bytes })
  }
  return pending
}

/** A link to a member came up: hand over what waits for it, or for an issuer who is not linked. */
export const passRequests = (turn: Turn, replica: Replica, channel: number): void => {
  const peer = replica.sync.peers.get(channel)
  if (peer?.proven !== true) return
  for (const { bytes: request, issuer } of replica.requests.values()) {
    if (issuer === replica.self.member) continue
    if (issuer !== peer.member && isLinked(replica, issuer)) continue
    sendFrame(turn, peer, { kind: 'request', index: peer.index, request })
  }
}

const isLinked = (replica: Replica, member: string): boolean =>
  [...replica.sync.peers.values()].some((peer) => peer.proven && peer.member === member)

/** A human accepts a request that waits here. */
export const acceptRequest = (
  turn: Turn,
  replica: Replica,
  name: string,
  then: (turn: Turn, answer: { member: string } | Failure) => void,
): void => {
  const waiting = replica.requests.get(name)
  const request = waiting && parseJoinRequest(turn.env.crypto, waiting.bytes)
  const unknown = failure(
    'MEMBER_UNKNOWN',
    'no such request waits here',
    'see `coterie member list` for the requests that wait',
  )
  if (request?.ok !== true) return then(turn, unknown)
  const invited = replica.invites.get(hexOf(request.value.inviteId))
  if (hexOf(request.value.issuer) !== replica.self.member || invited === undefined) {
    return then(
      turn,
      failure(
        'NOT_A_LEADER',
        'the ticket of this request was issued by another leader',
        'it is accepted on the device that issued the ticket',
      ),
    )
  }
  if (invited.uses <= 0) {
    const hint = 'issue a new ticket: `coterie invite`'
    return then(turn, failure('TICKET_USED', 'the ticket of this request is used up', hint))
  }
  putInvite(turn, replica, { ...invited, uses: invited.uses - 1 })
  admitNow(turn, replica, request.value, (later, error) =>
    then(later, error ?? { member: hexOf(request.value.member) }),
  )
}
