// Faults of one run on the simulator: which last at the moment, the matrix that follows from all of
// them, what they do to nodes, and the probe. The probe listens to what arrives: nothing may cross a
// verified cut, and the first thing that crosses again after it tells that the link is back.

import type { FaultEvent, NetworkPlan, NodeRef } from '../../scenario/materialised.ts'
import type { Fact } from '../../trace/event.ts'
import type { LinkTable } from '../../world/links.ts'
import type { World } from '../../world/world.ts'
import { composeLinks } from './compose.ts'
import type { Minds } from './minds.ts'
import {
  type ResolvedFault,
  type ResolveNode,
  isInForce,
  mayArrive,
  nodesOf,
  resolveFault,
} from './resolve.ts'

export interface FaultDeskParts {
  readonly world: World
  readonly minds: Minds
  readonly network: NetworkPlan
  readonly resolve: ResolveNode
  /** Whether a node is run here: others are struck where they are. */
  readonly owns: (node: number) => boolean
  readonly tell: (node: number, fact: Fact) => void
  readonly restarted: (node: number) => void
}

const writes = { keep: 'kept', lose: 'lost', torn: 'torn' } as const

/** How often it is tried to start a node that is still ending. */
const REOPEN_MS = 5

export class FaultDesk {
  readonly #parts: FaultDeskParts
  readonly #active = new Map<string, ResolvedFault>()
  /** The links before the last change, while it is of interest who reaches whom again. */
  #before: LinkTable | undefined
  readonly #crossed = new Set<number>()
  #cuts = false
  /** Who was ever made to lie. */
  readonly liars = new Set<number>()

  constructor(parts: FaultDeskParts) {
    this.#parts = parts
  }

  happen({ id, part, fault }: FaultEvent): void {
    const { tell, resolve, world } = this.#parts
    const name = `${id}/${part}`
    const ended = this.#active.get(name)
    if (ended !== undefined) {
      this.#active.delete(name)
      this.#change(ended)
      this.#end(ended)
      tell(-1, { k: 'fault', id, part, state: 'off', what: ended.do })
    }
    if (fault === undefined) return
    const resolved = resolveFault(fault, world.size, (ref: NodeRef) => resolve(ref))
    const nodes = nodesOf(resolved)
    const lies = resolved.do === 'byzantine' ? { lies: resolved.lies } : {}
    tell(-1, { k: 'fault', id, part, state: 'requested', what: resolved.do, nodes, ...lies })
    this.#active.set(name, resolved)
    this.#change(resolved)
    this.#strike(resolved)
    const state = this.#isFound(resolved) ? 'verified' : 'unverified'
    tell(-1, { k: 'fault', id, part, state, what: resolved.do })
  }

  /** Something arrived at a node from another. */
  delivered(from: number, to: number): void {
    const { world, tell } = this.#parts
    if (this.#cuts && !mayArrive(world.links, from, to)) return tell(to, { k: 'leak', from })
    if (this.#before === undefined || mayArrive(this.#before, from, to)) return
    const pair = from * world.size + to
    if (this.#crossed.has(pair)) return
    this.#crossed.add(pair)
    tell(to, { k: 'cross', from })
  }

  /** Whether a node may end by itself now. */
  excuses(node: number): boolean {
    return [...this.#active.values()].some(
      (each) => each.do === 'disk' && each.nodes.includes(node),
    )
  }

  #change(fault: ResolvedFault): void {
    if (fault.do !== 'split' && fault.do !== 'cut' && fault.do !== 'link') return
    const { world, network, tell } = this.#parts
    const active = [...this.#active.values()]
    const matrix = composeLinks(world.size, network, active)
    this.#before = world.links
    this.#crossed.clear()
    this.#cuts = active.some((each) => each.do === 'split' || each.do === 'cut')
    world.setLinks(matrix)
    tell(-1, { k: 'links', matrix })
  }

  /** Looked at where it strikes somebody who is run here. */
  #isFound(fault: ResolvedFault): boolean {
    const { world, minds, owns } = this.#parts
    if (!('nodes' in fault) || fault.nodes.length === 0) return isInForce(world, minds, fault)
    const nodes = fault.nodes.filter(owns)
    return nodes.length === 0 || isInForce(world, minds, { ...fault, nodes })
  }

  #strike(fault: ResolvedFault): void {
    const { world, minds, tell, owns } = this.#parts
    if (!('nodes' in fault)) return
    for (const node of fault.nodes.filter(owns)) {
      switch (fault.do) {
        case 'crash':
          world.crash(node, { writes: writes[fault.unsynced], silent: fault.silent })
          tell(node, { k: 'life', up: false })
          break
        case 'offline':
          world.stop(node)
          tell(node, { k: 'life', up: false })
          break
        case 'skew':
          world.setClock(node, { skewMs: fault.skewMs, driftPpm: fault.driftPpm })
          break
        case 'disk':
          world.fillDisk(node)
          break
        case 'pause':
          minds.strain(node)?.pause(true)
          break
        case 'slow':
          minds.strain(node)?.slow(fault.factor)
          break
        case 'byzantine':
          this.liars.add(node)
          minds.liar(node)?.begin(fault.lies)
      }
    }
  }

  #end(fault: ResolvedFault): void {
    const { world, minds, owns } = this.#parts
    if (!('nodes' in fault)) return
    for (const node of fault.nodes.filter(owns)) {
      switch (fault.do) {
        case 'crash':
        case 'offline':
          this.#start(node)
          break
        case 'skew':
          world.setClock(node, {})
          break
        case 'disk':
          world.fillDisk(node, false)
          if (!world.node(node).running) this.#start(node)
          break
        case 'pause':
          minds.strain(node)?.pause(false)
          break
        case 'slow':
          minds.strain(node)?.slow(1)
          break
        case 'byzantine':
          minds.liar(node)?.end()
      }
    }
  }

  #start(node: number): void {
    const { world, tell, restarted } = this.#parts
    if (world.node(node).running) {
      world.at(world.nowMs + REOPEN_MS, () => this.#start(node), 'reopen')
      return
    }
    world.restart(node)
    restarted(node)
    tell(node, { k: 'life', up: true })
  }
}
