// Faults on real nodes: which last at the moment, the one matrix that follows from all of them, and what
// they do to processes. None counts before the probe, which asks no node, found it in force: until then
// it is requested, and unverified if that never comes.

import type { FaultEvent, NetworkPlan } from '../../scenario/materialised.ts'
import type { Fact } from '../../trace/event.ts'
import { LinkTable, passes } from '../../world/links.ts'
import { composeLinks } from '../sim/compose.ts'
import { type ResolvedFault, type ResolveNode, nodesOf, resolveFault } from '../sim/resolve.ts'
import { Liars } from './liars.ts'
import type { Mesh } from './mesh.ts'
import type { Witness } from './witness.ts'

export interface RealFaultsParts {
  readonly mesh: Mesh
  readonly witness: Witness
  readonly network: NetworkPlan
  readonly resolve: ResolveNode
  readonly tell: (node: number, fact: Fact) => void
  /** Several facts of one instant. */
  readonly tellAll: (facts: readonly (readonly [number, Fact])[]) => void
}

/** How often the probe may look until it finds a fault in force. */
const LOOKS_MAX = 4
/** News of what came before a cut may be so late. */
const LATE_MS = 1_500

export class RealFaults {
  readonly #parts: RealFaultsParts
  readonly #active = new Map<string, ResolvedFault>()
  readonly #down = new Set<number>()
  /** Since when a node gets on as it can again; while it does not: no end. */
  readonly #strainedMs = new Map<number, number>()
  readonly #crossed = new Set<number>()
  readonly #notes = new Set<string>()
  readonly #liars: Liars
  /** Looks that last as long as what they look for, by the name of the fault. */
  readonly #watches = new Map<string, Promise<void>>()
  #links: LinkTable
  #before: LinkTable | undefined
  #changedMs = 0
  #looking: Promise<void> = Promise.resolve()

