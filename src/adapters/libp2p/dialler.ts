// From "this peer, perhaps at these addresses" to an agreed stream. A connection that exists is
// used; else the given addresses are dialled, then those that libp2p remembers or hears on the local
// network, then those that the address directory finds. Where two nodes dial each other at the same
// moment one connection is refused: whoever loses it goes on with the one that won.

import type { Connection, Libp2p, PeerId as RemotePeer, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { PeerId } from '../../core/input.ts'
import { CROSSING_WAIT_MS, DIAL_ADDRESSES_MAX, DIAL_MS, LOOKUP_MS, STREAM_MS } from './limits.ts'
import { OpenFailure, openReason } from './open-failure.ts'

/** A stream whose protocol is agreed, and what it runs on. */
export interface Opened {
  readonly connection: Connection
  readonly stream: Stream
}

export interface OpenRequest {
  /** Name of the protocol on the wire. */
  readonly protocol: string
  /** Streams of that protocol that one connection may have from this side. */
  readonly streamsMax: number
  /** Undefined: whoever answers. */
  readonly peer: PeerId | undefined
  readonly addresses: readonly string[]
}

export class Dialler {
  readonly #node: Libp2p
  readonly #directory: boolean

  /** @param directory whether peers may be looked up in the address directory */
  constructor(node: Libp2p, directory: boolean) {
    this.#node = node
    this.#directory = directory
  }

  /** @throws OpenFailure or what libp2p threw; `openReason` tells which word it is */
  async open({ protocol, streamsMax, peer, addresses }: OpenRequest): Promise<Opened> {
    const connection = await this.connect(peer, addresses)
    try {
      return { connection, stream: await openStream(connection, protocol, streamsMax) }
    } catch (error) {
      if (openReason(error) === 'refused') throw error
      // It may have lost against a crossing one: then the other side's is there or about to be.
      const other = await this.#arrival(connection.remotePeer.toString(), connection)
      if (other === undefined) throw error
      return { connection: other, stream: await openStream(other, protocol, streamsMax) }
    }
  }

  /** A connection to a peer, or to whoever answers at one of the addresses. @throws like `open` */
  async connect(peer: PeerId | undefined, addresses: readonly string[]): Promise<Connection> {
    if (peer === undefined) return this.#connectAny(addresses)
    if (peer === this.#node.peerId.toString()) throw new OpenFailure('wrong-peer')
    return this.connectionTo(peer) ?? this.#connectTo(peer, addresses)
  }

  /** The newest open connection to a peer. */
  connectionTo(peer: PeerId): Connection | undefined {
    return this.#node
      .getConnections()
      .findLast(({ remotePeer, status }) => status === 'open' && remotePeer.toString() === peer)
  }

  /** The connection that the other side just made, or undefined when none comes. */
  async #arrival(peer: PeerId, except?: Connection): Promise<Connection | undefined> {
    const endMs = performance.now() + CROSSING_WAIT_MS
    for (;;) {
      const found = this.connectionTo(peer)
      if (found !== undefined && found !== except) return found
      if (performance.now() >= endMs) return undefined
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  async #dial(targets: readonly Multiaddr[]): Promise<Connection> {
    const signal = AbortSignal.timeout(DIAL_MS)
    return this.#node.dial(targets.slice(0, DIAL_ADDRESSES_MAX), { signal })
  }

  /** What was given, then what libp2p remembers, then what the directory finds. */
  async *#candidates(peer: RemotePeer, given: Multiaddr[]): AsyncGenerator<Multiaddr[]> {
    yield given
    const remembered = await this.#node.peerStore.get(peer).catch(() => undefined)
    yield remembered?.addresses.map((address) => address.multiaddr) ?? []
    if (!this.#directory) return
    // Without the cache: a dial that failed has left a record of the peer, and libp2p would be
    // content with that.
    const search = { signal: AbortSignal.timeout(LOOKUP_MS), useCache: false }
    const found = await this.#node.peerRouting.findPeer(peer, search).catch(() => undefined)
    yield found?.multiaddrs ?? []
  }

  async #connectTo(peer: PeerId, addresses: readonly string[]): Promise<Connection> {
    const given = parse(addresses)
    const fitting = given.filter((address) => [undefined, peer].includes(peerOf(address)))
    if (given.length > 0 && fitting.length === 0) throw new OpenFailure('wrong-peer')
    const tried = new Set<string>()
    const errors: unknown[] = []
    for await (const some of this.#candidates(peerIdFromString(peer), fitting)) {
      const named = some.map((address) => withPeer(address, peer))
      const targets = named.filter((address) => !tried.has(address.toString()))
      if (targets.length === 0) continue
      for (const target of targets) tried.add(target.toString())
      try {
        return checked(await this.#dial(targets), peer)
      } catch (error) {
        errors.push(error)
        const reason = openReason(error)
        // Cut off in the handshake, by us or by them: perhaps a crossing connection came first.
        const cutOff = reason === 'denied' || reason === 'unreachable'
        const won = cutOff ? await this.#arrival(peer) : undefined
        if (won !== undefined) return won
        if (reason === 'denied') break
      }
    }
    throw failure(errors)
  }

  /** Each address on its own: without a peer id they need not lead to the same node. */
  async #connectAny(addresses: readonly string[]): Promise<Connection> {
    const errors: unknown[] = []
    for (const address of parse(addresses).slice(0, DIAL_ADDRESSES_MAX)) {
      const peer = peerOf(address)
      try {
        if (peer === undefined) return await this.#dial([address])
        return await this.connect(peer, [address.toString()])
      } catch (error) {
        errors.push(error)
      }
    }
    throw failure(errors)
  }
}

async function openStream(
  connection: Connection,
  protocol: string,
  streamsMax: number,
): Promise<Stream> {
  try {
    return await connection.newStream([protocol], {
      signal: AbortSignal.timeout(STREAM_MS),
      maxOutboundStreams: streamsMax,
    })
  } catch (error) {
    // An open connection on which nothing can be agreed leads nowhere any more.
    if (openReason(error) === 'timeout') connection.abort(new OpenFailure('timeout'))
    throw error
  }
}

function failure(errors: readonly unknown[]): Error {
  return errors.length === 0 ? new OpenFailure('no-address') : new AggregateError(errors)
}

/** Not every transport compares who answered with who was dialled. */
function checked(connection: Connection, peer: PeerId): Connection {
  if (connection.remotePeer.toString() === peer) return connection
  const wrong = new OpenFailure('wrong-peer')
  connection.abort(wrong)
  throw wrong
}

/** The addresses that can be read; what cannot is nobody's address. */
function parse(addresses: readonly string[]): Multiaddr[] {
  return addresses.flatMap((text) => {
    try {
      return [multiaddr(text)]
    } catch {
      return []
    }
  })
}

/** The peer that an address ends at, where it says so. */
function peerOf(address: Multiaddr): PeerId | undefined {
  return address.getComponents().findLast(({ name }) => name === 'p2p')?.value
}

function withPeer(address: Multiaddr, peer: PeerId): Multiaddr {
  return peerOf(address) === undefined ? address.encapsulate(`/p2p/${peer}`) : address
}
