// What several runs of a scenario say together, as tables: over its seeds, medians with intervals in
// place of the numbers of one run; over the values that it sweeps, a row for each.

import type { Cell, Study } from '../run/study.ts'
import { settingText } from '../scenario/variants.ts'
import { type Markup, html } from './html.ts'
import type { ReportSource } from './source.ts'
import { metricText } from './words.ts'

const COLUMNS = [
  ['A_all', 'accepted'],
  ['U_all', 'useful'],
  ['stale_p95', 'on display after, 95 of 100'],
  ['lost', 'lost'],
  ['undecryptable', 'unreadable'],
  ['bytes_per_copy', 'bytes per copy'],
] as const

/** A row for each setting and protocol. */
export function studyTable({ cells, seeds }: Study): Markup {
  const swept = cells.some(({ setting }) => Object.keys(setting).length > 0)
  const heads = COLUMNS.map(([, text]) => html`<th class="number">${text}</th>`)
  const rows = cells.map((cell) => {
    const passed = cell.verdicts.filter((verdict) => verdict === 'pass').length
    const values = COLUMNS.map(
      ([metric]) => html`<td class="number">${spreadText(cell, 'all', metric)}</td>`,
    )
    return html`<tr>
      ${swept ? html`<th>${settingText(cell.setting)}</th>` : undefined}
      <th>${cell.protocol}</th>
      <td class="number">${passed} of ${cell.verdicts.length}</td>
      ${values}
    </tr>`
  })
  return html`<div class="card scroll">
      <table>
        <thead>
          <tr>
            ${swept ? html`<th>set</th>` : undefined}
            <th></th>
            <th class="number">as expected</th>
            ${heads}
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
    <p class="legend">
      ${seeds.length} ${seeds.length === 1 ? 'seed' : 'seeds'} for each; the median, and between
      which values it lies nineteen times out of twenty (bootstrap).
    </p>`
}

/** The median of a metric with its interval, for the cells of a table. */
export function spreadText(cell: Cell, phase: string, metric: string): Markup {
  const spread = cell.phases[phase]?.[metric]
  if (spread === undefined || spread.n === 0) return html`·`
  const { median, low, high } = spread
  const small = low === high ? '' : `${metricText(metric, low)} – ${metricText(metric, high)}`
  return html`${metricText(metric, median)}${small === '' ? undefined : html`<small>${small}</small>`}`
}

/** The cells of the run that the rest of the page is about, by protocol; empty of a single run. */
export function repeatedCells({ study }: ReportSource): ReadonlyMap<string, Cell> {
  const [first] = study?.cells ?? []
  if (study === undefined || first === undefined || study.seeds.length < 2) return new Map()
  const setting = JSON.stringify(first.setting)
  const mine = study.cells.filter((cell) => JSON.stringify(cell.setting) === setting)
  return new Map(mine.map((cell) => [cell.protocol, cell]))
}
