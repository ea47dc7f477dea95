// All reducers together: what a run is measured by.
// A new one is added to the list here, and its names to `names.ts`.

import type { Materialised } from '../scenario/materialised.ts'
import { availability } from './availability.ts'
import { convergence } from './convergence.ts'
import { cost } from './cost.ts'
import { divergence } from './divergence.ts'
import { exposure } from './exposure.ts'
import type { Ledger } from './ledger.ts'
import type { MakeReducer, MetricsByPhase, Reducer, Series } from './measure.ts'
import { operations } from './operations.ts'
import { order } from './order.ts'
import { secrecy } from './secrecy.ts'
import { staleness } from './staleness.ts'

const reducers: readonly MakeReducer[] = [
  convergence,
  availability,
  operations,
  staleness,
  order,
  divergence,
  secrecy,
  exposure,
  cost,
]

export function makeReducers(scenario: Materialised, ledger: Ledger): readonly Reducer[] {
  return reducers.map((make) => make(scenario, ledger))
}

/** After the last event. */
export function collect(made: readonly Reducer[], ledger: Ledger): MetricsByPhase {
  const entries = ledger.phases().map((phase) => {
    const parts = made.map((reducer) => reducer.metrics(phase))
    return [phase.name, Object.assign({}, ...parts) as Record<string, number>] as const
  })
  return Object.fromEntries(entries)
}

export function collectSeries(made: readonly Reducer[]): readonly Series[] {
  return made.flatMap((reducer) => reducer.series())
}
