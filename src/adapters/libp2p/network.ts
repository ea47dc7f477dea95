// The network that a driver sees: each call is passed to the part that does it, nothing is thrown,
// and every failure comes back as a callback in a later turn. Once stopped it is deaf and dumb.

import type { Connection, Stream } from '@libp2p/interface'
import type { Bytes } from '../../base/bytes.ts'
import type { ChannelId, PeerId, Protocol } from '../../core/input.ts'
import type { Network, NetworkEvents } from '../../ports/network.ts'
import type { Telemetry } from '../../ports/telemetry.ts'
import { reachableAddresses } from './addresses.ts'
import type { Admission } from './admission.ts'
import type { Assembly } from './assembly.ts'
import { Channels, protocolNames } from './channels.ts'
import { Dialler } from './dialler.ts'
import { Gossip } from './gossip.ts'
import type { GossipLinks } from './gossip-links.ts'
import { JOIN_STREAMS_MAX, SYNC_STREAMS_MAX } from './limits.ts'
import { openDetail, OpenFailure, openReason } from './open-failure.ts'
import { Upkeep } from './upkeep.ts'

/** A node that listens and refuses everybody, in parts. */
export interface NetworkParts {
  readonly peerId: PeerId
  readonly assembly: Assembly
  readonly admission: Admission
  readonly links: GossipLinks
  /** Topics that this node is subscribed to; kept up to date here. */
  readonly topics: Set<string>
  readonly dht: boolean
  readonly announce: readonly string[]
  readonly contacts: readonly string[]
  readonly telemetry: Telemetry
}

const streamsMax: Readonly<Record<Protocol, number>> = {
  sync: SYNC_STREAMS_MAX,
  join: JOIN_STREAMS_MAX,
}
const protocols = Object.keys(protocolNames) as readonly Protocol[]

export class Libp2pNetwork implements Network {
  readonly peerId: PeerId
  readonly #parts: NetworkParts
  readonly #events: NetworkEvents
  readonly #channels: Channels
  readonly #gossip: Gossip
  readonly #dialler: Dialler
  readonly #upkeep: Upkeep
  #running = true

  /** Lets others in. */
  constructor(parts: NetworkParts, events: NetworkEvents) {
    const { peerId, assembly, admission, links, telemetry, announce } = parts
    const { node } = assembly
    this.peerId = peerId
    this.#parts = parts
    this.#events = mutable(events, () => !this.#running)
    this.#channels = new Channels(this.#events, telemetry)
    this.#gossip = new Gossip(node.services.pubsub, this.#events, telemetry)
    this.#dialler = new Dialler(node, parts.dht)
    this.#upkeep = new Upkeep({
      ...parts,
      node,
      channels: this.#channels,
      dialler: this.#dialler,
      addresses: () => reachableAddresses(assembly.boundAddresses(), announce, peerId),
      listening: (addresses) => this.#events.listening(addresses),
    })
    node.addEventListener('peer:disconnect', ({ detail }) => links.disconnected(detail))
    for (const protocol of protocols) this.#accept(protocol)
    admission.open()
  }

  open(
    ref: number,
    protocol: Protocol,
    peer: PeerId | undefined,
    addresses: readonly string[],
  ): void {
    this.#attempt('open', () => void this.#open(ref, protocol, peer, addresses))
  }

  send(channel: ChannelId, frame: Bytes): void {
    this.#attempt('send', () => this.#channels.send(channel, frame))
  }

  close(channel: ChannelId): void {
    this.#attempt('close', () => this.#channels.close(channel))
  }

  reset(peer: PeerId): void {
    this.#attempt('reset', () => this.#parts.admission.abort(peer, 'reset'))
  }

  gate(blocked: readonly PeerId[]): void {
    this.#attempt('gate', () => this.#parts.admission.gate(blocked))
  }

  subscribe(topic: string): void {
    this.#attempt('subscribe', () => {
      this.#parts.topics.add(topic)
      this.#gossip.subscribe(topic)
    })
  }

  unsubscribe(topic: string): void {
    this.#attempt('unsubscribe', () => {
      if (this.#parts.topics.delete(topic)) this.#gossip.unsubscribe(topic)
    })
  }

  broadcast(topic: string, envelope: Bytes): void {
    this.#attempt('broadcast', () => this.#gossip.broadcast(topic, envelope))
  }

  /** Lets what was sent leave, for a short while. No callback comes afterwards. */
  async stop(): Promise<void> {
    this.#upkeep.stop()
    await this.#channels.stop()
    this.#gossip.stop()
    this.#running = false
  }

  #accept(protocol: Protocol): void {
    const { assembly, telemetry } = this.#parts
    const name = protocolNames[protocol]
    const max = streamsMax[protocol]
    const take = (stream: Stream, connection: Connection): void => {
      if (this.#running) this.#channels.add(stream, connection, protocol)
      else stream.abort(new Error('stopped'))
    }
    // Registered within this call; what is awaited is only a note in the peer store.
    assembly.node
      .handle(name, take, { maxInboundStreams: max, maxOutboundStreams: max })
      .catch((error: unknown) => {
        telemetry.log('warn', 'a protocol was not announced', { name, error: String(error) })
      })
  }

  async #open(
    ref: number,
    protocol: Protocol,
    peer: PeerId | undefined,
    addresses: readonly string[],
  ): Promise<void> {
    // A turn later at least: no callback comes from within a call.
    await Promise.resolve()
    const { admission, telemetry } = this.#parts
    const startMs = performance.now()
    const request = { protocol: protocolNames[protocol], streamsMax: streamsMax[protocol] }
    try {
      if (peer !== undefined && admission.blocks(peer)) throw new OpenFailure('denied')
      const opened = await this.#dialler.open({ ...request, peer, addresses })
      this.#channels.add(opened.stream, opened.connection, protocol, ref)
      telemetry.gauge('network_open_ms', performance.now() - startMs)
      telemetry.count('network_opens', 'ok', 1)
    } catch (error) {
      const reason = openReason(error)
      telemetry.count('network_opens', reason, 1)
      telemetry.log('debug', 'no channel', { peer, reason, detail: openDetail(error) })
      this.#events.openFailed(ref, reason)
    }
  }

  #attempt(what: string, deed: () => void): void {
    if (!this.#running) return
    try {
      deed()
    } catch (error) {
      this.#parts.telemetry.log('warn', `the network could not ${what}`, { error: String(error) })
    }
  }
}

/** Drops every event while muted. */
function mutable(events: NetworkEvents, muted: () => boolean): NetworkEvents {
  const unless = <A extends unknown[]>(call: (...values: A) => void): ((...values: A) => void) => {
    return (...values) => {
      if (!muted()) call(...values)
    }
  }
  return {
    channelOpen: unless((open) => events.channelOpen(open)),
    openFailed: unless((ref, reason) => events.openFailed(ref, reason)),
    channelClosed: unless((channel) => events.channelClosed(channel)),
    frame: unless((channel, frame) => events.frame(channel, frame)),
    envelope: unless((...envelope) => events.envelope(...envelope)),
    listening: unless((addresses) => events.listening(addresses)),
  }
}
