// Listens where frames leave a node, on both sides of the hand that may bend them: what the node says, and
// what goes out. It asks the hand nothing, so it can tell whether something old went out by itself.

import { createHash } from 'node:crypto'
import type { Bytes } from '../../../base/bytes.ts'
import type { ChannelId } from '../../../core/input.ts'
import type { Network, NetworkEvents } from '../../../ports/network.ts'

export type MakeNetwork = (events: NetworkEvents) => Network

type Send = (channel: ChannelId, frame: Bytes) => void

export class Ear {
  readonly #said = new Set<string>()
  #isSaying = false
  #repeated = 0

  /** How often something went out that the node had said before, and did not say then. */
  get repeated(): number {
    return this.#repeated
  }

  /** At the node. */
  inside(make: MakeNetwork): MakeNetwork {
    return listening(make, (send) => (channel, frame) => {
      this.#said.add(nameOf(frame))
      this.#isSaying = true
      send(channel, frame)
      this.#isSaying = false
    })
  }

  /** At the wire. */
  outside(make: MakeNetwork): MakeNetwork {
    return listening(make, (send) => (channel, frame) => {
      if (!this.#isSaying && this.#said.has(nameOf(frame))) this.#repeated += 1
      send(channel, frame)
    })
  }
}

function listening(make: MakeNetwork, hear: (send: Send) => Send): MakeNetwork {
  return (events) => {
    const network = make(events)
    return {
      peerId: network.peerId,
      open: (ref, protocol, peer, addresses) => network.open(ref, protocol, peer, addresses),
      close: (channel) => network.close(channel),
      reset: (peer) => network.reset(peer),
      gate: (blocked) => network.gate(blocked),
      subscribe: (topic) => network.subscribe(topic),
      unsubscribe: (topic) => network.unsubscribe(topic),
      send: hear((channel, frame) => network.send(channel, frame)),
      broadcast: (topic, envelope) => network.broadcast(topic, envelope),
    }
  }
}

const nameOf = (frame: Bytes): string => createHash('sha256').update(frame).digest('base64')
