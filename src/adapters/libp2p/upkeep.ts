// What has to be looked at again and again: whether gossip flows to every peer we talk to, whether a
// pair has two connections, whether the own addresses changed, whether contacts are still there.
// One unhurried timer that does not keep the process alive.

import type { Libp2p } from '@libp2p/interface'
import type { PeerId } from '../../core/input.ts'
import type { Telemetry } from '../../ports/telemetry.ts'
import type { Admission } from './admission.ts'
import type { Channels } from './channels.ts'
import type { Dialler } from './dialler.ts'
import { gossipFlows, type GossipLinks } from './gossip-links.ts'
import { type GossipRemedy, GossipWatch } from './gossip-watch.ts'
import { CONTACT_REDIAL_MS, UPKEEP_MS } from './limits.ts'
import { openDetail, openReason } from './open-failure.ts'

export interface UpkeepParts {
  readonly node: Pick<Libp2p, 'getConnections'>
  readonly channels: Pick<Channels, 'peers'>
  readonly admission: Pick<Admission, 'abort' | 'tidy'>
  readonly links: Pick<GossipLinks, 'mend'>
  readonly dialler: Pick<Dialler, 'connect' | 'connectionTo'>
  readonly contacts: readonly string[]
  readonly telemetry: Telemetry
  /** The addresses that others can use now. */
  readonly addresses: () => readonly string[]
  /** Told soon after the start, and whenever they changed. */
  readonly listening: (addresses: readonly string[]) => void
}

export class Upkeep {
  readonly #parts: UpkeepParts
  readonly #watch = new GossipWatch()
  readonly #first: NodeJS.Immediate
  readonly #timer: NodeJS.Timeout
  #told: string | undefined
  #contactsMs = -Infinity

  constructor(parts: UpkeepParts) {
    this.#parts = parts
    this.#first = setImmediate(() => this.#look())
    this.#timer = setInterval(() => this.#look(), UPKEEP_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearImmediate(this.#first)
    clearInterval(this.#timer)
  }

  #look(): void {
    const nowMs = performance.now()
    this.#tellAddresses()
    this.#lookAtGossip(nowMs)
    this.#parts.admission.tidy()
    this.#callContacts(nowMs)
    this.#parts.telemetry.gauge('network_connections', this.#parts.node.getConnections().length)
  }

  #tellAddresses(): void {
    const addresses = this.#parts.addresses()
    const key = addresses.join()
    if (key === this.#told) return
    this.#told = key
    this.#parts.listening(addresses)
  }

  #lookAtGossip(nowMs: number): void {
    // Only peers with a member link: others need not speak gossip at all.
    const peers = this.#parts.channels.peers()
    this.#watch.keep(peers, nowMs)
    for (const peer of peers) {
      const connections = this.#parts.node.getConnections()
      const theirs = connections.filter(({ remotePeer }) => remotePeer.toString() === peer)
      const flows = gossipFlows(theirs.flatMap(({ streams }) => streams))
      this.#apply(peer, this.#watch.look(peer, flows, nowMs))
    }
  }

  #apply(peer: PeerId, remedy: GossipRemedy): void {
    if (remedy === 'none') return
    const { telemetry, admission, dialler, links } = this.#parts
    telemetry.count('network_gossip_down', remedy, 1)
    telemetry.log('debug', 'gossip with a peer is down', { peer, remedy })
    if (remedy === 'hang-up') return admission.abort(peer, 'gossip stays down')
    const connection = dialler.connectionTo(peer)
    if (connection !== undefined) links.mend(connection)
  }

  #callContacts(nowMs: number): void {
    if (nowMs - this.#contactsMs < CONTACT_REDIAL_MS) return
    this.#contactsMs = nowMs
    const { telemetry } = this.#parts
    for (const address of this.#parts.contacts) {
      const peer = /\/p2p\/([^/]+)$/.exec(address)?.[1]
      if (this.#isConnected(address, peer)) continue
      this.#parts.dialler.connect(peer, [address]).then(
        () => telemetry.count('network_contacts', 'ok', 1),
        (error: unknown) => {
          telemetry.count('network_contacts', openReason(error), 1)
          const detail = openDetail(error)
          telemetry.log('debug', 'a contact does not answer', { address, detail })
        },
      )
    }
  }

  #isConnected(address: string, peer: PeerId | undefined): boolean {
    if (peer !== undefined) return this.#parts.dialler.connectionTo(peer) !== undefined
    const connections = this.#parts.node.getConnections()
    return connections.some(({ remoteAddr }) => remoteAddr.toString().startsWith(`${address}/`))
  }
}
