/**
 * The newcomer's side: ask the introducers of a ticket in turn until a Welcome comes, the ticket is
 * refused, or it expires. What it needs to go on after a crash is durable before the first word.
 */
import type { Bytes } from '../../base/bytes.ts'
import { readU32 } from '../../base/bytes.ts'
import { encode } from '../../codec/canonical.ts'
import { bytes, bytesUpTo, parse, textUpTo, tuple } from '../../codec/shape.ts'
import type { ErrorCode } from '../../base/error.ts'
import { failure, refused } from '../failure.ts'
import type { ChannelId } from '../input.ts'
import { createJoinRequest, parseJoinRequest } from '../membership/join-request.ts'
import { type Ticket, parseTicketText } from '../membership/ticket.ts'
import { type OpenedWelcome, openWelcome } from '../membership/welcome.ts'
import { memberIdOf } from '../identity/candidate.ts'
import { hexOf } from '../message/header.ts'
import { secretKey } from '../replica/state.ts'
import type { Turn } from '../turn.ts'
import { emit, forgetSecret, persist } from '../turn.ts'
import { DeviceSecret } from './device-secret.ts'
import { adoptGroup } from './groups.ts'
import { shownCardInput } from './hosting.ts'
import { CARDS_SHOWN_MAX, readJoinFrame, writeJoinFrame } from './join-frames.ts'
import { openSync, relink, syncChannelsOf } from './links.ts'
import type { EndpointState, Joining } from './state.ts'
import { candidateOf } from './state.ts'

/** An introducer that says "pending" is asked again after this. */
const ASK_AGAIN_MS = 300
/** Introducers that fail are tried in turn, this far apart. */
const NEXT_INTRODUCER_MS = 500
/** An introducer that says nothing for so long is left for the next. */
const SILENT_MS = 4_000

const savedShape = tuple(textUpTo(8192), bytesUpTo(4096), bytes(32))

export const saveJoining = (turn: Turn, joining: Joining): void =>
  persist(turn, [
    {
      key: secretKey(0, DeviceSecret.join, nameBytes(joining)),
      value: encode([joining.ticketText, joining.request, joining.prekeySecret]),
      secret: true,
    },
  ])

const nameBytes = (joining: Joining): Bytes => joining.ticket.inviteId

const forget = (turn: Turn, state: EndpointState, joining: Joining): void => {
  state.joins.delete(joining.name)
  forgetSecret(turn, secretKey(0, DeviceSecret.join, nameBytes(joining)))
  emit(turn, { kind: 'cancel-timer', timer: `join/${joining.name}` })
  if (joining.channel !== undefined) emit(turn, { kind: 'close', channel: joining.channel })
}

/** Goes on with a join that a restart interrupted. */
export const resumeJoining = (turn: Turn, state: EndpointState, saved: Bytes): void => {
  const parsed = parse(savedShape, saved)
  const ticket = parsed.ok ? parseTicketText(turn.env.crypto, parsed.value[0]) : undefined
  if (!parsed.ok || ticket?.ok !== true) return
  const [ticketText, request, prekeySecret] = parsed.value
  begin(turn, state, ticketText, ticket.value, request, prekeySecret)
}

export const startJoining = (
  turn: Turn,
  state: EndpointState,
  text: string,
  ticket: Ticket,
): Joining => {
  const name = hexOf(ticket.inviteId)
  const known = state.joins.get(name)
  if (known !== undefined) return known
  const { env } = turn
  const prekeySecret = env.random(32)
  const request = createJoinRequest(env.crypto, {
    ticket,
    ...candidateOf(state),
    memberGroupId: readU32(env.random(4), 0),
    prekey0: env.crypto.xPublicKey(prekeySecret),
    nonce: env.random(16),
  })
  const joining = begin(turn, state, text, ticket, request.bytes, prekeySecret)
  saveJoining(turn, joining)
  return joining
}

const begin = (
  turn: Turn,
  state: EndpointState,
  ticketText: string,
  ticket: Ticket,
  request: Bytes,
  prekeySecret: Bytes,
): Joining => {
  const joining: Joining = {
    name: hexOf(ticket.inviteId),
    ticketText,
    ticket,
    request,
    prekeySecret,
    turnOf: 0,
    ref: undefined,
    channel: undefined,
    heardMs: 0,
    greeted: false,
    offered: false,
    waiters: [],
    lastReason: 'no introducer was reached yet',
  }
  state.joins.set(joining.name, joining)
  wake(turn, joining, 0)
  return joining
}

const wake = (turn: Turn, joining: Joining, afterMs: number): void =>
  emit(turn, {
    kind: 'set-timer',
    timer: `join/${joining.name}`,
    atMs: turn.env.nowMs + afterMs,
  })

