// C11 liveness: whoever can talk gets on. Two ways to ask: of any run, whether texts get through in the
// largest part of the mesh while it stays as it is; of a liveness run, whether the core does all that it is
// asked to (`core-liveness.ts`).

import { isServed } from '../measure/availability.ts'
import type { Ledger, OperationEntry } from '../measure/ledger.ts'
import type { TraceEvent } from '../trace/event.ts'
import { settleUs } from './bounds.ts'
import type { Checker, CheckResult, MakeChecker } from './checker.ts'
import { inCore } from './core-liveness.ts'
import { Findings } from './verdicts.ts'

/** Fewer texts show nothing. */
const TEXTS_MIN = 3

/**
 * In the largest part of the mesh, while it stays as it is, some text is accepted and shown to all
 * of that part within the time to settle, however long the fault lasts.
 */
const wherever: MakeChecker = (_, ledger) => new Liveness(ledger)

/** C11: in the core while the rest stays broken; of a run without one, wherever nodes reached each other. */
export const liveness: MakeChecker = (scenario, ledger) =>
  scenario.core === undefined ? wherever(scenario, ledger) : inCore(scenario, ledger)

class Liveness implements Checker {
  readonly #ledger: Ledger
  #boundUs = settleUs({})

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  see(event: TraceEvent): void {
    if (event.k === 'links') this.#boundUs = Math.max(this.#boundUs, settleUs(event.matrix))
  }

  result(): CheckResult {
    const findings = new Findings('C11', 'Liveness')
    const { surely, endUs } = this.#ledger
    for (const { fromUs, toUs, partOf } of surely.stretches(endUs)) {
      const core = largest(partOf)
      if (core.size < 2) continue
      for (let at = fromUs; at + 2 * this.#boundUs <= toUs; at += this.#boundUs) {
        this.#window(findings, core, at, at + this.#boundUs)
      }
    }
    return findings.result(this.#ledger.ended === 'interrupted' ? 'the run was interrupted' : '')
  }

  #window(findings: Findings, core: ReadonlySet<number>, fromUs: number, toUs: number): void {
    const asked = this.#ledger.operations.filter(
      (one) =>
        one.kind === 'send' &&
        core.has(one.node) &&
        !this.#ledger.liars.has(one.node) &&
        one.askedUs >= fromUs &&
        one.askedUs < toUs &&
        isServed(this.#ledger, one),
    )
    if (asked.length < TEXTS_MIN) return
    findings.tested()
    if (asked.some((one) => this.#gotOn(one, core))) return
    const who = [...core].join(', ')
    const what = `nodes ${who} reached each other, and of ${asked.length} texts none got through`
    findings.broken(what, [asked[0]?.i ?? 0, asked.at(-1)?.i ?? 0])
  }

  #gotOn(one: OperationEntry, core: ReadonlySet<number>): boolean {
    const message = one.m === undefined ? undefined : this.#ledger.messages.get(one.m)
    if (message === undefined) return false
    const byUs = one.askedUs + this.#boundUs
    return message.audience
      .filter((node) => core.has(node) && node !== message.author)
      .filter((node) => !this.#ledger.liars.has(node) && this.#ledger.isFor(message, node))
      .every((node) => (message.readUs.get(node) ?? Number.POSITIVE_INFINITY) <= byUs)
  }
}

function largest(partOf: Int32Array): ReadonlySet<number> {
  const parts = new Map<number, Set<number>>()
  partOf.forEach((part, node) => {
    if (part >= 0) parts.set(part, (parts.get(part) ?? new Set()).add(node))
  })
  return [...parts.values()].reduce(
    (most, one) => (one.size > most.size ? one : most),
    new Set<number>(),
  )
}
