// Silence by bridge ports: each side of a split on a bridge of its own. It needs nothing but `ip`, and can
// only part whole sides from each other, both ways: any other shape is refused by name before a run.

import type { Materialised, NodeRef } from '../../scenario/materialised.ts'
import { LinkTable } from '../../world/links.ts'
import type { Unfit } from '../engine.ts'
import { composeLinks } from '../sim/compose.ts'
import { type ResolvedFault, resolveFault } from '../sim/resolve.ts'
import { deviceOf, everybody, isSilent } from './cuts.ts'

export const PORTS_REASON =
  'bridge ports part whole sides from each other, both ways, and nothing else'

export const bridgeOf = (side: number): string => (side === 0 ? 'lab' : `lab${side}`)

/** Lines of `ip -batch` that make a bridge. */
export const makeBridge = (side: number): string =>
  `link add ${bridgeOf(side)} type bridge\nlink set ${bridgeOf(side)} addrgenmode none up\n`

/** The side of each node, from 0; undefined: silence has another shape. */
export function sidesOf(links: LinkTable, nodes: number): readonly number[] | undefined {
  const firsts: number[] = []
  const sides = everybody(nodes).map((node) => {
    const known = firsts.findIndex((first) => !isSilent(links, first, node))
    return known < 0 ? firsts.push(node) - 1 : known
  })
  const fits = everybody(nodes).every((from) =>
    everybody(nodes).every((to) => {
      return from === to || isSilent(links, from, to) === (sides[from] !== sides[to])
    }),
  )
  return fits ? sides : undefined
}

/** For `ip -batch` in the hub: on which bridge each device is. @param made how many bridges there are */
export function ports(sides: readonly number[], made: number): string {
  const count = Math.max(0, ...sides) + 1
  const missing = everybody(count).slice(made).map(makeBridge)
  const moves = sides.map((side, node) => `link set ${deviceOf(node)} master ${bridgeOf(side)}\n`)
  return [...missing, ...moves].join('')
}

/**
 * Faults of a scenario that bridge ports cannot make, each once: those with which silence gets another shape.
 * Whoever is manager then is a node like another.
 */
export function unfitForPorts({ nodes, network, groups, events }: Materialised): Unfit[] {
  const active = new Map<string, ResolvedFault>()
  const someone = (ref: NodeRef) =>
    typeof ref === 'number' ? ref : groups[ref.managerOf]?.members[0]
  const unfit = new Set<string>()
  let fitted = true
  for (const event of events) {
    if (event.kind !== 'fault') continue
    const { id, part, fault } = event
    if (fault === undefined) active.delete(`${id}/${part}`)
    else active.set(`${id}/${part}`, resolveFault(fault, nodes, someone))
    const matrix = composeLinks(nodes, network, [...active.values()])
    const fits = sidesOf(new LinkTable(nodes, matrix), nodes) !== undefined
    if (fitted && !fits) unfit.add(id)
    fitted = fits
  }
  return [...unfit].map((id) => ({ id, what: 'blackhole', why: PORTS_REASON }))
}
