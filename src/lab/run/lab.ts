// What `coterie lab` does, without printing: run a scenario into a folder, run a folder again, and say
// how far it is. The verdict of a run is the worst of its protocols.

import { writeFileSync, readFileSync } from 'node:fs'
import { arch, platform } from 'node:os'
import { join } from 'node:path'

import { toHex, utf8 } from '../../base/bytes.ts'
import { createNativeCrypto } from '../../crypto/native.ts'
import type { Capabilities, Engine, Progress } from '../engine/engine.ts'
import { engineOf } from '../engine/registry.ts'
import { Exports } from '../export/exports.ts'
import { writeReport } from '../report/report.ts'
import type { Materialised } from '../scenario/materialised.ts'
import type { Protocol } from '../protocol/port.ts'
import type { TraceLevel } from '../trace/event.ts'
import { type Experiment, experiment } from './experiment.ts'
import { type Manifest, makeFolder, openTrace, readRun, writeJson } from './folder.ts'
import { type Wishes, only, prepare } from './prepare.ts'
import { type Study, type StudyPlan, planStudy, study } from './study.ts'
import { type Verdict, worst } from './verdict.ts'

/** More nodes leave no trace unless asked for: it would be larger than anybody reads. */
const TRACED_NODES_MAX = 100

export interface RunOptions extends Wishes {
  readonly out?: string | undefined
  readonly trace?: TraceLevel | undefined
  readonly signal: AbortSignal
  /** `done` counts all protocols together. */
  readonly progress: (progress: Progress) => void
  /** Default: those that ship. */
  readonly protocolOf?: ((name: string) => Protocol) | undefined
}

export interface LabResult {
  readonly verdict: Verdict
  readonly digest: string
  readonly scenario: string
  readonly seed: string
  readonly engine: string
  readonly dir: string
  readonly interrupted: boolean
  readonly protocols: readonly Experiment[]
  /** Of a scenario that was run several times. */
  readonly study?: Study
}

/** @throws CoterieError before anything starts */
export async function runScenario(nameOrFile: string, options: RunOptions): Promise<LabResult> {
  const prepared = await prepare(nameOrFile, options)
  const { source, materialised, engine, capabilities } = prepared
  const plan = await planStudy(nameOrFile, prepared, options)
  const dir = makeFolder(options.out, materialised.name)
  writeFileSync(join(dir, 'scenario.yaml'), source.text)
  return runInto(dir, { materialised, engine, capabilities, plan }, options)
}

export interface Replayed extends LabResult {
  /** Whether each protocol did the same as in the run that is repeated, to the last event. */
  readonly same: boolean
  readonly was: string
}

/** Runs again what a folder holds, into another. @throws CoterieError USAGE */
export async function replay(run: string, options: RunOptions): Promise<Replayed> {
  const { materialised, manifest } = readRun(run)
  const engine = engineOf(options.engine ?? manifest.engine)
  const capabilities = await engine.capabilities()
  const chosen = only(materialised, options.protocols ?? [])
  const dir = makeFolder(options.out, materialised.name)
  writeFileSync(join(dir, 'scenario.yaml'), readFileSync(join(run, 'scenario.yaml')))
  const result = await runInto(dir, { materialised: chosen, engine, capabilities }, options)
  const before = new Map(manifest.protocols.map(({ as, digest }) => [as, digest]))
  const same = result.protocols.every(({ protocol, digest }) => before.get(protocol) === digest)
  return { ...result, same: same && !result.interrupted, was: manifest.digest }
}

export interface Parts {
  readonly materialised: Materialised
  readonly engine: Engine
  readonly capabilities: Capabilities
  /** What else is run beside it. */
  readonly plan?: StudyPlan | undefined
}

