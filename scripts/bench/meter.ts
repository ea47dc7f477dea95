// What passes through the network of one node, seen at its port: frames and bytes each way on sync
// channels, and how often the direction turned. Sits around a network and changes nothing.

import { type Bytes, toHex } from '../../src/base/bytes.ts'
import { type Value, decode } from '../../src/codec/canonical.ts'
import { FrameKind } from '../../src/core/anti-entropy/frames.ts'
import type { Network, NetworkEvents } from '../../src/ports/network.ts'
import { nowUs } from './serve.ts'

export interface Traffic {
  readonly framesIn: number
  readonly framesOut: number
  readonly bytesIn: number
  readonly bytesOut: number
  /** How often a frame went the other way than the one before it. */
  readonly turns: number
}

export const noTraffic: Traffic = Object.freeze({
  framesIn: 0,
  framesOut: 0,
  bytesIn: 0,
  bytesOut: 0,
  turns: 0,
})

/** Frames in which a peer says its root: a digest, and the end of an answer. */
const ROOT_KINDS: readonly number[] = [FrameKind.digest, FrameKind.end]
/** Such a frame is small; larger ones need no look inside. */
const ROOT_FRAME_BYTES_MAX = 128

/** Bytes in front of each frame on a channel. */
const LENGTH_BYTES = 4

export class Meter {
  #traffic = { ...noTraffic }
  /** Root, in hex, to when a peer first told it. */
  readonly #told = new Map<string, number>()
  #last: 'in' | 'out' | undefined
  readonly #sync = new Set<number>()

  /** What passed since the last call of `reset`. */
  read(): Traffic {
    return { ...this.#traffic }
  }

  reset(): void {
    this.#traffic = { ...noTraffic }
    this.#told.clear()
    this.#last = undefined
  }

  /** When a peer told this root, in microseconds of the machine's clock; 0: not yet. */
  toldUs(root: string): number {
    return this.#told.get(root) ?? 0
  }

  /** The same network, watched. */
  around(make: (events: NetworkEvents) => Network): (events: NetworkEvents) => Network {
    return (events) => this.#watched(make(this.#watching(events)))
  }

  #watching(events: NetworkEvents): NetworkEvents {
    return {
      channelOpen: (open) => {
        if (open.protocol === 'sync') this.#sync.add(open.channel)
        events.channelOpen(open)
      },
      openFailed: (ref, reason) => events.openFailed(ref, reason),
      channelClosed: (channel) => {
        this.#sync.delete(channel)
        events.channelClosed(channel)
      },
      frame: (channel, frame) => {
        this.#note(channel, 'in', frame.length)
        this.#listen(frame)
        events.frame(channel, frame)
      },
      envelope: (from, topic, envelope, answer) => events.envelope(from, topic, envelope, answer),
      listening: (addresses) => events.listening(addresses),
    }
  }

  #watched(network: Network): Network {
    return {
      peerId: network.peerId,
      open: (ref, protocol, peer, addresses) => network.open(ref, protocol, peer, addresses),
      send: (channel, frame) => {
        this.#note(channel, 'out', frame.length)
        network.send(channel, frame)
      },
      close: (channel) => network.close(channel),
      reset: (peer) => network.reset(peer),
      gate: (blocked) => network.gate(blocked),
      subscribe: (topic) => network.subscribe(topic),
      unsubscribe: (topic) => network.unsubscribe(topic),
      broadcast: (topic, envelope) => network.broadcast(topic, envelope),
    }
  }

  #listen(frame: Bytes): void {
    if (frame.length > ROOT_FRAME_BYTES_MAX) return
    const decoded = decode(frame)
    if (!decoded.ok || !Array.isArray(decoded.value)) return
    const [kind, , root] = decoded.value as readonly Value[]
    if (typeof kind !== 'number' || !ROOT_KINDS.includes(kind)) return
    if (!(root instanceof Uint8Array) || this.#told.has(toHex(root))) return
    this.#told.set(toHex(root), nowUs())
  }

  #note(channel: number, way: 'in' | 'out', bytes: number): void {
    if (!this.#sync.has(channel)) return
    const traffic = this.#traffic
    if (way === 'in') {
      traffic.framesIn += 1
      traffic.bytesIn += bytes + LENGTH_BYTES
    } else {
      traffic.framesOut += 1
      traffic.bytesOut += bytes + LENGTH_BYTES
    }
    if (this.#last !== undefined && this.#last !== way) traffic.turns += 1
    this.#last = way
  }
}
