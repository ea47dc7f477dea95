// Faults that meet. On one link the most severe wins, whatever their order: that is never a mistake. But
// some cannot both be true: a link cannot hold everything back for later and lose it, and a node that is
// down cannot go down. Those are refused before anything starts.

import type { Fault, NodeRef } from './materialised.ts'
import type { Span } from './schedule.ts'
import type { Path } from './source.ts'

/** With more nodes any two cuts are taken to meet. */
const PAIRS_NODES_MAX = 300

/** Tells of every pair of faults that contradict each other. */
export function refuseConflicts(
  spans: readonly Span[],
  nodes: number,
  report: (path: Path, message: string) => void,
): void {
  const told = new Set<string>()
  spans.forEach((one, index) => {
    for (const other of spans.slice(index + 1)) {
      if (one.fromMs >= other.toMs || other.fromMs >= one.toMs) continue
      const why = contradiction(one.fault, other.fault, nodes)
      const name = `${one.id} ${other.id}`
      if (why === undefined || told.has(name)) continue
      told.add(name)
      report(other.path, `"${one.id}" and "${other.id}" contradict each other: ${why}`)
    }
  })
}

function contradiction(one: Fault, other: Fault, nodes: number): string | undefined {
  if ('mode' in one && 'mode' in other) {
    const modes = [one.mode, other.mode]
    const loses = modes.includes('blackhole') || modes.includes('reset')
    if (
      !modes.includes('hold') ||
      !loses ||
      !share(cutPairs(one, nodes), cutPairs(other, nodes), nodes)
    ) {
      return undefined
    }
    return 'one holds back what the other loses, on the same link at the same time'
  }
  if (!('nodes' in one) || !('nodes' in other)) return undefined
  const both = one.nodes.map(word).filter((node) => other.nodes.map(word).includes(node))
  if (both.length === 0) return undefined
  const down = (fault: Fault) => fault.do === 'crash' || fault.do === 'offline'
  if (down(one) && down(other)) return `node ${both.join(', ')} is down already`
  if (one.do === other.do) return `both change the same of node ${both.join(', ')}`
  const lives = (fault: Fault) => ['pause', 'slow', 'byzantine'].includes(fault.do)
  if ((down(one) && lives(other)) || (down(other) && lives(one))) {
    return `node ${both.join(', ')} is to do something while it is down`
  }
  if ((down(one) && other.do === 'disk') || (down(other) && one.do === 'disk')) {
    return `node ${both.join(', ')} would be started again by the one and kept down by the other`
  }
  return undefined
}

const word = (ref: NodeRef): string => (typeof ref === 'number' ? String(ref) : 'role:manager')

/** Pairs that a fault may cut. Who is manager is open: then every pair. */
function cutPairs(fault: Fault, nodes: number): (from: number, to: number) => boolean {
  const named =
    fault.do === 'split'
      ? fault.sides.flat()
      : fault.do === 'cut'
        ? [...fault.from, ...fault.to]
        : []
  if (named.some((ref) => typeof ref !== 'number') || nodes > PAIRS_NODES_MAX) return () => true
  if (fault.do === 'cut') {
    const [from, to] = [new Set(fault.from), new Set(fault.to)]
    return (a, b) => (from.has(a) && to.has(b)) || (from.has(b) && to.has(a))
  }
  if (fault.do !== 'split') return () => false
  const sidesOf = (node: number) =>
    fault.sides.flatMap((side, index) => (side.includes(node) ? [index] : []))
  const rest = fault.sides.length
  return (a, b) => {
    const [one, other] = [a, b].map((node) => {
      const sides = sidesOf(node)
      return sides.length === 0 && fault.rest ? [rest] : sides
    })
    if (one === undefined || other === undefined || one.length === 0 || other.length === 0)
      return false
    return !one.some((side) => other.includes(side))
  }
}

type Cuts = (from: number, to: number) => boolean

function share(one: Cuts, other: Cuts, nodes: number): boolean {
  for (let a = 0; a < Math.min(nodes, PAIRS_NODES_MAX); a++) {
    for (let b = 0; b < a; b++) if (one(a, b) && other(a, b)) return true
  }
  return false
}
