// One simulated node: what lasts (keys, clock, disk, randomness) and one life at a time over it.
// A life is a machine and the real driver over simulated ports. A crash ends the life between two
// instructions: its ports fall silent, nothing it had planned happens, and only the disk remains.

import { createMemoryKeyring } from '../../adapters/memory/keyring.ts'
import type { Rows } from '../../adapters/memory/rows.ts'
import type { Bytes } from '../../base/bytes.ts'
import type { SeededRandom } from '../../base/random.ts'
import type { Command } from '../../core/command.ts'
import type { Event } from '../../core/event.ts'
import type { ChannelId, PeerId } from '../../core/input.ts'
import type { Machine } from '../../core/machine.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { createDriver } from '../../node/driver.ts'
import type { CommandReply, Driver, DriverOptions } from '../../node/driver-types.ts'
import type { Telemetry } from '../../ports/telemetry.ts'
import type { NodeClock } from './clock.ts'
import type { CryptoCounts, MeteredCrypto } from './crypto.ts'
import { type CrashWrites, Disk, type DiskOptions } from './disk.ts'
import type { Fabric } from './fabric.ts'
import { SimNetwork } from './network.ts'

/** What a machine is built from. */
export interface NodeContext {
  readonly index: number
  readonly peerId: PeerId
  /** How its peers dial it. */
  readonly address: string
  /** 32 bytes for a purpose: the same for the same purpose in every life of this node. */
  readonly secret: (purpose: string) => Bytes
  readonly crypto: Crypto
  /** 1 for the first life. */
  readonly life: number
}

/** Makes what runs the machine of one life over the ports of its node. */
export type MakeDriver = (context: NodeContext, options: DriverOptions) => Driver

export interface CrashOptions {
  /** What becomes of the write under way. Default: `kept`. */
  readonly writes?: CrashWrites
  /** Whether the whole machine goes dark, so that peers are not told. Default: false. */
  readonly silent?: boolean
}

/** A command and, once it came, its reply. */
export interface CommandHandle<C extends Command = Command> {
  readonly node: number
  readonly command: C
  readonly askedMs: number
  reply: CommandReply<C['kind']> | undefined
  repliedMs: number | undefined
}

export interface HeardEvent {
  readonly atMs: number
  readonly event: Event
}

export interface NodeParts {
  readonly index: number
  readonly fabric: Fabric
  readonly machine: (context: NodeContext) => Machine
  readonly driver: MakeDriver | undefined
  readonly random: SeededRandom
  /** Where its keys come from. */
  readonly keys: SeededRandom
  readonly faults: SeededRandom
  readonly metered: MeteredCrypto
  readonly clock: NodeClock
  readonly disk: DiskOptions
  readonly heard: (node: number, heard: HeardEvent) => void
  readonly fatal: (node: number, error: Error) => void
}

interface Life {
  alive: boolean
  readonly machine: Machine
  readonly driver: Driver
}

export class SimNode {
  readonly index: number
  readonly peerId: PeerId
  readonly address: string
  readonly clock: NodeClock
  readonly disk: Disk
  /** Every count that machine and driver made, by name or name/label. */
  readonly counts = new Map<string, number>()
  readonly #parts: NodeParts
  #life: Life | undefined
  #lives = 0
  #channels: ChannelId = 0

  constructor(parts: NodeParts) {
    this.#parts = parts
    this.index = parts.index
    this.peerId = parts.fabric.peerOf(parts.index)
    this.address = `/memory/${parts.index}/p2p/${this.peerId}`
    this.clock = parts.clock
    this.disk = new Disk(parts.fabric.timeline, parts.index, parts.disk)
  }

  get running(): boolean {
    return this.#life !== undefined
  }

  /** How often it was started. */
  get lives(): number {
    return this.#lives
  }

