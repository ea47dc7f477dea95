// `lab`: experiments. A scenario in, a verdict and a folder out. Tables for people; with --json one
// object with the verdict of every protocol. Progress is talk.

import type { CommandSpec, Context, Given, OptionSpec } from '../command.ts'
import { argument, optionFlag, optionList, optionText, usage } from '../command.ts'
import { DONE, INTERRUPTED } from '../exit-code.ts'
import { type Line, type Piece, type Style, table } from '../output/table.ts'
import { compare } from './lab-compare.ts'
import { severalEngines, showEngines } from './lab-engines.ts'
import { type Progress, TALK_MS, progressLine } from './lab-progress.ts'
import { shrink, sweep } from './lab-search.ts'
import { type Study, studyLines, studyValue } from './lab-study.ts'

type Verdict = 'pass' | 'fail' | 'unknown'

/** What is shown of one protocol. */
interface Shown {
  readonly protocol: string
  readonly verdict: Verdict
  readonly digest: string
  readonly events: number
  readonly metrics: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly expectations: readonly {
    readonly verdict: Verdict
    readonly phase: string
    readonly that: string
    readonly measured: Readonly<Record<string, number>>
  }[]
  readonly checks: readonly {
    readonly id: string
    readonly title: string
    readonly held: 'true' | 'false' | 'unknown'
    readonly violations: number
    readonly witnesses: readonly { readonly what: string; readonly events: readonly number[] }[]
  }[]
}

interface Result {
  readonly verdict: Verdict
  readonly digest: string
  readonly scenario: string
  readonly seed: string
  readonly engine: string
  readonly dir: string
  readonly interrupted: boolean
  readonly protocols: readonly Shown[]
  readonly study?: Study
}

const FAILED = 1
const UNKNOWN = 6

const seedOption: OptionSpec = {
  flags: '--seed <seed>',
  summary: "what everything random follows from (default: the scenario's own)",
}

const runOptions: readonly OptionSpec[] = [
  {
    flags: '--engine <name>',
    summary: 'sim; real nodes: inproc (one process), proc, netns; a,b compares',
  },
  {
    flags: '--protocol <name>',
    summary: 'only this protocol of the scenario; may be repeated',
    repeat: true,
  },
  { flags: '--out <dir>', summary: 'a new folder for the run (default: lab-runs/<name>-<number>)' },
  {
    flags: '--trace <level>',
    summary: 'normal, full with frames, digest to keep none (default: normal up to 100 nodes)',
  },
]

const list: CommandSpec = {
  name: 'list',
  summary: 'List the scenarios that ship, the protocols and the engines.',
  examples: ['lab list', 'lab list --json'],
  async run({ out }) {
    const { shipped } = await import('../../lab/run/library.ts')
    const { protocols } = await import('../../lab/protocol/registry.ts')
    const { engines } = await import('../../lab/engine/registry.ts')
    const scenarios = shipped()
    const known = protocols.map(({ name, title, claims, simplifications, source }) => ({
      name,
      title,
      source,
      claims: claims.map(({ sentence }) => sentence),
      simplifications,
    }))
    const value = { scenarios, protocols: known, engines: engines.map(({ name }) => name) }
    await out.result(value, () => [
      ...table(
        ['scenario', 'nodes', 'what'],
        scenarios.map(({ name, nodes, title }) => [name, String(nodes), title]),
      ),
      '',
      ...table(
        ['protocol', 'what'],
        known.map(({ name, title }) => [name, title]),
      ),
      '',
      `engines: ${value.engines.join(', ')}`,
    ])
  },
}

const validate: CommandSpec = {
  name: 'validate',
  summary: 'Check a scenario without running it; complaints say line and column.',
  arguments: ['[scenario]'],
  options: [{ flags: '--schema', summary: 'print the JSON Schema of scenario files instead' }],
  examples: ['lab validate my-split.yaml', 'lab validate --schema > scenario.schema.json'],
  async run({ out }, given) {
    if (optionFlag(given, 'schema')) {
      const { scenarioJsonSchema } = await import('../../lab/scenario/schema.ts')
      const schema = scenarioJsonSchema()
      if (out.json) return out.result({ schema }, () => [])
      return out.document('schema', JSON.stringify(schema, null, 2))
    }
    if (given.args[0] === undefined) throw usage('Which scenario? Give a name or a file.')
    const { prepare } = await import('../../lab/run/prepare.ts')
    const { materialised: made } = await prepare(argument(given, 0))
    const value = {
      name: made.name,
      nodes: made.nodes,
      events: made.events.length,
      phases: made.phases,
      protocols: made.protocols.map(({ as }) => as),
    }
    await out.result(value, () => [
      [
        { text: 'good', style: 'good' },
        `: ${made.name}, ${made.nodes} nodes, ${made.events.length} events`,
      ],
    ])
  },
}

