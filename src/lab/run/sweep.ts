// Many seeds of one scenario, until one fails: its folder is what `shrink` and `replay` take. Each seed
// draws the scenario anew, so faults, workload and weather differ.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { experiment } from './experiment.ts'
import { type Failure, failureOf } from './failure.ts'
import { makeFolder } from './folder.ts'
import { type LabResult, type RunOptions, runInto } from './lab.ts'
import { prepare } from './prepare.ts'
import { seedOf } from './study.ts'

export interface SweepOptions extends RunOptions {
  /** How many, at most. */
  readonly seeds: number
}

export interface Swept {
  readonly scenario: string
  /** Seeds that were run to their end, the failing one included. */
  readonly ran: number
  /** Of them, those of which nobody can tell. */
  readonly unknown: number
  readonly interrupted: boolean
  readonly failure: Failure | undefined
  /** The failing run, with its folder. */
  readonly failed: LabResult | undefined
}

/** @throws CoterieError before anything starts */
export async function sweep(nameOrFile: string, options: SweepOptions): Promise<Swept> {
  const first = await prepare(nameOrFile, options)
  const base = first.materialised.seed
  const count = { ran: 0, unknown: 0 }
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
        failure,
        failed,
      }
    }
    if (!options.signal.aborted) count.ran += 1
  }
  const { aborted: interrupted } = options.signal
  const { name } = first.materialised
  return { scenario: name, ...count, interrupted, failure: undefined, failed: undefined }
}
