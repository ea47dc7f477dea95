// Chaos, drawn: which kinds of fault a seed knows (a random part of them, because what all together hide
// a few may show), when each strikes, whom, how hard and for how long. Faults that cannot both be true of
// a node at one time are never drawn together; on links anything meets anything.

import type { SeededRandom } from '../../../base/random.ts'
import { exponential } from '../arrivals.ts'
import type { Fault, LinkChange } from '../materialised.ts'
import { type Part, type ShapedSplit, partsOfShape } from '../shapes.ts'
import { type Menu, unsyncedOf } from './menu.ts'
import type { ChaosKind } from './schema.ts'

export interface ChaosParts {
  readonly random: SeededRandom
  readonly menu: Menu
  /** What there is to choose from; not empty. */
  readonly kinds: readonly ChaosKind[]
  readonly groups: readonly (readonly number[])[]
  readonly fromMs: number
  readonly toMs: number
  readonly perMinute: number
  readonly longestMs: number
}

/** No fault is shorter. */
const SHORTEST_MS = 500
/** Between two faults of one node: it has to be back before it can go again. */
const REST_MS = 1_000
/** A split is worth more than a skewed clock: the mesh is about them. */
const WEIGHTS: Partial<Record<ChaosKind, number>> = { split: 3, cut: 2, flap: 1, link: 2, crash: 2 }

/** Faults from one moment to another, each ending as it was drawn to: some of them later than that. */
export function drawChaos(parts: ChaosParts): Part[] {
  return new Drawing(parts).all()
}

class Drawing {
  readonly #parts: ChaosParts
  readonly #nodes: readonly number[]
  readonly #kinds: readonly ChaosKind[]
  readonly #modes: readonly Mode[]
  /** By node: until when it is down or strained, and until when its clock is wrong. */
  readonly #struck = new Map<number, number>()
  readonly #skewed = new Map<number, number>()

