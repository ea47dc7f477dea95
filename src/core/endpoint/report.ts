/**
 * What this endpoint knows right now, as plain values: groups, peers, and why each link is as it is.
 * Reads only; asking twice without a step in between gives the same.
 */
import { toHex } from '../../base/bytes.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import type { PeerId } from '../input.ts'
import type { EndpointReport, GroupReport, JoinReport, PeerReport } from '../report.ts'
import { reportGroup } from '../replica/report.ts'
import type { Replica } from '../replica/state.ts'
import { createLoads, createTurn } from '../turn.ts'
import { rootOf } from '../replica/sync.ts'
import type { EndpointState } from './state.ts'

/** The clocks of the last step. */
export interface Moment {
  readonly nowMs: number
  readonly wallMs: number
}

export const reportEndpoint = (
  state: EndpointState,
  crypto: Crypto,
  moment: Moment,
): EndpointReport => ({
  name: state.identity.name,
  account: toHex(state.account),
  device: toHex(state.device),
  peerId: state.self,
  listen: [...state.listen],
  groups: reportGroups(state, crypto, moment),
  peers: peersOf(state, moment.nowMs),
  joins: joinsOf(state),
  contacts: [...state.contacts].sort(),
})

/** The groups alone: whoever asks for no more need not pay for links. */
export const reportGroups = (state: EndpointState, crypto: Crypto, moment: Moment): GroupReport[] =>
  [...state.replicas.values()]
    .map((replica) => reportOne(crypto, moment, replica))
    .sort((a, b) => (a.group < b.group ? -1 : 1))

const reportOne = (crypto: Crypto, moment: Moment, replica: Replica): GroupReport => {
  const env = { ...moment, crypto, random: () => new Uint8Array() }
  const turn = createTurn(env, createLoads())
  return reportGroup(turn, replica, toHex(rootOf(turn, replica)))
}

const joinsOf = (state: EndpointState): JoinReport[] =>
  [...state.joins.values()]
    .map(({ ticket, lastReason }) => ({
      group: toHex(ticket.group),
      expires: ticket.expiresMs,
      why: lastReason,
    }))
    .sort((a, b) => a.expires - b.expires || (a.group < b.group ? -1 : 1))

const peersOf = (state: EndpointState, nowMs: number): PeerReport[] => {
  const peers = new Set<PeerId>([
    ...state.redial.wanted.keys(),
    ...[...state.channels.values()].map((channel) => channel.peer),
    ...state.blocked,
  ])
  peers.delete(state.self)
  return [...peers].sort().map((peer) => peerOf(state, peer, nowMs))
}

const peerOf = (state: EndpointState, peerId: PeerId, nowMs: number): PeerReport => {
  const channel = [...state.channels.values()].find(
    (one) => one.peer === peerId && one.protocol === 'sync',
  )
  const blocked = state.blocked.has(peerId)
  const missing = state.redial.missing.get(peerId)
  const entries = [...state.replicas.values()].flatMap((replica) =>
    [...replica.sync.peers.values()].filter((one) => one.peer === peerId),
  )
  const synced = entries.map((one) => one.syncedMs).filter((at) => at >= 0)
  const reason = state.dialReasons.get(peerId)
  const linked = channel !== undefined && !blocked
  const peerState = blocked
    ? 'blocked'
    : linked
      ? 'connected'
      : missing?.inFlight === true
        ? 'connecting'
        : 'missing'
  return {
    peerId,
    name: nameOf(state, peerId),
    state: peerState,
    rttMs: channel?.keepAlive.rttMs ?? null,
    lastSyncMs: synced.length === 0 ? null : nowMs - Math.max(...synced),
    blocked,
    why: entries.some((one) => one.disagreed >= DISAGREED_MIN)
      ? disagreeing
      : whyOf(peerState, channel?.established ?? false, reason),
    groups: [...(channel?.groups.values() ?? [])].map((replica) => replica.group).sort(),
  }
}

const nameOf = (state: EndpointState, peerId: PeerId): string => {
  for (const replica of state.replicas.values()) {
    for (const facts of replica.facts.values()) {
      if (facts.peer === peerId) return facts.name
    }
  }
  return ''
}

/** Rounds after which two roots over the same messages are no accident of timing. */
const DISAGREED_MIN = 2
const disagreeing =
  'linked; it holds as many messages under another root: one of the two programs is wrong'

const whyOf = (
  peerState: PeerReport['state'],
  established: boolean,
  reason: string | undefined,
): string => {
  switch (peerState) {
    case 'blocked':
      return 'blocked here by `peer block`'
    case 'connected':
      return established ? 'linked' : 'linked, proving who is who'
    case 'connecting':
      return 'being dialled'
    default:
      return reason === undefined ? 'not dialled yet' : `last dial failed: ${reason}`
  }
}
