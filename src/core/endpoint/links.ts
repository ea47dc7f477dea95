/**
 * Links: channels that open and close, the hello on each, the keep-alive that tells dead from quiet,
 * and dialling for ever whoever is missing. Of two channels to one peer both ends keep the same.
 */
import { EMPTY } from '../../base/bytes.ts'
import { BATCH_BYTES_MAX } from '../../base/limits.ts'
import { minuteMs } from '../../base/time.ts'
import { decode } from '../../codec/canonical.ts'
import type { Value } from '../../codec/canonical.ts'
import {
  begin,
  createHello,
  deadline as helloDeadline,
  receive as helloReceive,
} from '../anti-entropy/hello.ts'
import type { HelloStep } from '../anti-entropy/hello.ts'
import { isHelloKind } from '../anti-entropy/hello-frames.ts'
import { isGroupKind } from '../anti-entropy/frames.ts'
import type { ChannelId, Input, PeerId } from '../input.ts'
import { presentMembers } from '../membership/roster.ts'
import { hexOf } from '../message/header.ts'
import {
  createKeepAlive,
  deadline as keepAliveDeadline,
  heard,
  isKeepAliveKind,
  receive as keepAliveReceive,
  tick,
} from '../presence/keep-alive.ts'
import { chooseLinks, hourOf, survivor } from '../presence/links.ts'
import {
  connected,
  deadline as redialDeadline,
  due,
  failed,
  lost,
  unreachable,
  want,
} from '../presence/redial.ts'
import { linkDown, linkUp, takeGroupFrame } from '../replica/peers.ts'
import { currentContext } from '../replica/state.ts'
import { peerOn } from '../replica/sync-state.ts'
import type { Turn } from '../turn.ts'
import { count, emit } from '../turn.ts'
import type { Channel, EndpointState } from './state.ts'
import { answerPings } from './pings.ts'
import { STRIKES_MAX, struck } from './strikes.ts'

/** How often links are chosen anew although nothing changed. */
const RECHOOSE_MS = minuteMs
/** How long changes of who belongs are gathered before links are chosen. */
const CHOOSE_AFTER_MS = 20

export const syncChannelsOf = (state: EndpointState, peer: PeerId): Channel[] =>
  [...state.channels.values()].filter(
    (channel) => channel.peer === peer && channel.protocol === 'sync',
  )

export const openSync = (
  turn: Turn,
  state: EndpointState,
  peer: PeerId | undefined,
  addresses: readonly string[],
  redialKey: string | undefined,
): void => {
  const ref = state.nextRef++
  if (redialKey !== undefined) state.dials.set(ref, redialKey)
  emit(turn, { kind: 'open', ref, protocol: 'sync', peer, addresses })
}

export const syncOpened = (
  turn: Turn,
  state: EndpointState,
  input: Extract<Input, { kind: 'channel-open' }>,
): void => {
  const { channel, peer, initiator } = input
  const dial = input.ref === undefined ? undefined : state.dials.get(input.ref)
  if (input.ref !== undefined) state.dials.delete(input.ref)
  if (state.blocked.has(peer)) return emit(turn, { kind: 'reset', peer, reason: 'blocked' })
  const { env } = turn
  const hello = createHello(
    {
      role: initiator ? 'dialler' : 'listener',
      self: state.self,
      peer,
      groups: [...state.replicas.values()].map((replica) => ({
        group: replica.constitution.group,
        accessKey: replica.accessKey,
        member: replica.self.memberBytes,
      })),
      sign: (bytes) => env.crypto.sign(state.identity.deviceSeed, bytes),
    },
    env,
  )
  const entry: Channel = {
    id: channel,
    protocol: 'sync',
    peer,
    initiator,
    hello,
    keepAlive: createKeepAlive(initiator, env.nowMs),
    groups: new Map(),
    nonce: EMPTY,
    established: false,
    joinNonce: EMPTY,
  }
  const first = syncChannelsOf(state, peer).length === 0
  state.channels.set(channel, entry)
  connected(state.redial, peer, env, dial)
  state.dialReasons.delete(peer)
  for (const frame of begin(hello)) emit(turn, { kind: 'send', channel, frame })
  armChannel(turn, entry)
  if (first) notifyLink(turn, peer, true, '')
}

const notifyLink = (turn: Turn, peer: PeerId, up: boolean, reason: string): void =>
  emit(turn, { kind: 'notify', event: { kind: 'link', peer, up, reason } })

const armChannel = (turn: Turn, channel: Channel): void => {
  const hello = channel.hello === undefined ? undefined : helloDeadline(channel.hello)
  const atMs = Math.min(keepAliveDeadline(channel.keepAlive), hello ?? Infinity)
  emit(turn, { kind: 'set-timer', timer: `link/${channel.id}`, atMs })
}

