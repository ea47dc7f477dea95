/**
 * One device's endpoint: its keys, its groups, its links. Peers are libp2p peers; which members
 * they are is proved per group and channel by the hello.
 */
import type { Bytes } from '../../base/bytes.ts'
import { Lru } from '../../base/lru.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import type { Hello } from '../anti-entropy/hello.ts'
import type { Identity } from '../identity/identity.ts'
import { peerIdOf } from '../identity/peer-id.ts'
import type { ChannelId, PeerId, Protocol } from '../input.ts'
import type { Ticket } from '../membership/ticket.ts'
import type { Hex } from '../message/header.ts'
import type { KeepAlive } from '../presence/keep-alive.ts'
import type { Redial } from '../presence/redial.ts'
import { createRedial } from '../presence/redial.ts'
import type { Replica } from '../replica/state.ts'
import type { Loads } from '../turn.ts'
import { createLoads } from '../turn.ts'
import type { Strikes } from './strikes.ts'

/** Peers of which something is remembered after they went. */
const PEERS_REMEMBERED = 1024

export interface Channel {
  readonly id: ChannelId
  readonly protocol: Protocol
  readonly peer: PeerId
  readonly initiator: boolean
  readonly hello: Hello | undefined
  readonly keepAlive: KeepAlive
  /** After the hello: the group behind each number of this channel. */
  readonly groups: Map<number, Replica>
  nonce: Bytes
  established: boolean
  /** A join dialogue: the nonce that opened it. */
  joinNonce: Bytes
}

/** A card that was minted here, until a group uses it. */
export interface MintedCard {
  readonly bytes: Bytes
  readonly admission: Bytes
  readonly prekeySecret: Bytes
  readonly mintedMs: number
}

/** An admission that is being asked for. */
export interface Joining {
  readonly name: Hex
  readonly ticketText: string
  readonly ticket: Ticket
  readonly request: Bytes
  readonly prekeySecret: Bytes
  /** Which introducer is asked next. */
  turnOf: number
  ref: number | undefined
  channel: ChannelId | undefined
  /** When the introducer was last heard on this channel, monotonic ms. */
  heardMs: number
  /** Its nonce came: only then is it known whether a card or the ticket is to be shown. */
  greeted: boolean
  /** Cards were offered on this channel and no answer came yet. */
  offered: boolean
  /** Commands that wait for the end of it. */
  readonly waiters: { readonly ticket: number; readonly deadlineMs: number }[]
  lastReason: string
}

export interface EndpointState {
  readonly identity: Identity
  /** Whether this device keeps on disk what it has read. */
  readonly archive: boolean
  /** What is known about this store when it is opened: see `replica/recovery.ts`. */
  readonly recover: 'hold' | 'accept' | undefined
  readonly self: PeerId
  readonly account: Bytes
  readonly device: Bytes
  readonly transport: Bytes
  readonly loads: Loads
  readonly replicas: Map<Hex, Replica>
  nextNumber: number
  readonly channels: Map<ChannelId, Channel>
  readonly redial: Redial
  /** `open` effects under way -> the redial's key. */
  readonly dials: Map<number, string>
  nextRef: number
  listen: readonly string[]
  readonly contacts: Set<string>
  readonly blocked: Set<PeerId>
  readonly cards: Map<Hex, MintedCard>
  readonly joins: Map<Hex, Joining>
  /** Commands that wait for a pong. */
  readonly pings: { readonly ticket: number; readonly peer: PeerId; readonly deadlineMs: number }[]
  /** Join requests of each peer in the last hour: request -> first seen. */
  readonly requestsSeen: Lru<PeerId, Map<Hex, number>>
  /** Malformed frames of a peer since it was last reset, as far as they are not forgotten. */
  readonly strikes: Lru<PeerId, Strikes>
  /** Why the last dial of a peer or address failed. */
  readonly dialReasons: Map<string, string>
  ready: boolean
  /** The hour for which links were chosen. */
  linkHour: number
  /** A change waits for links to be chosen anew. */
  choosing: boolean
}

export const createEndpointState = (
  identity: Identity,
  crypto: Crypto,
  { archive, recover }: Pick<EndpointState, 'archive' | 'recover'>,
): EndpointState => {
  const transport = crypto.edPublicKey(identity.transportSeed)
  const self = peerIdOf(transport)
  return {
    identity,
    archive,
    recover,
    self,
    account: crypto.edPublicKey(identity.accountSeed),
    device: crypto.edPublicKey(identity.deviceSeed),
    transport,
    loads: createLoads(),
    replicas: new Map(),
    nextNumber: 1,
    channels: new Map(),
    redial: createRedial(self),
    dials: new Map(),
    nextRef: 1,
    listen: [],
    contacts: new Set(),
    blocked: new Set(),
    cards: new Map(),
    joins: new Map(),
    pings: [],
    requestsSeen: new Lru(PEERS_REMEMBERED),
    strikes: new Lru(PEERS_REMEMBERED),
    dialReasons: new Map(),
    ready: false,
    linkHour: -1,
    choosing: false,
  }
}

/** What every card and join request of this device says of it. */
export const candidateOf = ({ identity, transport }: EndpointState) => ({
  name: identity.name,
  seeds: { account: identity.accountSeed, device: identity.deviceSeed },
  deviceList: identity.deviceList,
  transport,
})
