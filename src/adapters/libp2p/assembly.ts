// Puts the libp2p node together: TCP (and memory, for tests), noise, yamux, identify, ping, gossip,
// and the address directory and local discovery where asked. Nothing is stored: what must survive a
// restart, such as where members live, is the core's and lies in its own store.

import './node20.ts'
import { gossipsub, type GossipSub, type GossipSubComponents } from '@chainsafe/libp2p-gossipsub'
import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify, type Identify } from '@libp2p/identify'
import type { ConnectionGater, Libp2p, PrivateKey } from '@libp2p/interface'
import { kadDHT, passthroughMapper, removePrivateAddressesMapper } from '@libp2p/kad-dht'
import { mdns } from '@libp2p/mdns'
import { memory } from '@libp2p/memory'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { ping, type Ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import type { Bytes } from '../../base/bytes.ts'
import type { Telemetry } from '../../ports/telemetry.ts'
import { isPrivate } from './addresses.ts'
import { gossipOptions } from './gossip.ts'
import type { GossipLinks } from './gossip-links.ts'
import {
  CONNECTION_PING_MS,
  CONNECTION_PING_TIMEOUT_MS,
  CONNECTIONS_MAX,
  DIAL_ADDRESS_MS,
  DIAL_ADDRESSES_MAX,
  DIAL_MS,
  DIALS_PARALLEL_MAX,
  INBOUND_PENDING_MAX,
  INBOUND_PER_SECOND_MAX,
  PEER_ADDRESS_KEPT_MS,
  STREAM_MS,
} from './limits.ts'
import { componentLogger } from './logger.ts'
import { thriftyYamux } from './window-updates.ts'

type Services = { identify: Identify; ping: Ping; pubsub: GossipSub }

/** The parts of libp2p that only services are given. */
interface Inside {
  readonly transportManager: { getAddrs(): Multiaddr[] }
  readonly addressManager: {
    confirmObservedAddr(address: Multiaddr, options: { type: 'transport'; ttl: number }): void
  }
}

/** A node that does not listen yet. */
export interface Assembly {
  readonly node: Libp2p<Services>
  /** What the transports listen on, every interface by itself, public ones included. */
  readonly boundAddresses: () => string[]
}

export interface AssemblyOptions {
  readonly privateKey: PrivateKey
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  readonly dht: boolean
  readonly mdns: boolean
  readonly memory: boolean
  /** What `net.connect` is given with each dial over TCP beside its target. Default: nothing. */
  readonly dialWith?: object
  readonly gater: ConnectionGater
  readonly links: GossipLinks
  /** Whether this node is subscribed to a topic. */
  readonly wanted: (topic: string) => boolean
  /** Where libp2p's own log lines go. Undefined: nowhere. */
  readonly debugTelemetry: Telemetry | undefined
}

/** The transport key of a seed of 32 bytes, and the peer id that goes with it. */
export async function identityOf(
  seed32: Bytes,
): Promise<{ readonly privateKey: PrivateKey; readonly peerId: string }> {
  const privateKey = await generateKeyPairFromSeed('Ed25519', seed32)
  return { privateKey, peerId: peerIdFromPrivateKey(privateKey).toString() }
}

const connections: Partial<Libp2pOptions> = {
  connectionManager: {
    maxConnections: CONNECTIONS_MAX,
    maxIncomingPendingConnections: INBOUND_PENDING_MAX,
    inboundConnectionThreshold: INBOUND_PER_SECOND_MAX,
    maxParallelDials: DIALS_PARALLEL_MAX,
    maxPeerAddrsToDial: 2 * DIAL_ADDRESSES_MAX,
    addressDialTimeout: DIAL_ADDRESS_MS,
    dialTimeout: DIAL_MS,
    inboundUpgradeTimeout: DIAL_MS,
    outboundStreamProtocolNegotiationTimeout: STREAM_MS,
    inboundStreamProtocolNegotiationTimeout: STREAM_MS,
    // Who is dialled again, and when, is the core's decision.
    reconnectRetries: 0,
  },
  connectionMonitor: {
    pingInterval: CONNECTION_PING_MS,
    pingTimeout: { minTimeout: CONNECTION_PING_TIMEOUT_MS },
  },
  peerStore: { maxAddressAge: PEER_ADDRESS_KEPT_MS, maxPeerAge: PEER_ADDRESS_KEPT_MS },
  // Nobody needs to know which versions run here.
  nodeInfo: { name: 'coterie', version: '1', userAgent: 'coterie' },
}

/** Makes the node without starting it: nothing listens yet. */
export async function assemble(options: AssemblyOptions): Promise<Assembly> {
  let inside: Inside | undefined
  const boundAddresses = (): string[] =>
    inside?.transportManager.getAddrs().map((address) => address.toString()) ?? []
  const onlyPrivate = (): boolean => [...options.announce, ...boundAddresses()].every(isPrivate)

  const directory = kadDHT({
    protocol: '/coterie/kad/1.0.0',
    clientMode: false,
    allowQueryWithZeroPeers: true,
    // A private network has a directory of private addresses; on the open net those are noise.
    peerInfoMapper: (peer) =>
      (onlyPrivate() ? passthroughMapper : removePrivateAddressesMapper)(peer),
  })
  const node = await createLibp2p<Services & Record<string, unknown>>({
    ...connections,
    start: false,
    privateKey: options.privateKey,
    addresses: { listen: [...options.listen], announce: [...options.announce] },
    connectionGater: options.gater,
    transports: [tcp({ dialOpts: { ...options.dialWith } }), ...(options.memory ? [memory()] : [])],
    connectionEncrypters: [noise()],
    streamMuxers: [thriftyYamux()],
    peerDiscovery: options.mdns ? [mdns()] : [],
    logger: componentLogger(options.debugTelemetry),
    services: {
      identify: identify(),
      ping: ping(),
      pubsub: (components: GossipSubComponents) => {
        inside = components as GossipSubComponents & Inside
        const registrar = options.links.wrap(components.registrar)
        const { privateKey, peerId, peerStore, connectionManager, logger } = components
        return gossipsub(gossipOptions(options.wanted))({
          privateKey,
          peerId,
          peerStore,
          connectionManager,
          logger,
          registrar,
        })
      },
      ...(options.dht ? { directory } : {}),
    },
  })
  node.addEventListener('start', () => {
    // Without a service that checks them libp2p would never tell anybody of public addresses.
    for (const address of inside?.transportManager.getAddrs() ?? []) {
      if (isPrivate(address.toString())) continue
      inside?.addressManager.confirmObservedAddr(address, { type: 'transport', ttl: Infinity })
    }
  })
  return { node, boundAddresses }
}
