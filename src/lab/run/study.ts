// A scenario run several times: with other seeds (`run.repeats`) and with other values (`sweep:`). The
// first run of the first setting leaves traces and the rest of a folder; of the others their metrics are
// kept, as medians with intervals. Everything is prepared before anything starts.

import { createNativeCrypto } from '../../crypto/native.ts'
import { toHex, utf8 } from '../../base/bytes.ts'
import type { MetricsByPhase } from '../measure/measure.ts'
import { type Spread, spreadOf } from '../measure/spread.ts'
import { type Setting, settingText, settingsOf } from '../scenario/variants.ts'
import { type Experiment, experiment } from './experiment.ts'
import type { RunOptions } from './lab.ts'
import { type Prepared, prepare } from './prepare.ts'
import { type Verdict, worst } from './verdict.ts'

export type SpreadsByPhase = Readonly<Record<string, Readonly<Record<string, Spread>>>>

/** One protocol under one setting. */
export interface Cell {
  readonly setting: Setting
  readonly protocol: string
  readonly verdicts: readonly Verdict[]
  readonly phases: SpreadsByPhase
}

export interface Study {
  readonly lab: 1
  readonly seeds: readonly string[]
  /** The paths that are swept, with their values. */
  readonly sweep: Readonly<Record<string, readonly (string | number | boolean)[]>>
  readonly cells: readonly Cell[]
  readonly verdict: Verdict
  /** Over the digests of all runs. */
  readonly digest: string
}

interface Planned {
  readonly setting: Setting
  readonly prepared: Prepared
}

export interface StudyPlan {
  readonly sweep: Study['sweep']
  readonly seeds: readonly string[]
  /** By setting, then by seed; the first is the run that leaves a folder. */
  readonly runs: readonly (readonly Planned[])[]
}

/** What is to be run; undefined: once is all. @throws CoterieError for any setting that cannot be run */
export async function planStudy(
  nameOrFile: string,
  first: Prepared,
  options: RunOptions,
): Promise<StudyPlan | undefined> {
  const { repeats, sweep } = first
  const base = options.seed ?? first.materialised.seed
  const seeds = Array.from({ length: repeats }, (_, turn) => seedOf(base, turn))
  const settings = settingsOf(sweep)
  if (seeds.length * settings.length === 1) return undefined
  const runs: Planned[][] = []
  for (const set of settings) {
    const row: Planned[] = []
    for (const seed of seeds) {
      row.push({ setting: set, prepared: await prepare(nameOrFile, { ...options, seed, set }) })
    }
    runs.push(row)
  }
  return { sweep, seeds, runs }
}

/** The seeds that follow from one: those that `lab sweep` tries, too. */
export const seedOf = (base: string, turn: number): string =>
  turn === 0 ? base : `${base}/${turn}`

/** Runs all but the first, which is there. */
export async function study(
  plan: StudyPlan,
  first: readonly Experiment[],
  options: RunOptions,
): Promise<Study> {
  const total = plan.runs.length * plan.seeds.length
  const cells: Cell[] = []
  const lines: string[] = []
  let done = 0
  for (const row of plan.runs) {
    const results: (readonly Experiment[])[] = []
    for (const planned of row) {
      if (options.signal.aborted) break
      const what = `${settingText(planned.setting)} seed ${planned.prepared.materialised.seed}`
      const tell = (part: number) =>
        options.progress({ done: (done + part) / total, protocol: '', what })
      results.push(done === 0 ? first : await runOne(planned, options, tell))
      done += 1
    }
    const [one] = row
    for (const { protocol } of results[0] ?? []) {
      const mine = results.flatMap((each) => each.filter((run) => run.protocol === protocol))
      lines.push(...mine.map(({ digest }) => `${protocol} ${digest}\n`))
      cells.push({
        setting: one?.setting ?? {},
        protocol,
        verdicts: mine.map(({ verdict }) => verdict),
        phases: spreadsOf(mine.map(({ metrics }) => metrics)),
      })
    }
  }
  const verdicts = cells.flatMap((cell) => cell.verdicts)
  const verdict = worst(done < total ? [...verdicts, 'unknown'] : verdicts)
  const digest = toHex(createNativeCrypto().sha256(utf8(lines.join(''))))
  return { lab: 1, seeds: plan.seeds, sweep: plan.sweep, cells, verdict, digest }
}

async function runOne(
  { prepared }: Planned,
  { signal, protocolOf }: RunOptions,
  tell: (part: number) => void,
): Promise<Experiment[]> {
  const { materialised: scenario, engine } = prepared
  const done: Experiment[] = []
  const count = scenario.protocols.length
  for (const use of scenario.protocols) {
    const progress = ({ done: part }: { readonly done: number }) =>
      tell((done.length + part) / count)
    const about = { scenario, use, engine, level: 'digest', signal, protocolOf } as const
    done.push(await experiment({ ...about, progress }))
  }
  return done
}

function spreadsOf(runs: readonly MetricsByPhase[]): SpreadsByPhase {
  const phases = Object.keys(runs[0] ?? {})
  const entries = phases.map((phase) => {
    const names = new Set(runs.flatMap((run) => Object.keys(run[phase] ?? {})))
    const spreads = [...names].map(
      (name) => [name, spreadOf(runs.map((run) => run[phase]?.[name] ?? Number.NaN))] as const,
    )
    return [phase, Object.fromEntries(spreads)] as const
  })
  return Object.fromEntries(entries)
}
