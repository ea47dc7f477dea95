// C15 resources: what a protocol says and decides by itself stays bounded, and comes back to the calm
// level after a heal.

import type { Ledger } from '../measure/ledger.ts'
import type { Materialised } from '../scenario/materialised.ts'
import type { TraceEvent } from '../trace/event.ts'
import { settleUs } from './bounds.ts'
import type { Checker, CheckResult, MakeChecker } from './checker.ts'
import { Findings } from './verdicts.ts'

const MINUTE_US = 60_000_000
/** New epochs of a group in a minute in which nothing asked for any. */
const EPOCHS_FREE = 6
/** For each decision and each change of links in that minute. */
const EPOCHS_EACH = 3
/** After a heal, so many times as many control messages as in the calm are still calm. */
const CALM_TIMES = 3
/** And so many for each node and minute in any case. */
const CALM_FREE = 6

/** C15: epochs a minute are bounded by what asked for them; control messages calm down after a heal. */
export const resources: MakeChecker = (scenario, ledger) => new Resources(scenario, ledger)

class Resources implements Checker {
  readonly #scenario: Materialised
  readonly #ledger: Ledger
  readonly #seen = new Set<string>()
  /** When an epoch was first seen, by which event, of which group. */
  readonly #epochs: { readonly atUs: number; readonly i: number; readonly g: number }[] = []
  readonly #causes: number[] = []
  readonly #control: { readonly atUs: number; readonly i: number }[] = []
  #lastFaultUs = 0

  constructor(scenario: Materialised, ledger: Ledger) {
    this.#scenario = scenario
    this.#ledger = ledger
  }

  see(event: TraceEvent): void {
    const { t: atUs, i } = event
    if (event.k === 'epoch') {
      for (const head of event.heads) {
        if (this.#seen.has(`${event.g} ${head}`)) continue
        this.#seen.add(`${event.g} ${head}`)
        this.#epochs.push({ atUs, i, g: event.g })
      }
    } else if (event.k === 'links' || event.k === 'life') this.#causes.push(atUs)
    else if (event.k === 'op' && event.phase === 'ok' && event.f !== 'send' && event.f !== 'read') {
      this.#causes.push(atUs)
    } else if (event.k === 'fault') this.#lastFaultUs = atUs
    else if (event.k === 'msg' && !event.text) this.#control.push({ atUs, i })
  }

  result(): CheckResult {
    const findings = new Findings('C15', 'Resources')
    this.#scenario.groups.forEach((_, group) => this.#storms(findings, group))
    this.#calm(findings)
    return findings.result(this.#ledger.ended === 'interrupted' ? 'the run was interrupted' : '')
  }

  #storms(findings: Findings, group: number): void {
    const mine = this.#epochs.filter(({ g }) => g === group)
    for (let fromUs = 0; fromUs + MINUTE_US <= this.#ledger.endUs; fromUs += MINUTE_US) {
      findings.tested()
      const within = (atUs: number) => atUs >= fromUs && atUs < fromUs + MINUTE_US
      const born = mine.filter(({ atUs }) => within(atUs))
      const allowed = EPOCHS_FREE + EPOCHS_EACH * this.#causes.filter(within).length
      if (born.length <= allowed) continue
      const what = `group ${group} made ${born.length} epochs in the minute from ${fromUs / 1e6} s, for which there was reason for ${allowed}`
      findings.broken(what, [born[0]?.i ?? 0, born.at(-1)?.i ?? 0])
    }
  }

  #calm(findings: Findings): void {
    const { phases, run, nodes } = this.#scenario
    const firstUs = Math.min(...phases.map((id) => this.#ledger.faults.get(id)?.fromUs ?? Infinity))
    const calmFromUs = run.warmupMs * 1_000
    const backUs = this.#lastFaultUs + settleUs({})
    const endUs = run.durationMs * 1_000
    const [calm, later] = [firstUs - calmFromUs, endUs - backUs]
    if (!Number.isFinite(calm) || calm < MINUTE_US / 2 || later < MINUTE_US / 2) return
    findings.tested()
    const count = (from: number, to: number) =>
      this.#control.filter(({ atUs }) => atUs >= from && atUs < to)
    const before = count(calmFromUs, firstUs).length / (calm / MINUTE_US)
    const after = count(backUs, endUs)
    const rate = after.length / (later / MINUTE_US)
    if (rate <= CALM_TIMES * before + CALM_FREE * nodes) return
    const what = `${Math.round(rate)} control messages a minute after the heal, ${Math.round(before)} before the fault`
    findings.broken(what, [after[0]?.i ?? 0, after.at(-1)?.i ?? 0])
  }
}
