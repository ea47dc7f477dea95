// `lab compare`: two folders of runs side by side, whatever engine or version made them. For people only
// what differs much; for programs everything.

import type { CommandSpec } from '../command.ts'
import { argument, optionText, usage } from '../command.ts'
import { DONE } from '../exit-code.ts'
import { type Piece, table } from '../output/table.ts'

const FACTOR = 2
const ROWS_MAX = 40

export const compare: CommandSpec = {
  name: 'compare',
  summary: 'Compare what two runs measured: verdicts, and metrics that differ.',
  arguments: ['<run-a>', '<run-b>'],
  options: [
    {
      flags: '--factor <number>',
      summary: `tell people of metrics that differ by more than this (default: ${FACTOR})`,
    },
  ],
  examples: [
    'lab compare lab-runs/bridge-001 lab-runs/bridge-002',
    'lab compare run-on-sim run-on-netns --factor 1.2 --json',
  ],
  async run({ out }, given) {
    const { compare: compareRuns } = await import('../../lab/run/compare.ts')
    const { written } = await import('../../lab/run/folder.ts')
    const least = factorOf(optionText(given, 'factor'))
    const compared = compareRuns(argument(given, 0), argument(given, 1))
    const { a, b, same, verdicts, differences, equal, onlyA, onlyB } = compared
    const value = JSON.parse(JSON.stringify(compared, written)) as object
    const far = differences.filter(({ factor }) => factor > least)
    const shown = far.slice(0, ROWS_MAX)
    const runOf = ({ scenario, seed, engine, verdict, digest, dir }: typeof a): Piece[] => [
      dir,
      scenario,
      seed,
      engine,
      verdict,
      digest.slice(0, 12),
    ]
    await out.result(value, () => [
      ...table(['', 'scenario', 'seed', 'engine', 'verdict', 'digest'], [runOf(a), runOf(b)]),
      '',
      ...table(
        ['protocol', 'phase', 'metric', 'a', 'b', 'factor'],
        shown.map(({ protocol, phase, metric, a: one, b: other, factor }) => [
          protocol,
          phase,
          metric,
          numberText(one),
          numberText(other),
          Number.isFinite(factor) ? factor.toFixed(2) : '-',
        ]),
      ),
      ...(far.length > shown.length ? [`and ${far.length - shown.length} more: see --json`] : []),
      '',
      same
        ? 'the same, to the last event'
        : `${differences.length} metrics differ, ${far.length} by more than ${least}; ${equal} are equal`,
      ...verdicts
        .filter((one) => one.a !== one.b)
        .map((one) => `${one.protocol}: ${one.a} in the first, ${one.b} in the second`),
      ...(onlyA.length > 0 ? [`only in the first: ${onlyA.join(', ')}`] : []),
      ...(onlyB.length > 0 ? [`only in the second: ${onlyB.join(', ')}`] : []),
    ])
    return DONE
  },
}

const numberText = (value: number): string =>
  Number.isNaN(value)
    ? 'not measured'
    : Number.isFinite(value)
      ? String(Number(value.toPrecision(4)))
      : 'never'

function factorOf(text: string | undefined): number {
  if (text === undefined) return FACTOR
  const factor = Number(text)
  if (Number.isFinite(factor) && factor >= 1) return factor
  throw usage(`--factor takes a number from 1, not "${text}".`)
}
