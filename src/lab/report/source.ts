// What a report is made of: the files of a run folder that follow from scenario and seed alone. The
// manifest, which knows host and day, gives no more than the name of the engine.

import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'

import type { CheckResult } from '../check/checker.ts'
import type { MetricsByPhase, Series } from '../measure/measure.ts'
import { protocolOf } from '../protocol/registry.ts'
import { meant, readRun } from '../run/folder.ts'
import type { Study } from '../run/study.ts'
import type { ExpectationResult, Verdict } from '../run/verdict.ts'
import type { Materialised, ProtocolUse } from '../scenario/materialised.ts'
import type { TraceEvent } from '../trace/event.ts'
import { Scene } from './scene.ts'

export interface ProtocolSource {
  readonly name: string
  readonly use: ProtocolUse
  readonly title: string
  readonly origin: string
  readonly claims: readonly string[]
  readonly simplifications: readonly string[]
  readonly verdict: Verdict
  readonly digest: string
  readonly expectations: readonly ExpectationResult[]
  readonly checks: readonly CheckResult[]
  readonly phases: MetricsByPhase
  readonly series: readonly Series[]
  /** Undefined: no trace was kept. */
  readonly scene: Scene | undefined
  /** Events that witnesses point at, by index. */
  readonly events: ReadonlyMap<number, TraceEvent>
}

export interface ReportSource {
  readonly scenario: Materialised
  readonly yaml: string
  readonly engine: string
  readonly verdict: Verdict
  readonly digest: string
  readonly interrupted: boolean
  readonly protocols: readonly ProtocolSource[]
  /** Of a scenario that was run several times. */
  readonly study: Study | undefined
}

interface VerdictFile {
  readonly verdict: Verdict
  readonly digest: string
  readonly interrupted: boolean
  readonly protocols: readonly (Pick<
    ProtocolSource,
    'verdict' | 'digest' | 'expectations' | 'checks'
  > & { readonly protocol: string })[]
}

interface MetricsFile {
  readonly protocols: readonly {
    readonly protocol: string
    readonly phases: MetricsByPhase
    readonly series: readonly Series[]
  }[]
}

const STUDY = 'study.json'

/** @throws CoterieError USAGE when the folder holds no run */
export async function readReport(dir: string): Promise<ReportSource> {
  const { materialised: scenario, manifest } = readRun(dir)
  const verdicts = read<VerdictFile>(dir, 'verdict.json')
  const metrics = read<MetricsFile>(dir, 'metrics.json')
  const protocols: ProtocolSource[] = []
  for (const { protocol, ...judged } of verdicts.protocols) {
    const use = scenario.protocols.find(({ as }) => as === protocol)
    const measured = metrics.protocols.find((one) => one.protocol === protocol)
    if (use === undefined || measured === undefined) continue
    const { title, source: origin, claims, simplifications } = protocolOf(use.use)
    protocols.push({
      name: protocol,
      use,
      title,
      origin,
      claims: claims.map(({ sentence }) => sentence),
      simplifications,
      ...judged,
      phases: measured.phases,
      series: measured.series,
      ...(await readTrace(join(dir, protocol, 'trace.jsonl.gz'), scenario, judged.checks)),
    })
  }
  const { verdict, digest, interrupted } = verdicts
  const yaml = readFileSync(join(dir, 'scenario.yaml'), 'utf8')
  const study = existsSync(join(dir, STUDY)) ? read<Study>(dir, STUDY) : undefined
  const { engine } = manifest
  return { scenario, yaml, engine, verdict, digest, interrupted, protocols, study }
}

/** All events of a trace, in order. */
export async function* eventsOf(file: string): AsyncGenerator<TraceEvent> {
  const lines = createInterface({ input: createReadStream(file).pipe(createGunzip()) })
  for await (const line of lines) {
    if (line !== '') yield JSON.parse(line) as TraceEvent
  }
}

async function readTrace(
  file: string,
  scenario: Materialised,
  checks: readonly CheckResult[],
): Promise<Pick<ProtocolSource, 'scene' | 'events'>> {
  const events = new Map<number, TraceEvent>()
  if (!existsSync(file)) return { scene: undefined, events }
  const wanted = new Set(checks.flatMap(({ witnesses }) => witnesses.flatMap((one) => one.events)))
  const scene = new Scene(scenario)
  for await (const event of eventsOf(file)) {
    scene.see(event)
    if (wanted.has(event.i)) events.set(event.i, event)
  }
  return { scene, events }
}

function read<T>(dir: string, file: string): T {
  return JSON.parse(readFileSync(join(dir, file), 'utf8'), meant) as T
}

/**
 * Where the time axis of pictures ends, in microseconds of the run: a little after the workload, because
 * a protocol that never comes to rest would make all the others small.
 */
export function endOf({ protocols, scenario }: ReportSource): number {
  const lastUs = Math.max(0, ...protocols.map(({ scene }) => scene?.endUs ?? 0))
  return Math.min(lastUs, scenario.run.durationMs * 1_100)
}
