// One experiment: a materialised scenario on an engine, one protocol after the other, each with its
// trace, metrics, checks and verdict. Nothing is judged but the trace.

import { createNativeCrypto } from '../../crypto/native.ts'
import { makeCheckers } from '../check/checkers.ts'
import type { Engine, EngineReport, Progress } from '../engine/engine.ts'
import { Ledger } from '../measure/ledger.ts'
import type { MetricsByPhase, Series } from '../measure/measure.ts'
import { collect, collectSeries, makeReducers } from '../measure/metrics.ts'
import type { Protocol } from '../protocol/port.ts'
import { protocolOf } from '../protocol/registry.ts'
import type { Materialised, ProtocolUse } from '../scenario/materialised.ts'
import type { TraceLevel, TraceReader } from '../trace/event.ts'
import { Recorder } from '../trace/recorder.ts'
import { type ProtocolVerdict, judge } from './verdict.ts'

export interface ExperimentOptions {
  readonly scenario: Materialised
  readonly use: ProtocolUse
  readonly engine: Engine
  readonly level: TraceLevel
  readonly signal: AbortSignal
  readonly progress: (progress: Progress) => void
  /** Gets the lines of the trace, in blocks. */
  readonly write?: (text: string) => void
  /** What else reads the trace. Default: nothing. */
  readonly readers?: readonly TraceReader[]
  /** Default: those that ship. */
  readonly protocolOf?: ((name: string) => Protocol) | undefined
}

export interface Experiment extends ProtocolVerdict {
  readonly protocol: string
  readonly use: ProtocolUse
  readonly digest: string
  readonly events: number
  readonly metrics: MetricsByPhase
  readonly series: readonly Series[]
  readonly engine: EngineReport
  readonly interrupted: boolean
}

export async function experiment(options: ExperimentOptions): Promise<Experiment> {
  const { scenario, use, engine, level, signal, progress, write } = options
  const protocol = (options.protocolOf ?? protocolOf)(use.use)
  const ledger = new Ledger(scenario)
  const reducers = makeReducers(scenario, ledger)
  const checkers = makeCheckers(scenario, ledger)
  const recorder = new Recorder({
    crypto: createNativeCrypto(),
    level,
    readers: [ledger, ...reducers, ...checkers, ...(options.readers ?? [])],
    ...(write === undefined ? {} : { write }),
  })
  const { tell } = recorder
  const frames = level === 'full'
  const report = await engine.run({ scenario, protocol, use, tell, signal, progress, frames })
  const digest = recorder.finish()
  const interrupted = ledger.ended !== 'quiet' && ledger.ended !== 'bound'
  const metrics = collect(reducers, ledger)
  const checks = checkers.map((checker) => checker.result())
  const { as } = use
  const { judged } = protocol
  const { expect, core } = scenario
  const live = judged && core !== undefined
  const verdict = judge({ as, judged, expect, metrics, checks, interrupted, live })
  return {
    protocol: as,
    use,
    digest,
    events: recorder.events,
    metrics,
    series: collectSeries(reducers),
    engine: report,
    interrupted,
    ...verdict,
  }
}
