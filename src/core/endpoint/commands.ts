/**
 * Commands: each checks what it was given, asks the idea that owns it, and is answered once, when
 * its promise holds. Nothing here knows a rule of the protocol.
 */
import { ACK_TIMEOUT_MS, NAME_BYTES_MAX } from '../../base/limits.ts'
import { utf8 } from '../../base/bytes.ts'
import { encode } from '../../codec/canonical.ts'
import type { Command } from '../command.ts'
import type { Failure } from '../effect.ts'
import { failure, refused } from '../failure.ts'
import { checkName } from '../identity/name.ts'
import type { PeerId } from '../input.ts'
import { hexOf } from '../message/header.ts'
import { presentMembers } from '../membership/roster.ts'
import { parseTicketText } from '../membership/ticket.ts'
import { isAddress } from '../presence/reach-record.ts'
import { block } from '../presence/redial.ts'
import { awaitAcks } from '../replica/acks.ts'
import { acceptRequest, invite } from '../replica/admission.ts'
import { postAttest } from '../replica/author.ts'
import type { Posted } from '../replica/author.ts'
import { finalPlan, whenFinal } from '../replica/final.ts'
import { leave, numbered, remove, rotate } from '../replica/govern.ts'
import { groupName } from '../replica/meta-state.ts'
import { moderate } from '../replica/moderate.ts'
import { prove } from '../replica/proving.ts'
import { mustRejoin } from '../replica/recovery.ts'
import { postText } from '../replica/sealed.ts'
import type { Replica } from '../replica/state.ts'
import { currentContext } from '../replica/state.ts'
import type { SyncPeer } from '../replica/sync-state.ts'
import { syncNow } from '../replica/sync-command.ts'
import { canSend } from '../replica.ts'
import { Space, key } from '../storage.ts'
import type { Turn } from '../turn.ts'
import { emit, persist } from '../turn.ts'
import { found, mint } from './groups.ts'
import { startJoining } from './joining.ts'
import { channelClosed, chooseTargets, openSync, scheduleRedial, syncChannelsOf } from './links.ts'
import { ping } from './pings.ts'
import type { EndpointState } from './state.ts'
import { whyMessage } from './why.ts'

const reply = (turn: Turn, ticket: number, value: object): void => {
  const answer = 'code' in value ? refused(value as Failure) : { ok: true as const, value }
  emit(turn, { kind: 'reply', ticket, reply: answer })
}

const starting = failure(
  'DAEMON_UNREACHABLE',
  'the node is still reading what it holds',
  'repeat the command in a moment',
)

const unknownGroup = failure(
  'GROUP_UNKNOWN',
  'this node is not in such a group',
  'see `coterie group list`',
)

export const runCommand = (
  turn: Turn,
  state: EndpointState,
  ticket: number,
  command: Command,
): void => {
  if (!state.ready) return reply(turn, ticket, starting)
  switch (command.kind) {
    case 'mint-card':
      return reply(turn, ticket, mint(turn, state))
    case 'create-group': {
      const bad = checkedName(command.name)
      if (bad !== undefined) return reply(turn, ticket, bad)
      return found(turn, state, command, (later, result) => reply(later, ticket, result))
    }
    case 'join':
      return runJoin(turn, state, ticket, command.ticket, command.waitMs)
    case 'peer-add':
      return runPeerAdd(turn, state, ticket, command.address)
    case 'peer-block':
      return runBlock(turn, state, ticket, command.peers, true)
    case 'peer-unblock':
      return runBlock(turn, state, ticket, command.peers, false)
    case 'peer-ping':
      return ping(turn, state, ticket, command.peer)
    case 'why-message':
      return whyMessage(turn, [...state.replicas.values()], command.message, (later, result) =>
        reply(later, ticket, result),
      )
    default: {
      const replica = state.replicas.get(command.group)
      if (replica === undefined) return reply(turn, ticket, unknownGroup)
      return runGroupCommand(turn, state, replica, ticket, command)
    }
  }
}

type GroupCommand = Extract<Command, { group: string }>

