// One scenario on several engines, each run in a folder of its own, and what they say of it side by side:
// the first against each other one. With an engine of real nodes among them all run its `real` part, because
// another scale of time would be another experiment.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { type Agreement, agreementOf } from '../check/engines.ts'
import { makeFolder, writeJson } from './folder.ts'
import { type LabResult, type RunOptions, runInto } from './lab.ts'
import { type Prepared, prepare } from './prepare.ts'
import { type Verdict, worst } from './verdict.ts'

/** What two engines said of one protocol. */
export interface Compared extends Agreement {
  readonly protocol: string
  readonly model: string
  readonly real: string
}

export interface EnginesResult {
  readonly verdict: Verdict
  readonly scenario: string
  readonly seed: string
  readonly dir: string
  readonly interrupted: boolean
  readonly runs: readonly LabResult[]
  readonly agreements: readonly Compared[]
}

/** @throws CoterieError before anything starts, when one of them cannot do it */
export async function runOnEngines(
  nameOrFile: string,
  engines: readonly string[],
  options: RunOptions,
): Promise<EnginesResult> {
  const prepared = await prepareAll(nameOrFile, engines, options)
  const [first] = prepared
  if (first === undefined) throw new RangeError('no engine')
  const { name: scenario, seed } = first.materialised
  const dir = makeFolder(options.out, scenario)
  const runs: LabResult[] = []
  for (const { source, ...parts } of prepared) {
    if (options.signal.aborted) break
    const own = join(dir, parts.engine.name)
    mkdirSync(own)
    writeFileSync(join(own, 'scenario.yaml'), source.text)
    const progress: RunOptions['progress'] = (progress) =>
      options.progress({
        ...progress,
        done: (runs.length + progress.done) / prepared.length,
        what: `${progress.what} on ${parts.engine.name}`,
      })
    runs.push(await runInto(own, parts, { ...options, progress }))
  }
  const agreements = compare(runs)
  writeJson(dir, 'agreement.json', { lab: 1, scenario, seed, agreements })
  const interrupted = options.signal.aborted
  const verdict = worst([...runs.map((run) => run.verdict), ...(interrupted ? unknown : [])])
  return { verdict, scenario, seed, dir, interrupted, runs, agreements }
}

const unknown: readonly Verdict[] = ['unknown']

/** Everything that can be refused is refused here. */
async function prepareAll(
  nameOrFile: string,
  engines: readonly string[],
  options: RunOptions,
): Promise<Prepared[]> {
  const prepared: Prepared[] = []
  for (const engine of engines) prepared.push(await prepare(nameOrFile, { ...options, engine }))
  if (prepared.every(({ capabilities }) => capabilities.virtual)) return prepared
  // Else chaos would draw other faults for each.
  const among = prepared.map(({ capabilities }) => capabilities)
  const real: Prepared[] = []
  for (const engine of engines) {
    real.push(await prepare(nameOrFile, { ...options, engine, real: true, among }))
  }
  return real
}

/** The first run against each other one, for protocols that both ran. */
export function compare([first, ...others]: readonly LabResult[]): Compared[] {
  return others.flatMap((other) =>
    other.protocols.flatMap(({ protocol, metrics }): Compared[] => {
      const model = first?.protocols.find((one) => one.protocol === protocol)
      if (first === undefined || model === undefined) return []
      const names = { protocol, model: first.engine, real: other.engine }
      return [{ ...names, ...agreementOf(model.metrics, metrics) }]
    }),
  )
}
