// Which node reaches which, and how well. The whole matrix is set at once for an instant: nothing is
// ever added to what was there, so no rule can be left over. Pairs are computed, not stored, unless
// one is named: a thousand alike nodes cost nothing.

/**
 * How a link is cut. `none`: it is up. `blackhole`: silent, everything into it vanishes and nobody is
 * told. `reset`: connections end at once and dials are refused. `no-new`: what is open goes on, dials
 * are refused. `hold`: everything waits, and leaves when the link is up again.
 */
export type Cut = 'none' | 'blackhole' | 'reset' | 'no-new' | 'hold'

/** One direction between two nodes. */
export interface Link {
  /** Default: `none`. */
  readonly cut: Cut
  /** Milliseconds that everything takes at least. Default: 20. */
  readonly delayMs: number
  /** Milliseconds added at random, evenly between none and this. Default: 0. */
  readonly jitterMs: number
  /**
   * Above 0: what is added is lognormal instead, `jitterMs` its median and this the deviation of its
   * logarithm. Default: 0.
   */
  readonly jitterSigma: number
  /** Probability that an envelope is lost. Default: 0. */
  readonly loss: number
  /** Probability that an envelope arrives twice. Default: 0. */
  readonly duplicate: number
  /** Probability that an envelope may be overtaken by later ones. Default: 0. */
  readonly reorder: number
}

/** How bad each is, from least to worst: what happens where two faults meet. */
const severity: Readonly<Record<Cut, number>> = Object.freeze({
  none: 0,
  'no-new': 1,
  hold: 2,
  reset: 3,
  blackhole: 4,
})

/** The worse of two cuts. */
export function worse(one: Cut, other: Cut): Cut {
  return severity[one] >= severity[other] ? one : other
}

export const linkDefaults: Link = Object.freeze({
  cut: 'none',
  delayMs: 20,
  jitterMs: 0,
  jitterSigma: 0,
  loss: 0,
  duplicate: 0,
  reorder: 0,
})

export interface Split {
  /**
   * Nodes that still reach each other, side by side. A node in no side reaches everybody; a node in
   * several is a bridge between them.
   */
  readonly sides: readonly (readonly number[])[]
  readonly cut: Exclude<Cut, 'none'>
  /** `forward` cuts only what goes from an earlier side to a later one. Default: `both`. */
  readonly direction?: 'both' | 'forward'
}

/** One directed pair that differs. */
export interface LinkRule {
  readonly from: number
  readonly to: number
  readonly link: Partial<Link>
}

/** The state of every link at an instant. */
export interface LinkMatrix {
  /** Every pair, unless something below says more. Default: `linkDefaults`. */
  readonly base?: Partial<Link>
  readonly split?: Split
  /** More splits at the same time; where several part two nodes, the worst cut holds. */
  readonly splits?: readonly Split[]
  /** What they say holds over the split, what they leave out does not. Later ones win. */
  readonly rules?: readonly LinkRule[]
}

/** In several sides. */
const BRIDGE = -2
/** In none. */
const FREE = -1

/** One split, made for look-up. */
class SplitTable {
  readonly cut: Cut
  readonly #forward: boolean
  readonly #sideOf: Int32Array
  readonly #bridges = new Map<number, ReadonlySet<number>>()

  constructor(nodes: number, split: Split) {
    this.cut = split.cut
    this.#forward = split.direction === 'forward'
    this.#sideOf = new Int32Array(nodes).fill(FREE)
    split.sides.forEach((side, index) => {
      for (const node of side) this.#place(checked(nodes, node), index)
    })
  }

  separates(from: number, to: number): boolean {
    const here = this.#sideOf[from] ?? FREE
    const there = this.#sideOf[to] ?? FREE
    if (here === FREE || there === FREE) return false
    if (here !== BRIDGE && there !== BRIDGE) return this.#forward ? here < there : here !== there
    const sides = this.#sidesOf(from, here)
    const others = this.#sidesOf(to, there)
    if ([...sides].some((side) => others.has(side))) return false
    return !this.#forward || Math.max(...sides) < Math.min(...others)
  }

  #sidesOf(node: number, side: number): ReadonlySet<number> {
    return this.#bridges.get(node) ?? new Set([side])
  }

  #place(node: number, side: number): void {
    const before = this.#sideOf[node] ?? FREE
    if (before !== FREE) this.#bridges.set(node, new Set([...this.#sidesOf(node, before), side]))
    this.#sideOf[node] = before === FREE ? side : BRIDGE
  }
}

/** The matrix in force, made for look-up. */
export class LinkTable {
  readonly #nodes: number
  readonly #base: Link
  readonly #byCut = new Map<Cut, Link>()
  readonly #splits: readonly SplitTable[]
  readonly #rules = new Map<number, Link>()

  constructor(nodes: number, matrix: LinkMatrix = {}) {
    const { base, split, splits = [], rules = [] } = matrix
    this.#nodes = nodes
    this.#base = Object.freeze({ ...linkDefaults, ...base })
    this.#splits = (split === undefined ? splits : [split, ...splits]).map(
      (each) => new SplitTable(nodes, each),
    )
    for (const { from, to, link } of rules) {
      const pair = checked(nodes, from) * nodes + checked(nodes, to)
      const under = this.#rules.get(pair) ?? this.link(from, to)
      this.#rules.set(pair, Object.freeze({ ...under, ...link }))
    }
  }

  /** The link from one node to another. */
  link(from: number, to: number): Link {
    if (this.#rules.size > 0) {
      const rule = this.#rules.get(from * this.#nodes + to)
      if (rule !== undefined) return rule
    }
    let cut: Cut = 'none'
    for (const split of this.#splits) {
      if (split.separates(from, to)) cut = worse(cut, split.cut)
    }
    return cut === 'none' ? this.#base : this.#parted(cut)
  }

  #parted(cut: Cut): Link {
    const known = this.#byCut.get(cut)
    if (known !== undefined) return known
    const link = Object.freeze({ ...this.#base, cut })
    this.#byCut.set(cut, link)
    return link
  }
}

function checked(nodes: number, node: number): number {
  if (Number.isInteger(node) && node >= 0 && node < nodes) return node
  throw new RangeError(`the world has no node ${node}`)
}

/** Whether bytes pass now: `no-new` lets them. */
export function passes(link: Link): boolean {
  return link.cut === 'none' || link.cut === 'no-new'
}
