/**
 * The listening side of an admission dialogue: any member answers, the ticket's issuer decides.
 * Asking again is free; different requests of one peer are bounded by the hour.
 */
import { JOIN_REQUESTS_PER_HOUR_MAX } from '../../base/limits.ts'
import { hourMs } from '../../base/time.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { labelled, labels } from '../../crypto/label.ts'
import { hexOf } from '../message/header.ts'
import { joinRequestHash, parseJoinRequest } from '../membership/join-request.ts'
import { takeRequest, welcomeLeader } from '../replica/admission.ts'
import type { Answer } from '../replica/admission.ts'
import type { Turn } from '../turn.ts'
import { count, emit } from '../turn.ts'
import type { JoinFrame, ShownCard } from './join-frames.ts'
import { readJoinFrame, writeJoinFrame } from './join-frames.ts'
import type { Channel, EndpointState } from './state.ts'

const send = (turn: Turn, channel: Channel, frame: JoinFrame): void =>
  emit(turn, { kind: 'send', channel: channel.id, frame: writeJoinFrame(frame) })

export const joinGreet = (turn: Turn, channel: Channel): void => {
  channel.joinNonce = turn.env.random(16)
  send(turn, channel, { kind: 'nonce', nonce: channel.joinNonce })
}

/** What the device of a card signs to be handed its group's Welcome. */
export const shownCardInput = (
  crypto: Crypto,
  nonce: Uint8Array,
  group: Uint8Array,
  admission: Uint8Array,
): Uint8Array => labelled(labels.leaderJoinSig, crypto.sha256(nonce, group, admission))

/** A frame from a newcomer. */
export const joinHosted = (
  turn: Turn,
  state: EndpointState,
  channel: Channel,
  encoded: Uint8Array,
): void => {
  const frame = readJoinFrame(encoded)
  const usable = frame.ok && (frame.value.kind === 'request' || frame.value.kind === 'cards')
  if (!usable) {
    count(turn, 'frames_dropped', 'join-malformed')
    return emit(turn, { kind: 'close', channel: channel.id })
  }
  if (frame.value.kind === 'request') return hostRequest(turn, state, channel, frame.value.request)
  if (frame.value.kind === 'cards') {
    hostCards(turn, state, channel, frame.value.group, frame.value.cards)
  }
}

/** Different requests of one peer in an hour; asking again for the same one is free. */
const tooMany = (turn: Turn, state: EndpointState, peer: string, name: string): boolean => {
  const seen = state.requestsSeen.get(peer) ?? new Map<string, number>()
  for (const [old, atMs] of seen) if (turn.env.nowMs - atMs > hourMs) seen.delete(old)
  if (!seen.has(name) && seen.size >= JOIN_REQUESTS_PER_HOUR_MAX) return true
  seen.set(name, seen.get(name) ?? turn.env.nowMs)
  state.requestsSeen.set(peer, seen)
  return false
}

const hostRequest = (
  turn: Turn,
  state: EndpointState,
  channel: Channel,
  request: Uint8Array,
): void => {
  const { crypto } = turn.env
  const admission = joinRequestHash(crypto, request)
  if (tooMany(turn, state, channel.peer, hexOf(admission))) {
    count(turn, 'joins_refused', 'rate')
    return send(turn, channel, { kind: 'refused', code: 'TIMEOUT' })
  }
  const parsed = parseJoinRequest(crypto, request)
  const replica = parsed.ok ? state.replicas.get(hexOf(parsed.value.group)) : undefined
  if (replica === undefined) return send(turn, channel, { kind: 'refused', code: 'GROUP_UNKNOWN' })
  reply(turn, channel, takeRequest(turn, replica, request), admission)
}

const hostCards = (
  turn: Turn,
  state: EndpointState,
  channel: Channel,
  group: Uint8Array,
  shown: readonly ShownCard[],
): void => {
  const replica = state.replicas.get(hexOf(group))
  for (const { admission, signature } of shown) {
    const leader = [...(replica?.facts.values() ?? [])].find(
      (facts) => facts.leader && hexOf(facts.admission) === hexOf(admission),
    )
    const input = shownCardInput(turn.env.crypto, channel.joinNonce, group, admission)
    if (replica === undefined || leader === undefined) continue
    if (!turn.env.crypto.verify(leader.device, input, signature)) continue
    return reply(turn, channel, welcomeLeader(turn, replica, admission), admission)
  }
  send(turn, channel, { kind: 'refused', code: 'CARD_INVALID' })
}

const reply = (turn: Turn, channel: Channel, answer: Answer, admission: Uint8Array): void => {
  if (answer.kind === 'welcome') {
    return send(turn, channel, { kind: 'welcome', admission, sealed: answer.sealed })
  }
  if (answer.kind === 'refused') {
    count(turn, 'joins_refused', answer.code)
    return send(turn, channel, { kind: 'refused', code: answer.code })
  }
  send(turn, channel, { kind: 'pending' })
}
