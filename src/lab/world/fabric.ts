// What all networks of one world share: time, luck, the links in force, and who stands where.
// It decides nothing itself; it is the one place where networks find each other.

import type { PeerId } from '../../core/input.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import type { Connection } from './connection.ts'
import { LinkTable } from './links.ts'
import type { SimNetwork } from './network.ts'
import type { Timeline } from './timeline.ts'
import type { Weather } from './weather.ts'

export interface NetworkOptions {
  /** Milliseconds after which a dial that nobody answers has failed. Default: 5,000. */
  readonly dialTimeoutMs?: number
  /**
   * Round trips after TCP's own before the first channel of a dial. Real nodes need two: Noise is agreed
   * on, and said. Default: 0.
   */
  readonly handshakeRounds?: number
  /** What becomes of that which is under way when a link is cut. Default: `drop`. */
  readonly inFlight?: 'drop' | 'deliver'
  /**
   * Frames that still pass in the open direction of a one-way cut, before the missing
   * acknowledgements stop them. Infinity makes a one-way cut of messages. Default: 12, as measured.
   */
  readonly strayFrames?: number
  /** Milliseconds before the first retransmission; every further wait is doubled. Default: 200. */
  readonly retransmitMs?: number
  /**
   * Whether unsent bytes of a connection that was given up during a cut still arrive after it, behind
   * newer ones, as from a kernel after an orderly close. A fault of its own. Default: false.
   */
  readonly drainAfterReset?: boolean
  /** Whether loss, duplicates and reordering hit frames of channels too. Default: false. */
  readonly rough?: boolean
  /** Milliseconds for which an envelope is remembered as seen. Default: 120,000. */
  readonly seenMs?: number
}

export const networkDefaults: Required<NetworkOptions> = Object.freeze({
  dialTimeoutMs: 5_000,
  handshakeRounds: 0,
  inFlight: 'drop',
  strayFrames: 12,
  retransmitMs: 200,
  drainAfterReset: false,
  rough: false,
  seenMs: 120_000,
})

/** One place where a network can live. */
export interface Site {
  readonly peerId: PeerId
  /** The network of the running life, if there is one. */
  network: SimNetwork | undefined
  /** False while the whole machine is off: then nothing there answers, not even with a refusal. */
  powered: boolean
}

/** Something on a link, as the node sees it at whose end it happens. */
export interface Moved {
  readonly d: 'tx' | 'rx' | 'drop'
  readonly node: number
  readonly peer: number
  /** Of which kind: the protocol of a channel, or a flood. */
  readonly c: 'sync' | 'join' | 'flood'
  readonly bytes: number
}

export class Fabric {
  readonly timeline: Timeline
  readonly weather: Weather
  readonly crypto: Crypto
  readonly options: Required<NetworkOptions>
  readonly sites: readonly Site[]
  readonly connections = new Set<Connection>()
  /** Told of everything that is sent, arrives or is lost on the way, where somebody asks. */
  moved: ((moved: Moved) => void) | undefined
  /** Told of every frame, envelope and piece of a handshake that arrives at another node. */
  delivered: ((from: number, to: number) => void) | undefined
  /** What each node sent. */
  readonly traffic: { readonly frames: Float64Array; readonly bytes: Float64Array }
  readonly #byPeer: ReadonlyMap<PeerId, number>
  #links: LinkTable

  constructor(parts: {
    timeline: Timeline
    weather: Weather
    crypto: Crypto
    sites: readonly Site[]
    options: NetworkOptions
  }) {
    this.timeline = parts.timeline
    this.weather = parts.weather
    this.crypto = parts.crypto
    this.sites = parts.sites
    this.options = { ...networkDefaults, ...parts.options }
    this.#byPeer = new Map(parts.sites.map((site, node) => [site.peerId, node]))
    this.#links = new LinkTable(parts.sites.length)
    const { length } = parts.sites
    this.traffic = { frames: new Float64Array(length), bytes: new Float64Array(length) }
  }

  /** The links in force. */
  get links(): LinkTable {
    return this.#links
  }

  /** Puts other links in force, now and all at once. */
  set(links: LinkTable): void {
    this.#links = links
    for (const connection of [...this.connections]) connection.linksChanged()
  }

  /** A node sends so many bytes. */
  count(node: number, bytes: number): void {
    const { traffic } = this
    traffic.frames[node] = (traffic.frames[node] ?? 0) + 1
    traffic.bytes[node] = (traffic.bytes[node] ?? 0) + bytes
  }

  nodeOf(peer: PeerId): number | undefined {
    return this.#byPeer.get(peer)
  }

  peerOf(node: number): PeerId {
    return this.sites[node]?.peerId ?? ''
  }

  /** The network that runs at a node now. */
  at(node: number): SimNetwork | undefined {
    return this.sites[node]?.network
  }

  /** Whether anything at the node would answer a packet. */
  powered(node: number): boolean {
    return this.sites[node]?.powered ?? false
  }
}
