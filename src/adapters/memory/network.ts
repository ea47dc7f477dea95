// A network inside one process: perfect links, frames in order, nothing ever lost, for tests that
// are not about links (those use the simulated world of the lab). Whatever it tells, it tells from
// `later`, never from inside a call; envelopes flood over open connections, one hop per verdict.

import { toHex } from '../../base/bytes.ts'
import type { Bytes } from '../../base/bytes.ts'
import type { Verdict } from '../../core/effect.ts'
import type { ChannelId, PeerId, Protocol } from '../../core/input.ts'
import type { Network, NetworkEvents } from '../../ports/network.ts'

/** Where networks of one test meet. */
export class MemoryHub {
  readonly #later: (run: () => void) => void
  readonly #nodes = new Map<string, MemoryNetwork>()

  /** @param later runs a callback soon, in order; default `queueMicrotask` */
  constructor(later: (run: () => void) => void = queueMicrotask) {
    this.#later = later
  }

  /** Joins a node and tells it its address, which is `/memory/<n>/p2p/<peer id>`. */
  join(peerId: PeerId, events: NetworkEvents): MemoryNetwork {
    const address = `/memory/${this.#nodes.size}/p2p/${peerId}`
    const network = new MemoryNetwork({
      peerId,
      address,
      events,
      later: this.#later,
      find: (wanted) => this.#nodes.get(wanted.split('/p2p/')[0] ?? ''),
    })
    this.#nodes.set(`/memory/${this.#nodes.size}`, network)
    this.#later(() => events.listening([address]))
    return network
  }
}

interface Parts {
  readonly peerId: PeerId
  readonly address: string
  readonly events: NetworkEvents
  readonly later: (run: () => void) => void
  readonly find: (address: string) => MemoryNetwork | undefined
}

/** One end of a channel; `other` is the end at the peer. */
interface End {
  readonly id: ChannelId
  readonly owner: MemoryNetwork
  other: End | undefined
  open: boolean
}

export class MemoryNetwork implements Network {
  readonly peerId: PeerId
  readonly address: string
  readonly #parts: Parts
  readonly #ends = new Map<ChannelId, End>()
  /** Peers with a connection, however many channels it carries. */
  readonly #peers = new Map<PeerId, MemoryNetwork>()
  readonly #topics = new Set<string>()
  readonly #seen = new Set<string>()
  #blocked: ReadonlySet<PeerId> = new Set()
  #channels = 0

  constructor(parts: Parts) {
    this.peerId = parts.peerId
    this.address = parts.address
    this.#parts = parts
  }

  open(
    ref: number,
    protocol: Protocol,
    peer: PeerId | undefined,
    addresses: readonly string[],
  ): void {
    const { later, events, find } = this.#parts
    later(() => {
      const known = peer === undefined ? undefined : this.#peers.get(peer)
      const target = known ?? addresses.map(find).find((found) => found !== undefined)
      const refusal = this.#refusal(target, peer)
      if (target === undefined || refusal !== undefined) {
        return events.openFailed(ref, refusal ?? 'no address answers')
      }
      this.#peers.set(target.peerId, target)
      target.#peers.set(this.peerId, this)
      const own = this.#end()
      const theirs = target.#end()
      own.other = theirs
      theirs.other = own
      const there = { channel: theirs.id, protocol, peer: this.peerId, initiator: false }
      later(() => target.#parts.events.channelOpen(there))
      events.channelOpen({ channel: own.id, protocol, peer: target.peerId, initiator: true, ref })
    })
  }

  send(channel: ChannelId, frame: Bytes): void {
    const end = this.#ends.get(channel)
    const other = end?.other
    if (end === undefined || other === undefined) return
    const copy = frame.slice()
    this.#parts.later(() => {
      if (other.open) other.owner.#parts.events.frame(other.id, copy)
    })
  }

  close(channel: ChannelId): void {
    const end = this.#ends.get(channel)
    if (end !== undefined) end.owner.#finish(end)
  }

  reset(peer: PeerId): void {
    const other = this.#peers.get(peer)
    this.#peers.delete(peer)
    if (other !== undefined) other.#peers.delete(this.peerId)
    for (const end of [...this.#ends.values()]) {
      if (end.other?.owner.peerId !== peer) continue
      // Marked at once on both sides, so that frames under way are lost.
      this.#ended(end)
      this.#ended(end.other)
    }
  }

  gate(blocked: readonly PeerId[]): void {
    this.#blocked = new Set(blocked)
    for (const peer of blocked) this.reset(peer)
  }

  subscribe(topic: string): void {
    this.#topics.add(topic)
  }

  unsubscribe(topic: string): void {
    this.#topics.delete(topic)
  }

  broadcast(topic: string, envelope: Bytes): void {
    if (this.#firstSight(topic, envelope)) this.#forward(topic, envelope.slice(), this.peerId)
  }

  #refusal(target: MemoryNetwork | undefined, peer: PeerId | undefined): string | undefined {
    if (target === undefined) return 'no address answers'
    if (target === this) return 'that is this node itself'
    if (peer !== undefined && target.peerId !== peer) return 'another peer answers there'
    if (this.#blocked.has(target.peerId)) return 'the peer is blocked here'
    if (target.#blocked.has(this.peerId)) return 'refused by the peer'
    return undefined
  }

  #end(): End {
    const end: End = { id: ++this.#channels, owner: this, other: undefined, open: true }
    this.#ends.set(end.id, end)
    return end
  }

  /** Ends a channel in good order: the other side hears of it after the frames under way. */
  #finish(end: End): void {
    const { other } = end
    this.#parts.later(() => {
      if (other !== undefined) other.owner.#ended(other)
    })
    this.#ended(end)
  }

  #ended(end: End): void {
    if (!end.open) return
    end.open = false
    end.owner.#ends.delete(end.id)
    this.#parts.later(() => end.owner.#parts.events.channelClosed(end.id))
  }

  #forward(topic: string, envelope: Bytes, except: PeerId): void {
    for (const peer of this.#peers.values()) {
      if (peer.peerId === except) continue
      this.#parts.later(() => peer.#receive(this, topic, envelope))
    }
  }

  #receive(from: MemoryNetwork, topic: string, envelope: Bytes): void {
    if (!this.#topics.has(topic) || !this.#peers.has(from.peerId)) return
    if (!this.#firstSight(topic, envelope)) return
    const answer = (verdict: Verdict) => {
      if (verdict === 'accept') this.#forward(topic, envelope, from.peerId)
    }
    this.#parts.events.envelope(from.peerId, topic, envelope, answer)
  }

  #firstSight(topic: string, envelope: Bytes): boolean {
    const name = `${topic} ${toHex(envelope)}`
    if (this.#seen.has(name)) return false
    this.#seen.add(name)
    return true
  }
}
