// A scenario as engines of real nodes run it: with what its real part says instead, because they cannot do
// all that a simulator can, and in less time, because the wall clock cannot be hurried. Links keep their
// delays and operations their deadline.

import type { Materialised } from './materialised.ts'
import { durationMs } from './duration.ts'
import type { Scenario } from './schema.ts'
import type { Path, Problem } from './source.ts'

/** Bounds of a run on real nodes. */
export const REAL_DURATION_MS_MAX = 90_000
export const REAL_QUIESCE_MS_MAX = 30_000

export interface DrawnReal {
  readonly materialised: Materialised
  readonly problems: readonly Problem[]
}

/** A scenario with what its real part says instead. */
export function realOf(scenario: Scenario): Scenario {
  const { workload, schedule, expect } = { ...scenario, ...said(scenario.real) }
  return { ...scenario, workload, schedule, expect }
}

/** Where the file says what a path into such a scenario leads to. */
export function inFile({ real }: Scenario, path: Path): Path {
  return typeof path[0] === 'string' && path[0] in said(real) ? ['real', ...path] : path
}

/** What stands in the real part instead of the rest. */
function said(real: Scenario['real']): Partial<Scenario> {
  const { workload, schedule, expect } = real ?? {}
  return {
    ...(workload === undefined ? {} : { workload }),
    ...(schedule === undefined ? {} : { schedule }),
    ...(expect === undefined ? {} : { expect }),
  }
}

/** The real part of a scenario, drawn. Without one it cannot be: that is a problem, too. */
export function asReal(scenario: Scenario, drawn: Materialised, engine: string): DrawnReal {
  const { real } = scenario
  if (real === undefined) {
    const message = `the engine ${engine} needs a \`real:\` part: its nodes live in real time`
    return { materialised: drawn, problems: [{ path: ['run'], message }] }
  }
  const { scale } = real
  const scaled = (ms: number): number => Math.round(ms * scale)
  const run = {
    warmupMs: scaled(drawn.run.warmupMs),
    durationMs: real.duration === undefined ? scaled(drawn.run.durationMs) : ms(real.duration),
    quiesceMs: ms(real.quiesce),
    deadlineMs: drawn.run.deadlineMs,
  }
  const events = drawn.events.map((event) => ({ ...event, atMs: scaled(event.atMs) }))
  const kept = events.filter(({ atMs, kind }) => kind === 'fault' || atMs <= run.durationMs)
  const protocols = drawn.protocols.filter(({ as }) => real.protocols?.includes(as) ?? true)
  const problems: Problem[] = []
  const refuse = (path: Path, message: string) => void problems.push({ path, message })
  if (run.durationMs > REAL_DURATION_MS_MAX) {
    const most = REAL_DURATION_MS_MAX / 1_000
    refuse(
      ['real'],
      `takes ${Math.ceil(run.durationMs / 1_000)} s of the wall clock; at most ${most} s`,
    )
  }
  if (run.quiesceMs > REAL_QUIESCE_MS_MAX) {
    refuse(['real', 'quiesce'], `is longer than ${REAL_QUIESCE_MS_MAX / 1_000} s`)
  }
  if (run.quiesceMs <= 0) refuse(['real', 'quiesce'], 'is nothing: healing takes time')
  if (kept.some(({ atMs, kind }) => kind === 'fault' && atMs > run.durationMs)) {
    refuse(['real', 'duration'], 'ends before the last fault does')
  }
  const core = drawn.core && { ...drawn.core, fromMs: scaled(drawn.core.fromMs) }
  if (core !== undefined && core.fromMs + core.boundMs > run.durationMs) {
    const seconds = Math.ceil((core.fromMs + core.boundMs) / 1_000)
    refuse(['real'], `leaves the core less time than chaos.bound: it would take ${seconds} s`)
  }
  real.protocols?.forEach((name, index) => {
    if (drawn.protocols.some(({ as }) => as === name)) return
    refuse(['real', 'protocols', index], `no protocol of this scenario is called "${name}"`)
  })
  const whole = { ...drawn, run, events: kept, protocols, ...(core ? { core } : {}) }
  return { materialised: whole, problems }
}

const ms = (text: string): number => durationMs(text) ?? 0
