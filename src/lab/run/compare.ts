// Two runs side by side: what both measured of the same protocol in the same phase, and by how much it
// differs. Reads their folders and nothing else, so runs of other engines, versions and machines compare.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { CoterieError } from '../../base/error.ts'
import type { MetricsByPhase } from '../measure/measure.ts'
import { meant, readRun } from './folder.ts'
import type { Verdict } from './verdict.ts'

export interface ComparedRun {
  readonly dir: string
  readonly scenario: string
  readonly seed: string
  readonly engine: string
  readonly version: string
  readonly digest: string
  readonly verdict: Verdict
}

export interface Difference {
  readonly protocol: string
  readonly phase: string
  readonly metric: string
  readonly a: number
  readonly b: number
  /** The greater over the lesser; `never` over anything is Infinity. */
  readonly factor: number
}

export interface Comparison {
  readonly a: ComparedRun
  readonly b: ComparedRun
  /** Whether the traces are the same to the last event. */
  readonly same: boolean
  readonly verdicts: readonly {
    readonly protocol: string
    readonly a: Verdict
    readonly b: Verdict
  }[]
  /** Metrics that differ, the greatest factor first. */
  readonly differences: readonly Difference[]
  /** How many metrics are equal. */
  readonly equal: number
  /** Protocols, or `protocol phase`, that only one of them has. */
  readonly onlyA: readonly string[]
  readonly onlyB: readonly string[]
}

interface Read {
  readonly run: ComparedRun
  readonly metrics: ReadonlyMap<string, MetricsByPhase>
  readonly verdicts: ReadonlyMap<string, Verdict>
}

/** @throws CoterieError USAGE when one of the folders holds no run */
export function compare(a: string, b: string): Comparison {
  return comparisonOf(read(a), read(b))
}

function comparisonOf(a: Read, b: Read): Comparison {
  const differences: Difference[] = []
  let equal = 0
  for (const [protocol, phases] of a.metrics) {
    for (const [phase, metrics] of Object.entries(phases)) {
      const others = b.metrics.get(protocol)?.[phase]
      for (const [metric, one] of Object.entries(metrics)) {
        const other = others?.[metric]
        if (other === undefined || (Number.isNaN(one) && Number.isNaN(other))) continue
        if (one === other) equal += 1
        else
          differences.push({
            protocol,
            phase,
            metric,
            a: one,
            b: other,
            factor: factor(one, other),
          })
      }
    }
  }
  const places = ({ metrics }: Read) =>
    [...metrics].flatMap(([protocol, phases]) =>
      Object.keys(phases).map((phase) => `${protocol} ${phase}`),
    )
  const [ofA, ofB] = [places(a), places(b)]
  return {
    a: a.run,
    b: b.run,
    same: a.run.digest === b.run.digest,
    verdicts: [...a.verdicts].flatMap(([protocol, one]) => {
      const other = b.verdicts.get(protocol)
      return other === undefined ? [] : [{ protocol, a: one, b: other }]
    }),
    differences: differences.sort((one, other) => other.factor - one.factor),
    equal,
    onlyA: ofA.filter((place) => !ofB.includes(place)),
    onlyB: ofB.filter((place) => !ofA.includes(place)),
  }
}

/** From something to nothing is as far as it gets; so is not being measured. */
function factor(a: number, b: number): number {
  const [less, more] = [Math.min(Math.abs(a), Math.abs(b)), Math.max(Math.abs(a), Math.abs(b))]
  if (Number.isNaN(a) || Number.isNaN(b) || less === 0) return Number.POSITIVE_INFINITY
  return more / less
}

function read(dir: string): Read {
  const { manifest } = readRun(dir)
  const metrics = file<{ protocols: { protocol: string; phases: MetricsByPhase }[] }>(
    dir,
    'metrics.json',
  )
  const judged = file<{ verdict: Verdict; protocols: { protocol: string; verdict: Verdict }[] }>(
    dir,
    'verdict.json',
  )
  const { scenario, seed, engine, version, digest } = manifest
  return {
    run: { dir, scenario, seed, engine, version, digest, verdict: judged.verdict },
    metrics: new Map(metrics.protocols.map(({ protocol, phases }) => [protocol, phases])),
    verdicts: new Map(judged.protocols.map(({ protocol, verdict }) => [protocol, verdict])),
  }
}

function file<T>(dir: string, name: string): T {
  try {
    return JSON.parse(readFileSync(join(dir, name), 'utf8'), meant) as T
  } catch (cause) {
    throw new CoterieError('USAGE', `"${dir}" has no ${name} that can be read.`, {
      hint: 'Give the folders of two runs that came to an end.',
      cause,
    })
  }
}
