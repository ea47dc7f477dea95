// What several runs of a scenario say together: over its seeds, medians with intervals in place of the
// numbers of one run; over the values that it sweeps, a table and, where they are numbers, curves.

import type { Cell, Study } from '../run/study.ts'
import { settingText } from '../scenario/variants.ts'
import { durationMs } from '../scenario/duration.ts'
import { type Markup, html } from './html.ts'
import type { Plot } from './plots.ts'
import type { ReportSource } from './source.ts'
import { type Axis, at, line, plot } from './svg.ts'
import { amount, duration, metricText, percent } from './words.ts'

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

const CURVES = [
  { metric: 'U_all', title: 'Useful', text: percent, top: 1 },
  { metric: 'stale_p95', title: 'On display after, 95 of 100', text: duration, top: undefined },
  { metric: 'wait_send', title: 'Wait of who sends', text: duration, top: undefined },
  { metric: 'bytes_per_copy', title: 'Bytes per copy', text: amount, top: undefined },
] as const

/** Curves over the one path that is swept, where its values are numbers or durations. */
export function studyPlots({ study, protocols }: ReportSource): Plot[] {
  const [[path, values] = ['', []], ...more] = Object.entries(study?.sweep ?? {})
  const xs = values.map(numberOf)
  if (study === undefined || more.length > 0 || xs.length < 2 || xs.some(Number.isNaN)) return []
  const times = typeof values[0] === 'string'
  const [least, most] = [Math.min(...xs), Math.max(...xs)]
  const log = least > 0 && most / least >= 20
  const x: Axis = {
    ...{ from: log ? 10 ** Math.floor(Math.log10(least)) : Math.min(0, least), label: path, log },
    to: log ? 10 ** Math.ceil(Math.log10(most)) : most,
    text: (value) => (times ? duration(value) : amount(value)),
  }
  return CURVES.map(({ metric, title, text, top }): Plot => {
    const curves = protocols.map(({ name }) =>
      values.flatMap((value, place): (readonly [number, number, number, number])[] => {
        const cell = study.cells.find((one) => one.protocol === name && one.setting[path] === value)
        const spread = cell?.phases['all']?.[metric]
        if (spread === undefined || !Number.isFinite(spread.median)) return []
        return [[xs[place] ?? 0, spread.median, spread.low, spread.high]]
      }),
    )
    const highest = Math.max(
      0,
      ...curves.flat().map(([, , , high]) => (Number.isFinite(high) ? high : 0)),
    )
    const y: Axis = { from: 0, to: top ?? (highest === 0 ? 1 : highest * 1.1), label: '', text }
    return {
      name: `sweep-${metric}`,
      title,
      hint: `over ${path}; upright: where the median lies nineteen times out of twenty`,
      svg: plot(`${title} over ${path}`, x, y, (frame) =>
        curves.map((points, k) => [
          line(
            frame,
            points.map(([px, py]) => [px, py] as const),
            `c${k % 8} dash${k % 3}`,
          ),
          points.map(
            ([px, , low, high]) =>
              html`<path
                class="c${k % 8}"
                d="M${at(frame.x(px))} ${at(frame.y(low))}V${at(frame.y(Math.min(high, y.to)))}"
              />`,
          ),
        ]),
      ),
      legend: protocols.map(({ name }, k) => [`k${k % 8}`, name] as const),
    }
  })
}

function numberOf(value: string | number | boolean): number {
  if (typeof value === 'number') return value
  return typeof value === 'string' ? (durationMs(value) ?? Number.NaN) : Number.NaN
}
