// Which pairs of nodes have a link at all. An overlay is told by the pairs that it lacks, because most
// meshes are full.

import type { SeededRandom } from '../../base/random.ts'
import type { Scenario } from './schema.ts'

type Overlay = Scenario['network']['overlay']

/** An overlay that is not full lists the pairs that it lacks, which grows with the square. */
export const OVERLAY_NODES_MAX = 256

/** Pairs (smaller number first) without a link. */
export function absentPairs(
  overlay: Overlay,
  nodes: number,
  degree: number,
  random: SeededRandom,
): (readonly [number, number])[] {
  if (overlay === 'full') return []
  const present = new Set(linksOf(overlay, nodes, degree, random).map(([a, b]) => name(a, b)))
  const absent: (readonly [number, number])[] = []
  for (let a = 0; a < nodes; a++) {
    for (let b = a + 1; b < nodes; b++) if (!present.has(name(a, b))) absent.push([a, b])
  }
  return absent
}

const name = (a: number, b: number): string => `${Math.min(a, b)} ${Math.max(a, b)}`

function linksOf(
  overlay: Exclude<Overlay, 'full'>,
  nodes: number,
  degree: number,
  random: SeededRandom,
): (readonly [number, number])[] {
  const all = Array.from({ length: nodes }, (_, node) => node)
  const line = all.slice(1).map((node) => [node - 1, node] as const)
  switch (overlay) {
    case 'line':
      return line
    case 'ring':
      return [...line, [nodes - 1, 0]]
    case 'star':
      return all.slice(1).map((node) => [0, node] as const)
    case 'tree':
      return all.slice(1).map((node) => [Math.floor((node - 1) / 2), node] as const)
    case 'grid': {
      const width = Math.ceil(Math.sqrt(nodes))
      const across = all.filter((node) => (node + 1) % width !== 0 && node + 1 < nodes)
      const down = all.filter((node) => node + width < nodes)
      return [
        ...across.map((node) => [node, node + 1] as const),
        ...down.map((node) => [node, node + width] as const),
      ]
    }
    case 'random-regular':
      return regular(nodes, degree, random)
  }
}

/** Rings over shuffled nodes, one above another: connected, and of about the degree asked for. */
function regular(
  nodes: number,
  degree: number,
  random: SeededRandom,
): (readonly [number, number])[] {
  const all = Array.from({ length: nodes }, (_, node) => node)
  return Array.from({ length: Math.max(1, Math.floor(degree / 2)) }, () => {
    const order = random.shuffle(all)
    return order.map((node, place) => [node, order[(place + 1) % nodes] ?? node] as const)
  })
    .flat()
    .filter(([a, b]) => a !== b)
}
