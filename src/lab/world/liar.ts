// A node that lies: the real machine under the real driver with the real keys, whose ports are bent. It
// breaks no law that a peer could see at once, but what it tells is not so: two things to two sides,
// nothing of what it should pass on, what is long past, what is damaged, a time of its own. Nothing of a
// protocol is known here but which frames carry messages.

import type { Bytes } from '../../base/bytes.ts'
import type { Command } from '../../core/command.ts'
import type { Verdict } from '../../core/effect.ts'
import type { Event } from '../../core/event.ts'
import type { ChannelId, PeerId } from '../../core/input.ts'
import type { Machine } from '../../core/machine.ts'
import type { Driver, DriverOptions } from '../../node/driver-types.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Network, NetworkEvents } from '../../ports/network.ts'
import type { Lie } from './lies.ts'
import { fingerprint } from './trace.ts'
import { SharedNetwork, secondFace } from './two-faced.ts'

const DAY_MS = 86_400_000
const REPLAY_EVERY_MS = 2_000
const REPLAY_KEPT = 64
/** Not changed: what says of which kind a frame is. */
const HEAD_BYTES = 8

export interface LiarParts {
  readonly options: DriverOptions
  /** The machine of the second face: the same identity. */
  readonly machine: () => Machine
  readonly make: (options: DriverOptions) => Driver
  /** Whether a frame carries messages. */
  readonly carries: (frame: Bytes) => boolean
  /** What the second face is told to do instead of what the first is told. */
  readonly differently: (command: Command) => Command
  /** The second face made something known. */
  readonly heard: (event: Event) => void
}

interface Kept {
  readonly peer: PeerId
  readonly frame: Bytes
}

export class Liar {
  readonly driver: Driver
  readonly #parts: LiarParts
  readonly #shared: SharedNetwork
  readonly #channels = new Map<ChannelId, PeerId>()
  readonly #frames: Kept[] = []
  readonly #envelopes: { readonly topic: string; readonly envelope: Bytes }[] = []
  #lies: ReadonlySet<Lie> = new Set()
  #network: Network | undefined
  #second: Driver | undefined
  #turn = 0

  constructor(parts: LiarParts) {
    this.#parts = parts
    const { options } = parts
    this.#shared = new SharedNetwork((act) => void options.clock.alarm(options.clock.nowMs(), act))
    const first = parts.make(this.#bent(options))
    this.driver = {
      start: (done) => first.start(done),
      command: (command, done) => {
        this.#second?.command(parts.differently(command), () => {})
        first.command(command, done)
      },
      together: (give) => first.together(give),
      written: (done) => first.written(done),
      onEvent: (listener) => first.onEvent(listener),
      stop: (done) => {
        this.end()
        first.stop(done)
      },
    }
  }

  /** What it does at the moment. */
  get lies(): ReadonlySet<Lie> {
    return this.#lies
  }

  /** Whether what it was told to do is really being done. */
  get inForce(): boolean {
    return this.#lies.size > 0 && (!this.#lies.has('equivocate') || this.#shared.deceived.size > 0)
  }

  begin(given: readonly Lie[]): void {
    this.#lies = new Set(given)
    this.#turn += 1
    if (this.#lies.has('equivocate')) this.#part()
    if (this.#lies.has('replay')) this.#repeat(this.#turn)
  }

  /** Speaks the truth again; that of the first face. */
  end(): void {
    this.#lies = new Set()
    this.#turn += 1
    this.#shared.closeSecond()
    this.#second?.stop(() => {})
    this.#second = undefined
  }

  /** Every second of those whom it knows is shown another face. */
  #part(): void {
    const turn = this.#turn
    const { options, machine, make, heard } = this.#parts
    const deceived = new Set(half(this.#shared.peers()))
    secondFace({ ...options, machine: machine() }, make, this.#shared, (driver) => {
      if (turn !== this.#turn) return driver.stop(() => {})
      this.#second = driver
      driver.onEvent((event) => {
        if (event.kind === 'message' && event.how === 'own') heard(event)
      })
    })
    this.#shared.deceive(deceived)
  }

  #bent(options: DriverOptions): DriverOptions {
    return {
      ...options,
      clock: this.#bentClock(options.clock),
      network: (events) => {
        const network = this.#shared.open(options.network, this.#hearing(events))
        this.#network = network
        return this.#speaking(network)
      },
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
      ...events,
      channelOpen: (open) => {
        this.#channels.set(open.channel, open.peer)
        events.channelOpen(open)
      },
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
    }
  }

  #passing(verdict: Verdict): Verdict {
    const silent = this.#lies.has('withhold') || this.#lies.has('selective')
    return silent && verdict === 'accept' ? 'keep' : verdict
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
        this.#keep(this.#frames, { peer, frame: frame.slice() })
        if (this.#silentTo(peer)) return
        network.send(channel, this.#lies.has('forge') ? forged(frame) : frame)
      },
      broadcast: (topic, envelope) => {
        this.#keep(this.#envelopes, { topic, envelope: envelope.slice() })
        const silent = this.#lies.has('withhold') || this.#lies.has('selective')
        if (!silent) network.broadcast(topic, envelope)
      },
    }
  }

  #silentTo(peer: PeerId): boolean {
    if (this.#lies.has('withhold')) return true
    return this.#lies.has('selective') && half(this.#shared.peers()).includes(peer)
  }

  #keep<T>(list: T[], one: T): void {
    list.push(one)
    if (list.length > REPLAY_KEPT) list.shift()
  }

  /** From time to time something old once more. */
  #repeat(turn: number): void {
    const { clock, random } = this.#parts.options
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

/** With one byte that is another; which one follows from the frame. */
function forged(frame: Bytes): Bytes {
  if (frame.length <= HEAD_BYTES) return frame
  const copy = frame.slice()
  const at = HEAD_BYTES + (fingerprint(frame) % (frame.length - HEAD_BYTES))
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

/** Every second of some, at least one of two. */
function half(peers: readonly PeerId[]): PeerId[] {
  return peers.filter((_, place) => place % 2 === 1)
}
