// `lab run --engine a,b`: a line for each engine and protocol, and then whether the engines agree. Where they
// do not, both figures are shown: a model is judged by its reader.

import type { Context } from '../command.ts'
import { usage } from '../command.ts'
import { type Line, type Piece, table } from '../output/table.ts'

interface Agreed {
  readonly protocol: string
  readonly model: string
  readonly real: string
  readonly compared: number
  readonly disagreements: readonly {
    readonly phase: string
    readonly metric: string
    readonly model: number
    readonly real: number
  }[]
}

interface Several {
  readonly verdict: 'pass' | 'fail' | 'unknown'
  readonly scenario: string
  readonly seed: string
  readonly dir: string
  readonly interrupted: boolean
  readonly agreements: readonly Agreed[]
}

/** Names from `--engine a,b`; one alone: undefined. */
export function severalEngines(text: string | undefined): readonly string[] | undefined {
  const names = (text ?? '').split(',').map((name) => name.trim())
  if (names.length < 2) return undefined
  if (new Set(names).size === names.length) return names
  throw usage(`--engine names one engine twice: "${text ?? ''}".`)
}

/** @param rows a row for each engine and protocol, under `heads` @param runs for --json */
export async function showEngines(
  { out }: Context,
  result: Several,
  shown: {
    readonly heads: readonly string[]
    readonly rows: readonly (readonly Piece[])[]
    readonly runs: readonly object[]
  },
): Promise<void> {
  const { written } = await import('../../lab/run/folder.ts')
  const { verdict, scenario, seed, dir, interrupted } = result
  const agreements = JSON.parse(JSON.stringify(result.agreements, written)) as Agreed[]
  const value = { verdict, scenario, seed, dir, interrupted, agreements, runs: shown.runs }
  await out.result(value, () => [
    ...table(shown.heads, shown.rows),
    '',
    ...result.agreements.flatMap(agreed),
    `${verdict}: ${scenario}, seed ${seed}`,
    `folder ${dir}`,
  ])
}

function agreed({ protocol, model, real, compared, disagreements }: Agreed): Line[] {
  const who = `${protocol}: ${model} and ${real}`
  if (disagreements.length === 0) {
    return [[{ text: `${who} agree`, style: 'good' }, ` in all ${compared} figures`]]
  }
  const rows = disagreements.map(({ phase, metric, ...one }) => [
    phase,
    metric,
    figure(metric, one.model),
    figure(metric, one.real),
  ])
  return [
    [{ text: `${who} disagree`, style: 'warn' }, ` in ${rows.length} of ${compared} figures`],
    ...table(['phase', 'what', model, real], rows),
  ]
}

function figure(metric: string, value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'not measured' : 'never'
  return metric.startsWith('heal_') ? `${Math.round(value)} ms` : String(value)
}
