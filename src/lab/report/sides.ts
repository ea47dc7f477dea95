// In which order nodes are drawn and what their sides are called: by label, as the scenario names them,
// so that those who were cut off together stand together. Of many nodes only some are drawn.

import type { Materialised } from '../scenario/materialised.ts'

export interface Lane {
  readonly node: number
  /** The label of its side; empty where the scenario has none. */
  readonly side: string
}

const LANES_MAX = 32

/** Nodes to draw, side by side; of more than fit, evenly picked ones. */
export function lanesOf({ nodes, labels }: Materialised): readonly Lane[] {
  const sideOf = (node: number) =>
    Object.keys(labels).find((label) => labels[label]?.includes(node) === true) ?? ''
  const order = Object.keys(labels)
  const rank = (side: string) => (side === '' ? order.length : order.indexOf(side))
  const all = Array.from({ length: nodes }, (_, node): Lane => ({ node, side: sideOf(node) }))
  all.sort((a, b) => rank(a.side) - rank(b.side) || a.node - b.node)
  if (all.length <= LANES_MAX) return all
  return Array.from(
    { length: LANES_MAX },
    (_, place) => all[Math.floor((place * all.length) / LANES_MAX)] ?? { node: 0, side: '' },
  )
}

/** The labels that metrics are told of, everybody last. */
export const labelsOf = ({ labels }: Materialised): readonly string[] => [
  ...Object.keys(labels),
  'all',
]