const materialise: CommandSpec = {
  name: 'materialise',
  summary: 'Print a scenario with every choice made: an ordered list of events.',
  arguments: ['<scenario>'],
  options: [seedOption],
  examples: ['lab materialise bridge', 'lab materialise my-split.yaml --seed 7 > events.json'],
  async run({ out }, given) {
    const { prepare } = await import('../../lab/run/prepare.ts')
    const { materialised } = await prepare(argument(given, 0), { seed: optionText(given, 'seed') })
    if (out.json) return out.result({ materialised }, () => [])
    await out.document('materialised', JSON.stringify(materialised, null, 2))
  },
}

const runCommand: CommandSpec = {
  name: 'run',
  summary: 'Run a scenario and judge it. Exits with 1 when it fails, 6 when nobody can tell.',
  arguments: ['<scenario>'],
  options: [seedOption, ...runOptions],
  examples: [
    'lab run my-split.yaml --seed 7 --protocol coterie --json',
    'lab run manager-in-minority --engine sim,netns --protocol coterie',
  ],
  async run(context, given) {
    const engines = severalEngines(optionText(given, 'engine'))
    if (engines !== undefined) return runSeveral(context, given, engines)
    const { runScenario } = await import('../../lab/run/lab.ts')
    const result = await runScenario(argument(given, 0), optionsOf(context, given))
    await show(context, result, {})
    return exitOf(result)
  },
}

async function runSeveral(
  context: Context,
  given: Given,
  engines: readonly string[],
): Promise<number> {
  const { runOnEngines } = await import('../../lab/run/engines.ts')
  const result = await runOnEngines(argument(given, 0), engines, optionsOf(context, given))
  const rows = result.runs.flatMap(({ engine, protocols }) =>
    protocols.map((one) => [engine, ...rowOf(one)]),
  )
  const runs = result.runs.map(({ engine, dir, verdict, protocols }) => ({
    ...{ engine, dir, verdict },
    protocols: protocols.map(shortened),
  }))
  await showEngines(context, result, { heads: ['engine', ...heads], rows, runs })
  return exitOf(result)
}

const replay: CommandSpec = {
  name: 'replay',
  summary: 'Run a folder again and compare: exits with 1 when anything differs.',
  arguments: ['<run>'],
  options: runOptions,
  examples: ['lab replay lab-runs/latest', 'lab replay lab-runs/bridge-003 --protocol coterie'],
  async run(context, given) {
    const { replay: replayRun } = await import('../../lab/run/lab.ts')
    const result = await replayRun(argument(given, 0), optionsOf(context, given))
    const { same, was } = result
    await show(context, result, { same, was })
    if (result.interrupted) return INTERRUPTED
    return same ? DONE : FAILED
  },
}

const report: CommandSpec = {
  name: 'report',
  summary: 'Write the report of a run again: one page, plots, tables.',
  arguments: ['<run>'],
  examples: ['lab report lab-runs/latest', 'lab report lab-runs/bridge-003 --json'],
  async run({ out }, given) {
    const dir = argument(given, 0)
    const { writeReport } = await import('../../lab/report/report.ts')
    const files = await writeReport(dir)
    const page = `${dir}/report.html`
    await out.result({ dir, page, files }, () => [`page ${page}`, `${files.length} files in all`])
  },
}

export const lab: CommandSpec = {
  name: 'lab',
  summary: 'Run experiments: protocols under one netsplit, measured and judged.',
  examples: ['lab list', 'lab run manager-in-minority'],
  commands: [list, validate, materialise, runCommand, replay, sweep, shrink, compare, report],
}

function exitOf({ verdict, interrupted }: Pick<Result, 'verdict' | 'interrupted'>): number {
  if (interrupted) return INTERRUPTED
  return verdict === 'pass' ? DONE : verdict === 'fail' ? FAILED : UNKNOWN
}

