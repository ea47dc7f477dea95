// The hand of a liar on the ports of a node: what it hears, what it lets out, what its wall clock says. The
// machine behind it is the real one with the real keys and knows nothing of it. Nodes of the simulator and
// real ones lie by the same hand; nothing of a protocol is known here but which frames carry messages.

import type { Bytes } from '../../base/bytes.ts'
import type { Verdict } from '../../core/effect.ts'
import type { ChannelId, PeerId } from '../../core/input.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Network, NetworkEvents } from '../../ports/network.ts'
import type { Lie } from './lies.ts'
import { fingerprint } from './trace.ts'

export const DAY_MS = 86_400_000
const REPLAY_EVERY_MS = 2_000
const REPLAY_KEPT = 64
/** Not changed: what says of which kind a frame is. */
const HEAD_BYTES = 8

export interface HandParts {
  readonly clock: Clock
  readonly random: (length: number) => Bytes
  /** Whether a frame carries messages. */
  readonly carries: (frame: Bytes) => boolean
}

type MakeNetwork = (events: NetworkEvents) => Network

interface Kept {
  readonly peer: PeerId
  readonly frame: Bytes
}

export class Hand {
  /** The clock that the node is given. */
  readonly clock: Clock
  readonly #parts: HandParts
  readonly #channels = new Map<ChannelId, PeerId>()
  /** What went out, to go out again; what was withheld did not. */
  readonly #frames: Kept[] = []
  readonly #envelopes: { readonly topic: string; readonly envelope: Bytes }[] = []
  #lies: ReadonlySet<Lie> = new Set()
  #isShunned: (peer: PeerId) => boolean = () => false
  #network: Network | undefined
  #turn = 0

  constructor(parts: HandParts) {
    this.#parts = parts
    this.clock = this.#bentClock(parts.clock)
  }

  /** What it does at the moment. */
  get lies(): ReadonlySet<Lie> {
    return this.#lies
  }

  /** @param isShunned who is told nothing by one that is selective */
  begin(given: readonly Lie[], isShunned: (peer: PeerId) => boolean): void {
    this.#lies = new Set(given)
    this.#isShunned = isShunned
    this.#turn += 1
    if (this.#lies.has('replay')) this.#repeat(this.#turn)
  }

  /** Lets everything be as it is again. */
  end(): void {
    this.#lies = new Set()
    this.#turn += 1
  }

  /** The network that the node is given, made of the one that there is. */
  network(make: MakeNetwork): MakeNetwork {
    return (events) => {
      const network = make(this.#hearing(events))
      this.#network = network
      return this.#speaking(network)
    }
  }

  #bentClock(clock: Clock): Clock {
    const ahead = () => (this.#lies.has('time') ? DAY_MS : 0)
    return {
      nowMs: () => clock.nowMs(),
      wallMs: () => clock.wallMs() + ahead(),
      alarm: (atMs, ring) => clock.alarm(atMs, ring),
    }
  }

  /** What it lets itself hear. */
  #hearing(events: NetworkEvents): NetworkEvents {
    const { carries } = this.#parts
    return {
      channelOpen: (open) => {
        this.#channels.set(open.channel, open.peer)
        events.channelOpen(open)
      },
      openFailed: (ref, reason) => events.openFailed(ref, reason),
      channelClosed: (channel) => {
        this.#channels.delete(channel)
        events.channelClosed(channel)
      },
      frame: (channel, frame) => {
        if (!this.#lies.has('stale') || !carries(frame)) events.frame(channel, frame)
      },
      envelope: (from, topic, envelope, answer) => {
        if (this.#lies.has('stale')) return answer('ignore')
        events.envelope(from, topic, envelope, (verdict) => answer(this.#passing(verdict)))
      },
      listening: (addresses) => events.listening(addresses),
    }
  }

  #passing(verdict: Verdict): Verdict {
    return this.#isSilent && verdict === 'accept' ? 'keep' : verdict
  }

  /** A flood cannot be kept from some: whoever is selective floods nothing. */
  get #isSilent(): boolean {
    return this.#lies.has('withhold') || this.#lies.has('selective')
  }

  /** What it lets out. */
  #speaking(network: Network): Network {
    const { carries } = this.#parts
    return {
      peerId: network.peerId,
      open: (ref, protocol, peer, addresses) => network.open(ref, protocol, peer, addresses),
      close: (channel) => network.close(channel),
      reset: (peer) => network.reset(peer),
      gate: (blocked) => network.gate(blocked),
      subscribe: (topic) => network.subscribe(topic),
      unsubscribe: (topic) => network.unsubscribe(topic),
      send: (channel, frame) => {
        const peer = this.#channels.get(channel)
        if (!carries(frame) || peer === undefined) return network.send(channel, frame)
        if (this.#isSilentTo(peer)) return
        keep(this.#frames, { peer, frame: frame.slice() })
        network.send(channel, this.#changed(frame))
      },
      broadcast: (topic, envelope) => {
        if (this.#isSilent) return
        keep(this.#envelopes, { topic, envelope: envelope.slice() })
        network.broadcast(topic, this.#changed(envelope))
      },
    }
  }

  #isSilentTo(peer: PeerId): boolean {
    if (this.#lies.has('withhold')) return true
    return this.#lies.has('selective') && this.#isShunned(peer)
  }

  #changed(bytes: Bytes): Bytes {
    return this.#lies.has('forge') ? forged(bytes) : bytes
  }

  /** From time to time something old once more. */
  #repeat(turn: number): void {
    const { clock, random } = this.#parts
    clock.alarm(clock.nowMs() + REPLAY_EVERY_MS, () => {
      if (turn !== this.#turn) return
      const [draw = 0] = random(1)
      const old = this.#frames[draw % Math.max(1, this.#frames.length)]
      const channel = [...this.#channels].findLast(([, peer]) => peer === old?.peer)?.[0]
      if (old !== undefined && channel !== undefined) this.#network?.send(channel, old.frame)
      const flooded = this.#envelopes[draw % Math.max(1, this.#envelopes.length)]
      if (flooded !== undefined) this.#network?.broadcast(flooded.topic, flooded.envelope)
      this.#repeat(turn)
    })
  }
}

function keep<T>(list: T[], one: T): void {
  list.push(one)
  if (list.length > REPLAY_KEPT) list.shift()
}

/** With one byte that is another; which one follows from the bytes. */
function forged(bytes: Bytes): Bytes {
  if (bytes.length <= HEAD_BYTES) return bytes
  const copy = bytes.slice()
  const at = HEAD_BYTES + (fingerprint(bytes) % (bytes.length - HEAD_BYTES))
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

/** Every second of some, at least one of two. */
export function half<T>(some: readonly T[]): T[] {
  return some.filter((_, place) => place % 2 === 1)
}
