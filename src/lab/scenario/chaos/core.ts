// The core of a liveness run: which nodes it has, and what becomes of each fault at the moment in which it
// is healed. Whatever is broken inside ends; whatever is broken outside, or between inside and outside,
// lasts for ever, and so that there is something of it each seed breaks some more.

import type { SeededRandom } from '../../../base/random.ts'
import { type Cut, LinkTable, worse } from '../../world/links.ts'
import type { Fault, NodeRef } from '../materialised.ts'
import type { Part } from '../shapes.ts'
import { pick } from './draw.ts'
import type { Menu } from './menu.ts'
import type { LivenessChaos } from './schema.ts'

export interface CoreParts {
  readonly random: SeededRandom
  readonly menu: Menu
  readonly policy: LivenessChaos['core']
  readonly links: LivenessChaos['links']
  readonly nodes: number
  /** Who manages at first, and who may. */
  readonly manager: number
  readonly leaders: readonly number[]
  /** Pairs without a link ever. */
  readonly absent: readonly (readonly [number, number])[]
  /** When it is healed, and when the workload ends. */
  readonly atMs: number
  readonly endMs: number
}

/** Of faults that last for ever. */
export const NEVER_MS = Number.POSITIVE_INFINITY

/** Of two, one may have been removed, and one alone can show nothing. */
const LEAST = 3

/** A connected part of the mesh, never all of it; in order. */
export function chooseCore(parts: CoreParts): number[] {
  const { random, nodes, manager, leaders, absent } = parts
  const policies = ['majority', 'leader', 'manager', 'random'] as const
  const policy = parts.policy === 'any' ? pick(policies, random) : parts.policy
  const least = policy === 'majority' ? Math.floor(nodes / 2) + 1 : Math.min(LEAST, nodes - 1)
  const size = Math.min(nodes - 1, least + random.below(Math.max(1, nodes - least)))
  const all = Array.from({ length: nodes }, (_, node) => node)
  const around = { majority: all, leader: leaders, manager: [manager], random: all }
  const core = [pick(around[policy], random)]
  const apart = new Set(absent.map(([a, b]) => pairOf(a, b)))
  while (core.length < size) {
    const near = all.filter(
      (node) => !core.includes(node) && core.some((one) => !apart.has(pairOf(node, one))),
    )
    if (near.length === 0) break
    core.push(pick(near, random))
  }
  return core.sort((a, b) => a - b)
}

/** What happens to each fault of the chaos at that moment, and what begins then and never ends. */
export interface Broken {
  readonly chaos: readonly Part[]
  readonly forever: readonly Part[]
}

export function breakAround(
  core: readonly number[],
  drawn: readonly Part[],
  parts: CoreParts,
): Broken {
  const inside = new Set(core)
  const { atMs } = parts
  // Of a fault that comes and goes, what would come later never does.
  const begun = drawn.filter(({ fromMs }) => fromMs < atMs)
  const lasting = begun.filter(({ toMs }) => toMs > atMs)
  const chaos = begun.flatMap((part) => (part.toMs > atMs ? endedAt(part, inside, atMs) : part))
  const down = new Set(
    chaos.flatMap(({ toMs, fault }) => (toMs === NEVER_MS && 'nodes' in fault ? fault.nodes : [])),
  )
  const resting = new Set(
    begun.flatMap(({ toMs, fault }) =>
      'nodes' in fault && toMs <= atMs && toMs > atMs - RESTING_MS ? fault.nodes : [],
    ),
  )
  const forever = (fault: Fault): Part => ({ fromMs: atMs, toMs: NEVER_MS, fault })
  const left = [...cutsLeft(lasting, inside, parts.nodes), ...changesLeft(lasting, inside, parts)]
  const outside = Array.from({ length: parts.nodes }, (_, node) => node).filter(
    (node) => !inside.has(node),
  )
  const random = parts.random.fork('breaks')
  const modes = modesOf(parts.menu, drawn)
  const bodies = (['crash', 'offline', 'pause'] as const).filter((one) =>
    parts.menu.faults.has(one),
  )
  const shuffled = random.shuffle(outside.filter((node) => !down.has(node)))
  const more = shuffled.flatMap((node, place): Part[] => {
    // One at least is broken, the others as it comes: some go on reaching all, or some.
    const must = place === 0 && down.size === 0
    if (!must && random.below(4) === 0) return []
    return breakOf(node, core, { ...parts, random }, resting.has(node) ? [] : bodies, modes)
  })
  const gaps = gapsInside(core, parts, modes).map(forever)
  return { chaos, forever: [...left.map(forever), ...more, ...gaps] }
}

