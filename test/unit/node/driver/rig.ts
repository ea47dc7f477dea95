// A driver over scripted parts: the test answers every input and completes every write by hand, and
// reads one log of everything that left, in order.

import { createMemoryKeyring } from '../../../../src/adapters/memory/keyring.ts'
import { Rows } from '../../../../src/adapters/memory/rows.ts'
import { silentTelemetry } from '../../../../src/adapters/telemetry/silent.ts'
import type { Effect, Range, Verdict } from '../../../../src/core/effect.ts'
import type { Entry, Input } from '../../../../src/core/input.ts'
import { createNativeCrypto } from '../../../../src/crypto/native.ts'
import { createDriver } from '../../../../src/node/driver.ts'
import type { Driver, DriverOptions } from '../../../../src/node/driver-types.ts'
import type { Clock } from '../../../../src/ports/clock.ts'
import type { Network, NetworkEvents } from '../../../../src/ports/network.ts'
import type { Store, Write } from '../../../../src/ports/store.ts'

export interface PendingWrite {
  readonly batch: readonly Write[]
  /** Applies the batch and confirms it, or fails it. */
  complete(error?: Error): void
}

/** The virtual clock of a rig. */
export class HandClock implements Clock {
  #nowMs = 1_000
  #alarms: { atMs: number; ring: () => void }[] = []
  armed = 0

  nowMs = () => this.#nowMs
  wallMs = () => 1_700_000_000_000 + this.#nowMs
  alarm = (atMs: number, ring: () => void) => {
    const entry = { atMs, ring }
    this.armed++
    this.#alarms.push(entry)
    return () => {
      this.#alarms = this.#alarms.filter((other) => other !== entry)
    }
  }

  get waiting(): number {
    return this.#alarms.length
  }

  advance(ms: number): void {
    this.#nowMs += ms
    const due = this.#alarms.filter((entry) => entry.atMs <= this.#nowMs)
    this.#alarms = this.#alarms.filter((entry) => entry.atMs > this.#nowMs)
    for (const { ring } of due.toSorted((a, b) => a.atMs - b.atMs)) ring()
  }
}

export class Rig {
  /** Everything stepped, written and released, in order. */
  readonly log: string[] = []
  readonly inputs: Input[] = []
  readonly writes: PendingWrite[] = []
  readonly reads: (() => void)[] = []
  readonly verdicts: Verdict[] = []
  readonly fatal: Error[] = []
  readonly rows = new Rows()
  readonly clock = new HandClock()
  readonly driver: Driver
  network: NetworkEvents | undefined
  /** Answers an input with effects. */
  script: (input: Input) => Effect[] = () => []

  constructor(options: Partial<DriverOptions> = {}) {
    this.driver = createDriver({
      machine: { step: (input) => this.#step(input) },
      store: this.#store(),
      keyring: createMemoryKeyring(),
      network: (events) => this.#network(events),
      clock: this.clock,
      crypto: createNativeCrypto(),
      random: (length) => new Uint8Array(length),
      telemetry: { ...silentTelemetry, count: (name, label, by) => this.#count(name, label, by) },
      onFatal: (error) => {
        this.log.push('fatal')
        this.fatal.push(error)
      },
      ...options,
    })
    this.driver.onEvent((event) => this.log.push(`notify ${event.kind}`))
  }

  /** Starts a machine that is ready at once, and forgets what that logged. */
  begin(script: (input: Input) => Effect[]): this {
    this.script = () => [{ kind: 'notify', event: { kind: 'ready' } }]
    this.driver.start(() => {})
    this.script = script
    this.log.length = 0
    this.inputs.length = 0
    return this
  }

  /** Feeds a frame whose bytes the script can tell apart. */
  frame(byte: number): void {
    this.network?.frame(1, Uint8Array.of(byte))
  }

  /** Completes the oldest write under way. */
  durable(error?: Error): void {
    this.writes.shift()?.complete(error)
  }

  #step(input: Input): Effect[] {
    this.inputs.push(input)
    this.log.push(input.kind === 'timer' ? `step timer ${input.timer}` : `step ${input.kind}`)
    return this.script(input)
  }

  #count(name: string, label: string | undefined, by: number): void {
    if (!name.startsWith('store_')) this.log.push(`count ${name} ${label ?? '-'} ${by}`)
  }

  #store(): Store {
    return {
      write: (batch, done, options) => {
        this.log.push(`${options?.sync === false ? 'note' : 'write'} ${batch.length}`)
        const complete = (error?: Error) => {
          if (error === undefined) this.rows.apply(batch)
          const word = options?.sync === false ? 'noted' : 'durable'
          this.log.push(error === undefined ? word : 'failed')
          done(error)
        }
        this.writes.push({ batch, complete })
      },
      read: (ranges: readonly Range[], done) => {
        this.log.push('read')
        const results: Entry[][] = ranges.map((range) => this.rows.read(range))
        this.reads.push(() => done(undefined, results))
      },
      close: (done) => done(),
    }
  }

  #network(events: NetworkEvents): Network {
    this.network = events
    this.log.push('network')
    const say = (line: string) => void this.log.push(line)
    return {
      peerId: 'self',
      open: (ref) => say(`open ${ref}`),
      send: (channel, frame) => say(`send ${channel} ${frame.join(' ')}`),
      close: (channel) => say(`close ${channel}`),
      reset: (peer) => say(`reset ${peer}`),
      gate: (blocked) => say(`gate ${blocked.join(' ')}`),
      subscribe: (topic) => say(`subscribe ${topic}`),
      unsubscribe: (topic) => say(`unsubscribe ${topic}`),
      broadcast: (topic) => say(`broadcast ${topic}`),
    }
  }
}

/** Effects for scripts. */
export const persist = (byte: number, value: number | null = byte, secret = false): Effect => ({
  kind: 'persist',
  puts: [
    {
      key: Uint8Array.of(0x44, byte),
      value: value === null ? null : Uint8Array.of(value),
      ...(secret ? { secret } : {}),
    },
  ],
})
export const send = (byte: number): Effect => ({
  kind: 'send',
  channel: 1,
  frame: Uint8Array.of(byte),
})
export const event: Effect = {
  kind: 'notify',
  event: { kind: 'dropped', peer: 'p', reason: 'test' },
}
