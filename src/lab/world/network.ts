// The network port of one life of one node, over the shared fabric: dials, channels, gates, floods.
// Everything it tells is a happening of its own. When the life ends it tells nothing more, and what
// its peers notice of that is decided by the connections.

import { type Bytes, concat, utf8 } from '../../base/bytes.ts'
import type { Verdict } from '../../core/effect.ts'
import type { ChannelId, PeerId, Protocol } from '../../core/input.ts'
import type { Network, NetworkEvents } from '../../ports/network.ts'
import { Connection, type End, type Line, type Party } from './connection.ts'
import { dial } from './dial.ts'
import type { Fabric, Moved } from './fabric.ts'
import { type Envelope, Seen, envelopeOf } from './flood.ts'
import type { Parcel } from './wire.ts'

/** What opens once a connection stands. */
interface Wish {
  readonly ref: number
  readonly protocol: Protocol
  readonly peer: PeerId | undefined
}

export class SimNetwork implements Network, Party {
  readonly node: number
  readonly peerId: PeerId
  readonly address: string
  readonly #fabric: Fabric
  readonly #events: NetworkEvents
  readonly #life: { readonly alive: boolean }
  readonly #nextChannel: () => ChannelId
  readonly #connections = new Map<number, Connection[]>()
  readonly #lines = new Map<ChannelId, Line>()
  readonly #dials = new Map<number, Wish[]>()
  readonly #topics = new Set<string>()
  readonly #seen: Seen
  #blocked: ReadonlySet<PeerId> = new Set()

  constructor(parts: {
    fabric: Fabric
    node: number
    events: NetworkEvents
    life: { readonly alive: boolean }
    nextChannel: () => ChannelId
  }) {
    this.#fabric = parts.fabric
    this.node = parts.node
    this.peerId = parts.fabric.peerOf(parts.node)
    this.address = `/memory/${parts.node}/p2p/${this.peerId}`
    this.#events = parts.events
    this.#life = parts.life
    this.#nextChannel = parts.nextChannel
    this.#seen = new Seen(parts.fabric.options.seenMs * 1_000)
    this.#soon('listening', '', () => this.#events.listening([this.address]))
  }