/** Runs one materialised scenario into a folder that is there. */
export async function runInto(dir: string, parts: Parts, options: RunOptions): Promise<LabResult> {
  const { materialised: scenario, engine, plan } = parts
  const started = new Date()
  const level = options.trace ?? (scenario.nodes > TRACED_NODES_MAX ? 'digest' : 'normal')
  writeJson(dir, 'materialised.json', scenario)
  const done: (Experiment & { wallMs: number })[] = []
  const runs = plan === undefined ? 1 : plan.runs.length * plan.seeds.length
  for (const use of scenario.protocols) {
    if (options.signal.aborted) break
    const before = performance.now()
    const trace = level === 'digest' ? undefined : openTrace(join(dir, use.as), 'trace.jsonl.gz')
    const exports = trace === undefined ? undefined : new Exports(scenario)
    const count = scenario.protocols.length
    const one = await experiment({
      scenario,
      use,
      engine,
      level,
      signal: options.signal,
      protocolOf: options.protocolOf,
      progress: (progress) =>
        options.progress({ ...progress, done: (done.length + progress.done) / count / runs }),
      ...(trace === undefined ? {} : { write: (text: string) => trace.write(text) }),
      ...(exports === undefined ? {} : { readers: exports.readers }),
    })
    await trace?.close()
    exports?.write(join(dir, use.as))
    done.push({ ...one, wallMs: Math.round(performance.now() - before) })
  }
  const studied = plan === undefined ? undefined : await study(plan, done, options)
  const interrupted = options.signal.aborted
  const verdicts = [...done.map(({ verdict }) => verdict), ...(studied ? [studied.verdict] : [])]
  const result: LabResult = {
    verdict: worst(interrupted ? [...verdicts, 'unknown'] : verdicts),
    digest: digestOf(done),
    scenario: scenario.name,
    seed: scenario.seed,
    engine: engine.name,
    dir,
    interrupted,
    protocols: done,
    ...(studied === undefined ? {} : { study: studied }),
  }
  writeResult(result)
  if (studied !== undefined) writeJson(dir, 'study.json', studied)
  writeJson(dir, 'manifest.json', manifestOf(result, parts, started, done))
  await writeReport(dir)
  return result
}

function writeResult({ dir, verdict, digest, interrupted, protocols }: LabResult): void {
  const metrics = protocols.map(({ protocol, metrics: phases, series }) => ({
    protocol,
    phases,
    series,
  }))
  writeJson(dir, 'metrics.json', { lab: 1, protocols: metrics })
  const verdicts = protocols.map(({ protocol, ...one }) => ({
    protocol,
    verdict: one.verdict,
    digest: one.digest,
    expectations: one.expectations,
    checks: one.checks,
  }))
  writeJson(dir, 'verdict.json', { lab: 1, verdict, digest, interrupted, protocols: verdicts })
}

function manifestOf(
  result: LabResult,
  { engine, capabilities }: Parts,
  started: Date,
  done: readonly (Experiment & { wallMs: number })[],
): Manifest {
  const { scenario, seed, digest, interrupted } = result
  return {
    lab: 1,
    version: versionOf(),
    scenario,
    seed,
    engine: engine.name,
    capabilities: {
      ...capabilities,
      faults: [...capabilities.faults],
      modes: [...capabilities.modes],
      changes: [...capabilities.changes],
      crashes: [...capabilities.crashes],
      protocols: capabilities.protocols === undefined ? 'any' : [...capabilities.protocols],
    },
    digest,
    interrupted,
    started: started.toISOString(),
    host: {
      node: process.versions.node,
      v8: process.versions.v8,
      platform: `${platform()}-${arch()}`,
    },
    again: `coterie lab run ${scenario} --seed ${JSON.stringify(seed)} --engine ${engine.name}`,
    protocols: done.map(({ protocol, digest: own, events, engine: report, wallMs }) => ({
      as: protocol,
      digest: own,
      events,
      wallMs,
      ...report,
    })),
  }
}

/** Over the digests of all protocols. */
function digestOf(done: readonly Experiment[]): string {
  const lines = done.map(({ protocol, digest }) => `${protocol} ${digest}\n`)
  return toHex(createNativeCrypto().sha256(utf8(lines.join(''))))
}

function versionOf(): string {
  const file = new URL('../../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
