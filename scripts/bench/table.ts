// The figures as a table for people, one row each, with the goal of the first wave and whether it is
// met. Ratios are what carries over to another machine; the figures themselves do not.

import { type Row, isMet } from './bench.ts'

const heads = ['', '', 'floor', 'chain', 'gossipsub', 'coterie', '÷ floor', 'goal', ''] as const

export function tableOf(rows: readonly Row[]): string {
  const cells = [heads, ...rows.map(cellsOf)]
  const widths = heads.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  return cells.map((row) => line(row, widths)).join('\n')
}

function cellsOf(row: Row): readonly string[] {
  const { workload, name, unit, floor, chain, gossipsub, coterie, goal } = row
  const met = isMet(row)
  const ratio = floor === undefined || coterie === undefined ? '' : (coterie / floor).toFixed(2)
  const bound = goal && `${goal.side === 'least' ? '≥' : '≤'} ${figure(goal.bound)}`
  return [
    workload,
    unit === '' ? name : `${name}, ${unit}`,
    figure(floor),
    figure(chain),
    figure(gossipsub),
    figure(coterie),
    ratio,
    goal === undefined ? '' : `${bound ?? ''} (${goal.because})`,
    met === undefined ? '' : met ? 'met' : 'MISSED',
  ]
}

function line(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, column) => {
    const width = widths[column] ?? 0
    return column < 2 || column > 6 ? cell.padEnd(width) : cell.padStart(width)
  })
  return cells.join('  ').trimEnd()
}

/** Three digits that matter, thousands apart. */
function figure(value: number | undefined): string {
  if (value === undefined) return ''
  if (!Number.isFinite(value)) return '?'
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en').replaceAll(',', ' ')
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2)
}