/** The timer of one channel: a hello that stalls, a quiet link, a dead one. */
export const linkTimer = (turn: Turn, state: EndpointState, id: ChannelId): void => {
  const channel = state.channels.get(id)
  if (channel === undefined) return
  const hello = channel.hello === undefined ? undefined : helloDeadline(channel.hello)
  if (hello !== undefined && hello <= turn.env.nowMs) {
    return giveUp(turn, state, channel.peer, 'hello-stalled')
  }
  const step = tick(channel.keepAlive, turn.env.nowMs)
  for (const frame of step.frames) emit(turn, { kind: 'send', channel: id, frame })
  if (step.dead) return giveUp(turn, state, channel.peer, 'silent')
  armChannel(turn, channel)
}

/** Abandons a peer by reset, so that no old bytes arrive after newer ones. */
export const giveUp = (turn: Turn, state: EndpointState, peer: PeerId, reason: string): void => {
  count(turn, 'links_reset', reason)
  emit(turn, { kind: 'reset', peer, reason })
  state.strikes.delete(peer)
  for (const channel of syncChannelsOf(state, peer)) channelClosed(turn, state, channel.id, reason)
}

/** Every link is made anew: what was said of oneself in their hellos is no longer true. */
export const relink = (turn: Turn, state: EndpointState, reason: string): void => {
  const channels = [...state.channels.values()].filter((one) => one.protocol === 'sync')
  for (const peer of new Set(channels.map((one) => one.peer))) giveUp(turn, state, peer, reason)
}

export const channelClosed = (
  turn: Turn,
  state: EndpointState,
  id: ChannelId,
  reason = 'closed',
): void => {
  const channel = state.channels.get(id)
  if (channel === undefined) return
  state.channels.delete(id)
  emit(turn, { kind: 'cancel-timer', timer: `link/${id}` })
  for (const replica of channel.groups.values()) linkDown(turn, replica, id)
  if (channel.protocol !== 'sync' || syncChannelsOf(state, channel.peer).length > 0) return
  const silent = reason === 'silent'
  lost(state.redial, channel.peer, turn.env, silent)
  // Of a large group one may have had links to the other side only: others take their places at once.
  if (silent) chooseSoon(turn, state)
  notifyLink(turn, channel.peer, false, reason)
  scheduleRedial(turn, state)
}

// --- Frames --------------------------------------------------------------------------------------

const kindOf = (value: Value): number =>
  Array.isArray(value) && typeof value[0] === 'number' ? value[0] : -1

export const syncFrame = (
  turn: Turn,
  state: EndpointState,
  channel: Channel,
  frame: Uint8Array,
): void => {
  // Its timer is set for the end of the answer's time, which may be long: now the next question counts.
  const answers = channel.keepAlive.waiting
  heard(channel.keepAlive, turn.env.nowMs)
  if (answers) armChannel(turn, channel)
  const decoded = decode(frame, { maxBytes: BATCH_BYTES_MAX })
  if (!decoded.ok) return strike(turn, state, channel, 'frame-encoding')
  const kind = kindOf(decoded.value)
  if (isKeepAliveKind(kind)) {
    const unmeasured = channel.keepAlive.rttMs === null
    const step = keepAliveReceive(channel.keepAlive, decoded.value, turn.env.nowMs)
    // The timer stands where a very long way back would have ended.
    if (unmeasured && channel.keepAlive.rttMs !== null) armChannel(turn, channel)
    for (const reply of step.frames) emit(turn, { kind: 'send', channel: channel.id, frame: reply })
    if (step.error !== undefined) return strike(turn, state, channel, step.error)
    return answerPings(turn, state, channel)
  }
  if (isHelloKind(kind) && channel.hello !== undefined) {
    return helloFrame(turn, state, channel, helloReceive(channel.hello, decoded.value, turn.env))
  }
  if (isGroupKind(kind) && channel.established) {
    return groupFrame(turn, state, channel, decoded.value, frame.length)
  }
  strike(turn, state, channel, 'frame-unexpected')
}

const groupFrame = (
  turn: Turn,
  state: EndpointState,
  channel: Channel,
  value: Value,
  bytes: number,
): void => {
  const index = Array.isArray(value) ? (value as readonly Value[])[1] : undefined
  const replica = typeof index === 'number' ? channel.groups.get(index) : undefined
  const entry = replica && peerOn(replica.sync, channel.id)
  if (replica !== undefined && entry === undefined) return count(turn, 'frames_dropped', 'gone')
  if (replica === undefined || entry === undefined) {
    return strike(turn, state, channel, 'frame-group')
  }
  if (!takeGroupFrame(turn, replica, entry, value, bytes)) {
    strike(turn, state, channel, 'frame-malformed')
  }
}

/** Something that an honest peer would not send: counted, and after a few the peer is reset. */
const strike = (turn: Turn, state: EndpointState, channel: Channel, reason: string): void => {
  count(turn, 'frames_dropped', reason)
  const { peer } = channel
  emit(turn, { kind: 'notify', event: { kind: 'dropped', peer, reason } })
  blame(turn, state, peer)
}