/** The timer of one join: dial the next introducer, or ask again on the open channel. */
export const joinTimer = (turn: Turn, state: EndpointState, name: string): void => {
  const joining = state.joins.get(name)
  if (joining === undefined) return
  expireWaiters(turn, joining)
  if (joining.ticket.expiresMs <= turn.env.wallMs) {
    return end(turn, state, joining, 'TICKET_EXPIRED')
  }
  wake(turn, joining, NEXT_INTRODUCER_MS)
  if (joining.channel !== undefined && turn.env.nowMs - joining.heardMs < SILENT_MS) {
    return ask(turn, joining)
  }
  if (joining.channel !== undefined) leave(turn, state, joining)
  if (joining.ref !== undefined) return
  const { introducers } = joining.ticket
  const address = introducers[joining.turnOf % Math.max(1, introducers.length)]
  joining.turnOf += 1
  if (address === undefined) return
  joining.ref = state.nextRef++
  const peer = address.split('/p2p/').at(-1)
  emit(turn, { kind: 'open', ref: joining.ref, protocol: 'join', peer, addresses: [address] })
}

/** Gives a silent introducer up; its connection too, unless member links on it are watched anyway. */
const leave = (turn: Turn, state: EndpointState, joining: Joining): void => {
  const channel = state.channels.get(joining.channel ?? -1)
  joining.lastReason = 'the introducer fell silent'
  closeJoin(turn, joining)
  joining.channel = undefined
  if (channel === undefined || syncChannelsOf(state, channel.peer).length > 0) return
  emit(turn, { kind: 'reset', peer: channel.peer, reason: 'silent' })
}

const ask = (turn: Turn, joining: Joining): void => {
  if (joining.channel === undefined || joining.offered || !joining.greeted) return
  const frame = writeJoinFrame({ kind: 'request', request: joining.request })
  emit(turn, { kind: 'send', channel: joining.channel, frame })
}

export const joiningByChannel = (state: EndpointState, channel: ChannelId): Joining | undefined =>
  [...state.joins.values()].find((joining) => joining.channel === channel)

export const joinOpened = (
  turn: Turn,
  state: EndpointState,
  ref: number | undefined,
  channel: ChannelId,
): void => {
  for (const joining of state.joins.values()) {
    if (joining.ref !== ref) continue
    joining.ref = undefined
    joining.channel = channel
    joining.heardMs = turn.env.nowMs
    joining.greeted = false
    joining.offered = false
  }
}

export const joinOpenFailed = (
  turn: Turn,
  state: EndpointState,
  ref: number,
  reason: string,
): void => {
  for (const joining of state.joins.values()) {
    if (joining.ref !== ref) continue
    joining.ref = undefined
    joining.lastReason = `the introducer could not be reached (${reason})`
    wake(turn, joining, NEXT_INTRODUCER_MS)
  }
}

export const joinClosed = (turn: Turn, state: EndpointState, channel: ChannelId): void => {
  const joining = joiningByChannel(state, channel)
  if (joining === undefined) return
  joining.channel = undefined
  wake(turn, joining, NEXT_INTRODUCER_MS)
}

/** A frame from an introducer. */
export const joinAnswered = (
  turn: Turn,
  state: EndpointState,
  joining: Joining,
  encoded: Bytes,
): void => {
  joining.heardMs = turn.env.nowMs
  const frame = readJoinFrame(encoded)
  if (!frame.ok) return closeJoin(turn, joining)
  switch (frame.value.kind) {
    case 'nonce':
      return greet(turn, state, joining, frame.value.nonce)
    case 'pending':
      joining.lastReason = 'the issuer of the ticket has not answered yet'
      return wake(turn, joining, ASK_AGAIN_MS)
    case 'refused':
      return refusal(turn, state, joining, frame.value.code)
    case 'welcome':
      return welcomed(turn, state, joining, frame.value.admission, frame.value.sealed)
    default:
      return closeJoin(turn, joining)
  }
}

const closeJoin = (turn: Turn, joining: Joining): void => {
  if (joining.channel !== undefined) emit(turn, { kind: 'close', channel: joining.channel })
}

/** Cards first: a leader whom the constitution names needs no use of the ticket. */
const greet = (turn: Turn, state: EndpointState, joining: Joining, nonce: Bytes): void => {
  joining.greeted = true
  const cards = [...state.cards.values()]
    .sort((a, b) => b.mintedMs - a.mintedMs)
    .slice(0, CARDS_SHOWN_MAX)
  if (cards.length === 0 || joining.channel === undefined) return ask(turn, joining)
  const { group } = joining.ticket
  const { crypto } = turn.env
  joining.offered = true
  const shown = cards.map(({ admission }) => ({
    admission,
    signature: crypto.sign(
      state.identity.deviceSeed,
      shownCardInput(crypto, nonce, group, admission),
    ),
  }))
  const frame = writeJoinFrame({ kind: 'cards', group, cards: shown })
  emit(turn, { kind: 'send', channel: joining.channel, frame })
}

