// From what a person types to the one thing that is meant: a full id, a unique prefix of six or more
// hex digits, a memberGroupId, or a unique name. Exact ids win over prefixes, prefixes over names;
// what fits more than one thing is an error that lists them, never a guess.

import { CoterieError } from '../base/error.ts'
import type { ErrorCode } from '../base/error.ts'
import type { EndpointReport, GroupReport, MemberReport, PeerReport } from '../core/report.ts'

const PREFIX_DIGITS_MIN = 6
const CANDIDATES_SHOWN_MAX = 8

interface Candidate<T> {
  readonly value: T
  /** The full id. */
  readonly id: string
  /** Other exact spellings, such as a memberGroupId. */
  readonly short: readonly string[]
  readonly name: string
}

/** @throws CoterieError GROUP_UNKNOWN, AMBIGUOUS */
export function resolveGroup(report: EndpointReport, text: string): GroupReport {
  const candidates = report.groups.map((group) => ({
    value: group,
    id: group.group,
    short: [],
    name: group.name,
  }))
  return pick(candidates, text, {
    code: 'GROUP_UNKNOWN',
    what: 'group',
    hint: 'List the groups with: coterie group list',
  })
}

/** Belongs to the group now: neither left nor removed. */
export function isPresent({ state }: Pick<MemberReport, 'state'>): boolean {
  return state !== 'left' && state !== 'removed'
}

/**
 * A name means whoever bears it now, where anybody does: who comes back is a new member under the
 * old name. Ids mean exactly one, gone or not.
 *
 * @throws CoterieError MEMBER_UNKNOWN, AMBIGUOUS
 */
export function resolveMember(group: GroupReport, text: string): MemberReport {
  const borne = group.members.some((member) => member.name === text && isPresent(member))
  const meant = group.members.filter(
    (member) => !borne || member.name !== text || isPresent(member),
  )
  const candidates = meant.map((member) => ({
    value: member,
    id: member.member,
    short: [member.memberGroupId],
    name: member.name,
  }))
  return pick(candidates, text, {
    code: 'MEMBER_UNKNOWN',
    what: 'member',
    hint: 'List the members with: coterie member list GROUP',
  })
}

/** An account by its id, or by any of its members. @throws CoterieError MEMBER_UNKNOWN, AMBIGUOUS */
export function resolveAccount(group: GroupReport, text: string): string {
  const accounts = new Set(group.members.map(({ account }) => account))
  const hex = text.toLowerCase()
  const isPrefix = hex.length >= PREFIX_DIGITS_MIN && /^[0-9a-f]+$/.test(hex)
  const [only, ...more] = [...accounts].filter((account) => isPrefix && account.startsWith(hex))
  if (only !== undefined && more.length === 0) return only
  const named = group.members.filter(({ name }) => name === text)
  const [first] = named
  // Several devices of one account may bear one name: they are meant together.
  if (first !== undefined && named.every(({ account }) => account === first.account)) {
    return first.account
  }
  return resolveMember(group, text).account
}

/** A waiting request to join. @throws CoterieError MEMBER_UNKNOWN, AMBIGUOUS */
export function resolveRequest(group: GroupReport, text: string): string {
  const candidates = group.requests.map((request) => ({
    value: request.request,
    id: request.request,
    short: [],
    name: request.name,
  }))
  return pick(candidates, text, {
    code: 'MEMBER_UNKNOWN',
    what: 'waiting request',
    hint: 'List the requests with: coterie member list GROUP',
  })
}

/** A peer by its id, the end of its id, or the name of its member. */
export function resolvePeer(report: EndpointReport, text: string): PeerReport {
  const exact = report.peers.find((peer) => peer.peerId === text)
  if (exact !== undefined) return exact
  const ending = report.peers.filter(
    (peer) => text.length >= PREFIX_DIGITS_MIN && peer.peerId.endsWith(text),
  )
  const fitting = ending.length > 0 ? ending : namesakes(report, text)
  return theOne(
    fitting.map((peer) => ({ value: peer, id: peer.peerId, short: [], name: peer.name })),
    text,
    { code: 'PEER_UNKNOWN', what: 'peer', hint: 'List the peers with: coterie peer list' },
  )
}

/** Peers whose member has this name in some group, also while no link proves it. */
function namesakes(report: EndpointReport, text: string): PeerReport[] {
  const members = report.groups.flatMap((group) => group.members)
  const named = new Set(
    members
      .filter((member) => member.name === text || member.memberGroupId === text.toLowerCase())
      .map((member) => member.peerId),
  )
  return report.peers.filter((peer) => peer.name === text || named.has(peer.peerId))
}

interface Kind {
  readonly code: ErrorCode
  readonly what: string
  readonly hint: string
}

function pick<T>(candidates: readonly Candidate<T>[], text: string, kind: Kind): T {
  const hex = text.toLowerCase()
  const exact = candidates.filter(({ id, short }) => id === hex || short.includes(hex))
  if (exact.length > 0) return theOne(exact, text, kind)
  const isPrefix = hex.length >= PREFIX_DIGITS_MIN && /^[0-9a-f]+$/.test(hex)
  const begun = candidates.filter(({ id }) => isPrefix && id.startsWith(hex))
  if (begun.length > 0) return theOne(begun, text, kind)
  return theOne(
    candidates.filter(({ name }) => name === text),
    text,
    kind,
  )
}

function theOne<T>(fitting: readonly Candidate<T>[], text: string, kind: Kind): T {
  const [only, ...more] = fitting
  if (only === undefined) {
    throw new CoterieError(kind.code, `No ${kind.what} "${text}" is known here.`, {
      hint: kind.hint,
    })
  }
  if (more.length === 0) return only.value
  const shown = fitting.slice(0, CANDIDATES_SHOWN_MAX).map(({ id, name }) => `${name} ${id}`)
  const rest = fitting.length > shown.length ? `, and ${fitting.length - shown.length} more` : ''
  throw new CoterieError('AMBIGUOUS', `"${text}" fits ${fitting.length} of them.`, {
    hint: `Use a longer id: ${shown.join(', ')}${rest}`,
  })
}
