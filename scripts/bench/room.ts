// Where the nodes of one process meet: channels over memory links, and envelopes straight from their
// author to everybody, once each. (A flood would bring each envelope to each of ten nodes nine times.)

import { MemoryHub } from '../../src/adapters/memory/network.ts'
import type { Network, NetworkEvents } from '../../src/ports/network.ts'

/** How a node gets its network, and how that ends. */
export interface Link {
  readonly make: (events: NetworkEvents) => Network
  readonly stop: () => Promise<void>
}

export class Room {
  readonly #hub = new MemoryHub(setImmediate)
  readonly #ears = new Map<string, NetworkEvents>()

  link(peerId: string): Link {
    const make = (events: NetworkEvents): Network => {
      const network = this.#hub.join(peerId, events)
      this.#ears.set(peerId, events)
      network.broadcast = (topic, envelope) => this.#tell(peerId, topic, envelope)
      return network
    }
    const stop = (): Promise<void> => {
      this.#ears.delete(peerId)
      return Promise.resolve()
    }
    return { make, stop }
  }

  #tell(from: string, topic: string, envelope: Uint8Array): void {
    for (const [peer, events] of this.#ears) {
      if (peer === from) continue
      setImmediate(() => events.envelope(from, topic, envelope, () => undefined))
    }
  }
}
