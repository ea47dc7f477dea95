// Metrics of age: how long a text takes until it is on display where it ought to be, how much of that
// the links forced on anybody, how many texts a member is behind, and what came in above what was
// already on the screen.

import type { Materialised } from '../scenario/materialised.ts'
import type { TraceEvent } from '../trace/event.ts'
import { type Fate, fatesOf } from './fate.ts'
import type { Ledger } from './ledger.ts'
import type { MakeReducer, Metrics, Phase, Reducer, Series } from './measure.ts'
import { covered, quantile } from './quantile.ts'

/** What is younger than this is on its way, not missing. */
const GRACE_US = 1_000_000
const BUCKET_US = 5_000_000
/** Dots that a plot of single texts has at most. */
const POINTS_MAX = 600
const NEVER = Number.POSITIVE_INFINITY

export const staleness: MakeReducer = (scenario, ledger) => new Staleness(scenario, ledger)

/** A text that is due at a node, and when it was shown there. */
interface Copy {
  readonly m: string
  readonly node: number
  readonly saidUs: number
  /** When it could have been there at the earliest, over links that delay nothing. */
  readonly idealUs: number
  readonly readUs: number
}

class Staleness implements Reducer {
  readonly #scenario: Materialised
  readonly #ledger: Ledger
  /** When something was displayed above the last row, and how many rows above. */
  readonly #inserted: { readonly atUs: number; readonly rows: number }[] = []
  #known: readonly Copy[] | undefined

  constructor(scenario: Materialised, ledger: Ledger) {
    this.#scenario = scenario
    this.#ledger = ledger
  }

  see(event: TraceEvent): void {
    if (event.k === 'show' && event.pos > 0) {
      this.#inserted.push({ atUs: event.t, rows: event.pos })
    }
  }

  metrics({ fromUs, toUs }: Phase): Metrics {
    const within = (atUs: number) => atUs >= fromUs && atUs < toUs
    const copies = this.#copies().filter(({ saidUs }) => within(saidUs))
    const ages = copies.map(({ readUs, saidUs }) => (readUs - saidUs) / 1_000)
    const extra = copies
      .filter(({ idealUs }) => idealUs < NEVER)
      .map(({ readUs, idealUs }) => (readUs - idealUs) / 1_000)
    const rows = this.#inserted.filter(({ atUs }) => within(atUs)).map((one) => one.rows)
    const behind = this.#copies().map((copy): [number, number] => [
      copy.idealUs + GRACE_US,
      copy.readUs,
    ])
    return {
      stale_p50: quantile(ages, 0.5),
      stale_p95: quantile(ages, 0.95),
      stale_p99: quantile(ages, 0.99),
      extra_p95: quantile(extra, 0.95),
      behind_own: covered(behind, fromUs, toUs),
      inserted: rows.length,
      insert_depth: rows.reduce((most, one) => Math.max(most, one), 0),
    }
  }

  series(): readonly Series[] {
    return [this.#ages(), ...this.#behind()]
  }

  /** Every text by itself: how long until the last of those it was due at had it on display. */
  #ages(): Series {
    const ages = new Map<string, [saidMs: number, ageMs: number]>()
    for (const { m, saidUs, readUs } of this.#copies()) {
      const [, before] = ages.get(m) ?? [0, 0]
      ages.set(m, [saidUs / 1_000, Math.max(before, (readUs - saidUs) / 1_000)])
    }
    const all = [...ages.values()].filter(([, ageMs]) => ageMs < NEVER)
    const step = Math.max(1, Math.ceil(all.length / POINTS_MAX))
    const points = all.filter((_, place) => place % step === 0)
    return { name: 'age', phase: 'all', units: ['ms', 'ms'], points }
  }

  /** By node: how many texts it is behind, looked at every few seconds. */
  #behind(): readonly Series[] {
    const buckets = Math.ceil((this.#ledger.endUs + 1) / BUCKET_US)
    const counts = Array.from({ length: this.#scenario.nodes }, () => new Int32Array(buckets + 1))
    for (const { node, saidUs, readUs } of this.#copies()) {
      const first = Math.ceil((saidUs + GRACE_US) / BUCKET_US)
      const last = Math.min(buckets, Math.ceil(readUs / BUCKET_US))
      const mine = counts[node]
      if (mine === undefined || last <= first) continue
      mine[first] = (mine[first] ?? 0) + 1
      mine[last] = (mine[last] ?? 0) - 1
    }
    return counts.map((changes, node) => {
      let behind = 0
      const points = Array.from(changes.subarray(0, buckets), (change, bucket) => {
        behind += change
        return [(bucket * BUCKET_US) / 1_000, behind] as const
      })
      return { name: `behind_${node}`, phase: 'all', units: ['ms', 'texts'], points }
    })
  }

  #copies(): readonly Copy[] {
    this.#known ??= fatesOf(this.#ledger)
      .filter(({ kind }) => kind !== 'withdrawn')
      .flatMap((fate) => this.#copiesOf(fate))
    return this.#known
  }

  #copiesOf({ message, due }: Fate): Copy[] {
    const { m, author, atUs, readUs } = message
    const arrivals = this.#ledger.components.arrivals(author, atUs)
    return due.map((node) => ({
      m,
      node,
      saidUs: atUs,
      idealUs: arrivals[node] ?? NEVER,
      readUs: readUs.get(node) ?? NEVER,
    }))
  }
}