const runGroupCommand = (
  turn: Turn,
  state: EndpointState,
  replica: Replica,
  ticket: number,
  command: GroupCommand,
): void => {
  const posted = (later: Turn, result: Posted): void =>
    reply(later, ticket, result.ok ? numbered(result.message) : result.error)
  switch (command.kind) {
    case 'invite':
      return reply(
        turn,
        ticket,
        invite(turn, replica, { ...command, introducers: introducersOf(state, replica) }),
      )
    case 'accept-request':
      return acceptRequest(turn, replica, command.request, (later, result) =>
        reply(later, ticket, result),
      )
    case 'send':
      return postText(turn, replica, command.contentType, command.payload, (later, sent) => {
        if (!sent.ok) return reply(later, ticket, sent.error)
        if ('draft' in sent) {
          return reply(later, ticket, { number: null, id: null, draft: sent.draft })
        }
        const { ack: mode = 'none', timeoutMs = ACK_TIMEOUT_MS } = command
        const done = { ...numbered(sent.message), draft: null }
        if (mode === 'none') return reply(later, ticket, done)
        const wanted = { id: sent.message.id, mode, timeoutMs }
        awaitAcks(later, replica, wanted, (last, acknowledged, ackedBy) =>
          reply(last, ticket, { ...done, acknowledged, ackedBy }),
        )
      })
    case 'remove-member':
      return remove(turn, replica, command.scope, command.target, (later, result) =>
        reply(later, ticket, result),
      )
    case 'leave-group':
      return leave(turn, replica, command, posted)
    case 'rotate':
      return rotate(turn, replica, (later, result) => reply(later, ticket, result))
    case 'set-meta':
      return moderate(turn, replica, command.write, (later, result) => reply(later, ticket, result))
    case 'attest':
      return postAttest(turn, replica, posted)
    case 'final-order':
      return whenFinal(turn, replica, (later) => reply(later, ticket, finalPlan(replica)))
    case 'prove':
      return prove(turn, replica, command.member, (later, result) => reply(later, ticket, result))
    case 'sync':
      return syncNow(turn, replica, ticket, command.peer)
  }
}

const checkedName = (name: string): Failure | undefined => {
  const checked = checkName(name)
  if (checked.ok) return undefined
  return failure(
    'USAGE',
    `the name is not usable (${checked.error})`,
    `use 1 to ${String(NAME_BYTES_MAX)} bytes of text without control characters`,
  )
}

/** Own addresses first, then those of other members: whoever of them is up lets a newcomer in. */
const introducersOf = (state: EndpointState, replica: Replica): string[] => {
  const others = [...replica.reach.values()].map((reach) => reach.addresses[0])
  const known = others.filter((address) => address !== undefined)
  return [...new Set([...state.listen.slice(0, 4), ...known])].slice(0, 8)
}

const runJoin = (
  turn: Turn,
  state: EndpointState,
  ticket: number,
  text: string,
  waitMs: number,
): void => {
  const parsed = parseTicketText(turn.env.crypto, text.trim())
  if (!parsed.ok) {
    const error = failure(
      'TICKET_INVALID',
      `the ticket is damaged or is no ticket (${parsed.error})`,
      'copy it whole, from `coterie-ticket-1` to its end',
    )
    return reply(turn, ticket, error)
  }
  const deadlineMs = turn.env.nowMs + waitMs
  const replica = state.replicas.get(hexOf(parsed.value.group))
  // Whoever was removed, left or was set back comes back as a new member; all others are in already.
  if (replica !== undefined && !mustRejoin(replica)) {
    replica.joinWaiters.push({ ticket, deadlineMs, text: text.trim() })
    emit(turn, { kind: 'set-timer', timer: 'joins', atMs: deadlineMs })
    if (!isConfirmed(replica)) knock(turn, state, parsed.value.introducers)
    return answerJoins(turn, state)
  }
  if (parsed.value.expiresMs <= turn.env.wallMs) {
    return reply(
      turn,
      ticket,
      failure('TICKET_EXPIRED', 'the ticket has expired', 'ask a leader for a new ticket'),
    )
  }
  const joining = startJoining(turn, state, text.trim(), parsed.value)
  joining.waiters.push({ ticket, deadlineMs })
  emit(turn, { kind: 'set-timer', timer: 'joins', atMs: deadlineMs })
}

const unready = failure(
  'JOIN_PENDING',
  'admitted, but the transcript and its keys have not arrived yet',
  'the node goes on by itself: see `coterie status`',
)

