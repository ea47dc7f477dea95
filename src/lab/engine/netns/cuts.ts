// Cuts of packets between namespaces, as text for the tools of the system. Each text is the whole matrix of
// an instant: it replaces what was in force and adds nothing to it.

import type { LinkMatrix, LinkTable } from '../../world/links.ts'
import { NOBODY, addressOf, hardwareOf } from './words.ts'

/** Who makes packets vanish: a filter in the hub, neighbours whose address is nobody's, bridges apart. */
export const cutProviders = Object.freeze(['nft', 'neighbours', 'ports'] as const)
export type CutProvider = (typeof cutProviders)[number]

/** Device of a node in the hub. */
export const deviceOf = (node: number): string => `v${node}`

export const isSilent = (links: LinkTable, from: number, to: number): boolean =>
  links.link(from, to).cut === 'blackhole'

/** For `ip -batch` in the namespace of a node: where its packets for each other node go. */
export function neighbours(links: LinkTable, nodes: number, from: number): string {
  return others(nodes, from)
    .map((to) => {
      const hardware = isSilent(links, from, to) ? NOBODY : hardwareOf(to)
      return `neigh replace ${addressOf(to)} lladdr ${hardware} dev eth0 nud permanent\n`
    })
    .join('')
}

/** For `nft -f` in the hub: one transaction for all pairs. */
export function filter(links: LinkTable, nodes: number): string {
  const pairs = everybody(nodes).flatMap((from) =>
    others(nodes, from)
      .filter((to) => isSilent(links, from, to))
      .map((to) => `"${deviceOf(from)}" . "${deviceOf(to)}"`),
  )
  const elements = pairs.length === 0 ? '' : `elements = { ${pairs.join(', ')} }\n`
  return `table bridge lab
delete table bridge lab
table bridge lab {
set cut {
type ifname . ifname
${elements}}
chain pass {
type filter hook forward priority 0; policy accept;
iifname . oifname @cut drop
}
}
`
}

/** What is left for the shaper: everything but silence, which packets make by themselves. */
export function shaped(links: LinkTable, nodes: number): LinkMatrix {
  const rules = everybody(nodes).flatMap((from) =>
    others(nodes, from).map((to) => {
      const link = links.link(from, to)
      return { from, to, link: link.cut === 'blackhole' ? { ...link, cut: 'none' as const } : link }
    }),
  )
  return { base: { delayMs: 0 }, rules }
}

export const everybody = (nodes: number): number[] =>
  Array.from({ length: nodes }, (_, node) => node)

const others = (nodes: number, node: number): number[] =>
  everybody(nodes).filter((each) => each !== node)
