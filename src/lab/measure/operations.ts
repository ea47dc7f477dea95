// Metrics of each kind of operation by itself, because a protocol may serve one kind on both sides of a
// cut and refuse another: how many were asked, how many were accepted in time on all sides together and
// on the worst side, and how long whoever asked had to wait.

import { operationKinds } from '../scenario/materialised.ts'
import type { Materialised } from '../scenario/materialised.ts'
import { isServed } from './availability.ts'
import type { Ledger, OperationEntry } from './ledger.ts'
import type { MakeReducer, Metrics, Phase, Reducer, Series } from './measure.ts'
import { quantile, shareOf } from './quantile.ts'

export const operations: MakeReducer = (scenario, ledger) => new Operations(scenario, ledger)

class Operations implements Reducer {
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
    const asked = this.#ledger.operations.filter(
      (one) => one.askedUs >= fromUs && one.askedUs < toUs && isServed(this.#ledger, one),
    )
    const entries = operationKinds.flatMap((kind) => {
      const mine = asked.filter((one) => one.kind === kind)
      if (mine.length === 0) return []
      const waits = mine.map((one) => this.#waitMs(one))
      return [
        [`n_${kind}`, mine.length],
        [`ok_${kind}`, shareOf(mine, (one) => this.#inTime(one))],
        [`worst_${kind}`, this.#worst(mine)],
        [`wait_${kind}`, quantile(waits, 0.5)],
        [`wait99_${kind}`, quantile(waits, 0.99)],
      ] as const
    })
    return Object.fromEntries(entries)
  }

  series(): readonly Series[] {
    return []
  }

  #inTime({ outcome, askedUs, doneUs }: OperationEntry): boolean {
    if (outcome !== 'ok' || doneUs === undefined) return false
    return doneUs - askedUs <= this.#scenario.run.deadlineMs * 1_000
  }

  #waitMs(one: OperationEntry): number {
    if (one.outcome !== 'ok' || one.doneUs === undefined) return Number.POSITIVE_INFINITY
    return (one.doneUs - one.askedUs) / 1_000
  }

  /** On the side where the least was accepted: a side is whom the asking node could reach then. */
  #worst(asked: readonly OperationEntry[]): number {
    const bySide = new Map<string, OperationEntry[]>()
    for (const one of asked) {
      const parts = this.#ledger.components.at(one.askedUs)
      const side = nodesWith(parts, parts[one.node] ?? -1)
      bySide.set(side, [...(bySide.get(side) ?? []), one])
    }
    const shares = [...bySide.values()].map((side) => shareOf(side, (one) => this.#inTime(one)))
    return Math.min(...shares)
  }
}

function nodesWith(parts: Int32Array, part: number): string {
  const nodes: number[] = []
  parts.forEach((own, node) => {
    if (own === part) nodes.push(node)
  })
  return nodes.join(' ')
}
