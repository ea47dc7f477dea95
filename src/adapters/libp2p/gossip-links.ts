// Keeps gossip flowing between connected peers. Gossipsub opens its streams once, on the connection
// that it hears of first, and never again while the peer stays connected: when that one connection
// or stream dies, one direction stays dead in silence. So gossipsub is told of peers through this
// file, which can tell it again; and a peer whose gossip stays broken is hung up, to be redialled.

import type { Connection, PeerId as RemotePeer, Stream, Topology } from '@libp2p/interface'
import type { GossipSubComponents } from '@chainsafe/libp2p-gossipsub'

type Registrar = GossipSubComponents['registrar']

export interface GossipLinks {
  /** Stands between gossipsub and libp2p's registrar. */
  wrap(registrar: Registrar): Registrar
  /** The last connection to a peer closed: gossipsub is told in this very turn. */
  disconnected(peer: RemotePeer): void
  /** Tells gossipsub again of a connection, so that it opens what it lacks. */
  mend(connection: Connection): void
}

export function createGossipLinks(): GossipLinks {
  const topologies = new Set<Topology>()
  return {
    wrap: (registrar) => ({
      getProtocols: () => registrar.getProtocols(),
      handle: (...args) => registrar.handle(...args),
      unhandle: (...args) => registrar.unhandle(...args),
      getHandler: (protocol) => registrar.getHandler(protocol),
      use: (...args) => registrar.use(...args),
      unuse: (protocol) => registrar.unuse(protocol),
      getMiddleware: (protocol) => registrar.getMiddleware(protocol),
      getTopologies: (protocol) => registrar.getTopologies(protocol),
      unregister: (id) => registrar.unregister(id),
      register(protocol, topology) {
        topologies.add(topology)
        // libp2p tells of a lost peer only after it looked the peer up, which may be after the peer
        // is back: `disconnected` takes its place.
        const onConnect = (peer: RemotePeer, connection: Connection): void =>
          void topology.onConnect?.(peer, connection)
        return registrar.register(protocol, { onConnect })
      },
    }),
    disconnected(peer) {
      for (const topology of topologies) void topology.onDisconnect?.(peer)
    },
    mend(connection) {
      for (const topology of topologies)
        void topology.onConnect?.(connection.remotePeer, connection)
    },
  }
}

/** Whether gossip can flow both ways over the streams of a peer's connections. */
export function gossipFlows(streams: readonly Stream[]): boolean {
  const gossip = streams.filter(
    ({ protocol, status }) => protocol.startsWith('/meshsub/') && status === 'open',
  )
  const out = gossip.some(
    (each) => each.direction === 'outbound' && each.writeStatus === 'writable',
  )
  // Gossipsub never closes its half of a stream that it reads, unless it has dropped the peer.
  const back = gossip.some(
    (each) =>
      each.direction === 'inbound' &&
      each.writeStatus === 'writable' &&
      each.remoteWriteStatus === 'writable',
  )
  return out && back
}
