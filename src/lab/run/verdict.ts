// The verdict of a run: what was expected against what was measured, and for the product's own protocol
// every check. Unknown is never a pass: a fault that nobody saw, an operation that nobody asked.

import type { CheckResult } from '../check/checker.ts'
import { evaluate, parseFormula } from '../scenario/formula.ts'
import type { Expectation } from '../scenario/materialised.ts'
import type { MetricsByPhase } from '../measure/measure.ts'

export type Verdict = 'pass' | 'fail' | 'unknown'

export interface ExpectationResult extends Expectation {
  readonly verdict: Verdict
  /** Metrics of the formula and what they were. */
  readonly measured: Readonly<Record<string, number>>
}

export interface ProtocolVerdict {
  readonly verdict: Verdict
  readonly expectations: readonly ExpectationResult[]
  readonly checks: readonly CheckResult[]
}

export interface Judged {
  /** As the protocol is called. */
  readonly as: string
  /** Whether failed checks fail it. */
  readonly judged: boolean
  readonly expect: readonly Expectation[]
  readonly metrics: MetricsByPhase
  readonly checks: readonly CheckResult[]
  readonly interrupted: boolean
  /** Whether the run was made to see a core get on: then nobody knows as long as that is unknown. */
  readonly live?: boolean
}

export function judge({
  as,
  judged,
  expect,
  metrics,
  checks,
  interrupted,
  live = false,
}: Judged): ProtocolVerdict {
  const expectations = expect
    .filter((one) => one.for === '*' || one.for === as)
    .map((one) => weigh(one, metrics[one.phase] ?? {}))
  const faults = checks.find(({ id }) => id === 'C13')
  const broken = judged && checks.some(({ held }) => held === 'false')
  const unasked = live && checks.find(({ id }) => id === 'C11')?.held === 'unknown'
  const doubtful = interrupted || unasked || faults?.held !== 'true'
  const parts: Verdict[] = [
    ...expectations.map(({ verdict }) => verdict),
    broken ? 'fail' : 'pass',
    doubtful ? 'unknown' : 'pass',
  ]
  return { verdict: worst(parts), expectations, checks }
}

/** Of several: a failure fails all, then doubt spreads. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('fail')) return 'fail'
  return verdicts.includes('unknown') ? 'unknown' : 'pass'
}

function weigh(
  expectation: Expectation,
  metrics: Readonly<Record<string, number>>,
): ExpectationResult {
  const measured: Record<string, number> = {}
  const value = evaluate(parseFormula(expectation.that), (name) => {
    measured[name] = metrics[name] ?? Number.NaN
    return measured[name]
  })
  const verdict = Number.isNaN(value) ? 'unknown' : value === 0 ? 'fail' : 'pass'
  return { ...expectation, verdict, measured }
}
