// One identity lived twice: from some moment on a second machine over a copy of the disk speaks to half
// of the peers, with the same keys, while the first goes on with the others. Whatever both say is valid
// by itself, and together it is a lie. Nothing of messages is known here: the two share one network, and
// each sees its own channels only.

import { createMemoryStore } from '../../adapters/memory/store.ts'
import { Rows } from '../../adapters/memory/rows.ts'
import type { ChannelId, PeerId } from '../../core/input.ts'
import type { Driver, DriverOptions } from '../../node/driver-types.ts'
import type { Network, NetworkEvents } from '../../ports/network.ts'

/** References of the second face to its dials, so that they never meet those of the first. */
const REF_OFFSET = 2 ** 40

type Face = 'first' | 'second'

/** The network of a node, shared by its two faces. */
export class SharedNetwork {
  readonly #events: { [face in Face]?: NetworkEvents } = {}
  readonly #faceOf = new Map<ChannelId, Face>()
  readonly #peerOf = new Map<ChannelId, PeerId>()
  #network: Network | undefined
  #addresses: readonly string[] = []
  /** Who is spoken to by the second face. */
  #deceived: ReadonlySet<PeerId> = new Set()
  readonly #soon: (act: () => void) => void

  constructor(soon: (act: () => void) => void) {
    this.#soon = soon
  }

  get deceived(): ReadonlySet<PeerId> {
    return this.#deceived
  }

  /** The peers to whom there is a channel. */
  peers(): PeerId[] {
    return [...new Set(this.#peerOf.values())].sort()
  }

  /** The network of the first face. */
  open(make: (events: NetworkEvents) => Network, events: NetworkEvents): Network {
    this.#events.first = events
    this.#network = make(this.#front())
    return this.#view('first', this.#network)
  }

  /** The network of the second face, which begins with nobody. */
  openSecond(events: NetworkEvents): Network {
    if (this.#network === undefined) throw new Error('there is no network yet')
    this.#events.second = events
    this.#soon(() => events.listening(this.#addresses))
    return this.#view('second', this.#network)
  }

  /** From now on these see the other face; whoever changes sides has to connect anew. */
  deceive(peers: ReadonlySet<PeerId>): void {
    const moved = [...this.peers(), ...peers].filter(
      (peer) => peers.has(peer) !== this.#deceived.has(peer),
    )
    this.#deceived = peers
    for (const peer of new Set(moved)) this.#network?.reset(peer)
  }

  /** Ends the second face. */
  closeSecond(): void {
    this.deceive(new Set())
    delete this.#events.second
  }

  #side(peer: PeerId | undefined): Face {
    return peer !== undefined && this.#deceived.has(peer) ? 'second' : 'first'
  }

  #front(): NetworkEvents {
    const owner = (channel: ChannelId) => this.#events[this.#faceOf.get(channel) ?? 'first']
    return {
      channelOpen: (open) => {
        const second = open.ref !== undefined && open.ref >= REF_OFFSET
        const face = open.ref === undefined ? this.#side(open.peer) : second ? 'second' : 'first'
        this.#faceOf.set(open.channel, face)
        this.#peerOf.set(open.channel, open.peer)
        const { ref, ...rest } = open
        const own = ref === undefined ? rest : { ...rest, ref: second ? ref - REF_OFFSET : ref }
        this.#events[face]?.channelOpen(own)
      },
      openFailed: (ref, reason) => {
        if (ref >= REF_OFFSET) this.#events.second?.openFailed(ref - REF_OFFSET, reason)
        else this.#events.first?.openFailed(ref, reason)
      },
      channelClosed: (channel) => {
        const events = owner(channel)
        this.#faceOf.delete(channel)
        this.#peerOf.delete(channel)
        events?.channelClosed(channel)
      },
      frame: (channel, frame) => owner(channel)?.frame(channel, frame),
      envelope: (from, topic, envelope, answer) => {
        const events = this.#events[this.#side(from)]
        if (events === undefined) answer('ignore')
        else events.envelope(from, topic, envelope, answer)
      },
      listening: (addresses) => {
        this.#addresses = addresses
        this.#events.first?.listening(addresses)
        this.#events.second?.listening(addresses)
      },
    }
  }

  #view(face: Face, network: Network): Network {
    const mine = (channel: ChannelId) => (this.#faceOf.get(channel) ?? 'first') === face
    return {
      peerId: network.peerId,
      open: (ref, protocol, peer, addresses) => {
        if (this.#side(peer) === face) {
          const own = face === 'second' ? ref + REF_OFFSET : ref
          return network.open(own, protocol, peer, addresses)
        }
        this.#soon(() => this.#events[face]?.openFailed(ref, 'the other face speaks there'))
      },
      send: (channel, frame) => {
        if (mine(channel)) network.send(channel, frame)
      },
      close: (channel) => {
        if (mine(channel)) network.close(channel)
      },
      reset: (peer) => {
        if (this.#side(peer) === face) network.reset(peer)
      },
      gate: (blocked) => {
        if (face === 'first') network.gate(blocked)
      },
      subscribe: (topic) => network.subscribe(topic),
      unsubscribe: (topic) => {
        if (this.#events.second === undefined) network.unsubscribe(topic)
      },
      // A flood would show each side what the other is told.
      broadcast: (topic, envelope) => {
        if (this.#events.second === undefined) network.broadcast(topic, envelope)
      },
    }
  }
}

/** A second driver over a copy of the disk, made by `make`; `done` when it runs. */
export function secondFace(
  options: DriverOptions,
  make: (options: DriverOptions) => Driver,
  shared: SharedNetwork,
  done: (driver: Driver) => void,
): void {
  options.store.read(
    [{ from: new Uint8Array(), to: new Uint8Array(64).fill(255) }],
    (error, read) => {
      if (error !== undefined) return
      const rows = new Rows()
      rows.apply(read[0] ?? [])
      const later = (complete: () => void) =>
        void options.clock.alarm(options.clock.nowMs() + 1, complete)
      const driver = make({
        ...options,
        store: createMemoryStore({ rows, later }),
        network: (events) => shared.openSecond(events),
        // It may fail in its own way: the first face goes on.
        onFatal: () => {},
      })
      driver.start((failed) => {
        if (failed === undefined) done(driver)
      })
    },
  )
}
