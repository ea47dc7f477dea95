// The contract of checkers: invariants judged from the trace alone. `unknown` is an answer of its own:
// an invariant that nothing put to the test was not kept. A violation comes with its witness, the fewest
// events that show it, so that a person can follow it by hand.

import type { Materialised } from '../scenario/materialised.ts'
import type { Ledger } from '../measure/ledger.ts'
import type { TraceReader } from '../trace/event.ts'

export type CheckId = `C${number}`

export interface Witness {
  /** One sentence with names and numbers. */
  readonly what: string
  /** Indices of events, in order. */
  readonly events: readonly number[]
}

export interface CheckResult {
  readonly id: CheckId
  readonly title: string
  /** `true` kept, `false` broken, `unknown` not put to the test. */
  readonly held: 'true' | 'false' | 'unknown'
  /** How often it was put to the test. */
  readonly tested: number
  /** How many violations there are; the first few are shown. */
  readonly violations: number
  readonly witnesses: readonly Witness[]
  /** Why unknown, or what else is to be known. */
  readonly note: string
  /** Of C16: the states that were reached. */
  readonly reached?: readonly string[]
}

export interface Checker extends TraceReader {
  /** After the last event. */
  result(): CheckResult
}

/** The ledger reads each event before the checkers do. */
export type MakeChecker = (scenario: Materialised, ledger: Ledger) => Checker
