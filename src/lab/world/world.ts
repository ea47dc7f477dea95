// A whole mesh in one process, in virtual time, from one seed. Everything is synchronous and ordered,
// so the same seed gives the same run to the last byte, and the trace hash proves it. The machines
// and the driver are the real ones; time, disks, links and luck are simulated.

import { SeededRandom } from '../../base/random.ts'
import type { Command } from '../../core/command.ts'
import type { Machine } from '../../core/machine.ts'
import type { PeerId } from '../../core/input.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { createNativeCrypto } from '../../crypto/native.ts'
import type { CommandReply } from '../../node/driver-types.ts'
import { type ClockFault, NodeClock } from './clock.ts'
import { WorldCrypto } from './crypto.ts'
import type { DiskOptions } from './disk.ts'
import { Fabric, type Moved, type NetworkOptions, type Site } from './fabric.ts'
import { guarded } from './guard.ts'
import { type Cut, type LinkMatrix, LinkTable, type Split } from './links.ts'
import {
  type CommandHandle,
  type CrashOptions,
  type HeardEvent,
  type MakeDriver,
  type NodeContext,
  SimNode,
} from './node.ts'
import { Timeline } from './timeline.ts'
import { Trace } from './trace.ts'
import { Weather } from './weather.ts'

export interface WorldOptions {
  /** Everything random in the run follows from this. */
  readonly seed: string | number
  /** How many nodes there are, numbered from 0. */
  readonly nodes: number
  /** Builds the machine of one life of one node. */
  readonly machine: (context: NodeContext) => Machine
  /** What runs the machines. Default: the driver of real nodes. */
  readonly driver?: MakeDriver
  /** Names a node from its keys. Default: `sim-<index>`. */
  readonly peerId?: (index: number, secret: (purpose: string) => Uint8Array) => PeerId
  /** Default: every link up with 20 ms. */
  readonly links?: LinkMatrix
  readonly network?: NetworkOptions
  readonly disk?: DiskOptions
  /** How wrong the clocks of a node are. Default: not at all. */
  readonly clock?: (index: number) => ClockFault
  /** When a node starts, in ms, or undefined for not by itself. Default: all at 0. */
  readonly startMs?: (index: number) => number | undefined
  /** Wall time at the beginning, in ms UTC. Default: 1 January 2025. */
  readonly wallStartMs?: number
  /** Whether `events` keeps what nodes notified. Default: true. */
  readonly keepEvents?: boolean
  readonly onEvent?: (node: number, heard: HeardEvent) => void
  /** Told of every frame, envelope and piece of a handshake that arrives at another node. */
  readonly onDelivery?: (from: number, to: number) => void
  /** Told of all that is sent, arrives or is lost. */
  readonly onMoved?: (moved: Moved) => void
  /** Gets every line of the trace. */
  readonly onTrace?: (line: string) => void
  /** Told when a node fails for good. Default: the run throws. */
  readonly onFatal?: (node: number, error: Error) => void
  /** Default: the native provider. */
  readonly crypto?: Crypto
}

const JANUARY_2025_MS = 1_735_689_600_000

/** Makes a world at time 0, in which nothing has happened yet. */
export function createWorld(options: WorldOptions): World {
  return new World(options)
}

/** A run failed because of a node: says which, when, and how to get there again. */
export class WorldError extends Error {
  override readonly name = 'WorldError'
}

export class World {
  readonly size: number
  /** Streams for what happens to the world, apart from its own: a consumer never shifts another. */
  readonly random: { readonly workload: SeededRandom; readonly faults: SeededRandom }
  readonly #options: WorldOptions
  readonly #root: SeededRandom
  readonly #trace: Trace
  readonly #timeline: Timeline
  readonly #crypto: WorldCrypto
  readonly #weather: Weather
  readonly #fabric: Fabric
  readonly #nodes: SimNode[]
  readonly #events: HeardEvent[][]
  #matrix: LinkMatrix = {}
  #failure: WorldError | undefined

