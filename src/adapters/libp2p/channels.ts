// The table of open channels: numbers them, tells the driver of each exactly one opening and one
// closing, and bounds how many a stranger may cause. A channel that the driver hears of is either
// in this table or already closed.

import type { Connection, Stream } from '@libp2p/interface'
import type { Bytes } from '../../base/bytes.ts'
import type { ChannelId, PeerId, Protocol } from '../../core/input.ts'
import type { NetworkEvents } from '../../ports/network.ts'
import type { Telemetry } from '../../ports/telemetry.ts'
import { StreamChannel } from './channel.ts'
import { JOIN_CHANNELS_MAX, STOP_FLUSH_MS } from './limits.ts'

/** What each protocol is called on the wire. */
export const protocolNames: Readonly<Record<Protocol, string>> = Object.freeze({
  sync: '/coterie/sync/1',
  join: '/coterie/join/1',
})

interface Row {
  readonly channel: StreamChannel
  readonly peer: PeerId
  readonly protocol: Protocol
  /** Whether the other side opened it. */
  readonly theirs: boolean
}

export class Channels {
  readonly #events: NetworkEvents
  readonly #telemetry: Telemetry
  readonly #rows = new Map<ChannelId, Row>()
  #lastId: ChannelId = 0

  constructor(events: NetworkEvents, telemetry: Telemetry) {
    this.#events = events
    this.#telemetry = telemetry
  }

  /** Takes over a stream. `ref` is given when this side opened it. */
  add(stream: Stream, connection: Connection, protocol: Protocol, ref?: number): void {
    if (ref === undefined && protocol === 'join' && this.#joins() >= JOIN_CHANNELS_MAX) {
      this.#telemetry.count('network_channels_refused', protocol, 1)
      stream.abort(new Error('too many join channels'))
      return
    }
    const id = ++this.#lastId
    const peer = connection.remotePeer.toString()
    const channel = new StreamChannel(stream, {
      frame: (frame) => this.#events.frame(id, frame),
      closed: () => {
        this.#rows.delete(id)
        this.#telemetry.gauge('network_channels', this.#rows.size)
        this.#events.channelClosed(id)
      },
      aborted: (reason) => this.#telemetry.count('network_channels_aborted', reason, 1),
    })
    this.#rows.set(id, { channel, peer, protocol, theirs: ref === undefined })
    this.#telemetry.gauge('network_channels', this.#rows.size)
    this.#telemetry.count('network_channels_opened', protocol, 1)
    // Frames and endings come in later turns, so that this is the first that is heard of it.
    const opening = { channel: id, protocol, peer, initiator: ref !== undefined }
    this.#events.channelOpen(ref === undefined ? opening : { ...opening, ref })
  }

  send(id: ChannelId, frame: Bytes): void {
    this.#rows.get(id)?.channel.send(frame)
  }

  close(id: ChannelId): void {
    this.#rows.get(id)?.channel.close()
  }

  /** Peers with a sync channel. */
  peers(): ReadonlySet<PeerId> {
    const linked = [...this.#rows.values()].filter(({ protocol }) => protocol === 'sync')
    return new Set(linked.map(({ peer }) => peer))
  }

  /** Closes all in good order and waits, for a short while, until the other sides have all. */
  async stop(): Promise<void> {
    const endMs = performance.now() + STOP_FLUSH_MS
    for (const { channel } of this.#rows.values()) channel.close()
    while (this.#rows.size > 0 && performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  #joins(): number {
    const strangers = ({ protocol, theirs }: Row): boolean => theirs && protocol === 'join'
    return [...this.#rows.values()].filter(strangers).length
  }
}
