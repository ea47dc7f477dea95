/**
 * Live push: what was written since the last flush leaves in as few envelopes as it fits, under the
 * key of the epoch its readers have. Nothing depends on a push arriving; anti-entropy brings it too.
 */
import {
  AUTHOR_LIVE_BURST_MAX,
  AUTHOR_LIVE_PER_SECOND_MAX,
  ENVELOPE_BYTES_MAX,
  ENVELOPE_TOLD_MAX,
} from '../../base/limits.ts'
import { secondMs } from '../../base/time.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import type { EnvelopeContent, PushedMessage } from '../epoch/envelope.ts'
import { envelopeFits, openFitting, sealEnvelope } from '../epoch/envelope.ts'
import type { PeerId } from '../input.ts'
import type { Verdict } from '../effect.ts'
import type { Hex } from '../message/header.ts'
import type { Message } from '../message/message.ts'
import { parseMessage, verifyId } from '../message/message.ts'
import { MessageType } from '../message/type.ts'
import type { Turn } from '../turn.ts'
import { count, emit } from '../turn.ts'
import { canPush } from './epochs.ts'
import type { Outcome } from './intake.ts'
import { take } from './intake.ts'
import { sendingEpoch } from './keys.ts'
import { takePresence } from './presences.ts'
import type { OpenEpoch, Replica } from './state.ts'
import { currentContext } from './state.ts'
import { notePushed } from './pushed-news.ts'
import type { AskReason } from './sync-state.ts'
import { news } from './sync.ts'

const MESSAGES_PER_ENVELOPE = 128
/** Frame overhead of one message inside an envelope, generously. */
const OVERHEAD_BYTES = 96
/** Bytes of one member in the list of those that an envelope reaches by itself. */
const TOLD_BYTES = 5
/** Gossip hears a heartbeat or two after a link is up what the other side listens to. */
const GOSSIP_READY_MS = 3_000
/** Epochs whose envelopes are still tried. */
const EPOCHS_TRIED = 16

/** Queues an own message; it is sealed while this step is being written, and leaves after that. */
export const enqueuePush = (turn: Turn, replica: Replica, message: Message): void => {
  // Nobody is linked: whoever comes is told everything by anti-entropy.
  if (replica.sync.peers.size === 0) return
  const epoch = wrapping(turn.env.crypto, replica, message)
  if (epoch === undefined) return news(turn, replica, 0)
  notePushed(turn, replica)
  replica.outbox.push({
    epoch,
    message: { header: message.headerBytes, signature: message.signature, body: message.body },
  })
  const timer = `push/${replica.number}`
  emit(turn, { kind: 'set-timer', timer, atMs: turn.env.nowMs, early: true })
}

/**
 * An Epoch or Add goes under a parent epoch: its new readers get it by anti-entropy. A Remove goes
 * under an epoch that the removed can open too: they are told, and are given nothing afterwards.
 */
const wrapping = (crypto: Crypto, replica: Replica, message: Message): Hex | undefined => {
  if (message.epoch !== '') return message.epoch
  if (message.header.type !== MessageType.epoch) {
    const own = sendingEpoch(crypto, replica)?.id
    return message.header.type === MessageType.remove ? (own ?? anyOpened(replica)) : own
  }
  const entry = replica.transcript.control.byId.get(message.id)
  const parents = entry?.info.kind === 'epoch' ? entry.info.epoch.parents : []
  return parents.find((parent) => canPush(replica, parent))
}

const anyOpened = (replica: Replica): Hex | undefined =>
  [...currentContext(replica).epochHeads.keys()].find((id) => canPush(replica, id))

const sizeOf = (message: PushedMessage): number =>
  message.header.length + message.body.length + OVERHEAD_BYTES

/** Sends everything queued. */
export const flushPush = (turn: Turn, replica: Replica): void => {
  const queue = replica.outbox.splice(0)
  const told = reachedBySelf(turn, replica)
  for (let at = 0; at < queue.length;) {
    const epoch = queue[at]?.epoch ?? ''
    const messages: PushedMessage[] = []
    let bytes = OVERHEAD_BYTES + told.length * TOLD_BYTES
    for (; at < queue.length && messages.length < MESSAGES_PER_ENVELOPE; at++) {
      const next = queue[at]
      if (next === undefined || next.epoch !== epoch) break
      if (messages.length > 0 && bytes + sizeOf(next.message) > ENVELOPE_BYTES_MAX) break
      bytes += sizeOf(next.message)
      messages.push(next.message)
    }
    publish(turn, replica, epoch, { kind: 'messages', messages, told })
  }
}

/** Whom a flood from here reaches in one hop: this member and those it has had links to for a while. */
const reachedBySelf = (turn: Turn, replica: Replica): number[] => {
  const told = new Set([replica.self.memberGroupId])
  for (const { member, proven, linkedMs } of replica.sync.peers.values()) {
    const facts = replica.facts.get(member)
    if (facts === undefined || !proven || turn.env.nowMs < linkedMs + GOSSIP_READY_MS) continue
    if (told.size < ENVELOPE_TOLD_MAX) told.add(facts.memberGroupId)
  }
  return [...told].sort((a, b) => a - b)
}