  constructor(parts: RealFaultsParts) {
    this.#parts = parts
    this.#links = new LinkTable(parts.mesh.nodes)
    parts.mesh.passed = (from, to) => this.#passed(from, to)
    this.#liars = new Liars({
      ...parts,
      note: (text) => void this.#notes.add(text),
      links: () => this.#links,
      down: this.#down,
      isAnswering: (node) => this.isAnswering(node),
    })
  }

  /** Who lies, or did. */
  get liars(): ReadonlySet<number> {
    return this.#liars.ever
  }

  get notes(): readonly string[] {
    return [...this.#notes]
  }

  isUp(node: number): boolean {
    return !this.#down.has(node)
  }

  /** Whether a node is there and answers in its own time: others say late what they hold, or nothing. */
  isAnswering(node: number): boolean {
    return this.isUp(node) && this.#speedOf(node) === 1
  }

  /** The links of the plan, without a fault. */
  async begin(): Promise<void> {
    this.#parts.tellAll(await this.#setLinks())
  }

  async happen({ id, part, fault }: FaultEvent): Promise<void> {
    const { mesh, resolve, tell, tellAll } = this.#parts
    await this.#looking
    const name = `${id}/${part}`
    const ended = this.#active.get(name)
    if (ended !== undefined) {
      this.#active.delete(name)
      await this.#unwatch(name, ended)
      // The heal is the instant in which the links are others, or in which the process runs again.
      const links = isOfLinks(ended) ? await this.#setLinks() : []
      await this.#end(ended)
      tellAll([...links, [-1, { k: 'fault', id, part, state: 'off', what: ended.do }]])
    }
    if (fault === undefined) return
    const resolved = resolveFault(fault, mesh.nodes, resolve)
    const what = resolved.do
    const nodes = nodesOf(resolved)
    const lies = resolved.do === 'byzantine' ? { lies: resolved.lies } : {}
    tell(-1, { k: 'fault', id, part, state: 'requested', what, nodes, ...lies })
    this.#active.set(name, resolved)
    if (isOfLinks(resolved)) tellAll(await this.#setLinks())
    await this.#strike(resolved)
    const looked = this.#verify(resolved).then((found) => {
      tell(-1, { k: 'fault', id, part, state: found ? 'verified' : 'unverified', what })
    })
    // A lie is seen when it does something, which may take other faults, and ends with it at the latest.
    if (resolved.do === 'byzantine') this.#watches.set(name, looked)
    else this.#looking = looked
  }

  /** Resolves when every fault was looked at. */
  async looked(): Promise<void> {
    await this.#looking
    const lasting = [...this.#active].map(([name, fault]) => this.#unwatch(name, fault))
    await Promise.all(lasting)
  }

  /** What was not seen until now never will be. */
  async #unwatch(name: string, fault: ResolvedFault): Promise<void> {
    if (fault.do === 'byzantine') this.#liars.giveUp(fault.nodes)
    await this.#watches.get(name)
    this.#watches.delete(name)
  }

  /** By the word of a node itself: something came to it from another. */
  heardFrom(node: number, from: number, withinMs = 0): void {
    if (passes(this.#links.link(from, node)) || passes(this.#links.link(node, from))) return
    const nowMs = performance.now()
    if (nowMs - withinMs - this.#changedMs < LATE_MS) return
    // Whoever stood still takes up late what came before the cut.
    if (nowMs - (this.#strainedMs.get(node) ?? Number.NEGATIVE_INFINITY) < LATE_MS) return
    this.#parts.tell(node, { k: 'leak', from })
  }

  #passed(from: number, to: number): void {
    if (this.#before === undefined || passes(this.#before.link(from, to))) return
    const pair = from * this.#parts.mesh.nodes + to
    if (this.#crossed.has(pair)) return
    this.#crossed.add(pair)
    this.#parts.tell(to, { k: 'cross', from })
  }

  async #setLinks(): Promise<readonly (readonly [number, Fact])[]> {
    const { mesh, network } = this.#parts
    const matrix = composeLinks(mesh.nodes, network, [...this.#active.values()])
    this.#before = this.#links
    this.#crossed.clear()
    this.#links = new LinkTable(mesh.nodes, matrix)
    await mesh.setLinks(this.#links)
    this.#changedMs = performance.now()
    return [[-1, { k: 'links', matrix }]]
  }

  /** As the most severe of all faults says: 1 as it can, 0 not at all. */
  #speedOf(node: number): number {
    const speeds = [...this.#active.values()].map((fault) => {
      if (!isOfSpeed(fault) || !fault.nodes.includes(node)) return 1
      return fault.do === 'pause' ? 0 : 1 / fault.factor
    })
    return Math.min(1, ...speeds)
  }

  async #pace(fault: ResolvedFault): Promise<void> {
    if (!isOfSpeed(fault)) return
    const { mesh, witness } = this.#parts
    await Promise.all(
      fault.nodes.map(async (node) => {
        const speed = this.#speedOf(node)
        if (speed < 1) this.#strainedMs.set(node, Number.POSITIVE_INFINITY)
        await mesh.pacing?.set(node, speed)
        if (speed < 1) return
        this.#strainedMs.set(node, performance.now())
        witness.ask(node)
      }),
    )
  }

  async #strike(fault: ResolvedFault): Promise<void> {
    await this.#pace(fault)
    if (fault.do === 'byzantine') await this.#liars.begin(fault.nodes, fault.lies)
    if (fault.do !== 'crash' && fault.do !== 'offline') return
    const { mesh, witness, tell } = this.#parts
    await Promise.all(
      fault.nodes.map(async (node) => {
        witness.deafen(node)
        this.#down.add(node)
        tell(node, { k: 'life', up: false })
        await mesh.end(node, fault.do === 'offline' ? 'stop' : 'kill')
      }),
    )
  }

  async #end(fault: ResolvedFault): Promise<void> {
    await this.#pace(fault)
    if (fault.do === 'byzantine') await this.#liars.end(fault.nodes)
    if (fault.do !== 'crash' && fault.do !== 'offline') return
    const { mesh, witness, tell } = this.#parts
    await Promise.all(
      fault.nodes.map(async (node) => {
        await mesh.restart(node)
        this.#down.delete(node)
        tell(node, { k: 'life', up: true })
        await witness.restarted(node)
      }),
    )
  }

  async #verify(fault: ResolvedFault): Promise<boolean> {
    const { mesh } = this.#parts
    if (fault.do === 'crash' || fault.do === 'offline') {
      return fault.nodes.length > 0 && fault.nodes.every((node) => mesh.isGone(node))
    }
    if (isOfSpeed(fault)) return this.#isPaced(fault.nodes)
    if (fault.do === 'byzantine') return this.#liars.seen(fault.nodes)
    const links = this.#links
    for (let look = 0; look < LOOKS_MAX; look++) {
      const wrong = await mesh.look(links)
      if (wrong.length === 0) return true
      if (look === LOOKS_MAX - 1) {
        this.#notes.add(`links not as meant, by the probe: ${wrong.slice(0, 8).join(' ')}`)
      }
    }
    return false
  }

  async #isPaced(nodes: readonly number[]): Promise<boolean> {
    const { pacing } = this.#parts.mesh
    const looks = await Promise.all(
      nodes.map(async (node) => {
        for (let look = 0; look < LOOKS_MAX; look++) {
          if ((await pacing?.look(node, this.#speedOf(node))) === true) return true
        }
        this.#notes.add(`node ${node} does not get on as slowly as it should, by the probe`)
        return false
      }),
    )
    return looks.length > 0 && looks.every(Boolean)
  }
}

type OfSpeed = Extract<ResolvedFault, { do: 'pause' | 'slow' }>

const isOfSpeed = (fault: ResolvedFault): fault is OfSpeed =>
  fault.do === 'pause' || fault.do === 'slow'

const isOfLinks = (fault: ResolvedFault): boolean =>
  fault.do === 'split' || fault.do === 'cut' || fault.do === 'link'