type Mode = Exclude<Cut, 'none'>

/** A link that is to hold back cannot lose as well: where the chaos holds back, so does the rest. */
function modesOf({ modes }: Menu, drawn: readonly Part[]): readonly Mode[] {
  const holds = drawn.some(({ fault }) => 'mode' in fault && fault.mode === 'hold')
  if (holds) return ['hold']
  return (['blackhole', 'reset'] as const).filter((one) => modes.has(one))
}

/** Whoever came back within this may still be at it, and cannot go down again. */
const RESTING_MS = 2_000

/** A fault of nodes lasts for those outside; one of links ends, and what is left of it begins anew. */
function endedAt({ fromMs, fault }: Part, inside: ReadonlySet<number>, atMs: number): Part[] {
  if (!('nodes' in fault)) return [{ fromMs, toMs: atMs, fault }]
  const isInside = (ref: NodeRef) => typeof ref !== 'number' || inside.has(ref)
  const [healed, lost] = [fault.nodes.filter(isInside), fault.nodes.filter((n) => !isInside(n))]
  return [
    ...(healed.length > 0 ? [{ fromMs, toMs: atMs, fault: { ...fault, nodes: healed } }] : []),
    ...(lost.length > 0 ? [{ fromMs, toMs: NEVER_MS, fault: { ...fault, nodes: lost } }] : []),
  ]
}

/** The cuts that are in force, but for those between two of the core. */
function cutsLeft(lasting: readonly Part[], inside: ReadonlySet<number>, nodes: number): Fault[] {
  const all = Array.from({ length: nodes }, (_, node) => node)
  const known = lasting.map(({ fault }) => fault).filter((fault) => isKnown(fault))
  const splits = known.flatMap((fault) => {
    if (fault.do !== 'split') return []
    const sides = fault.sides.map((side) => side.filter(isNumber))
    const rest = fault.rest ? [all.filter((node) => !sides.flat().includes(node))] : []
    return [{ sides: [...sides, ...rest], cut: fault.mode, direction: fault.direction }]
  })
  const under = new LinkTable(nodes, { splits })
  const cutOf = (from: number, to: number): Cut =>
    known.reduce<Cut>((worst, fault) => {
      if (fault.do !== 'cut') return worst
      const meant = fault.from.includes(from) && fault.to.includes(to)
      const back = fault.both && fault.from.includes(to) && fault.to.includes(from)
      return meant || back ? worse(worst, fault.mode) : worst
    }, under.link(from, to).cut)
  return all.flatMap((from) => {
    const byMode = new Map<Mode, number[]>()
    for (const to of all) {
      const mode = to === from || (inside.has(from) && inside.has(to)) ? 'none' : cutOf(from, to)
      if (mode !== 'none') byMode.set(mode, [...(byMode.get(mode) ?? []), to])
    }
    return [...byMode].map(([mode, to]): Fault => oneWay([from], to, mode))
  })
}

/** Links that are worse stay so, but for those between two of the core. */
function changesLeft(
  lasting: readonly Part[],
  inside: ReadonlySet<number>,
  { nodes }: CoreParts,
): Fault[] {
  const all = Array.from({ length: nodes }, (_, node) => node)
  const isOutside = (ref: NodeRef) => !isNumber(ref) || !inside.has(ref)
  return lasting.flatMap(({ fault }): Fault[] => {
    if (fault.do !== 'link' || !isKnown(fault)) return []
    const everywhere = fault.from.length === 0
    const [from, to] = everywhere ? [all, all] : [fault.from, fault.to]
    const halves = [
      { ...fault, from: from.filter(isOutside), to },
      { ...fault, from: from.filter((ref) => !isOutside(ref)), to: to.filter(isOutside) },
    ]
    return halves.filter((half) => half.from.length > 0 && half.to.length > 0)
  })
}

