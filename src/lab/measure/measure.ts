// The contract of metrics: reducers that read the trace once, as it is made, and remember no more than
// they need. Each answers for the phases of the run: `before`, each fault by its id while it lasts, and
// `after-<id>` from its end to the end of the run; `all` is everything after the warm-up.

import type { Materialised } from '../scenario/materialised.ts'
import type { Ledger } from './ledger.ts'
import type { TraceReader } from '../trace/event.ts'

/**
 * A number, in milliseconds where it is a time. Infinity: not reached by the end. NaN: there was nothing
 * to measure. Truths are 1 and 0.
 */
export type Metric = number

/** Metrics of one phase by name: `lost`, `A_large`, `heal_read`. Names are what `expect` knows. */
export type Metrics = Readonly<Record<string, Metric>>

/** By phase, in the order in which the phases begin. */
export type MetricsByPhase = Readonly<Record<string, Metrics>>

/** A curve, for plots: pairs of x and y. */
export interface Series {
  readonly name: string
  readonly phase: string
  /** Of the x axis and of the y axis. */
  readonly units: readonly [string, string]
  readonly points: readonly (readonly [number, number])[]
}

export interface Reducer extends TraceReader {
  /** After the last event: its metrics of one phase. */
  metrics(phase: Phase): Metrics
  series(): readonly Series[]
}

/** The ledger reads each event before the reducers do. */
export type MakeReducer = (scenario: Materialised, ledger: Ledger) => Reducer

/** A stretch of the run, in microseconds: from, and up to but not including, to. */
export interface Phase {
  readonly name: string
  /** The fault that it is of or comes after, if any. */
  readonly fault: string | undefined
  readonly after: boolean
  readonly fromUs: number
  readonly toUs: number
}