  /** The machine of the running life; throws while there is none. */
  get machine(): Machine {
    if (this.#life === undefined) throw new Error(`node ${this.index} is not running`)
    return this.#life.machine
  }

  /** What lies on the disk. */
  get rows(): Rows {
    return this.disk.rows
  }

  get cryptoCounts(): Readonly<CryptoCounts> {
    return this.#parts.metered.counts
  }

  /** The nodes that this one has a connection to. */
  neighbours(): number[] {
    return this.#parts.fabric.at(this.index)?.neighbours() ?? []
  }

  /** Builds a machine over what is on the disk and starts it. */
  boot(): void {
    if (this.#life !== undefined) throw new Error(`node ${this.index} runs already`)
    this.#lives++
    this.#site().powered = true
    this.#note('boot', `"life":${this.#lives}`)
    const context = this.#context()
    const machine = this.#parts.machine(context)
    const alive = { alive: true }
    const driver = this.#drive(context, machine, alive)
    this.#life = Object.assign(alive, { machine, driver })
    driver.onEvent((event) => {
      if (alive.alive) this.#hear(event)
    })
    driver.start(() => {})
  }

  /** Ends the life now, between two instructions. */
  crash(options: CrashOptions = {}): void {
    const { writes = 'kept', silent = false } = options
    const life = this.#life
    if (life === undefined) throw new Error(`node ${this.index} is not running`)
    this.#note('crash', `"writes":"${writes}","silent":${silent}`)
    this.#end(life, { writes, silent })
  }

  /** Ends the life in good order: what was stepped becomes durable and leaves first. */
  stop(done: () => void = () => {}): void {
    const life = this.#life
    if (life === undefined) throw new Error(`node ${this.index} is not running`)
    this.#note('stop', '')
    life.driver.stop(() => {
      if (life.alive) this.#end(life, gently)
      done()
    })
  }

  /** @param done told when the reply comes, perhaps at once; never if the life ends before */
  command<C extends Command>(
    command: C,
    done: (reply: CommandReply<C['kind']>) => void = () => {},
  ): CommandHandle<C> {
    const handle: CommandHandle<C> = {
      node: this.index,
      command,
      askedMs: this.#nowMs(),
      reply: undefined,
      repliedMs: undefined,
    }
    const answer = (reply: CommandReply<C['kind']>) => {
      handle.reply = reply
      handle.repliedMs = this.#nowMs()
      this.#note('reply', `"to":"${command.kind}","ok":${reply.ok}`)
      done(reply)
    }
    this.#note('command', `"command":"${command.kind}"`)
    const life = this.#life
    if (life === undefined) answer({ ok: false, error: notRunning })
    else life.driver.command(command, (reply) => life.alive && answer(reply))
    return handle
  }

  #drive(context: NodeContext, machine: Machine, life: { readonly alive: boolean }): Driver {
    const { fabric, random, metered } = this.#parts
    const node = this.index
    const make = this.#parts.driver ?? ((_, options) => createDriver(options))
    return make(context, {
      machine,
      store: this.disk.open(life),
      keyring: createMemoryKeyring(),
      network: (events) => {
        const nextChannel = () => ++this.#channels
        const network = new SimNetwork({ fabric, node, events, life, nextChannel })
        if (life.alive) this.#site().network = network
        return network
      },
      clock: this.clock.port(life),
      crypto: metered.crypto,
      random: (length) => random.bytes(length),
      telemetry: this.#telemetry(),
      onFatal: (error) => this.#failed(error),
    })
  }

  #end(life: Life, { writes, silent }: Required<CrashOptions>): void {
    const site = this.#site()
    life.alive = false
    this.#life = undefined
    site.powered = !silent
    site.network?.shutdown({ silent })
    site.network = undefined
    this.disk.crash(writes, this.#parts.faults)
  }

  #failed(error: Error): void {
    const { message } = error
    this.#note('fatal', `"message":${JSON.stringify(message)}`)
    if (this.#life !== undefined) this.#end(this.#life, gently)
    this.#parts.fatal(this.index, error)
  }

  #hear(event: Event): void {
    this.#note('event', `"event":${JSON.stringify(event)}`)
    this.#parts.heard(this.index, { atMs: this.#nowMs(), event })
  }

  #context(): NodeContext {
    const { keys, metered } = this.#parts
    return {
      index: this.index,
      peerId: this.peerId,
      address: this.address,
      secret: (purpose) => keys.fork(purpose).bytes(32),
      crypto: metered.crypto,
      life: this.#lives,
    }
  }

  #telemetry(): Telemetry {
    return {
      count: (name, label, by) => {
        const key = label === undefined ? name : `${name}/${label}`
        this.counts.set(key, (this.counts.get(key) ?? 0) + by)
      },
      gauge: (name, value) => void this.counts.set(name, value),
      log() {},
    }
  }

  #site() {
    const site = this.#parts.fabric.sites[this.index]
    if (site === undefined) throw new RangeError(`the world has no node ${this.index}`)
    return site
  }

  #note(kind: string, detail: string): void {
    this.#parts.fabric.timeline.note(this.index, kind, detail)
  }

  #nowMs(): number {
    return this.#parts.fabric.timeline.nowUs / 1_000
  }
}

/** How a process ends whose machine goes on. */
const gently: Required<CrashOptions> = { writes: 'kept', silent: false }

const notRunning = {
  code: 'DAEMON_UNREACHABLE',
  message: 'The simulated node does not run.',
  hint: 'Start it first.',
} as const