/** How a node outside is broken for ever: down, deaf, dumb, reached by some, or by all now and then. */
function breakOf(
  node: number,
  core: readonly number[],
  { random, menu, atMs, endMs }: CoreParts,
  bodies: readonly ('crash' | 'offline' | 'pause')[],
  modes: readonly Mode[],
): Part[] {
  const forever = (fault: Fault): Part[] => [{ fromMs: atMs, toMs: NEVER_MS, fault }]
  const cuts = modes.length > 0 && menu.faults.has('cut')
  const ways = [...bodies, ...(cuts ? cutWays : [])]
  if (ways.length === 0) return []
  const way = pick(ways, random)
  if (way === 'crash') {
    return forever({ do: way, nodes: [node], unsynced: 'keep', silent: menu.crashes.has('silent') })
  }
  if (way === 'offline' || way === 'pause') return forever({ do: way, nodes: [node] })
  const cut = pick(modes, random)
  const order = random.shuffle(core)
  if (way === 'apart') return forever(oneWay([node], order, cut, true))
  if (way === 'deaf') return forever(oneWay(order, [node], cut))
  if (way === 'dumb') return forever(oneWay([node], order, cut))
  const part = order.slice(0, 1 + random.below(order.length))
  if (way === 'partly') return forever(oneWay([node], part, cut, true))
  const [cutMs, healMs] = [1_000 + random.below(6_000), 500 + random.below(4_000)]
  const turns = Math.max(1, Math.ceil((endMs - atMs) / (cutMs + healMs)))
  return Array.from({ length: turns }, (_, turn): Part => {
    const fromMs = atMs + turn * (cutMs + healMs)
    const toMs = turn === turns - 1 ? NEVER_MS : fromMs + cutMs
    return { fromMs, toMs, fault: oneWay([node], part, cut, true) }
  })
}

const cutWays = ['apart', 'deaf', 'dumb', 'partly', 'now and then'] as const

/** Links that the core has to do without: as many as leave it in one piece, and no more. */
function gapsInside(core: readonly number[], parts: CoreParts, modes: readonly Mode[]): Fault[] {
  const { menu, absent } = parts
  const random = parts.random.fork('links')
  const some = parts.links === 'some' || (parts.links === 'any' && random.below(2) === 0)
  if (!some || modes.length === 0 || !menu.faults.has('cut')) return []
  const apart = new Set(absent.map(([a, b]) => pairOf(a, b)))
  const pairs = core.flatMap((a, place) => core.slice(place + 1).map((b) => [a, b] as const))
  const linked = random.shuffle(pairs.filter(([a, b]) => !apart.has(pairOf(a, b))))
  const part = new Map(core.map((node) => [node, node]))
  return linked.flatMap(([a, b]): Fault[] => {
    const [one, other] = [part.get(a), part.get(b)]
    if (one !== other) {
      for (const [node, own] of part) if (own === other) part.set(node, one ?? node)
      return []
    }
    return random.below(2) === 0 ? [] : [oneWay([a], [b], pick(modes, random), true)]
  })
}

function oneWay(from: readonly number[], to: readonly number[], mode: Mode, both = false): Fault {
  return { do: 'cut', from, to, mode, both }
}

const pairOf = (a: number, b: number): string => `${Math.min(a, b)} ${Math.max(a, b)}`

const isNumber = (ref: NodeRef): ref is number => typeof ref === 'number'

/** Whom a fault strikes that names the manager, only its own moment knows: it ends with the chaos. */
function isKnown(fault: Fault): boolean {
  if (fault.do === 'split') return fault.sides.flat().every(isNumber)
  if (fault.do === 'cut' || fault.do === 'link') return [...fault.from, ...fault.to].every(isNumber)
  return fault.nodes.every(isNumber)
}