const FINAL = new Set(['TICKET_INVALID', 'TICKET_EXPIRED', 'TICKET_USED', 'NOT_A_MEMBER'])

const refusal = (turn: Turn, state: EndpointState, joining: Joining, code: string): void => {
  if (joining.offered) {
    joining.offered = false
    return ask(turn, joining)
  }
  if (FINAL.has(code)) return end(turn, state, joining, code as ErrorCode)
  joining.lastReason = `the introducer refused (${code})`
  closeJoin(turn, joining)
}

const welcomed = (
  turn: Turn,
  state: EndpointState,
  joining: Joining,
  admission: Bytes,
  sealed: Bytes,
): void => {
  const { crypto } = turn.env
  const { group } = joining.ticket
  const card = state.cards.get(hexOf(admission))
  const own = parseJoinRequest(crypto, joining.request)
  const byRequest = own.ok && hexOf(own.value.admission) === hexOf(admission)
  const secret = card?.prekeySecret ?? (byRequest ? joining.prekeySecret : undefined)
  if (secret === undefined) return closeJoin(turn, joining)
  const prekey0 = crypto.xPublicKey(secret)
  const opened = openWelcome(crypto, secret, { group, admission, prekey0 }, sealed)
  if (!opened.ok) {
    joining.lastReason = `the welcome did not hold (${opened.error})`
    return closeJoin(turn, joining)
  }
  adopt(turn, state, joining, opened.value, admission, secret)
}

const adopt = (
  turn: Turn,
  state: EndpointState,
  joining: Joining,
  welcome: OpenedWelcome,
  admission: Bytes,
  prekeySecret: Bytes,
): void => {
  const member = memberIdOf(turn.env.crypto, joining.ticket.group, admission)
  const seat = welcome.constitution.leaders.find((one) => hexOf(one.member) === hexOf(member))
  const own = parseJoinRequest(turn.env.crypto, joining.request)
  const memberGroupId = seat?.card.memberGroupId ?? (own.ok ? own.value.memberGroupId : 0)
  const before = state.replicas.get(hexOf(joining.ticket.group))?.self.member
  const replica = adoptGroup(turn, state, {
    constitution: welcome.constitution,
    accessKey: welcome.accessKey,
    member,
    memberGroupId,
    prekeySecret,
    reachRecords: welcome.reachRecords,
  })
  const waiters = [...joining.waiters]
  replica.joinWaiters.push(...waiters)
  forget(turn, state, joining)
  if (before !== undefined && before !== replica.self.member) relink(turn, state, 'readmitted')
  const { introducers } = joining.ticket
  const address = introducers[(joining.turnOf - 1) % Math.max(1, introducers.length)]
  const peer = address?.split('/p2p/').at(-1)
  if (peer !== undefined && address !== undefined) {
    openSync(turn, state, peer, [address], undefined)
  }
}

const hints: Partial<Record<ErrorCode, [string, string]>> = {
  TICKET_INVALID: ['the ticket is not one that its issuer knows', 'ask a leader for a new ticket'],
  TICKET_EXPIRED: ['the ticket has expired', 'ask a leader for a new ticket'],
  TICKET_USED: ['the ticket has been used up', 'ask a leader for a new ticket'],
  NOT_A_MEMBER: ['this member is no longer part of the group', 'ask a leader for a new ticket'],
}

/** The join is over without a Welcome. */
const end = (turn: Turn, state: EndpointState, joining: Joining, code: ErrorCode): void => {
  const [message, hint] = hints[code] ?? ['the ticket was refused', 'ask a leader for a new ticket']
  for (const waiter of joining.waiters) {
    const reply = refused(failure(code, message, hint))
    emit(turn, { kind: 'reply', ticket: waiter.ticket, reply })
  }
  forget(turn, state, joining)
}

/** Whoever waited long enough is told that it goes on in the background. */
const expireWaiters = (turn: Turn, joining: Joining): void => {
  for (const waiter of [...joining.waiters]) {
    if (waiter.deadlineMs > turn.env.nowMs) continue
    joining.waiters.splice(joining.waiters.indexOf(waiter), 1)
    const error = failure(
      'JOIN_PENDING',
      `not admitted yet: ${joining.lastReason}`,
      'the node goes on asking until the ticket expires; then `coterie group list` shows the group',
    )
    emit(turn, { kind: 'reply', ticket: waiter.ticket, reply: refused(error) })
  }
}
