// `lab sweep` and `lab shrink`: look for a seed at which a scenario fails, and make the failing run small.
// Both leave a folder that `lab replay` repeats.

import type { CommandSpec, Context } from '../command.ts'
import { argument, optionList, optionText, usage } from '../command.ts'
import { DONE, INTERRUPTED } from '../exit-code.ts'
import { type Line, table } from '../output/table.ts'

const FAILED = 1
const UNKNOWN = 6
const SEEDS = 20
const SEEDS_MAX = 100_000
const TALK_MS = 3_000

const protocolOption = {
  flags: '--protocol <name>',
  summary: 'only this protocol of the scenario; may be repeated',
  repeat: true,
} as const

const outOption = {
  flags: '--out <dir>',
  summary: 'a new folder for the run that is kept (default: lab-runs/<name>-<number>)',
} as const

export const sweep: CommandSpec = {
  name: 'sweep',
  summary: 'Run a scenario with many seeds until one fails, and keep that run.',
  arguments: ['<scenario>'],
  options: [
    { flags: '--seeds <number>', summary: `how many seeds at most (default: ${SEEDS})` },
    {
      flags: '--seed <seed>',
      summary: "the first; others follow from it (default: the scenario's)",
    },
    protocolOption,
    outOption,
  ],
  examples: ['lab sweep safety --seeds 200 --protocol coterie', 'lab sweep my-split.yaml --json'],
  async run(context, given) {
    const { isShallow, sweep: sweepSeeds } = await import('../../lab/run/sweep.ts')
    const swept = await sweepSeeds(argument(given, 0), {
      seeds: seedsOf(optionText(given, 'seeds')),
      seed: optionText(given, 'seed'),
      protocols: optionList(given, 'protocol'),
      out: optionText(given, 'out'),
      ...talking(context),
    })
    const { scenario, ran, unknown, coverage, failure, failed, interrupted } = swept
    const dir = failed?.dir ?? null
    const seed = failed?.seed ?? null
    const shallow = isShallow(swept)
    const about = { scenario, ran, unknown, interrupted, coverage, shallow }
    const value = { ...about, failure: failure ?? null, seed, dir }
    await context.out.result(value, () =>
      failure === undefined
        ? [
            ...coverageLines(coverage),
            `${ran} seeds, none fails${unknown === 0 ? '' : `, ${unknown} runs unknown`}`,
            ...(shallow ? ['nothing worth reaching was reached: this shows little'] : []),
          ]
        : [
            `seed ${String(seed)} fails after ${ran}: ${failure.protocol}: ${failure.what}`,
            `make it small: coterie lab shrink ${String(dir)}`,
          ],
    )
    if (interrupted) return INTERRUPTED
    return failure !== undefined ? FAILED : unknown > 0 || shallow ? UNKNOWN : DONE
  },
}

export const shrink: CommandSpec = {
  name: 'shrink',
  summary: 'Make a failing run smaller as long as it fails in the same way.',
  arguments: ['<run>'],
  options: [protocolOption, outOption],
  examples: ['lab shrink lab-runs/latest', 'lab shrink lab-runs/flapping-004 --json'],
  async run(context, given) {
    const { shrink: shrinkRun } = await import('../../lab/run/shrink.ts')
    const shrunk = await shrinkRun(argument(given, 0), {
      protocols: optionList(given, 'protocol'),
      out: optionText(given, 'out'),
      ...talking(context),
    })
    const { failure, before, after, tries, interrupted, smallest } = shrunk
    const { dir } = smallest
    await context.out.result({ failure, before, after, tries, interrupted, dir }, () => [
      `${failure.protocol}: ${failure.what}`,
      `${before} events before, ${after} now, ${tries} runs`,
      `repeat it: coterie lab replay ${dir}`,
    ])
    return interrupted ? INTERRUPTED : DONE
  },
}

/** What was reached, the most often first, and what never was. */
function coverageLines(coverage: Readonly<Record<string, number>>): Line[] {
  const reached = Object.entries(coverage).filter(([, runs]) => runs > 0)
  const never = Object.entries(coverage).filter(([, runs]) => runs === 0)
  reached.sort((a, b) => b[1] - a[1])
  if (reached.length === 0) return []
  return [
    ...table(
      ['runs', 'reached'],
      reached.map(([what, runs]) => [String(runs), what]),
    ),
    `never: ${never.map(([what]) => what).join(', ') || 'none of them'}`,
    '',
  ]
}

function talking({ out, signal }: Context) {
  let told = performance.now()
  const progress = ({ done, what }: { readonly done: number; readonly what: string }): void => {
    const now = performance.now()
    if (now - told < TALK_MS) return
    told = now
    void out.talk({ text: `${Math.floor(done * 100)} %: ${what}`, style: 'dim' })
  }
  return { signal, progress }
}

function seedsOf(text: string | undefined): number {
  if (text === undefined) return SEEDS
  const seeds = Number(text)
  if (Number.isInteger(seeds) && seeds >= 1 && seeds <= SEEDS_MAX) return seeds
  throw usage(`--seeds takes a whole number from 1 to ${SEEDS_MAX}, not "${text}".`)
}
