// Every curve and every metric as comma-separated values, for whoever wants to draw their own. An empty
// cell was not measured, `never` was not reached by the end.

import type { ReportSource } from './source.ts'

/** Long form: one value a line. */
export function seriesCsv({ protocols }: ReportSource): string {
  const lines = protocols.flatMap(({ name, series }) =>
    series.flatMap(({ name: curve, phase, units, points }) =>
      points.map(([x, y]) => row([name, curve, phase, x, y, ...units])),
    ),
  )
  return ['protocol,series,phase,x,y,x unit,y unit', ...lines, ''].join('\n')
}

export function metricsCsv({ protocols }: ReportSource): string {
  const lines = protocols.flatMap(({ name, phases }) =>
    Object.entries(phases).flatMap(([phase, metrics]) =>
      Object.entries(metrics).map(([metric, value]) => row([name, phase, metric, value])),
    ),
  )
  return ['protocol,phase,metric,value', ...lines, ''].join('\n')
}

function row(cells: readonly (string | number)[]): string {
  return cells
    .map((cell) => {
      if (typeof cell === 'number') {
        if (Number.isNaN(cell)) return ''
        return Number.isFinite(cell) ? String(cell) : 'never'
      }
      return /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
    })
    .join(',')
}
