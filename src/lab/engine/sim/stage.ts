// One run on the simulator, step by step: found the groups, play the events, wait until nothing changes.
// Virtual time is run in short slices, so that the process can hear Ctrl-C and say how far it is.

import { CoterieError } from '../../../base/error.ts'
import type { ProtocolRun, Setup } from '../../protocol/port.ts'
import type {
  Materialised,
  NodeRef,
  OperationEvent,
  ScenarioEvent,
} from '../../scenario/materialised.ts'
import { allAgree } from '../../trace/agree.ts'
import type { Fact } from '../../trace/event.ts'
import type { Moved } from '../../world/fabric.ts'
import { type World, createWorld } from '../../world/world.ts'
import type { EngineRun } from '../engine.ts'
import { composeLinks } from './compose.ts'
import { FaultDesk } from './fault-desk.ts'
import { Minds } from './minds.ts'
import { runPlan } from './plans.ts'

/**
 * Measured on real nodes: over links of a delay d a dial has its first channel after 5 d at the side that is
 * dialled, TCP's own two not counted. The last of the five is the channel's own.
 */
const HANDSHAKE_ROUNDS = 2
/** How long founding may take, in virtual time. */
const FOUND_MS = 600_000
/** Virtual time that is run before the wall clock is looked at. */
const SLICE_MS = 100
/** Wall time after which the process is given a chance to do something else. */
const BREATH_MS = 40
/** How often it is looked whether everybody holds the same, and how often in a row it must be so. */
const PROBE_MS = 500
const PROBES = 3

export class SimStage {
  readonly #run: EngineRun
  readonly #setup: Setup
  readonly #protocol: ProtocolRun
  readonly #world: World
  readonly #faults: FaultDesk
  /** The nodes that this world runs; those of other populations are never started. */
  readonly #own: readonly number[]
  readonly #dirty = new Set<number>()
  #startMs = 0
  #begun = false
  #breathMs = 0
  #failure: Error | undefined