  constructor(parts: ChaosParts) {
    const { random, kinds, menu, groups } = parts
    this.#parts = parts
    this.#nodes = groups.flat()
    this.#kinds = some(kinds, random.fork('kinds')).flatMap((kind) =>
      Array.from({ length: WEIGHTS[kind] ?? 1 }, () => kind),
    )
    this.#modes = modesOf(menu, random.fork('modes'))
  }

  all(): Part[] {
    const { random, fromMs, toMs, perMinute, longestMs } = this.#parts
    const times = random.fork('times')
    const gapMs = 60_000 / perMinute
    const drawn: Part[] = []
    let place = 0
    for (let at = fromMs; at < toMs - SHORTEST_MS; at += exponential(times) * gapMs) {
      const own = random.fork(`fault/${place++}`)
      const atMs = Math.floor(at)
      const forMs = skewedBetween(own, SHORTEST_MS, Math.max(SHORTEST_MS, longestMs))
      drawn.push(...this.#one(pick(this.#kinds, own), own, atMs, atMs + forMs))
    }
    return drawn
  }

  #one(kind: ChaosKind, random: SeededRandom, fromMs: number, toMs: number): Part[] {
    const one = (fault: Fault | undefined): Part[] =>
      fault === undefined ? [] : [{ fromMs, toMs, fault }]
    switch (kind) {
      case 'split':
        return this.#split(random, fromMs, toMs)
      case 'flap':
        return this.#flap(random, fromMs, toMs)
      case 'cut':
        return one(this.#cut(random))
      case 'link':
        return one(this.#link(random))
      case 'skew': {
        const nodes = this.#take(this.#skewed, random, fromMs, toMs)
        return one(nodes && { do: 'skew', nodes, ...skewOf(random) })
      }
      default: {
        const nodes = this.#take(this.#struck, random, fromMs, toMs)
        return one(nodes && struck(kind, nodes, random, this.#parts.menu))
      }
    }
  }

  #split(random: SeededRandom, fromMs: number, toMs: number): Part[] {
    const groups = this.#parts.groups.map((group) => random.shuffle(group))
    const small = Math.min(...groups.map((group) => group.length)) < SHAPED_NODES_MIN
    const item: ShapedSplit = {
      shape: pick(small ? simpleShapes : [...simpleShapes, ...largeShapes], random),
      mode: pick(this.#modes, random),
      direction: random.below(5) === 0 ? 'forward' : 'both',
    }
    const forMs = toMs - fromMs
    const everyMs = Math.max(1, Math.floor(forMs / (3 * this.#nodes.length)))
    return partsOfShape({ item, groups, forMs, everyMs, target: [], random })
      .map((part) => ({ ...part, fromMs: fromMs + part.fromMs, toMs: fromMs + part.toMs }))
      .filter((part) => part.toMs > part.fromMs)
  }

  /** One split again and again, with breaks too short to be sure of anything, or just long enough. */
  #flap(random: SeededRandom, fromMs: number, toMs: number): Part[] {
    const [cutMs, healMs] = [between(random, 300, 6_000), between(random, 200, 4_000)]
    const sides = this.#parts.groups.map((group) => {
      const order = random.shuffle(group)
      return order.slice(0, 1 + random.below(order.length - 1))
    })
    const mode = pick(this.#modes, random)
    const fault: Fault = { do: 'split', sides: [sides.flat()], rest: true, mode, direction: 'both' }
    const turns = Math.max(1, Math.floor((toMs - fromMs + healMs) / (cutMs + healMs)))
    return Array.from({ length: turns }, (_, turn): Part => {
      const at = fromMs + turn * (cutMs + healMs)
      return { fromMs: at, toMs: at + cutMs, fault }
    })
  }

  /** One way only: some are not heard by some others, and hear them. */
  #cut(random: SeededRandom): Fault {
    const [from, to] = this.#pairs(random)
    return { do: 'cut', from, to, mode: pick(this.#modes, random), both: random.below(4) === 0 }
  }

  #link(random: SeededRandom): Fault {
    const everywhere = random.below(3) === 0
    const [from, to] = everywhere ? [[], []] : this.#pairs(random)
    const names = [...this.#parts.menu.changes].filter((name) => name !== 'jitterSigma')
    const change = Object.fromEntries(
      some(names, random).map((name) => [name, CHANGES[name](random)]),
    )
    return { do: 'link', from, to, both: random.below(2) === 0, change }
  }

  #pairs(random: SeededRandom): [number[], number[]] {
    const order = random.shuffle(this.#nodes)
    const middle = 1 + random.below(order.length - 1)
    const last = middle + 1 + random.below(order.length - middle)
    return [order.slice(0, middle), order.slice(middle, last)]
  }

  /** One or two nodes of whom that can be true in this time; undefined: there is none. */
  #take(
    until: Map<number, number>,
    random: SeededRandom,
    fromMs: number,
    toMs: number,
  ): number[] | undefined {
    const free = this.#nodes.filter((node) => (until.get(node) ?? 0) + REST_MS <= fromMs)
    const nodes = random.shuffle(free).slice(0, random.below(4) === 0 ? 2 : 1)
    for (const node of nodes) until.set(node, toMs)
    return nodes.length === 0 ? undefined : nodes
  }
}

type Mode = Menu['modes'] extends ReadonlySet<infer One> ? One : never

const simpleShapes = [
  'random',
  'random',
  'halves',
  'majority-minority',
  'isolate-one',
  'isolate-manager',
  'bridge',
  'swizzle',
] as const
const largeShapes = ['two-leaf', 'ring', 'nested'] as const
const SHAPED_NODES_MIN = 4

/** A link that holds back what another loses is a contradiction: a seed knows one or the other. */
function modesOf({ modes }: Menu, random: SeededRandom): Mode[] {
  const lossy = (['blackhole', 'reset', 'no-new'] as const).filter((mode) => modes.has(mode))
  const patient = (['hold', 'no-new'] as const).filter((mode) => modes.has(mode))
  const holds = modes.has('hold') && (lossy.length === 0 || random.below(4) === 0)
  if (holds) return patient
  return lossy.length === 0 ? [] : some(lossy, random)
}

const CHANGES: Readonly<
  Record<Exclude<keyof LinkChange, 'jitterSigma'>, (random: SeededRandom) => number>
> = {
  delayMs: (random) => skewedBetween(random, 50, 2_000),
  jitterMs: (random) => skewedBetween(random, 20, 500),
  loss: (random) => round(random.float() * 0.5),
  duplicate: (random) => round(random.float() * 0.3),
  reorder: (random) => round(random.float() * 0.5),
}

const HOUR_MS = 3_600_000

function skewOf(random: SeededRandom): { skewMs: number; driftPpm: number } {
  const skewMs = skewedBetween(random, 1_000, HOUR_MS) * (random.below(2) === 0 ? 1 : -1)
  return { skewMs, driftPpm: random.below(3) === 0 ? between(random, -20_000, 20_000) : 0 }
}

function struck(
  kind: 'crash' | 'offline' | 'pause' | 'slow' | 'disk',
  nodes: readonly number[],
  random: SeededRandom,
  menu: Menu,
): Fault {
  if (kind === 'slow') return { do: kind, nodes, factor: skewedBetween(random, 2, 40) }
  if (kind !== 'crash') return { do: kind, nodes }
  const silent = menu.crashes.has('silent') && random.below(2) === 0
  return { do: kind, nodes, unsynced: pick(unsyncedOf(menu), random), silent }
}

/** Each with even odds, and at least one of them. */
export function some<T>(all: readonly T[], random: SeededRandom): T[] {
  const kept = all.filter(() => random.below(2) === 0)
  return kept.length > 0 ? kept : [pick(all, random)]
}

export function pick<T>(all: readonly T[], random: SeededRandom): T {
  if (all.length === 0) throw new RangeError('nothing to pick from')
  return all[random.below(all.length)] as T
}

const between = (random: SeededRandom, low: number, high: number): number =>
  low + random.below(high - low + 1)

/** More of the small than of the large. */
function skewedBetween(random: SeededRandom, low: number, high: number): number {
  const part = random.float()
  return Math.round(low + (high - low) * part * part)
}

const round = (share: number): number => Math.round(share * 1_000) / 1_000
