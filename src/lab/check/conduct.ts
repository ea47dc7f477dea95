// C12 attribution: whoever lies is found, and nobody else is told of as a liar.
// Told of by name, with the events that show it.

import type { Ledger } from '../measure/ledger.ts'
import type { TraceEvent } from '../trace/event.ts'
import type { Checker, CheckResult, MakeChecker } from './checker.ts'
import { Findings } from './verdicts.ts'

/** C12: whoever said two things at once is proven to have, and nobody is but those who were made to lie. */
export const attribution: MakeChecker = (_, ledger) => new Attribution(ledger)

class Attribution implements Checker {
  readonly #ledger: Ledger
  readonly #findings = new Findings('C12', 'Attribution')
  readonly #proven = new Set<number>()
  readonly #proofs: { readonly n: number; readonly against: number; readonly i: number }[] = []

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  see(event: TraceEvent): void {
    if (event.k === 'proof') {
      this.#proofs.push({ n: event.n, against: event.against, i: event.i })
      this.#proven.add(event.against)
    }
  }

  result(): CheckResult {
    const { liars } = this.#ledger
    for (const { n, against, i } of this.#proofs) {
      this.#findings.tested()
      if (liars.has(against)) continue
      this.#findings.broken(`node ${n} accuses node ${against}, who is honest`, [i])
    }
    for (const [node, { i, lies }] of liars) {
      // Other lies can be seen, but prove nothing to a third.
      if (!lies.has('equivocate')) continue
      this.#findings.tested()
      if (!this.#proven.has(node)) this.#findings.broken(`node ${node} lied unproven`, [i])
    }
    const interrupted = this.#ledger.ended === 'interrupted'
    return this.#findings.result(interrupted ? 'the run was interrupted' : '')
  }
}