function optionsOf({ out, signal }: Context, given: Given) {
  const level = levelOf(optionText(given, 'trace'))
  const begun = performance.now()
  let told = begun
  return {
    signal,
    trace: level,
    seed: optionText(given, 'seed'),
    engine: optionText(given, 'engine'),
    protocols: optionList(given, 'protocol'),
    out: optionText(given, 'out'),
    progress: ({ done, protocol, what }: Progress) => {
      const now = performance.now()
      if (now - told < TALK_MS) return
      told = now
      void out.talk({ text: progressLine(done, protocol, what, now - begun), style: 'dim' })
    },
  }
}

function levelOf(text: string | undefined): 'digest' | 'normal' | 'full' | undefined {
  if (text === undefined || text === 'digest' || text === 'normal' || text === 'full') return text
  throw usage(`--trace takes normal, full or digest, not "${text}".`)
}

async function show(context: Context, result: Result, more: object): Promise<void> {
  const { verdict, digest, scenario, seed, engine, dir, interrupted } = result
  const { written } = await import('../../lab/run/folder.ts')
  const protocols = JSON.parse(JSON.stringify(result.protocols.map(shortened), written)) as object[]
  const { study } = result
  const several = study === undefined ? {} : { study: studyValue(study) }
  const about = { verdict, digest, scenario, seed, engine, dir, interrupted }
  const value = { ...about, ...more, ...several, protocols }
  await context.out.result(value, () => [
    ...table(
      heads,
      result.protocols.map((one) => rowOf(one)),
    ),
    ...result.protocols.flatMap(complaints),
    ...(study === undefined ? [] : studyLines(study)),
    '',
    [{ text: verdict, style: styles[verdict] }, `: ${scenario}, seed ${seed}, ${engine}`],
    `digest ${digest}`,
    ...('same' in more ? [`as before: ${String(more.same)}`] : []),
    `folder ${dir}`,
    `report ${dir}/report.html`,
  ])
}

function shortened({ protocol, verdict, digest, events, expectations, checks, metrics }: Shown) {
  return { protocol, verdict, digest, events, expectations, checks, metrics }
}

const styles: Readonly<Record<Verdict, Style>> = {
  pass: 'good',
  fail: 'bad',
  unknown: 'warn',
}

const heads = 'protocol verdict accepted useful lost unreadable heal converged'.split(' ')

function rowOf({ protocol, verdict, metrics }: Shown): Piece[] {
  const all = metrics['all'] ?? {}
  const heals = Object.values(metrics).flatMap((phase) => phase['heal_read'] ?? [])
  const heal = heals.length === 0 ? '-' : millis(Math.max(...heals))
  return [
    protocol,
    { text: verdict, style: styles[verdict] },
    percent(all['A_all']),
    percent(all['U_all']),
    String(all['lost'] ?? '-'),
    String(all['undecryptable'] ?? '-'),
    heal,
    all['converged'] === 1 ? 'yes' : 'no',
  ]
}

function complaints({ protocol, expectations, checks }: Shown): Line[] {
  const unmet = expectations
    .filter(({ verdict }) => verdict !== 'pass')
    .map(({ verdict, phase, that, measured }): Line => [
      { text: `${protocol}: ${verdict}`, style: styles[verdict] },
      ` in ${phase}: ${that}  (${Object.entries(measured)
        .map(([name, value]) => `${name} = ${rounded(value)}`)
        .join(', ')})`,
    ])
  const broken = checks
    .filter(({ held }) => held === 'false')
    .map(({ id, title, violations, witnesses }): Line => {
      const first = witnesses[0]
      const where = first === undefined ? '' : `: ${first.what} (events ${first.events.join(', ')})`
      return `${protocol}: ${id} ${title} broken ${violations} times${where}`
    })
  return [...unmet, ...broken]
}

const percent = (value: number | undefined): string =>
  value === undefined || Number.isNaN(value) ? '-' : `${(value * 100).toFixed(1)} %`

const millis = (ms: number): string => (Number.isFinite(ms) ? `${Math.round(ms)} ms` : 'never')

const rounded = (value: number): string =>
  Number.isNaN(value)
    ? 'not measured'
    : Number.isFinite(value)
      ? String(Number(value.toFixed(3)))
      : 'never'
