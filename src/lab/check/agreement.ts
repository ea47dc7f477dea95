// C5 convergence, C10 durability, C13 validity of the faults themselves: what is true of a whole run.
// The last one guards the others, because under a fault that was not there everything holds.

import type { Materialised } from '../scenario/materialised.ts'
import type { Ledger } from '../measure/ledger.ts'
import { differences } from '../trace/agree.ts'
import type { TraceEvent } from '../trace/event.ts'
import type { Checker, CheckResult, MakeChecker } from './checker.ts'
import { Findings } from './verdicts.ts'

/** C5: in the end all members hold, order and key the same, and agree who belongs. */
export const convergesInTheEnd: MakeChecker = (scenario, ledger) => new Converges(scenario, ledger)

class Converges implements Checker {
  readonly #scenario: Materialised
  readonly #ledger: Ledger

  constructor(scenario: Materialised, ledger: Ledger) {
    this.#scenario = scenario
    this.#ledger = ledger
  }

  see(): void {
    // The ledger keeps what it needs.
  }

  result(): CheckResult {
    const findings = new Findings('C5', 'Convergence')
    const digests = this.#ledger.digestsAt(this.#ledger.endUs)
    this.#scenario.groups.forEach((_, group) => {
      const mine = digests.filter((digest) => digest.group === group)
      const first = mine.find(({ order }) => order !== '') ?? mine[0]
      if (first === undefined) return
      const others = mine.filter((one) => one !== first)
      findings.tested(others.length)
      for (const other of others) {
        const what = differences(first, other)
        if (what.length === 0) continue
        const nodes = `nodes ${first.node} and ${other.node}`
        findings.broken(
          `${nodes} end with different ${what.map((part) => words[part]).join(', ')}`,
          [first.i, other.i],
        )
      }
    })
    return findings.result(this.#ledger.ended === 'interrupted' ? 'the run was interrupted' : '')
  }
}

const words = { held: 'messages', members: 'members', epochs: 'epochs', order: 'order' } as const

/** C10: what was acknowledged before a crash is there after it. */
export const durability: MakeChecker = () => new Durability()

class Durability implements Checker {
  readonly #findings = new Findings('C10', 'Durability')
  /** By node: acknowledged message -> the event that did. */
  readonly #acknowledged = new Map<number, Map<string, number>>()

  see(event: TraceEvent): void {
    if (event.k === 'op' && event.phase === 'ok' && event.m !== undefined) {
      const mine = this.#acknowledged.get(event.n) ?? new Map<string, number>()
      this.#acknowledged.set(event.n, mine.set(event.m, event.i))
    } else if (event.k === 'life' && !event.up) {
      this.#findings.tested(this.#acknowledged.get(event.n)?.size ?? 0)
    } else if (event.k === 'forgot') {
      const acknowledged = this.#acknowledged.get(event.n)?.get(event.m)
      if (acknowledged === undefined) return
      const what = `node ${event.n} came back without ${event.m}, which it had accepted`
      this.#findings.broken(what, [acknowledged, event.i])
    }
  }

  result(): CheckResult {
    return this.#findings.result()
  }
}

/** Fewer operations show nothing. */
const OPERATIONS_MIN = 10

/** C13: each fault was found in force, nothing crossed a cut, and there was work to do meanwhile. */
export const faultsHold: MakeChecker = (scenario, ledger) => new FaultsHold(scenario, ledger)

class FaultsHold implements Checker {
  readonly #scenario: Materialised
  readonly #ledger: Ledger
  readonly #findings = new Findings('C13', 'Fault validity')
  readonly #requested = new Map<string, number>()
  #unverified = 0

  constructor(scenario: Materialised, ledger: Ledger) {
    this.#scenario = scenario
    this.#ledger = ledger
  }

  see(event: TraceEvent): void {
    if (event.k === 'leak') {
      const what = `something came from node ${event.from} to node ${event.n} over a cut link`
      return this.#findings.broken(what, [event.i])
    }
    if (event.k !== 'fault') return
    const name = `${event.id}/${event.part}`
    if (event.state === 'requested') this.#requested.set(name, event.i)
    if (event.state === 'verified') this.#findings.tested()
    if (event.state === 'unverified') this.#unverified += 1
    if (event.state === 'verified' || event.state === 'unverified') this.#requested.delete(name)
  }

  result(): CheckResult {
    if (this.#scenario.phases.length === 0) this.#findings.tested()
    const doubts = [
      this.#unverified > 0 ? `${this.#unverified} faults were not found in force` : '',
      this.#requested.size > 0 ? `${this.#requested.size} faults were never looked at` : '',
      this.#ledger.operations.length < OPERATIONS_MIN ? 'too few operations' : '',
      this.#ledger.ended === 'interrupted' ? 'the run was interrupted' : '',
    ]
    return this.#findings.result(doubts.filter((doubt) => doubt !== '').join('; '))
  }
}
