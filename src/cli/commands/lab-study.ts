// What `lab run` shows of a scenario that was run several times: a row for each setting and protocol,
// with medians and between which values they lie.

import { type Line, type Piece, table } from '../output/table.ts'

interface Spread {
  readonly n: number
  readonly median: number
  readonly low: number
  readonly high: number
}

export interface Study {
  readonly seeds: readonly string[]
  readonly digest: string
  readonly cells: readonly {
    readonly setting: Readonly<Record<string, string | number | boolean>>
    readonly protocol: string
    readonly verdicts: readonly string[]
    readonly phases: Readonly<Record<string, Readonly<Record<string, Spread>>>>
  }[]
}

const METRICS = ['U_all', 'stale_p95', 'lost', 'bytes_per_copy'] as const

/** For `--json`: everything is in study.json, the verdicts are told. */
export const studyValue = ({ seeds, digest, cells }: Study): object => ({
  seeds,
  digest,
  cells: cells.map(({ setting, protocol, verdicts }) => ({ setting, protocol, verdicts })),
})

export function studyLines({ seeds, digest, cells }: Study): Line[] {
  const rows = cells.map(({ setting, protocol, verdicts, phases }): Piece[] => [
    Object.entries(setting)
      .map(([path, value]) => `${path.split('.').at(-1) ?? path}=${String(value)}`)
      .join(' '),
    protocol,
    `${verdicts.filter((one) => one === 'pass').length}/${verdicts.length}`,
    ...METRICS.map((metric) => spreadText(phases['all']?.[metric])),
  ])
  return [
    '',
    `${seeds.length} seeds for each setting; medians, and where they lie 19 times of 20`,
    ...table(['setting', 'protocol', 'pass', ...METRICS], rows),
    `digest of all runs ${digest}`,
  ]
}

function spreadText(spread: Spread | undefined): string {
  if (spread === undefined || spread.n === 0) return '-'
  const { median, low, high } = spread
  const text = (value: number) =>
    Number.isFinite(value) ? String(Number(value.toPrecision(3))) : 'never'
  return low === high ? text(median) : `${text(median)} (${text(low)} - ${text(high)})`
}