const unconfirmed = failure(
  'JOIN_PENDING',
  'this node takes itself for a member already, and no other member answered to confirm it',
  'repeat the command when `coterie status` shows a member that is reachable',
)

/** Answers joins whose member can send now, or whose time is over. */
export const answerJoins = (turn: Turn, state: EndpointState): void => {
  for (const replica of state.replicas.values()) {
    if (replica.joinWaiters.length === 0) continue
    const able = canSend(turn, replica)
    for (const waiter of [...replica.joinWaiters]) {
      // A removal that nobody had told yet is told on the first link.
      const { ticket, deadlineMs, text } = waiter
      const again = text !== undefined && mustRejoin(replica)
      const sure = text === undefined || isConfirmed(replica)
      if (!again && !(able && sure) && deadlineMs > turn.env.nowMs) continue
      replica.joinWaiters.splice(replica.joinWaiters.indexOf(waiter), 1)
      if (again) runJoin(turn, state, ticket, text, deadlineMs - turn.env.nowMs)
      else if (!able) reply(turn, ticket, unready)
      else if (!sure) reply(turn, ticket, unconfirmed)
      else {
        const { group, self } = replica
        reply(turn, ticket, { group, name: groupName(replica), member: self.member })
      }
    }
  }
}

/** True when another member takes this one for a member now, or there is no other that could. */
const isConfirmed = (replica: Replica): boolean => {
  const others = presentMembers(currentContext(replica).roster).length > 1
  const heard = ({ proven, theirRoot, syncedMs }: SyncPeer): boolean =>
    proven && (theirRoot !== '' || syncedMs >= 0)
  return !others || [...replica.sync.peers.values()].some(heard)
}

/** Links to whoever a ticket names, as members who moved are not found otherwise. */
const knock = (turn: Turn, state: EndpointState, addresses: readonly string[]): void => {
  for (const address of addresses) {
    const peer = address.split('/p2p/').at(-1)
    if (peer === undefined || peer === state.self || syncChannelsOf(state, peer).length > 0)
      continue
    openSync(turn, state, peer, [address], undefined)
  }
}

// --- Peers ---------------------------------------------------------------------------------------

const contactKey = (address: string): Uint8Array =>
  key(Space.device, Uint8Array.of(0x63), utf8(address))

const runPeerAdd = (turn: Turn, state: EndpointState, ticket: number, address: string): void => {
  if (!isAddress(address) && !/^\/(ip4|ip6|dns|dns4|dns6|memory)\/[!-~]+$/.test(address)) {
    const error = failure(
      'USAGE',
      'this is not a multiaddr',
      'write it as /ip4/192.0.2.1/tcp/4001 or with /p2p/<peer id> at its end',
    )
    return reply(turn, ticket, error)
  }
  state.contacts.add(address)
  persist(turn, [{ key: contactKey(address), value: utf8(address) }])
  chooseTargets(turn, state)
  reply(turn, ticket, { address })
}

const blockedKey = key(Space.device, Uint8Array.of(0x62))

/** Everybody that `--all` means: peers on a link and members of any group. */
const allPeers = (state: EndpointState): PeerId[] => [
  ...new Set([
    ...[...state.channels.values()].map((channel) => channel.peer),
    ...state.redial.wanted.keys(),
    ...[...state.redial.contacts.values()].filter((peer) => peer !== undefined),
  ]),
]

const runBlock = (
  turn: Turn,
  state: EndpointState,
  ticket: number,
  peers: readonly PeerId[] | 'all',
  on: boolean,
): void => {
  const meant = peers === 'all' ? (on ? allPeers(state) : [...state.blocked]) : peers
  for (const peer of meant) {
    if (on) state.blocked.add(peer)
    else state.blocked.delete(peer)
  }
  const blocked = [...state.blocked].sort()
  persist(turn, [{ key: blockedKey, value: encode(blocked) }])
  emit(turn, { kind: 'gate', blocked })
  if (on) {
    for (const peer of meant) {
      for (const channel of syncChannelsOf(state, peer)) {
        channelClosed(turn, state, channel.id, 'blocked')
      }
    }
  }
  block(state.redial, state.blocked, turn.env)
  scheduleRedial(turn, state)
  reply(turn, ticket, { blocked })
}
