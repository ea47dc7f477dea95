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
  /** Probability that an envelope is lost. Default: 0. */
  readonly loss: number
  /** Probability that an envelope arrives twice. Default: 0. */
  readonly duplicate: number
  /** Probability that an envelope may be overtaken by later ones. Default: 0. */
  readonly reorder: number
}

export const linkDefaults: Link = Object.freeze({
  cut: 'none',
  delayMs: 20,
  jitterMs: 0,
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
  /** What they say holds over the split, what they leave out does not. Later ones win. */
  readonly rules?: readonly LinkRule[]
}

/** In several sides. */
const BRIDGE = -2
/** In none. */
const FREE = -1

/** The matrix in force, made for look-up. */
export class LinkTable {
  readonly #nodes: number
  readonly #base: Link
  readonly #apart: Link
  readonly #forward: boolean
  readonly #sideOf: Int32Array | undefined
  readonly #bridges = new Map<number, ReadonlySet<number>>()
  readonly #rules = new Map<number, Link>()

  constructor(nodes: number, matrix: LinkMatrix = {}) {
    this.#nodes = nodes
    this.#base = Object.freeze({ ...linkDefaults, ...matrix.base })
    this.#apart = Object.freeze({ ...this.#base, cut: matrix.split?.cut ?? 'none' })
    this.#forward = matrix.split?.direction === 'forward'
    this.#sideOf = matrix.split === undefined ? undefined : this.#placed(matrix.split)
    for (const { from, to, link } of matrix.rules ?? []) {
      const under = this.#rules.get(this.#pair(from, to)) ?? this.link(from, to)
      this.#rules.set(this.#pair(from, to), Object.freeze({ ...under, ...link }))
    }
  }

  /** The link from one node to another. */
  link(from: number, to: number): Link {
    if (this.#rules.size > 0) {
      const rule = this.#rules.get(from * this.#nodes + to)
      if (rule !== undefined) return rule
    }
    return this.#sideOf !== undefined && this.#separated(this.#sideOf, from, to)
      ? this.#apart
      : this.#base
  }

  #separated(sideOf: Int32Array, from: number, to: number): boolean {
    const here = sideOf[from] ?? FREE
    const there = sideOf[to] ?? FREE
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

  #placed(split: Split): Int32Array {
    const sideOf = new Int32Array(this.#nodes).fill(FREE)
    split.sides.forEach((nodes, side) => {
      for (const node of nodes) {
        this.#check(node)
        const before = sideOf[node] ?? FREE
        if (before === FREE) sideOf[node] = side
        else {
          this.#bridges.set(node, new Set([...this.#sidesOf(node, before), side]))
          sideOf[node] = BRIDGE
        }
      }
    })
    return sideOf
  }

  #pair(from: number, to: number): number {
    this.#check(from)
    this.#check(to)
    return from * this.#nodes + to
  }

  #check(node: number): void {
    if (!Number.isInteger(node) || node < 0 || node >= this.#nodes) {
      throw new RangeError(`the world has no node ${node}`)
    }
  }
}

/** Whether bytes pass now: `no-new` lets them. */
export function passes(link: Link): boolean {
  return link.cut === 'none' || link.cut === 'no-new'
}