/** Whether a peer of this member may lack what the writer of an envelope says to have sent it. */
const mustPassOn = (replica: Replica, told: readonly number[], from: PeerId): boolean => {
  const reached = new Set(told)
  return [...replica.sync.peers.values()].some(({ peer, member }) => {
    const number = replica.facts.get(member)?.memberGroupId
    return peer !== from && (number === undefined || !reached.has(number))
  })
}

const publish = (turn: Turn, replica: Replica, epoch: Hex, content: EnvelopeContent): void => {
  const open = replica.epochs.get(epoch)
  if (open === undefined || open.env.length === 0) return
  const sealed = sealEnvelope(turn.env, open.env, content)
  if (!sealed.ok) return count(turn, 'pushes_skipped', sealed.error)
  emit(turn, { kind: 'broadcast', topic: replica.topic, envelope: sealed.value })
}

const epochOf = (crypto: Crypto, replica: Replica, envelope: Uint8Array): OpenEpoch | undefined =>
  [...replica.epochs.values()]
    .slice(-EPOCHS_TRIED)
    .reverse()
    .find((epoch) => epoch.env.length > 0 && envelopeFits(crypto, epoch.env, envelope))

export interface Pushed {
  readonly from: PeerId
  readonly envelope: Uint8Array
  /** Called once: what the network may do with the envelope, and why to ask the sender, if so. */
  readonly done: (turn: Turn, verdict: Verdict, ask?: AskReason) => void
}

/** Takes a pushed envelope; it is forwarded only once everything in it was judged. */
export const takePush = (turn: Turn, replica: Replica, pushed: Pushed): void => {
  const { crypto } = turn.env
  const epoch = epochOf(crypto, replica, pushed.envelope)
  if (epoch === undefined) return pushed.done(turn, 'ignore', 'closed')
  const content = openFitting(crypto, epoch.env, pushed.envelope)
  if (!content.ok) {
    count(turn, 'pushes_dropped', content.error)
    return pushed.done(turn, 'reject')
  }
  if (content.value.kind === 'presence') {
    return pushed.done(turn, takePresence(turn, replica, content.value.presence, true))
  }
  const messages: Message[] = []
  for (const wire of content.value.messages) {
    const message = parseMessage(crypto, wire)
    if (!message.ok) {
      count(turn, 'messages_dropped', message.error)
      return pushed.done(turn, 'reject')
    }
    messages.push(message.value)
  }
  if (!withinRate(turn, replica, messages)) {
    count(turn, 'pushes_dropped', 'author-rate')
    return pushed.done(turn, 'ignore', 'closed')
  }
  takeAll(turn, replica, messages, content.value.told, pushed)
}

/** A token bucket for each author: what exceeds it is fetched later, never refused. */
const withinRate = (turn: Turn, replica: Replica, messages: readonly Message[]): boolean =>
  messages.every(({ member }) => {
    const { nowMs } = turn.env
    const held = replica.intake.get(member) ?? { tokens: AUTHOR_LIVE_BURST_MAX, atMs: nowMs }
    const earned = ((nowMs - held.atMs) / secondMs) * AUTHOR_LIVE_PER_SECOND_MAX
    const tokens = Math.min(AUTHOR_LIVE_BURST_MAX, held.tokens + earned)
    replica.intake.set(member, { tokens: Math.max(0, tokens - 1), atMs: nowMs })
    return tokens >= 1
  })

/** How a message of a push is known to be its author's. */
type Assurance = 'none' | 'verified' | 'vouched'

/** One signature check for each unbroken run of an author: its last message vouches for the rest. */
const assurancesOf = (
  crypto: Crypto,
  replica: Replica,
  messages: readonly Message[],
): Assurance[] => {
  const assured: Assurance[] = messages.map(() => 'none')
  const claims = new Map<Hex, Hex>()
  for (let i = messages.length - 1; i >= 0; i--) {
    const message = messages[i]
    if (message === undefined) continue
    const claimed = claims.get(message.member)
    const author = replica.facts.get(message.member)
    if (claimed === message.id) assured[i] = 'vouched'
    else if (
      author !== undefined &&
      verifyId(crypto, author.device, message.idBytes, message.signature)
    ) {
      assured[i] = 'verified'
    }
    if (assured[i] !== 'none') claims.set(message.member, message.prev ?? '')
  }
  return assured
}

const takeAll = (
  turn: Turn,
  replica: Replica,
  messages: readonly Message[],
  told: readonly number[],
  pushed: Pushed,
): void => {
  const assured = assurancesOf(turn.env.crypto, replica, messages)
  const outcomes: Outcome[] = []
  const finish = (later: Turn, outcome: Outcome): void => {
    outcomes.push(outcome)
    if (outcomes.length < messages.length) return
    const has = (kind: Outcome['kind']): boolean => outcomes.some((one) => one.kind === kind)
    const ask = has('pending') ? 'gap' : undefined
    if (has('rejected')) return pushed.done(later, 'reject', ask)
    if (ask !== undefined || !has('accepted')) return pushed.done(later, 'ignore', ask)
    notePushed(later, replica)
    pushed.done(later, mustPassOn(replica, told, pushed.from) ? 'accept' : 'keep')
  }
  messages.forEach((message, i) => {
    const source = {
      how: 'push',
      from: pushed.from,
      vouched: assured[i] === 'vouched',
      verified: assured[i] === 'verified',
    } as const
    take(turn, replica, message, source, finish)
  })
}
