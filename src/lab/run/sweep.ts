// Many seeds of one scenario, until one fails: its folder is what `shrink` and `replay` take. Each seed
// draws the scenario anew, so faults, workload and weather differ.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { worthReaching } from '../check/coverage.ts'
import { type Experiment, experiment } from './experiment.ts'
import { type Failure, failureOf } from './failure.ts'
import { makeFolder } from './folder.ts'
import { type LabResult, type RunOptions, runInto } from './lab.ts'
import { prepare } from './prepare.ts'
import { protocolOf } from '../protocol/registry.ts'
import { seedOf } from './study.ts'

export interface SweepOptions extends RunOptions {
  /** How many, at most. */
  readonly seeds: number
}

/** By state, in the order in which they are told of. */
export type Coverage = Readonly<Record<string, number>>

export interface Swept {
  readonly scenario: string
  /** Seeds that were run to their end, the failing one included. */
  readonly ran: number
  /** Of them, those of which nobody can tell. */
  readonly unknown: number
  readonly interrupted: boolean
  /** C16: of the runs of judged protocols, how many reached each state that is worth reaching. */
  readonly coverage: Coverage
  readonly failure: Failure | undefined
  /** The failing run, with its folder. */
  readonly failed: LabResult | undefined
}

/** @throws CoterieError before anything starts */
export async function sweep(nameOrFile: string, options: SweepOptions): Promise<Swept> {
  const first = await prepare(nameOrFile, options)
  const base = first.materialised.seed
  const count = { ran: 0, unknown: 0 }
  const coverage: Record<string, number> = Object.fromEntries(worthReaching.map((one) => [one, 0]))
  for (let turn = 0; turn < options.seeds && !options.signal.aborted; turn++) {
    const seed = seedOf(base, turn)
    const prepared = await prepare(nameOrFile, { ...options, seed })
    const { materialised: scenario, engine, source } = prepared
    for (const use of scenario.protocols) {
      const { signal, protocolOf } = options
      const progress = () =>
        options.progress({ done: turn / options.seeds, protocol: use.as, what: seed })
      const one = await experiment({
        scenario,
        use,
        engine,
        level: 'digest',
        signal,
        progress,
        protocolOf,
      })
      const failure = signal.aborted ? undefined : failureOf(one)
      for (const what of reachedBy(one, options)) coverage[what] = (coverage[what] ?? 0) + 1
      if (one.verdict === 'unknown') count.unknown += 1
      if (failure === undefined) continue
      const dir = makeFolder(options.out, scenario.name)
      writeFileSync(join(dir, 'scenario.yaml'), source.text)
      const alone = { ...scenario, protocols: [use] }
      const failed = await runInto(dir, { ...prepared, materialised: alone }, options)
      return {
        scenario: scenario.name,
        ...count,
        ran: turn + 1,
        interrupted: false,
        coverage,
        failure,
        failed,
      }
    }
    if (!options.signal.aborted) count.ran += 1
  }
  const { aborted: interrupted } = options.signal
  const { name } = first.materialised
  return { scenario: name, ...count, interrupted, coverage, failure: undefined, failed: undefined }
}

function reachedBy({ use, checks }: Experiment, options: SweepOptions): readonly string[] {
  const { judged } = (options.protocolOf ?? protocolOf)(use.use)
  return judged ? (checks.find(({ id }) => id === 'C16')?.reached ?? []) : []
}

/** Whether nothing was reached but faults: such a sweep has shown little. */
export const isShallow = ({ coverage }: Swept): boolean =>
  worthReaching.every((what) => what === 'a fault in force' || (coverage[what] ?? 0) === 0)
