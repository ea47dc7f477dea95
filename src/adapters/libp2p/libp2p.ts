// The network of real nodes: channels and gossip over libp2p. Made in two steps, so that a port that
// is taken is known before anything else happens: `prepareLibp2p` listens and refuses everybody,
// `start` lets them in. Loading this file loads all of libp2p (most of a second): import() it.

import './node20.ts'
import type { Bytes } from '../../base/bytes.ts'
import type { PeerId } from '../../core/input.ts'
import type { Network, NetworkEvents } from '../../ports/network.ts'
import type { Telemetry } from '../../ports/telemetry.ts'
import { Admission } from './admission.ts'
import { assemble, identityOf } from './assembly.ts'
import { createGossipLinks } from './gossip-links.ts'
import { listenFailure } from './listen-failure.ts'
import { Libp2pNetwork } from './network.ts'

/** What a libp2p network is made of. */
export interface Libp2pNetworkOptions {
  /** Seed of the ed25519 key that is this node's libp2p identity, 32 bytes. */
  readonly transportSeed32: Bytes
  /** Multiaddrs to listen on; port 0 takes a free one; none: this node only dials. */
  readonly listen: readonly string[]
  /** Multiaddrs to tell others in place of those listened on. Default: none. */
  readonly announce?: readonly string[]
  /** Multiaddrs to stay connected to, for the directory's sake, without a channel. Default: none. */
  readonly contacts?: readonly string[]
  /** Whether to take part in the address directory (a Kademlia DHT of coterie nodes only). */
  readonly dht: boolean
  /** Whether to announce and look for nodes on the local network by multicast. */
  readonly mdns: boolean
  /** Whether addresses like /memory/name work, within one process: for tests. Default: false. */
  readonly memory?: boolean
  /** What `net.connect` is given with each dial over TCP beside its target. Default: nothing. */
  readonly dialWith?: object
  readonly telemetry: Telemetry
  /** Whether libp2p's own log lines are passed on, as debug lines. Default: false. */
  readonly debug?: boolean
}

/** A node that listens and refuses everybody. */
export interface PreparedNetwork {
  readonly peerId: PeerId
  /** Lets others in, once. Callbacks come in later turns only. */
  start(events: NetworkEvents): Network
  /** Lets what was sent leave, for a short while, and ends everything. No callback comes after it. */
  stop(): Promise<void>
}

/** Listens. @throws CoterieError PORT_IN_USE, PERMISSION or USAGE when that is not possible */
export async function prepareLibp2p(options: Libp2pNetworkOptions): Promise<PreparedNetwork> {
  const { telemetry, listen, dht, mdns, announce = [], contacts = [], memory = false } = options
  const { dialWith = {} } = options
  const { privateKey, peerId } = await identityOf(options.transportSeed32)
  const admission = new Admission(peerId, () => performance.now())
  const links = createGossipLinks()
  const topics = new Set<string>()
  const assembly = await assemble({
    ...{ privateKey, listen, announce, dht, mdns, memory, dialWith, links },
    gater: admission.gater(),
    wanted: (topic) => topics.has(topic),
    debugTelemetry: options.debug === true ? telemetry : undefined,
  }).catch((error: unknown) => {
    throw listenFailure(error, listen)
  })
  try {
    await assembly.node.start()
  } catch (error) {
    await assembly.node.stop()
    throw listenFailure(error, listen)
  }
  let network: Libp2pNetwork | undefined
  return {
    peerId,
    start(events) {
      if (network !== undefined) throw new Error('this network was started before')
      const parts = {
        peerId,
        assembly,
        admission,
        links,
        topics,
        dht,
        announce,
        contacts,
        telemetry,
      }
      network = new Libp2pNetwork(parts, events)
      return network
    },
    async stop() {
      await network?.stop()
      admission.close()
      await assembly.node.stop()
    },
  }
}