  constructor(options: WorldOptions) {
    const provider = options.crypto ?? createNativeCrypto()
    this.#options = options
    this.size = options.nodes
    this.#root = new SeededRandom(options.seed)
    this.random = { workload: this.#root.fork('workload'), faults: this.#root.fork('faults') }
    this.#trace = new Trace(provider, options.onTrace)
    this.#timeline = new Timeline(this.#trace)
    this.#crypto = new WorldCrypto(provider)
    this.#weather = new Weather(this.#root.fork('net'))
    this.#fabric = this.#weave(provider)
    this.#nodes = Array.from({ length: options.nodes }, (_, index) => this.#make(index))
    this.#events = this.#nodes.map(() => [])
    const seed = JSON.stringify(String(options.seed))
    this.#timeline.note(-1, 'world', `"seed":${seed},"nodes":${options.nodes}`)
    this.setLinks(options.links ?? {})
    for (const node of this.#nodes) this.#planStart(node)
  }

  /** Virtual milliseconds since the beginning. */
  get nowMs(): number {
    return this.#timeline.nowUs / 1_000
  }

  /** The links in force. */
  get links(): LinkTable {
    return this.#fabric.links
  }

  /** What a node sent so far. */
  traffic(index: number): { readonly frames: number; readonly bytes: number } {
    const { frames, bytes } = this.#fabric.traffic
    return { frames: frames[index] ?? 0, bytes: bytes[index] ?? 0 }
  }

  /** Luck is drawn from here on as if the world began now: see `Weather`. */
  restartWeather(): void {
    this.#weather.restart(this.#timeline.nowUs)
    this.#timeline.note(-1, 'weather', '')
  }

  /** How many happenings were done. */
  get steps(): number {
    return this.#timeline.done
  }

  /** Runs up to and including a moment, given in ms since the beginning. */
  run(untilMs: number): void {
    const untilUs = Math.round(untilMs * 1_000)
    guarded(() => {
      while (this.#timeline.step(untilUs)) this.#check()
      this.#timeline.rest(untilUs)
    })
  }

  /**
   * Runs until a condition holds, asked after every instant in which something happened.
   *
   * @param withinMs how much virtual time it may take from now
   * @returns whether it held
   */
  runUntil(condition: () => boolean, withinMs: number): boolean {
    const untilUs = this.#timeline.nowUs + Math.round(withinMs * 1_000)
    return guarded(() => {
      for (;;) {
        if (condition()) return true
        const nextUs = this.#timeline.nextUs()
        if (nextUs === undefined || nextUs > untilUs) break
        while (this.#timeline.step(nextUs)) this.#check()
      }
      this.#timeline.rest(untilUs)
      return condition()
    })
  }

  /** Plans something for a virtual time, such as a piece of workload or a fault. */
  at(atMs: number, act: () => void, label = 'act'): void {
    const detail = `"label":${JSON.stringify(label)}`
    this.#timeline.at(Math.round(atMs * 1_000), -1, 'plan', detail, act)
  }

  /** Puts a link matrix in force: the whole of it, replacing the last. */
  setLinks(matrix: LinkMatrix): void {
    this.#matrix = matrix
    this.#timeline.note(-1, 'links', `"matrix":${JSON.stringify(matrix)}`)
    guarded(() => this.#fabric.set(new LinkTable(this.size, matrix)))
  }

  /** Parts the nodes into sides; replaces an earlier split, leaves delays and rules as they are. */
  split(
    sides: Split['sides'],
    cut: Exclude<Cut, 'none'> = 'blackhole',
    direction: 'both' | 'forward' = 'both',
  ): void {
    this.setLinks({ ...this.#matrix, split: { sides, cut, direction } })
  }

  /** Brings every link up; delays and loss stay as they are. */
  heal(): void {
    const { base, rules = [] } = this.#matrix
    const up = rules.map((rule) => ({ ...rule, link: { ...rule.link, cut: 'none' as const } }))
    this.setLinks({ base: { ...base, cut: 'none' }, rules: up })
  }

  /** Starts a node that does not run, over what its disk holds. */
  restart(index: number): void {
    guarded(() => this.node(index).boot())
    this.#check()
  }

  crash(index: number, options?: CrashOptions): void {
    guarded(() => this.node(index).crash(options))
  }

  /** Ends a node in good order, which takes virtual time. */
  stop(index: number): void {
    guarded(() => this.node(index).stop())
  }

  /** Crashes a node inside its n-th write from now, 1 being the next. */
  crashAtWrite(index: number, nth: number, options?: CrashOptions): void {
    const node = this.node(index)
    const at = node.disk.writes + nth
    node.disk.onWrite = () => {
      if (node.disk.writes < at) return
      node.disk.onWrite = undefined
      node.crash(options)
    }
  }

  /** Lets every write of a node fail for want of room, or no longer. */
  fillDisk(index: number, full = true): void {
    this.node(index).disk.full = full
    this.#timeline.note(index, 'disk', `"full":${full}`)
  }

  setClock(index: number, fault: ClockFault): void {
    this.node(index).clock.set(fault)
    this.#timeline.note(index, 'clock', `"fault":${JSON.stringify(fault)}`)
  }

  /** @param done told when the reply comes, perhaps at once; never if the node ends before */
  command<C extends Command>(
    index: number,
    command: C,
    done?: (reply: CommandReply<C['kind']>) => void,
  ): CommandHandle<C> {
    const handle = guarded(() => this.node(index).command(command, done))
    this.#check()
    return handle
  }

  node(index: number): SimNode {
    const node = this.#nodes[index]
    if (node === undefined) throw new RangeError(`the world has no node ${index}`)
    return node
  }

  /** What a node notified, in order, over all its lives. */
  events(index: number): readonly HeardEvent[] {
    return this.#events[index] ?? []
  }

  /** SHA-256 over everything that happened so far, in hex. */
  traceHash(): string {
    return this.#trace.hash()
  }

  #weave(crypto: Crypto): Fabric {
    const { peerId = (index: number) => `sim-${index}`, network = {} } = this.#options
    const sites = Array.from({ length: this.size }, (_, index): Site => {
      const keys = this.#root.fork(`crypto/${index}`)
      const secret = (purpose: string) => keys.fork(purpose).bytes(32)
      return { peerId: peerId(index, secret), network: undefined, powered: true }
    })
    const weather = this.#weather
    const fabric = new Fabric({
      timeline: this.#timeline,
      weather,
      crypto,
      sites,
      options: network,
    })
    fabric.delivered = this.#options.onDelivery
    fabric.moved = this.#options.onMoved
    return fabric
  }

  #make(index: number): SimNode {
    const { options, timeline } = { options: this.#options, timeline: this.#timeline }
    const random = this.#root.fork(`node/${index}`)
    const wallStartMs = options.wallStartMs ?? JANUARY_2025_MS
    // Origins differ, so that nobody can compare the monotonic clocks of two nodes and get away.
    const originMs = random.fork('clock').below(1_000_000)
    const clock = new NodeClock({ timeline, node: index, originMs, wallStartMs })
    clock.set(options.clock?.(index) ?? {})
    return new SimNode({
      index,
      clock,
      random,
      fabric: this.#fabric,
      machine: options.machine,
      driver: options.driver,
      keys: this.#root.fork(`crypto/${index}`),
      faults: this.random.faults,
      metered: this.#crypto.forNode(),
      disk: options.disk ?? {},
      heard: (node, heard) => this.#heard(node, heard),
      fatal: (node, error) => this.#failed(node, error),
    })
  }

  #planStart(node: SimNode): void {
    const startMs = this.#options.startMs === undefined ? 0 : this.#options.startMs(node.index)
    if (startMs === undefined) return
    this.#timeline.at(Math.round(startMs * 1_000), node.index, 'start', '', () => node.boot())
  }

  #heard(node: number, heard: HeardEvent): void {
    if (this.#options.keepEvents !== false) this.#events[node]?.push(heard)
    this.#options.onEvent?.(node, heard)
  }

  #failed(node: number, error: Error): void {
    if (this.#options.onFatal !== undefined) return this.#options.onFatal(node, error)
    const where = `node ${node} failed at ${this.nowMs} ms, step ${this.steps}`
    const again = `seed ${JSON.stringify(this.#options.seed)}, ${this.size} nodes`
    this.#failure = new WorldError(`${where} (${again}): ${error.message}`, { cause: error })
  }

  #check(): void {
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined) throw failure
  }
}
