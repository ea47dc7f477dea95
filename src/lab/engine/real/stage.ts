// One run on real nodes: found the groups, play the events at their times, wait until nothing changes.
// Time is that of the wall; what is told goes through a log that puts it in order. No operation waits
// for another: each has its own deadline.

import { sleep } from '../../demo/wait.ts'
import type { NodeRef, OperationEvent } from '../../scenario/materialised.ts'
import type { Fact } from '../../trace/event.ts'
import type { EngineName, EngineReport, EngineRun } from '../engine.ts'
import { FactLog } from './fact-log.ts'
import { RealFaults } from './faults.ts'
import type { Mesh } from './mesh.ts'
import { settle } from './settle.ts'
import { Witness } from './witness.ts'
import { foundGroups, perform } from './work.ts'

const PROBE_MS = 500
const PROBES = 3

export class RealStage {
  readonly #run: EngineRun
  readonly #mesh: Mesh
  readonly #engine: EngineName
  readonly #log = new FactLog()
  readonly #witness: Witness
  readonly #faults: RealFaults
  readonly #open = new Set<Promise<void>>()
  readonly #notes: string[] = []
  #groups: readonly string[] = []
  #startMs: number | undefined
  #deaf: Error | undefined

  constructor(run: EngineRun, mesh: Mesh, engine: EngineName) {
    this.#run = run
    this.#mesh = mesh
    this.#engine = engine
    const tell = (node: number, fact: Fact) => this.#tell(node, fact)
    this.#witness = new Witness({
      mesh,
      tell,
      tellBack: (thenUs, node, fact) => {
        if (this.#startMs !== undefined) this.#log.addBack(thenUs, node, fact)
      },
      nowUs: () => this.#nowMs * 1_000,
      heardFrom: (node, from, ms) => this.#faults.heardFrom(node, from, ms),
      onDeaf: (node, why) => (this.#deaf ??= new Error(`node ${node} is heard no more: ${why}`)),
    })
    this.#faults = new RealFaults({
      mesh,
      witness: this.#witness,
      network: run.scenario.network,
      resolve: (ref) => this.#resolve(ref),
      tell,
      tellAll: (facts) => this.#tellAll(facts),
    })
  }

  /** All of it. What was told until then is told on, however it ends. */
  async play(): Promise<Pick<EngineReport, 'steps' | 'notes'>> {
    const { tell, scenario, signal } = this.#run
    try {
      await this.#found()
      await this.#events()
      await this.#quiesce()
    } catch (error) {
      if (!signal.aborted) throw error
      this.#end('interrupted')
    } finally {
      this.#witness.close()
      if (this.#startMs !== undefined) this.#log.flush(tell)
    }
    const cut = scenario.events.some((event) => event.kind === 'fault')
    const faults = cut ? this.#faults.notes : []
    return { steps: this.#mesh.steps, notes: [...faults, ...this.#notes] }
  }

  async #found(): Promise<void> {
    const { scenario, use, protocol } = this.#run
    this.#say('founding')
    const { groups, nodes, name, seed } = scenario
    this.#groups = await foundGroups(this.#mesh, groups, String(use.with['policy'] ?? 'balanced'))
    const ids = this.#groups
    await Promise.all(
      groups.flatMap(({ members }, g) =>
        members.map((node) => this.#witness.begin(node, g, ids[g] ?? '')),
      ),
    )
    this.#startMs = performance.now()
    const members = groups.map((group) => group.members)
    const about = { protocol: use.as, scenario: name, seed, engine: this.#engine, nodes }
    this.#tell(-1, { k: 'run', ...about, groups: members })
    await this.#faults.begin()
    for (let node = 0; node < nodes; node++) this.#tell(node, { k: 'life', up: true })
    this.#witness.start()
    this.#tell(-1, { k: 'cov', what: `began: ${protocol.name}` })
  }

  async #events(): Promise<void> {
    for (const event of this.#run.scenario.events) {
      await this.#until(event.atMs)
      if (event.kind === 'operation') this.#operate(event)
      else {
        this.#tellAll(await this.#digests())
        await this.#faults.happen(event)
      }
    }
    await this.#until(this.#run.scenario.run.durationMs)
  }

  async #quiesce(): Promise<void> {
    const { durationMs, quiesceMs } = this.#run.scenario.run
    await this.#faults.looked()
    this.#tell(-1, { k: 'quiesce' })
    // What was asked last may still be answered; each has its deadline.
    await Promise.all(this.#open)
    const pause = async () => {
      await this.#until(this.#nowMs + PROBE_MS)
      return this.#nowMs < durationMs + quiesceMs
    }
    const { last, isQuiet } = await settle(
      PROBES,
      () => this.#digests(),
      (seen) => this.#agree(seen),
      pause,
    )
    this.#tellAll(last)
    await this.#learn()
    this.#end(isQuiet ? 'quiet' : 'bound')
  }

  /** What messages build on, asked for once nobody is disturbed by it. */
  async #learn(): Promise<void> {
    const nodes = Array.from({ length: this.#mesh.nodes }, (_, node) => node)
    const answering = nodes.filter((node) => this.#faults.isAnswering(node))
    try {
      const left = await this.#witness.learn(answering)
      if (left > 0) this.#notes.push(`nobody holds ${left} messages: C4 does without them`)
    } catch (error) {
      this.#mesh.signal.throwIfAborted()
      this.#notes.push(`C4 does without what was not learnt: ${String(error)}`)
    }
  }

  #operate(event: OperationEvent): void {
    const { id, operation: f, group: g } = event
    const actors = event.actors.flatMap((ref) => this.#resolve(ref) ?? [])
    const running = actors.filter((node) => this.#faults.isUp(node))
    const target = event.target === undefined ? undefined : this.#resolve(event.target)
    const governs = f === 'kick' || f === 'rekey'
    const actor = running.find((node) => !governs || this.#witness.leads(node))
    const node = actor ?? actors[0] ?? -1
    const about = target === undefined ? {} : { target }
    this.#tell(node, { k: 'op', id, f, phase: 'invoke', g, ...about })
    if (actor === undefined) {
      const reason = running.length === 0 ? 'not running' : 'no leader among them'
      return this.#tell(node, { k: 'op', id, f, phase: 'fail', g, reason })
    }
    const { deadlineMs } = this.#run.scenario.run
    const hosts = this.#run.scenario.groups[g]?.leaders ?? []
    const group = this.#groups[g] ?? ''
    const task = { event, group, node: actor, target, hosts, deadlineMs }
    const done = perform(this.#mesh, this.#witness, task).then((outcome) => {
      this.#tell(node, { k: 'op', id, f, g, ...outcome })
      this.#open.delete(done)
    })
    this.#open.add(done)
  }

  /** What everybody who runs holds, all asked at one instant. */
  async #digests(): Promise<[number, Fact][]> {
    const nodes = Array.from({ length: this.#mesh.nodes }, (_, node) => node)
    const running = nodes.filter((node) => this.#faults.isAnswering(node))
    const digests = await Promise.all(
      running.map(async (node) => ({ node, digest: await this.#witness.digest(node) })),
    )
    return digests.flatMap(({ node, digest }): [number, Fact][] =>
      digest === undefined ? [] : [[node, { k: 'digest', ...digest }]],
    )
  }

  #agree(digests: readonly (readonly [number, Fact])[]): boolean {
    // Who is never healed, or lied, need not agree.
    const { core } = this.#run.scenario
    const { liars } = this.#faults
    const counted = digests.filter(([node]) => {
      return core?.nodes.includes(node) !== false && !liars.has(node)
    })
    return new Set(counted.map(([, fact]) => JSON.stringify(fact))).size <= this.#groups.length
  }

  #end(why: 'quiet' | 'bound' | 'interrupted'): void {
    if (this.#startMs !== undefined) this.#tell(-1, { k: 'end', why })
  }

  get #nowMs(): number {
    return this.#startMs === undefined ? 0 : performance.now() - this.#startMs
  }

  #tell(node: number, fact: Fact): void {
    if (this.#startMs !== undefined) this.#log.add(this.#nowMs * 1_000, node, fact)
  }

  #tellAll(facts: readonly (readonly [number, Fact])[]): void {
    if (this.#startMs !== undefined) this.#log.addAt(this.#nowMs * 1_000, facts)
  }

  #resolve(ref: NodeRef): number | undefined {
    if (typeof ref === 'number') return ref
    return this.#witness.managerOf(this.#run.scenario.groups[ref.managerOf]?.members ?? [])
  }

  /** Waits for a moment of the run. @throws when the bench went deaf, or is to end */
  async #until(ms: number): Promise<void> {
    this.#say('running')
    if (ms > this.#nowMs) await sleep(ms - this.#nowMs, this.#mesh.signal)
    this.#mesh.signal.throwIfAborted()
    if (this.#deaf !== undefined) throw this.#deaf
  }

  #say(what: string): void {
    const { durationMs, quiesceMs } = this.#run.scenario.run
    const done = Math.min(1, this.#nowMs / (durationMs + quiesceMs / 4))
    this.#run.progress({ done, protocol: this.#run.use.as, what })
  }
}
