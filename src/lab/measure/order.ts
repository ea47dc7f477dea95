// In which order members first read the texts that they have in common. The transcript orders them all
// alike in the end; what people saw happen may still differ, most of all between the sides of a split.

import type { Materialised } from '../scenario/materialised.ts'
import { inversions } from './inversions.ts'
import type { Ledger, MessageEntry } from './ledger.ts'
import type { MakeReducer, Metrics, Phase, Reducer, Series } from './measure.ts'

/** Each is compared with each other one: of a larger group, so many members evenly picked. */
const NODES_MAX = 16

export const order: MakeReducer = (scenario, ledger) => new Order(scenario, ledger)

class Order implements Reducer {
  readonly #scenario: Materialised
  readonly #ledger: Ledger

  constructor(scenario: Materialised, ledger: Ledger) {
    this.#scenario = scenario
    this.#ledger = ledger
  }

  see(): void {
    // All that it needs is in the ledger.
  }

  metrics({ fromUs, toUs }: Phase): Metrics {
    const shares = this.#scenario.groups.flatMap(({ members }, group) => {
      const nodes = picked(members)
      const texts = this.#texts(group, fromUs, toUs)
      return nodes.flatMap((one, k) => nodes.slice(k + 1).map((other) => apart(texts, one, other)))
    })
    const measured = shares.filter((share) => !Number.isNaN(share))
    return { inverted: measured.length === 0 ? Number.NaN : Math.max(...measured) }
  }

  /** By member: with each other one, the share of pairs that they first read the other way round. */
  series(): readonly Series[] {
    const [group] = this.#scenario.groups
    const nodes = picked(group?.members ?? [])
    const texts = this.#texts(0, 0, Number.POSITIVE_INFINITY)
    return nodes.map((one) => ({
      name: `inverted_${one}`,
      phase: 'all',
      units: ['node', 'share'],
      points: nodes
        .map((other): [number, number] => [other, one === other ? 0 : apart(texts, one, other)])
        .filter(([, share]) => !Number.isNaN(share)),
    }))
  }

  #texts(group: number, fromUs: number, toUs: number): MessageEntry[] {
    return [...this.#ledger.messages.values()].filter(
      (one) => one.text && one.group === group && one.atUs >= fromUs && one.atUs < toUs,
    )
  }
}

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
