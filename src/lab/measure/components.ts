// Who could reach whom, when: the parts into which links and crashes divide the mesh, for every stretch
// of time in which neither changes. A link counts when it passes both ways, because a connection needs
// its acknowledgements; delays count as none. From this follows what any protocol could have brought.

import { type Link, type LinkMatrix, LinkTable, passes } from '../world/links.ts'

/** More are not looked through for bridges. */
const PARTIAL_NODES_MAX = 64

interface Stretch {
  readonly fromUs: number
  /** The part of each node; -1 while it does not run. */
  readonly partOf: Int32Array
}

export class Components {
  readonly #nodes: number
  readonly #sure: boolean
  readonly #stretches: Stretch[] = []
  #table: LinkTable
  readonly #up: Uint8Array
  #staleUs: number | undefined

  /** @param sure whether a link counts only if nobody can be without a connection over it */
  constructor(nodes: number, { sure = false }: { readonly sure?: boolean } = {}) {
    this.#nodes = nodes
    this.#sure = sure
    this.#table = new LinkTable(nodes)
    this.#up = new Uint8Array(nodes).fill(1)
  }

  links(atUs: number, matrix: LinkMatrix): void {
    this.#change(atUs)
    this.#table = new LinkTable(this.#nodes, matrix)
  }

  life(atUs: number, node: number, up: boolean): void {
    if ((this.#up[node] === 1) === up) return
    this.#change(atUs)
    this.#up[node] = up ? 1 : 0
  }

  /** The parts at a moment, by node. */
  at(atUs: number): Int32Array {
    this.#settle()
    return (
      this.#stretches.findLast(({ fromUs }) => fromUs <= atUs)?.partOf ??
      new Int32Array(this.#nodes)
    )
  }

  /** Every stretch of time in which links and runners stay as they are, in order. */
  stretches(endUs: number): readonly (Stretch & { readonly toUs: number })[] {
    this.#settle()
    return this.#stretches.map((stretch, index) => ({
      ...stretch,
      toUs: this.#stretches[index + 1]?.fromUs ?? endUs,
    }))
  }

  /** The nodes that are in one part with a node from a moment to another, without interruption. */
  throughout(node: number, fromUs: number, toUs: number): ReadonlySet<number> {
    this.#settle()
    const parts = this.#stretches
      .filter((_, index) => this.#overlaps(index, fromUs, toUs))
      .map(({ partOf }) => partOf)
    const together = new Set<number>()
    for (let other = 0; other < this.#nodes; other++) {
      if (parts.every((partOf) => partOf[other] === partOf[node] && partOf[other] !== -1)) {
        together.add(other)
      }
    }
    return together
  }

  /**
   * When something that a node had at a moment could have come to each node, carried by anybody;
   * Infinity: never.
   */
  arrivals(node: number, atUs: number): Float64Array {
    this.#settle()
    const arrivals = new Float64Array(this.#nodes).fill(Number.POSITIVE_INFINITY)
    arrivals[node] = atUs
    this.#stretches.forEach(({ fromUs, partOf }, index) => {
      if (!this.#overlaps(index, atUs, Number.POSITIVE_INFINITY)) return
      const parts = new Set<number>()
      arrivals.forEach((arrival, holder) => {
        const part = partOf[holder] ?? -1
        if (arrival < Number.POSITIVE_INFINITY && part >= 0) parts.add(part)
      })
      const sinceUs = Math.max(fromUs, atUs)
      partOf.forEach((part, other) => {
        if (parts.has(part) && sinceUs < (arrivals[other] ?? 0)) arrivals[other] = sinceUs
      })
    })
    return arrivals
  }

  /** Whether these are of one piece at the moment with nobody else to carry for them. */
  isWhole(nodes: ReadonlySet<number>): boolean {
    return this.largestPiece(nodes).size === nodes.size
  }

  /** The most of these who reach each other at the moment with nobody else to carry for them. */
  largestPiece(nodes: ReadonlySet<number>): ReadonlySet<number> {
    const left = new Set([...nodes].filter((node) => this.#up[node] === 1))
    let most: ReadonlySet<number> = new Set()
    for (const first of left) {
      const piece = this.#pieceOf(first, left)
      for (const node of piece) left.delete(node)
      if (piece.size > most.size) most = piece
    }
    return most
  }

  #pieceOf(first: number, nodes: ReadonlySet<number>): ReadonlySet<number> {
    const seen = new Set([first])
    const open = [first]
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      for (const other of nodes) {
        if (seen.has(other) || !this.#linked(node, other)) continue
        seen.add(other)
        open.push(other)
      }
    }
    return seen
  }

  /** Whether somebody reaches two at the moment who do not reach each other: no clean split, a bridge. */
  isPartial(): boolean {
    const nodes = Array.from({ length: this.#nodes }, (_, node) => node)
    if (this.#nodes > PARTIAL_NODES_MAX) return false
    return nodes.some((node) => {
      const near = nodes.filter((other) => other !== node && this.#linked(node, other))
      return near.some((one) => near.some((other) => one < other && !this.#linked(one, other)))
    })
  }

  #overlaps(index: number, fromUs: number, toUs: number): boolean {
    const nextUs = this.#stretches[index + 1]?.fromUs ?? Number.POSITIVE_INFINITY
    return (this.#stretches[index]?.fromUs ?? 0) <= toUs && nextUs > fromUs
  }

  /** Several changes of one instant make one stretch. */
  #change(atUs: number): void {
    if (this.#staleUs !== undefined && this.#staleUs !== atUs) this.#settle()
    this.#staleUs = atUs
  }

  #settle(): void {
    if (this.#staleUs === undefined) return
    // Asked for in the middle of an instant: what was true for none of its time never was.
    if (this.#stretches.at(-1)?.fromUs === this.#staleUs) this.#stretches.pop()
    this.#stretches.push({ fromUs: this.#staleUs, partOf: this.#parts() })
    this.#staleUs = undefined
  }

  #parts(): Int32Array {
    const partOf = new Int32Array(this.#nodes).fill(-1)
    for (let first = 0; first < this.#nodes; first++) {
      if (partOf[first] !== -1 || this.#up[first] !== 1) continue
      partOf[first] = first
      const open = [first]
      for (let node = open.pop(); node !== undefined; node = open.pop()) {
        for (let other = 0; other < this.#nodes; other++) {
          if (partOf[other] !== -1 || this.#up[other] !== 1 || !this.#linked(node, other)) continue
          partOf[other] = first
          open.push(other)
        }
      }
    }
    return partOf
  }

  #linked(a: number, b: number): boolean {
    const [to, from] = [this.#table.link(a, b), this.#table.link(b, a)]
    if (!passes(to) || !passes(from)) return false
    // Where neither may dial, only those who were connected before still are.
    return !this.#sure || isOpen(to) || isOpen(from)
  }
}

const isOpen = ({ cut }: Link): boolean => cut === 'none'
