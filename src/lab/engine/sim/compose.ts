// The link matrix of an instant, computed whole from the network and from all faults that last: nothing
// is ever added to what was in force. Where faults meet on one link the most severe wins: the worse cut,
// the greater delay, the greater loss.

import type { LinkChange, NetworkPlan } from '../../scenario/materialised.ts'
import {
  type Cut,
  type Link,
  type LinkMatrix,
  type LinkRule,
  LinkTable,
  type Split,
  worse,
} from '../../world/links.ts'
import type { ResolvedFault } from './resolve.ts'

type Change = Partial<Record<keyof LinkChange, number>>

interface Pair {
  readonly from: number
  readonly to: number
  cut: Cut
  change: Change
}

/** What is in force while these faults last. */
export function composeLinks(
  nodes: number,
  network: NetworkPlan,
  faults: readonly ResolvedFault[],
): LinkMatrix {
  const pairs = new Map<number, Pair>()
  const at = (from: number, to: number): Pair => {
    const known = pairs.get(from * nodes + to)
    if (known !== undefined) return known
    const made: Pair = { from, to, cut: 'none', change: {} }
    pairs.set(from * nodes + to, made)
    return made
  }
  const { absent, between, ...plan } = network
  let base: Change = plan
  for (const [a, b] of absent) {
    for (const pair of [at(a, b), at(b, a)]) pair.cut = worse(pair.cut, 'reset')
  }
  for (const { from, to, change } of between) {
    eachPair(from, to, true, (a, b) => worsen(at(a, b), change))
  }
  const splits: Split[] = []
  for (const fault of faults) {
    if (fault.do === 'split') {
      splits.push({ sides: fault.sides, cut: fault.mode, direction: fault.direction })
    } else if (fault.do === 'cut') {
      eachPair(fault.from, fault.to, fault.both, (a, b) => {
        const pair = at(a, b)
        pair.cut = worse(pair.cut, fault.mode)
      })
    } else if (fault.do === 'link') {
      if (fault.from.length === 0 && fault.to.length === 0) base = greater(base, fault.change)
      else eachPair(fault.from, fault.to, fault.both, (a, b) => worsen(at(a, b), fault.change))
    }
  }
  return matrixOf(nodes, base, splits, [...pairs.values()])
}

function matrixOf(
  nodes: number,
  base: Change,
  splits: readonly Split[],
  pairs: readonly Pair[],
): LinkMatrix {
  const under = new LinkTable(nodes, { splits })
  const rules = pairs.map(({ from, to, cut, change }): LinkRule => {
    const link: Partial<Link> = { ...base, ...greater(base, change) }
    return { from, to, link: { ...link, cut: worse(under.link(from, to).cut, cut) } }
  })
  return { base: { ...base }, splits, rules }
}

function worsen(pair: Pair, change: LinkChange): void {
  pair.change = greater(pair.change, change)
}

/** Of each figure the greater. */
function greater(one: Change, other: Change): Change {
  const most: Change = { ...one }
  for (const [name, value] of Object.entries(other) as [keyof LinkChange, number][]) {
    most[name] = Math.max(most[name] ?? 0, value)
  }
  return most
}

function eachPair(
  from: readonly number[],
  to: readonly number[],
  both: boolean,
  act: (from: number, to: number) => void,
): void {
  for (const a of from) {
    for (const b of to) {
      if (a === b) continue
      act(a, b)
      if (both) act(b, a)
    }
  }
}
