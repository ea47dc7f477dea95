// In which order members first read the texts that they have in common. The transcript orders them all
// alike in the end; what people saw happen may still differ, most of all between the sides of a split.

import { inversions } from './inversions.ts'
import type { MessageEntry } from './ledger.ts'
import type { MakeReducer, Series } from './measure.ts'

/** Each is compared with each other one: of a larger group, so many members evenly picked. */
const NODES_MAX = 16

export const order: MakeReducer = ({ groups }, { messages }) => {
  const textsOf = (group: number, fromUs: number, toUs: number): MessageEntry[] =>
    [...messages.values()].filter(
      (one) => one.text && one.group === group && one.atUs >= fromUs && one.atUs < toUs,
    )
  return {
    see() {
      // All that it needs is in the ledger.
    },
    metrics({ fromUs, toUs }) {
      const shares = groups.flatMap(({ members }, group) => {
        const nodes = picked(members)
        const texts = textsOf(group, fromUs, toUs)
        return nodes.flatMap((one, k) => nodes.slice(k + 1).map((two) => apart(texts, one, two)))
      })
      const measured = shares.filter((share) => !Number.isNaN(share))
      return { inverted: measured.length === 0 ? Number.NaN : Math.max(...measured) }
    },
    series: () => rowsOf(picked(groups[0]?.members ?? []), textsOf(0, 0, Number.POSITIVE_INFINITY)),
  }
}

/** By member: with each other one, the share of pairs that they first read the other way round. */
const rowsOf = (nodes: readonly number[], texts: readonly MessageEntry[]): Series[] =>
  nodes.map((one) => ({
    name: `inverted_${one}`,
    phase: 'all',
    units: ['node', 'share'],
    points: nodes
      .map((other): [number, number] => [other, one === other ? 0 : apart(texts, one, other)])
      .filter(([, share]) => !Number.isNaN(share)),
  }))

/** Kendall's distance of two reading orders, over the pairs that there are. NaN: no pair. */
function apart(texts: readonly MessageEntry[], one: number, other: number): number {
  const both = texts.flatMap(({ author, atUs, readUs }) => {
    const [here, there] = [one, other].map((node) => (node === author ? atUs : readUs.get(node)))
    return here === undefined || there === undefined ? [] : [{ here, there }]
  })
  const pairs = (both.length * (both.length - 1)) / 2
  if (pairs === 0) return Number.NaN
  const seen = both.sort((a, b) => a.here - b.here || a.there - b.there)
  return inversions(seen.map(({ there }) => there)) / pairs
}

function picked(members: readonly number[]): readonly number[] {
  if (members.length <= NODES_MAX) return members
  return Array.from(
    { length: NODES_MAX },
    (_, k) => members[Math.floor((k * members.length) / NODES_MAX)] ?? 0,
  )
}
