// The network side of the driver: callbacks become inputs, effects become calls.
// The network is made only once the machine is ready; what is asked for earlier waits for that, so
// a gate is closed before the first connection. Every envelope is answered exactly once, at the
// latest with `ignore` when the driver ends.

import type { Effect, Verdict } from '../../core/effect.ts'
import type { Input } from '../../core/input.ts'
import type { Network, NetworkEvents } from '../../ports/network.ts'
import type { Deed } from './groups.ts'

type NetworkKind =
  | 'open'
  | 'send'
  | 'close'
  | 'reset'
  | 'gate'
  | 'subscribe'
  | 'unsubscribe'
  | 'broadcast'
  | 'verdict'

export type NetworkDeed = Extract<Effect, { readonly kind: NetworkKind }>
export type LocalDeed = Exclude<Deed, NetworkDeed>

const kinds: ReadonlySet<string> = new Set<NetworkKind>([
  'open',
  'send',
  'close',
  'reset',
  'gate',
  'subscribe',
  'unsubscribe',
  'broadcast',
  'verdict',
])

export function isNetworkDeed(deed: Deed): deed is NetworkDeed {
  return kinds.has(deed.kind)
}

export class Wiring {
  readonly #make: (events: NetworkEvents) => Network
  readonly #take: (input: Input) => void
  readonly #answers = new Map<number, (verdict: Verdict) => void>()
  #network: Network | undefined
  #early: NetworkDeed[] = []
  #token = 0

  /** @param take queues an input; it may be called from inside any call made here */
  constructor(make: (events: NetworkEvents) => Network, take: (input: Input) => void) {
    this.#make = make
    this.#take = take
  }

  /** Makes the network, then does what was asked for too early. A second call does nothing. */
  connect(): void {
    if (this.#network !== undefined) return
    const network = this.#make(this.#events())
    this.#network = network
    for (const deed of this.#early) this.#do(network, deed)
    this.#early = []
  }

  perform(deed: NetworkDeed): void {
    if (this.#network === undefined) this.#early.push(deed)
    else this.#do(this.#network, deed)
  }

  /** Answers every envelope that still waits. */
  abandon(): void {
    const answers = [...this.#answers.values()]
    this.#answers.clear()
    this.#early = []
    for (const answer of answers) answer('ignore')
  }

  #do(network: Network, deed: NetworkDeed): void {
    switch (deed.kind) {
      case 'open':
        return network.open(deed.ref, deed.protocol, deed.peer, deed.addresses)
      case 'send':
        return network.send(deed.channel, deed.frame)
      case 'close':
        return network.close(deed.channel)
      case 'reset':
        return network.reset(deed.peer)
      case 'gate':
        return network.gate(deed.blocked)
      case 'subscribe':
        return network.subscribe(deed.topic)
      case 'unsubscribe':
        return network.unsubscribe(deed.topic)
      case 'broadcast':
        return network.broadcast(deed.topic, deed.envelope)
      case 'verdict':
        return this.#answer(deed.token, deed.verdict)
    }
  }

  #answer(token: number, verdict: Verdict): void {
    const answer = this.#answers.get(token)
    this.#answers.delete(token)
    answer?.(verdict)
  }

  #events(): NetworkEvents {
    const take = this.#take
    return {
      channelOpen: (open) => take({ kind: 'channel-open', ...open }),
      openFailed: (ref, reason) => take({ kind: 'open-failed', ref, reason }),
      channelClosed: (channel) => take({ kind: 'channel-closed', channel }),
      frame: (channel, frame) => take({ kind: 'frame', channel, frame }),
      envelope: (from, topic, envelope, answer) => {
        const token = ++this.#token
        this.#answers.set(token, answer)
        take({ kind: 'envelope', token, from, topic, envelope })
      },
      listening: (addresses) => take({ kind: 'listening', addresses }),
    }
  }
}
