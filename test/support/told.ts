// Traces that a test writes down event by event, the small scenario that they are of, and what the checkers
// say of them.

import type { CheckResult } from '../../src/lab/check/checker.ts'
import { makeCheckers } from '../../src/lab/check/checkers.ts'
import { Ledger } from '../../src/lab/measure/ledger.ts'
import type { Materialised } from '../../src/lab/scenario/materialised.ts'
import type { Fact, TraceEvent } from '../../src/lab/trace/event.ts'

/** When in seconds, which node, what. */
export type Told = readonly [s: number, n: number, fact: Fact]

/** One group of so many nodes, led by the first, over links of 20 ms. */
export const smallScenario = (
  nodes: number,
  durationMs: number,
  more: Partial<Materialised> = {},
): Materialised => ({
  lab: 1,
  name: 'small',
  title: '',
  seed: 's',
  nodes,
  groups: [{ members: Array.from({ length: nodes }, (_, n) => n), leaders: [0], outside: [] }],
  labels: {},
  network: { delayMs: 20, jitterMs: 0, loss: 0, duplicate: 0, reorder: 0, absent: [], between: [] },
  protocols: [],
  run: { warmupMs: 0, durationMs, quiesceMs: 1_000, deadlineMs: 1_000 },
  events: [],
  phases: [],
  expect: [],
  ...more,
})

/** Whom a node takes for the members from then on. */
export const view = (s: number, n: number, members: readonly number[]): Told => [
  s,
  n,
  { k: 'view', g: 0, id: members.join(), members },
]

/** What each checker says, by its id. The trace is in order. */
export function judge(scenario: Materialised, told: readonly Told[]): Map<string, CheckResult> {
  const ledger = new Ledger(scenario)
  const checkers = makeCheckers(scenario, ledger)
  told.forEach(([s, n, fact], i) => {
    const event: TraceEvent = { i, t: Math.round(s * 1e6), n, ...fact }
    for (const reader of [ledger, ...checkers]) reader.see(event)
  })
  return new Map(checkers.map((checker) => checker.result()).map((one) => [one.id, one]))
}
