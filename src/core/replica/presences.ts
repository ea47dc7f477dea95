/**
 * Signs of life of leaders: a leader says that it is there on every link, and, where somebody who belongs has
 * no link to it, by a push that others pass on. Only turns of waiting depend on them.
 */
import { toHex } from '../../base/bytes.ts'
import { PRESENCE_INTERVAL_MS } from '../../base/limits.ts'
import type { Bytes } from '../../base/bytes.ts'
import { sealEnvelope } from '../epoch/envelope.ts'
import type { Verdict } from '../effect.ts'
import { presentMembers } from '../membership/roster.ts'
import type { Hex } from '../message/header.ts'
import { hexOf } from '../message/header.ts'
import type { Signs } from '../presence/online.ts'
import {
  isNewSign,
  isUnpassed,
  keepSign,
  notePassedOn,
  showsLife,
  sinceSign,
} from '../presence/online.ts'
import { parsePresence, presenceHolds, signPresence } from '../presence/presence.ts'
import type { Turn } from '../turn.ts'
import { count, emit } from '../turn.ts'
import { sendingEpoch } from './keys.ts'
import type { Replica } from './state.ts'
import { currentContext, isActingLeader, ownTip } from './state.ts'
import { sendFrame } from './sync.ts'

export interface Presences {
  readonly signs: Signs
  /** Of this start; empty before the first sign. */
  bootNonce: Bytes
  seq: number
  sentMs: number
}

export const createPresences = (): Presences => ({
  signs: new Map(),
  bootNonce: new Uint8Array(),
  seq: 0,
  sentMs: Number.NEGATIVE_INFINITY,
})

/** More often than this no sign of one leader is passed on. */
const PASSED_ON_AFTER_MS = PRESENCE_INTERVAL_MS / 3

/** Looked at every 10 s: a leader says that it is there, if it is time to. */
export const sendPresence = (turn: Turn, replica: Replica): void => {
  const { presences, self } = replica
  const { nowMs } = turn.env
  const head = ownTip(replica)?.tip.idBytes
  if (nowMs - presences.sentMs < PRESENCE_INTERVAL_MS || !isActingLeader(replica)) return
  const linked = [...replica.sync.peers.values()].filter((peer) => peer.proven)
  if (head === undefined || linked.length === 0) return
  if (presences.bootNonce.length === 0) presences.bootNonce = turn.env.random(16)
  presences.sentMs = nowMs
  presences.seq += 1
  const signed = signPresence(turn.env.crypto, self.deviceSeed, {
    group: replica.constitution.group,
    member: self.memberBytes,
    bootNonce: presences.bootNonce,
    seq: presences.seq,
    head,
  })
  for (const peer of linked) {
    sendFrame(turn, peer, { kind: 'presence', index: peer.index, presence: signed })
  }
  const reached = new Set(linked.map((peer) => peer.member))
  const unreached = presentMembers(currentContext(replica).roster).some(
    ({ facts }) => facts.member !== self.member && !reached.has(facts.member),
  )
  if (unreached) push(turn, replica, signed)
}

const push = (turn: Turn, replica: Replica, presence: Bytes): void => {
  const id = sendingEpoch(turn.env.crypto, replica)?.id
  const epoch = id === undefined ? undefined : replica.epochs.get(id)
  if (epoch === undefined || epoch.env.length === 0) return
  const sealed = sealEnvelope(turn.env, epoch.env, { kind: 'presence', presence })
  if (sealed.ok) emit(turn, { kind: 'broadcast', topic: replica.topic, envelope: sealed.value })
}

/** Takes a sign of life; of one that was pushed, `accept`: others shall have it too. */
export const takePresence = (
  turn: Turn,
  replica: Replica,
  encoded: Bytes,
  pushed: boolean,
): Verdict => {
  const parsed = parsePresence(encoded)
  if (!parsed.ok || hexOf(parsed.value.group) !== replica.group) {
    count(turn, 'frames_dropped', 'presence-malformed')
    return 'reject'
  }
  const member = hexOf(parsed.value.member)
  const facts = replica.facts.get(member)
  if (facts?.leader !== true || member === replica.self.member) return 'ignore'
  const { signs } = replica.presences
  const { nowMs } = turn.env
  const sign = { member, bootNonce: toHex(parsed.value.bootNonce), seq: parsed.value.seq }
  const fresh = isNewSign(signs, sign)
  if (!fresh && !(pushed && isUnpassed(signs, sign))) return 'ignore'
  if (!presenceHolds(turn.env.crypto, facts.device, encoded)) {
    count(turn, 'frames_dropped', 'presence-signature')
    return 'reject'
  }
  const soon = fresh && sinceSign(signs, member, nowMs) < PASSED_ON_AFTER_MS
  if (fresh) keepSign(signs, sign, nowMs)
  if (!pushed || soon) return 'ignore'
  notePassedOn(signs, member)
  return 'accept'
}

/** Leaders believed to be there now: on a proven link, or by a sign of life. */
export const onlineLeaders = (nowMs: number, replica: Replica): Set<Hex> => {
  const online = new Set(
    [...replica.sync.peers.values()].filter((peer) => peer.proven).map((peer) => peer.member),
  )
  for (const member of replica.presences.signs.keys()) {
    if (showsLife(replica.presences.signs, member, nowMs)) online.add(member)
  }
  return online
}