  open(
    ref: number,
    protocol: Protocol,
    peer: PeerId | undefined,
    addresses: readonly string[],
  ): void {
    if (!this.#life.alive) return
    const wish: Wish = { ref, protocol, peer }
    this.#soon('open', `"ref":${ref}`, () => this.#open(wish, addresses))
  }

  send(channel: ChannelId, frame: Bytes): void {
    const line = this.#lines.get(channel)
    if (line !== undefined && this.#life.alive) line.connection.sendFrame(line, frame)
  }

  close(channel: ChannelId): void {
    const line = this.#lines.get(channel)
    if (line !== undefined && this.#life.alive) line.connection.closeLine(line)
  }

  reset(peer: PeerId): void {
    const node = this.#fabric.nodeOf(peer)
    if (node === undefined || !this.#life.alive) return
    for (const connection of [...(this.#connections.get(node) ?? [])]) {
      connection.abort(connection.endOf(this))
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
    if (!this.#life.alive) return
    const bytes = envelope.slice()
    const hash = this.#fabric.crypto.sha256(concat(utf8(topic), bytes))
    const named = envelopeOf(topic, bytes, hash)
    if (this.#seen.first(named.name, this.#fabric.timeline.nowUs)) this.#forward(named, this.node)
  }

  /** Ends every connection. `silent`: nobody is told, as when the power goes. */
  shutdown(options: { readonly silent: boolean }): void {
    for (const connections of [...this.#connections.values()]) {
      for (const connection of [...connections]) connection.abort(connection.endOf(this), options)
    }
  }

  /** The nodes with a connection that is open at this end. */
  neighbours(): number[] {
    return [...this.#connections.keys()]
  }

  isBlocked(peer: PeerId): boolean {
    return this.#blocked.has(peer)
  }

  // --- what connections say ---------------------------------------------------------------------

  nextChannel(): ChannelId {
    return this.#nextChannel()
  }

  opened(line: Line): void {
    if (!this.#life.alive) return
    this.#lines.set(line.id, line)
    const peer = line.connection.across(line.end).party.peerId
    const { id: channel, protocol, initiator, ref } = line
    const open = { channel, protocol, peer, initiator }
    this.#events.channelOpen(ref === undefined ? open : { ...open, ref })
  }

  closed(line: Line): void {
    if (!this.#lines.delete(line.id)) return
    this.#soon('closed', `"c":${line.id}`, () => this.#events.channelClosed(line.id))
  }

  frame(channel: ChannelId, frame: Bytes): void {
    if (this.#life.alive) this.#events.frame(channel, frame)
  }

  lost(connection: Connection): void {
    const { node } = connection.across(connection.endOf(this)).party
    const left = (this.#connections.get(node) ?? []).filter((each) => each !== connection)
    if (left.length > 0) this.#connections.set(node, left)
    else this.#connections.delete(node)
  }

  /** A connection that the other side dialled. */
  accept(connection: Connection): void {
    const { node } = connection.across(connection.endOf(this)).party
    this.#connections.set(node, [...(this.#connections.get(node) ?? []), connection])
  }

  // --- dialling ---------------------------------------------------------------------------------

  #open(wish: Wish, addresses: readonly string[]): void {
    const connected = wish.peer === undefined ? undefined : this.#fabric.nodeOf(wish.peer)
    const known = connected === undefined ? undefined : this.#connectionTo(connected)
    if (known !== undefined) return this.#grant(wish, known)
    const target = addresses.map((address) => this.#parse(address)).find((node) => node >= 0)
    if (target === undefined) return this.#events.openFailed(wish.ref, 'no address to dial')
    if (target === this.node) return this.#events.openFailed(wish.ref, 'that is this node itself')
    if (this.#connectionTo(target) !== undefined) return this.#decide(wish, target)
    const waiting = this.#dials.get(target)
    if (waiting !== undefined) return void waiting.push(wish)
    this.#dials.set(target, [wish])
    dial(this.#fabric, this.node, target, (outcome) => this.#dialled(target, outcome))
  }

  #dialled(target: number, outcome: string): void {
    const wishes = this.#dials.get(target) ?? []
    this.#dials.delete(target)
    if (!this.#life.alive) return
    for (const wish of wishes) {
      if (outcome === 'answered') this.#decide(wish, target)
      else this.#events.openFailed(wish.ref, outcome)
    }
  }

  /** The other side answers; whether it is who was wanted shows only now, as with Noise. */
  #decide(wish: Wish, target: number): void {
    const standing = this.#connectionTo(target)
    const there = this.#fabric.at(target)
    const refusal = this.#refusal(wish, this.#fabric.peerOf(target), there)
    if (refusal !== undefined) return this.#events.openFailed(wish.ref, refusal)
    if (standing !== undefined) return this.#grant(wish, standing)
    if (there === undefined) return this.#events.openFailed(wish.ref, 'refused')
    this.#grant(wish, this.#connect(there))
  }

  #refusal(wish: Wish, answers: PeerId, there: SimNetwork | undefined): string | undefined {
    if (wish.peer !== undefined && answers !== wish.peer) return 'another peer answers there'
    if (this.isBlocked(answers)) return 'the peer is blocked here'
    if (there?.isBlocked(this.peerId) === true) return 'refused by the peer'
    return undefined
  }

  /** The newest one: an older one may be dead without anybody here knowing. */
  #connectionTo(node: number): Connection | undefined {
    return this.#connections.get(node)?.at(-1)
  }

  #connect(there: SimNetwork): Connection {
    const connection = new Connection(this.#fabric, this, there)
    this.accept(connection)
    there.accept(connection)
    return connection
  }

  #grant(wish: Wish, connection: Connection): void {
    this.opened(connection.openLine(connection.endOf(this), wish.protocol, wish.ref))
  }

  /** The node behind an address of this world, or -1. */
  #parse(address: string): number {
    const [, digits] = /^\/memory\/(\d+)(?:\/p2p\/[^/]+)?$/.exec(address) ?? []
    const node = digits === undefined ? -1 : Number(digits)
    return node < this.#fabric.sites.length ? node : -1
  }

  // --- floods -----------------------------------------------------------------------------------

  #forward(envelope: Envelope, except: number): void {
    const detail = `"from":${this.node},${envelope.detail}`
    const { length } = envelope.bytes
    for (const [node, connections] of this.#connections) {
      if (node === except) continue
      const there = this.#fabric.at(node)
      const connection = connections.at(-1)
      if (there === undefined || connection === undefined) continue
      if (!there.#topics.has(envelope.topic)) continue
      const own = connection.endOf(this)
      this.#fabric.count(this.node, length)
      this.#moved('tx', this.node, node, length)
      own.wire.flood(new Copy(this, there, connection.across(own), envelope, detail))
    }
  }

  /** A copy of an envelope came to where it was sent, or got lost on the way. */
  landed(from: SimNetwork, end: End, envelope: Envelope | undefined, bytes: number): void {
    const arrives = envelope !== undefined && end.open
    this.#moved(arrives ? 'rx' : 'drop', this.node, from.node, bytes)
    if (!arrives) return
    this.#fabric.delivered?.(from.node, this.node)
    this.#receive(from, envelope)
  }

  #moved(d: Moved['d'], node: number, peer: number, bytes: number): void {
    this.#fabric.moved?.({ d, node, peer, c: 'flood', bytes })
  }

  #receive(from: SimNetwork, envelope: Envelope): void {
    if (!this.#life.alive || !this.#topics.has(envelope.topic)) return
    if (!this.#seen.first(envelope.name, this.#fabric.timeline.nowUs)) return
    const answer = (verdict: Verdict) => {
      if (verdict === 'accept' && this.#life.alive) this.#forward(envelope, from.node)
    }
    this.#events.envelope(from.peerId, envelope.topic, envelope.bytes, answer)
  }

  #soon(kind: string, detail: string, act: () => void): void {
    const { timeline } = this.#fabric
    timeline.at(timeline.nowUs, this.node, kind, detail, () => {
      if (this.#life.alive) act()
    })
  }
}

/** One copy of an envelope on one wire: there are more of these than of anything else. */
class Copy implements Parcel {
  readonly kind = 'envelope'
  readonly frame = false
  readonly detail: string
  readonly #from: SimNetwork
  readonly #to: SimNetwork
  readonly #end: End
  readonly #envelope: Envelope

  constructor(from: SimNetwork, to: SimNetwork, end: End, envelope: Envelope, detail: string) {
    this.#from = from
    this.#to = to
    this.#end = end
    this.#envelope = envelope
    this.detail = detail
  }

  deliver(): void {
    this.#to.landed(this.#from, this.#end, this.#envelope, this.#envelope.bytes.length)
  }

  lost(): void {
    this.#to.landed(this.#from, this.#end, undefined, this.#envelope.bytes.length)
  }
}
