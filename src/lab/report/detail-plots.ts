// Plots that look closer: each text by itself, in which order members first read, and what somebody who
// had copied a device could open. Like all plots of a run, to one scale for all protocols.

import type { Series } from '../measure/measure.ts'
import { type Markup, html } from './html.ts'
import { type Plot, bandsOf, names, plainTime, timeAxis } from './plots.ts'
import type { ProtocolSource, ReportSource } from './source.ts'
import { type Axis, type Frame, at, line, picture, plot } from './svg.ts'
import { amount, percent } from './words.ts'

const pointsOf = ({ series }: ProtocolSource, name: string): Series['points'] =>
  series.find((one) => one.name === name)?.points ?? []

/** One plot a protocol: a dot for each text, how long until the last reader had it. */
export function agePlots(source: ReportSource): Plot[] {
  const all = source.protocols.flatMap((one) => pointsOf(one, 'age').map(([, ms]) => ms))
  const y: Axis = {
    from: 1,
    to: 10 ** Math.ceil(Math.log10(Math.max(100, ...all))),
    label: '',
    log: true,
    text: plainTime,
  }
  const x: Axis = { ...timeAxis(source), to: source.scenario.run.durationMs }
  return source.protocols.map((one) => {
    const points = pointsOf(one, 'age')
    const sorted = points.map(([, ms]) => ms).sort((a, b) => a - b)
    const quantiles = [0.5, 0.95, 0.99].map((part) => sorted[Math.ceil(part * sorted.length) - 1])
    return {
      name: `age-${one.name}`,
      title: one.name,
      hint: 'a dot for each text: when it was said, and how long until the last of those it was for had it on display (those that never came are left out); lines: half, 95 and 99 of 100',
      svg: plot(
        `Time until each text was on display everywhere under ${one.name}`,
        x,
        y,
        (frame) => [
          points.map(([ms, age]) => dot(frame, ms, age, 0)),
          quantiles.flatMap((age, k) =>
            age === undefined ? [] : [line(frame, flat(x, age), `c2 dash${k}`)],
          ),
        ],
        bandsOf(source),
      ),
      legend: [],
    }
  })
}

const flat = ({ from, to }: Axis, value: number) => [[from, value] as const, [to, value] as const]

const dot = (frame: Frame, x: number, y: number, k: number): Markup =>
  html`<circle class="speck${k}" cx="${at(frame.x(x))}" cy="${at(frame.y(y))}" r="2" />`

/** One matrix a protocol: of all pairs of texts, how many two members first read the other way round. */
export function inversionPlots(source: ReportSource): Plot[] {
  const matrices = source.protocols.map((one) => ({ one, rows: rowsOf(one) }))
  const most = Math.max(
    0,
    ...matrices.flatMap(({ rows }) => rows.flatMap(({ points }) => points.map(([, part]) => part))),
  )
  return matrices
    .filter(({ rows }) => rows.length > 1)
    .map(({ one, rows }) => ({
      name: `order-${one.name}`,
      title: one.name,
      hint: 'of all pairs of texts that two members both read, how many they first read the other way round',
      svg: matrix(one.name, rows, most),
      legend: [['k5', most === 0 ? 'none anywhere' : `strongest: ${finePercent(most)}`]],
    }))
}

/** Of shares that are often far below one in a hundred. */
const finePercent = (part: number): string =>
  part === 0 || part >= 0.01 ? percent(part) : `${Number((part * 100).toPrecision(1))} %`

const INVERTED = 'inverted_'

const rowsOf = ({ series }: ProtocolSource) =>
  series
    .filter(({ name }) => name.startsWith(INVERTED))
    .map(({ name, points }) => ({ node: Number(name.slice(INVERTED.length)), points }))

type Row = ReturnType<typeof rowsOf>[number]

function matrix(name: string, rows: readonly Row[], most: number): Markup {
  const place = new Map(rows.map(({ node }, k) => [node, k]))
  const [left, top, size] = [44, 14, Math.min(26, 360 / rows.length)]
  const cells = rows.flatMap(({ node, points }, row) =>
    points.flatMap(([other, part]) => {
      const column = place.get(other)
      if (column === undefined || other === node) return []
      return [
        html`<rect
          class="heat"
          x="${at(left + column * size)}"
          y="${at(top + row * size)}"
          width="${at(size - 1)}"
          height="${at(size - 1)}"
          opacity="${at(most === 0 ? 0.1 : 0.1 + 0.9 * (part / most))}"
          ><title>${node} and ${other}: ${finePercent(part)}</title></rect
        >`,
      ]
    }),
  )
  const words = rows.flatMap(({ node }, k) => [
    html`<text class="soft small end" x="${left - 6}" y="${at(top + (k + 0.65) * size)}"
      >${node}</text
    >`,
    html`<text
      class="soft small mid"
      x="${at(left + (k + 0.45) * size)}"
      y="${at(top + rows.length * size + 13)}"
      >${node}</text
    >`,
  ])
  const height = top + rows.length * size + 24
  return picture(`Reading orders compared under ${name}`, [520, height], [cells, words])
}

/** What copied devices open: of what was said before, and for how long of what is said after. */
export function theftPlots(source: ReportSource): Plot[] {
  if (source.protocols.every((one) => pointsOf(one, 'fs').length === 0)) return []
  return [exposedPlot(source), survivalPlot(source)]
}

function exposedPlot(source: ReportSource): Plot {
  const curves = source.protocols.map((one) => pointsOf(one, 'fs'))
  const most = Math.max(1, ...curves.flat().map(([, texts]) => texts))
  const y: Axis = { from: 0, to: most * 1.1, label: '', text: amount }
  return {
    name: 'exposed',
    title: 'Texts of before that a copied device opens',
    hint: 'a dot for each device that was copied, when it was; what a device keeps in clear is not counted',
    svg: plot(
      'Earlier texts that open with a copy, by when it was made',
      timeAxis(source),
      y,
      (frame) =>
        curves.map((points, k) => [
          line(frame, points, `c${k % 8} dash${k % 3}`),
          points.map(([ms, texts]) => dot(frame, ms, texts, k % 8)),
        ]),
      bandsOf(source),
    ),
    legend: names(source),
  }
}

function survivalPlot(source: ReportSource): Plot {
  const curves = source.protocols.map((one) => pointsOf(one, 'pcs'))
  const last = Math.max(1_000, ...curves.flat().map(([ms]) => ms))
  const x: Axis = {
    from: 0,
    to: last * 1.15,
    label: 'since the copy',
    clock: true,
    text: plainTime,
  }
  const y: Axis = { from: 0, to: 1, label: '', text: percent }
  return {
    name: 'survival',
    title: 'Copies that still open what is said later',
    hint: 'after a device was copied: the share of copies that some later text still opens with; a line that does not come down is never',
    svg: plot('Share of copies still worth something over time', x, y, (frame) =>
      curves.map((points, k) => {
        const end = points.at(-1)?.[1]
        const whole = end === undefined ? [] : [...points, [x.to, end] as const]
        return line(frame, whole, `c${k % 8} dash${k % 3}`, true)
      }),
    ),
    legend: names(source),
  }
}
