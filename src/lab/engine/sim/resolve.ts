// A fault with nobody left open: selectors that name a role are answered when the moment comes. Also
// the independent look whether a fault is in force: it asks the links and nodes themselves, and knows
// nothing of how they were set.

import type { Fault, LinkChange, NodeRef } from '../../scenario/materialised.ts'
import { type LinkTable, passes } from '../../world/links.ts'
import type { Minds } from './minds.ts'
import type { World } from '../../world/world.ts'

type Numbered<T> = T extends readonly NodeRef[]
  ? readonly number[]
  : T extends readonly (readonly NodeRef[])[]
    ? readonly (readonly number[])[]
    : T

/** As `Fault`, with numbers for nodes. */
export type ResolvedFault = Fault extends infer One
  ? One extends Fault
    ? { readonly [Key in keyof One]: Numbered<One[Key]> }
    : never
  : never

export type ResolveNode = (ref: NodeRef) => number | undefined

export function resolveFault(fault: Fault, nodes: number, resolve: ResolveNode): ResolvedFault {
  const all = (refs: readonly NodeRef[]): number[] =>
    refs.flatMap((ref) => resolve(ref) ?? []).sort((a, b) => a - b)
  switch (fault.do) {
    case 'split': {
      const sides = fault.sides.map(all)
      if (!fault.rest) return { ...fault, sides }
      const named = new Set(sides.flat())
      const rest = Array.from({ length: nodes }, (_, node) => node).filter((n) => !named.has(n))
      return { ...fault, sides: [...sides, rest] }
    }
    case 'cut':
    case 'link':
      return { ...fault, from: all(fault.from), to: all(fault.to) }
    default:
      return { ...fault, nodes: all(fault.nodes) }
  }
}

/** The nodes that it names, for the trace. */
export function nodesOf(fault: ResolvedFault): readonly (readonly number[])[] {
  if (fault.do === 'split') return fault.sides
  if (fault.do === 'cut' || fault.do === 'link') return [fault.from, fault.to]
  return [fault.nodes]
}

/** Whether the fault is found in force. */
export function isInForce(world: World, minds: Minds, fault: ResolvedFault): boolean {
  switch (fault.do) {
    case 'split':
      return fault.sides.every((side, index) =>
        fault.sides.every((other, place) => {
          const parted = fault.direction === 'both' ? place !== index : place > index
          return !parted || isCut(world.links, side, other, fault.sides)
        }),
      )
    case 'cut':
      return isCut(world.links, fault.from, fault.to, [])
    case 'link':
      return fault.from.every((from) =>
        fault.to.every((to) => from === to || isWorse(world.links, from, to, fault.change)),
      )
    case 'crash':
      return fault.nodes.every((node) => !world.node(node).running)
    case 'disk':
      return fault.nodes.every((node) => world.node(node).disk.full)
    case 'pause':
      return fault.nodes.every((node) => minds.strain(node)?.paused === true)
    case 'slow':
      return fault.nodes.every((node) => minds.strain(node)?.factor === fault.factor)
    case 'byzantine':
      return fault.nodes.every((node) => minds.liar(node)?.inForce === true)
    case 'offline':
    case 'skew':
      return fault.nodes.length > 0
  }
}

/** Nodes of both sides, which are bridges, and pairs on one side are not meant to be parted. */
function isCut(
  links: LinkTable,
  side: readonly number[],
  other: readonly number[],
  sides: readonly (readonly number[])[],
): boolean {
  const together = (a: number, b: number) =>
    a === b || sides.some((each) => each.includes(a) && each.includes(b))
  const bridges = new Set(sides.flat().filter((n) => sides.filter((s) => s.includes(n)).length > 1))
  const meant = (n: number) => !bridges.has(n)
  return side
    .filter(meant)
    .every((from) =>
      other.filter(meant).every((to) => together(from, to) || links.link(from, to).cut !== 'none'),
    )
}

function isWorse(links: LinkTable, from: number, to: number, change: LinkChange): boolean {
  const link = links.link(from, to) as unknown as Readonly<Record<string, number>>
  return Object.entries(change).every(
    ([name, value]: [string, number]) => (link[name] ?? 0) >= value,
  )
}

/** Whether frames may arrive over a link at this moment. */
export function mayArrive(links: LinkTable, from: number, to: number): boolean {
  return passes(links.link(from, to))
}
