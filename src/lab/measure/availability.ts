// Metrics of operations: how often a send was accepted in time (A), how often it was also shown to all
// whom it could have reached (U), and how much of what could have arrived was on display (Hc). For all
// nodes, and for each label.

import type { Materialised } from '../scenario/materialised.ts'
import type { Fate } from './fate.ts'
import { fatesOf } from './fate.ts'
import type { Ledger, OperationEntry } from './ledger.ts'
import type { MakeReducer, Metrics, Phase, Reducer, Series } from './measure.ts'

/** What could have arrived so long ago ought to be on display. */
const GRACE_US = 1_000_000
const BUCKET_US = 5_000_000

/** Not the protocol's refusal: nobody is there to be served. */
const NOT_COUNTED = new Set(['NOT_A_MEMBER', 'not running'])

/**
 * Whether an operation says something about the protocol. Whoever asked to come in and is not in yet is no
 * member either: how long that takes is what its join tells, and whoever wrote its ticket may be cut off.
 */
export function isServed(ledger: Ledger, { kind, reason, node, askedUs }: OperationEntry): boolean {
  if (NOT_COUNTED.has(reason)) return false
  return reason !== 'JOIN_PENDING' || kind === 'join' || ledger.sees(node, node, askedUs)
}

export const availability: MakeReducer = (scenario, ledger) => new Availability(scenario, ledger)

class Availability implements Reducer {
  readonly #scenario: Materialised
  readonly #ledger: Ledger
  #arrivals: Map<string, Float64Array> | undefined
  #fates: readonly Fate[] | undefined

  constructor(scenario: Materialised, ledger: Ledger) {
    this.#scenario = scenario
    this.#ledger = ledger
  }

  see(): void {
    // All that it needs is in the ledger.
  }

  metrics(phase: Phase): Metrics {
    const all = Array.from({ length: this.#scenario.nodes }, (_, node) => node)
    const sets = Object.entries({ ...this.#scenario.labels, all })
    const sends = this.#sends().filter(({ askedUs }) => within(phase, askedUs))
    const entries = sets.flatMap(([label, nodes]) => {
      const named = new Set(nodes)
      const here = sends.filter(({ node }) => named.has(node))
      return [
        [`S_${label}`, here.length],
        [`A_${label}`, share(here, (one) => this.#accepted(one))],
        [`U_${label}`, share(here, (one) => this.#useful(one))],
        [`Hc_${label}`, this.#harvest(named, phase)],
      ] as const
    })
    const ops = this.#ledger.operations.filter(({ askedUs }) => within(phase, askedUs)).length
    return { ops, ...Object.fromEntries(entries) }
  }

  series(): readonly Series[] {
    const labels = Object.keys(this.#scenario.labels)
    return (labels.length === 0 ? ['all'] : labels).map((label) => {
      const named = new Set(this.#scenario.labels[label])
      const sends = this.#sends().filter(({ node }) => label === 'all' || named.has(node))
      const points: [number, number][] = []
      for (let fromUs = 0; fromUs < this.#ledger.endUs; fromUs += BUCKET_US) {
        const here = sends.filter(
          ({ askedUs }) => askedUs >= fromUs && askedUs < fromUs + BUCKET_US,
        )
        if (here.length > 0) points.push([fromUs / 1_000, share(here, (one) => this.#useful(one))])
      }
      return { name: `U_${label}`, phase: 'all', units: ['ms', 'share'], points }
    })
  }

  #sends(): OperationEntry[] {
    return this.#ledger.operations.filter(
      (one) => one.kind === 'send' && isServed(this.#ledger, one),
    )
  }

  get #deadlineUs(): number {
    return this.#scenario.run.deadlineMs * 1_000
  }

  #accepted({ outcome, askedUs, doneUs }: OperationEntry): boolean {
    return outcome === 'ok' && doneUs !== undefined && doneUs - askedUs <= this.#deadlineUs
  }

  #useful(send: OperationEntry): boolean {
    const message = send.m === undefined ? undefined : this.#ledger.messages.get(send.m)
    if (message === undefined || !this.#accepted(send)) return false
    const byUs = send.askedUs + this.#deadlineUs
    const near = this.#ledger.components.throughout(send.node, send.askedUs, byUs)
    const members = this.#members[message.group]
    return message.audience
      .filter((node) => node !== send.node && near.has(node) && members?.has(node) === true)
      .filter((node) => this.#ledger.isFor(message, node))
      .every((node) => (message.readUs.get(node) ?? Number.POSITIVE_INFINITY) <= byUs)
  }

  get #members(): readonly ReadonlySet<number>[] {
    return (this.#finalMembers ??= this.#ledger.finalMembers())
  }
  #finalMembers: readonly ReadonlySet<number>[] | undefined

  /**
   * Of all time in the phase in which texts accepted in it ought to have been on display: the share in
   * which they were.
   */
  #harvest(nodes: ReadonlySet<number>, phase: Phase): number {
    this.#fates ??= fatesOf(this.#ledger)
    let due = 0
    let shown = 0
    for (const { message, kind, due: to } of this.#fates) {
      if (kind === 'withdrawn' || !within(phase, message.atUs)) continue
      const arrivals = this.#arrivalsOf(message.m, message.author, message.atUs)
      for (const node of to) {
        if (!nodes.has(node)) continue
        const fromUs = Math.max((arrivals[node] ?? 0) + GRACE_US, phase.fromUs)
        if (fromUs >= phase.toUs) continue
        const readUs = message.readUs.get(node) ?? Number.POSITIVE_INFINITY
        due += phase.toUs - fromUs
        shown += Math.max(0, phase.toUs - Math.max(fromUs, readUs))
      }
    }
    return due === 0 ? Number.NaN : shown / due
  }

  #arrivalsOf(m: string, author: number, atUs: number): Float64Array {
    this.#arrivals ??= new Map()
    const known = this.#arrivals.get(m)
    if (known !== undefined) return known
    const arrivals = this.#ledger.components.arrivals(author, atUs)
    this.#arrivals.set(m, arrivals)
    return arrivals
  }
}

const within = ({ fromUs, toUs }: Phase, atUs: number): boolean => atUs >= fromUs && atUs < toUs

/** NaN of nothing. */
function share<T>(all: readonly T[], holds: (one: T) => boolean): number {
  return all.length === 0 ? Number.NaN : all.filter(holds).length / all.length
}