/** Counts a misdeed of a peer that was named already. */
export const blame = (turn: Turn, state: EndpointState, peer: PeerId): void => {
  const strikes = struck(state.strikes.get(peer), turn.env.nowMs)
  state.strikes.set(peer, strikes)
  if (strikes.held >= STRIKES_MAX) giveUp(turn, state, peer, 'misbehaved')
}

const helloFrame = (turn: Turn, state: EndpointState, channel: Channel, step: HelloStep): void => {
  for (const frame of step.frames) emit(turn, { kind: 'send', channel: channel.id, frame })
  if (step.error !== undefined) {
    count(turn, 'frames_dropped', step.error)
    return giveUp(turn, state, channel.peer, step.error)
  }
  if (step.done === undefined) return
  channel.established = true
  channel.nonce = step.done.nonce
  for (const common of step.done.groups) {
    const replica = state.replicas.get(hexOf(common.group))
    if (replica === undefined) continue
    channel.groups.set(common.index, replica)
  }
  if (!keepOne(turn, state, channel)) return
  for (const common of step.done.groups) {
    const replica = channel.groups.get(common.index)
    if (replica === undefined) continue
    if (!linkUp(turn, replica, channel.id, channel.peer, common, channel.initiator)) {
      return giveUp(turn, state, channel.peer, 'hello-signature')
    }
  }
}

/** Of two established channels to one peer, closes the one that does not survive. */
const keepOne = (turn: Turn, state: EndpointState, channel: Channel): boolean => {
  const ends = (
    one: Channel,
  ): { groups: number; dialler: PeerId; nonce: Uint8Array; id: number } => ({
    groups: one.groups.size,
    dialler: one.initiator ? state.self : one.peer,
    nonce: one.nonce,
    id: one.id,
  })
  for (const other of syncChannelsOf(state, channel.peer)) {
    if (other === channel || !other.established) continue
    const kept = survivor(ends(channel), ends(other))
    const dropped = kept.id === channel.id ? other.id : channel.id
    emit(turn, { kind: 'close', channel: dropped })
    channelClosed(turn, state, dropped, 'replaced')
    if (dropped === channel.id) return false
  }
  return true
}

// --- Whom to link --------------------------------------------------------------------------------

/** Chooses links soon: a burst of admissions is one choice. */
export const chooseSoon = (turn: Turn, state: EndpointState): void => {
  if (state.choosing) return
  state.choosing = true
  emit(turn, { kind: 'set-timer', timer: 'choose', atMs: turn.env.nowMs + CHOOSE_AFTER_MS })
}

/** Chooses links anew: membership, addresses, contacts or the hour changed. */
export const chooseTargets = (turn: Turn, state: EndpointState): void => {
  const addresses = new Map<PeerId, Set<string>>()
  const groups = [...state.replicas.values()].map((replica) => {
    const members = presentMembers(currentContext(replica).roster).map(({ facts }) => {
      const { peer } = facts
      const known = addresses.get(peer) ?? new Set()
      for (const address of replica.reach.get(facts.member)?.addresses ?? []) known.add(address)
      addresses.set(peer, known)
      return { member: facts.memberBytes, peer, leader: facts.leader }
    })
    return { self: replica.self.memberBytes, members }
  })
  state.choosing = false
  state.linkHour = hourOf(turn.env.wallMs)
  const missing = unreachable(state.redial)
  const chosen = chooseLinks(groups, state.linkHour, missing, turn.env.crypto)
  const targets = chosen
    .filter((peer) => peer !== state.self)
    .map((peer) => ({ peer, addresses: [...(addresses.get(peer) ?? [])] }))
  want(state.redial, targets, [...state.contacts], turn.env)
  scheduleRedial(turn, state)
  emit(turn, { kind: 'set-timer', timer: 'choose', atMs: turn.env.nowMs + RECHOOSE_MS })
}

export const scheduleRedial = (turn: Turn, state: EndpointState): void => {
  const atMs = redialDeadline(state.redial)
  if (atMs === undefined) return emit(turn, { kind: 'cancel-timer', timer: 'redial' })
  emit(turn, { kind: 'set-timer', timer: 'redial', atMs: Math.max(atMs, turn.env.nowMs + 1) })
}

export const redialNow = (turn: Turn, state: EndpointState): void => {
  for (const dial of due(state.redial, turn.env)) {
    openSync(turn, state, dial.peer, dial.addresses, dial.key)
  }
  scheduleRedial(turn, state)
}

export const syncOpenFailed = (
  turn: Turn,
  state: EndpointState,
  ref: number,
  reason: string,
): void => {
  const dial = state.dials.get(ref)
  if (dial === undefined) return
  state.dials.delete(ref)
  state.dialReasons.set(dial, reason)
  if (failed(state.redial, dial)) chooseSoon(turn, state)
  scheduleRedial(turn, state)
}