  /** @param own the nodes that are run here. Default: all. */
  constructor(run: EngineRun, setup: Setup, own?: readonly number[]) {
    this.#run = run
    this.#setup = setup
    this.#own = own ?? Array.from({ length: setup.nodes }, (_, node) => node)
    const owned = new Set(this.#own)
    const protocol = run.protocol.prepare(setup)
    this.#protocol = protocol
    const minds = new Minds(protocol, run.scenario.events, (node, event) => {
      protocol.heard(node, event)
      this.#mark(node)
    })
    const { driver } = minds
    this.#world = createWorld({
      seed: setup.seed,
      nodes: setup.nodes,
      machine: (context) => protocol.machine(context),
      ...(protocol.peerId === undefined
        ? {}
        : { peerId: (index, secret) => protocol.peerId?.(index, secret) ?? '' }),
      ...(driver === undefined ? {} : { driver }),
      network: { handshakeRounds: HANDSHAKE_ROUNDS },
      keepEvents: false,
      startMs: (node) => (owned.has(node) ? 0 : undefined),
      onEvent: (node, heard) => {
        protocol.heard(node, heard.event)
        this.#mark(node)
      },
      onFatal: (node, error) => this.#fatal(node, error),
      ...(run.frames ? { onMoved: (moved: Moved) => this.#moved(moved) } : {}),
      onDelivery: (from, to) => this.#faults.delivered(from, to),
    })
    this.#faults = new FaultDesk({
      world: this.#world,
      minds,
      network: run.scenario.network,
      owns: (node) => owned.has(node),
      resolve: (ref) => this.#resolve(ref),
      tell: (node, fact) => this.#tell(node, fact),
      restarted: (node) => protocol.restarted(node),
    })
  }

  get steps(): number {
    return this.#world.steps
  }

  close(): void {
    this.#protocol.close?.()
  }

  /** Brings the groups about on calm links. @throws CoterieError INTERNAL when that fails */
  async found(): Promise<void> {
    const world = this.#world
    await this.#to(1_000)
    let founded = false
    const look = {
      machine: (node: number) => {
        const one = world.node(node)
        return one.running ? one.machine : undefined
      },
      rows: (node: number) => world.node(node).rows,
      peerId: (node: number) => world.node(node).peerId,
      address: (node: number) => world.node(node).address,
    }
    runPlan(world, this.#protocol.found(look), 60_000, () => {
      founded = true
    })
    for (let ms = world.nowMs; !founded && ms < FOUND_MS; ms += SLICE_MS) {
      if (this.#run.signal.aborted) return
      await this.#to(ms, 'founding')
    }
    if (!founded) throw new CoterieError('INTERNAL', 'The groups could not be founded.')
  }

  /** Plays all events. */
  async play(): Promise<void> {
    if (this.#run.signal.aborted) return
    this.#begin()
    for (const event of this.#run.scenario.events) {
      await this.#until(event.atMs)
      if (this.#run.signal.aborted) return
      this.#happen(event)
    }
    await this.#until(this.#run.scenario.run.durationMs)
  }

  /** Waits until everybody who can holds the same, or until time is up. */
  async quiesce(): Promise<void> {
    if (this.#run.signal.aborted) return this.#end('interrupted')
    const { durationMs, quiesceMs, deadlineMs } = this.#run.scenario.run
    this.#tell(-1, { k: 'quiesce' })
    // What was asked last may still be answered.
    await this.#until(durationMs + Math.min(deadlineMs, quiesceMs))
    let quiet = 0
    for (;;) {
      if (this.#run.signal.aborted) return this.#end('interrupted')
      const left = durationMs + quiesceMs - this.#nowMs
      quiet = this.#isQuiet() ? quiet + 1 : 0
      if (quiet >= PROBES || left <= 0) break
      await this.#until(this.#nowMs + Math.min(PROBE_MS, left))
    }
    this.#end(quiet >= PROBES ? 'quiet' : 'bound')
  }

  get #nowMs(): number {
    return this.#world.nowMs - this.#startMs
  }

  #begin(): void {
    const { scenario, protocol, use } = this.#run
    const world = this.#world
    this.#startMs = world.nowMs
    this.#begun = true
    const { name, seed, nodes, groups, network } = scenario
    const members = groups.map((group) => group.members)
    const { as } = use
    const engine = 'sim'
    this.#tell(-1, { k: 'run', protocol: as, scenario: name, seed, engine, nodes, groups: members })
    world.restartWeather()
    const links = composeLinks(nodes, network, [])
    world.setLinks(links)
    this.#tell(-1, { k: 'links', matrix: links })
    for (const node of this.#own) this.#tell(node, { k: 'life', up: true })
    this.#protocol.begin((node, fact) => this.#tell(node, fact))
    this.#tell(-1, { k: 'cov', what: `began: ${protocol.name}` })
  }

  #happen(event: ScenarioEvent): void {
    if (event.kind === 'operation') return this.#operate(event)
    this.#digests()
    this.#faults.happen(event)
  }

  #operate(event: OperationEvent): void {
    const { id, operation: f, group: g } = event
    const actors = event.actors.flatMap((ref) => this.#resolve(ref) ?? [])
    const running = actors.filter((node) => this.#world.node(node).running)
    const target = event.target === undefined ? undefined : this.#resolve(event.target)
    const performed = this.#protocol.perform({
      id,
      kind: f,
      group: g,
      actors: running,
      bytes: event.bytes ?? 0,
      target,
    })
    const node = performed.actor ?? actors[0] ?? -1
    const about = target === undefined ? {} : { target }
    this.#tell(node, { k: 'op', id, f, phase: 'invoke', g, ...about })
    if (performed.actor === undefined) {
      const reason = running.length === 0 ? 'not running' : performed.reason
      return this.#tell(node, { k: 'op', id, f, phase: 'fail', g, reason })
    }
    let over = false
    const close = (fact: Fact): void => {
      if (over) return
      over = true
      this.#tell(node, fact)
    }
    const { deadlineMs } = this.#run.scenario.run
    runPlan(this.#world, performed.plan, deadlineMs, (outcome) =>
      close({ k: 'op', id, f, g, ...outcome }),
    )
  }

  #isQuiet(): boolean {
    return this.#setup.groups.every((_, group) => {
      const { core } = this.#run.scenario
      const nodes = this.#own.filter(
        (node) => !this.#faults.liars.has(node) && core?.nodes.includes(node) !== false,
      )
      return allAgree(nodes.flatMap((node) => this.#digestOf(node, group) ?? []))
    })
  }

  #digests(): void {
    this.#setup.groups.forEach((_, group) => {
      for (const node of this.#own) {
        const digest = this.#digestOf(node, group)
        if (digest !== undefined) this.#tell(node, { k: 'digest', g: group, ...digest })
      }
    })
  }

  #digestOf(node: number, group: number) {
    return this.#world.node(node).running ? this.#protocol.digest(node, group) : undefined
  }

  #end(why: 'quiet' | 'bound' | 'interrupted'): void {
    if (!this.#begun) return
    this.#settle()
    this.#digests()
    for (const node of this.#own) {
      const { frames, bytes } = this.#world.traffic(node)
      this.#tell(node, { k: 'sent', frames, bytes })
      const counts = { ...this.#world.node(node).cryptoCounts }
      this.#tell(node, { k: 'cr', counts })
    }
    this.#tell(-1, { k: 'end', why, world: this.#world.traceHash() })
  }

  #resolve(ref: NodeRef): number | undefined {
    return typeof ref === 'number' ? ref : this.#protocol.managerOf(ref.managerOf)
  }

  /** The protocol looks at a node once, after all that happens to it in this instant. */
  #mark(node: number): void {
    if (this.#dirty.size === 0) this.#world.at(this.#world.nowMs, () => this.#settle(), 'settle')
    this.#dirty.add(node)
  }

  #settle(): void {
    const nodes = [...this.#dirty]
    this.#dirty.clear()
    for (const node of nodes) if (this.#world.node(node).running) this.#protocol.settled(node)
  }

  #tell(node: number, fact: Fact): void {
    if (this.#begun) this.#run.tell(Math.round(this.#nowMs * 1_000), node, fact)
  }

  #moved({ node, ...about }: Moved): void {
    this.#tell(node, { k: 'net', ...about })
  }

  #until(ms: number): Promise<void> {
    return this.#to(this.#startMs + ms, 'running')
  }

  /** Runs up to a moment of the world's own time. */
  async #to(ms: number, what = ''): Promise<void> {
    const world = this.#world
    while (world.nowMs < ms && !this.#run.signal.aborted) {
      world.run(Math.min(ms, world.nowMs + SLICE_MS))
      if (this.#failure !== undefined) throw this.#failure
      const now = performance.now()
      if (now - this.#breathMs < BREATH_MS) continue
      this.#breathMs = now
      this.#say(what)
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }

  /** A node without room to write may end; any other end of its own is a defect. */
  #fatal(node: number, error: Error): void {
    if (this.#faults.excuses(node)) return this.#tell(node, { k: 'life', up: false })
    const message = `node ${node} at ${this.#nowMs} ms: ${error.message}`
    const { code = 'INTERNAL', hint } = error instanceof CoterieError ? error : {}
    this.#failure ??= new CoterieError(
      code,
      message,
      hint ? { hint, cause: error } : { cause: error },
    )
  }

  #say(what: string): void {
    const { durationMs, quiesceMs } = this.#run.scenario.run
    const whole = durationMs + quiesceMs / 4
    const done = this.#begun ? Math.min(1, this.#nowMs / whole) : 0
    this.#run.progress({ done, protocol: this.#run.use.as, what })
  }
}

export function setupOf(scenario: Materialised, given: Setup['with']): Setup {
  const { nodes, groups, seed, network } = scenario
  const absent = new Set(network.absent.flatMap(([a, b]) => [a * nodes + b, b * nodes + a]))
  return { nodes, groups, seed, with: given, absent }
}
