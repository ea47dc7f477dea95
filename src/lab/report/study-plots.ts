// Curves over the one path that a scenario sweeps, where its values are numbers or durations. Over the
// delay of a link the slope of a wait is how many one-way delays an operation waits for; over the number
// of nodes the exponent of a cost is how it grows. Both are told with their intervals.

import { type Fit, fitLine, fitPower } from '../measure/fit.ts'
import type { Study } from '../run/study.ts'
import { durationMs } from '../scenario/duration.ts'
import { type Markup, html } from './html.ts'
import type { Plot } from './plots.ts'
import type { ReportSource } from './source.ts'
import { type Axis, type Frame, at, line, plot } from './svg.ts'
import { amount, duration, percent } from './words.ts'

interface Shape {
  readonly metric: string
  readonly title: string
  readonly text: (value: number) => string
  /** Where the scale ends; undefined: at the largest value. */
  readonly top?: number
  /** What is fitted to it: a wait over delays, or a cost over sizes. */
  readonly fit?: 'delay' | 'cost'
}

const CURVES: readonly Shape[] = [
  { metric: 'U_all', title: 'Useful', text: percent, top: 1 },
  { metric: 'wait_send', title: 'Wait of who sends', text: duration, fit: 'delay' },
  { metric: 'stale_p50', title: 'On display after, half of all', text: duration, fit: 'delay' },
  { metric: 'stale_p95', title: 'On display after, 95 of 100', text: duration, fit: 'delay' },
  { metric: 'wait_rekey', title: 'Wait of who renews the keys', text: duration, fit: 'delay' },
  { metric: 'wait_kick', title: 'Wait of who removes somebody', text: duration, fit: 'delay' },
  { metric: 'bytes_per_copy', title: 'Bytes per copy', text: amount, fit: 'cost' },
  { metric: 'frames_per_text', title: 'Frames per text', text: amount, fit: 'cost' },
]

/** A value of the path, the median there, and between which values it lies. */
type Spot = readonly [x: number, median: number, low: number, high: number]

interface Swept {
  readonly path: string
  readonly values: readonly (string | number | boolean)[]
  readonly xs: readonly number[]
  readonly isTime: boolean
}

export function studyPlots({ study, protocols }: ReportSource): Plot[] {
  if (study === undefined) return []
  const swept = sweptOf(study)
  if (swept === undefined) return []
  const names = protocols.map(({ name }) => name)
  return CURVES.flatMap((shape) => {
    const curves = names.map((name) => spotsOf(study, swept, name, shape.metric))
    return curves.every((spots) => spots.length === 0)
      ? []
      : [curvesOf(shape, swept, names, curves)]
  })
}

function sweptOf({ sweep }: Study): Swept | undefined {
  const [[path, values] = ['', []], ...more] = Object.entries(sweep)
  const xs = values.map(numberOf)
  if (more.length > 0 || xs.length < 2 || xs.some(Number.isNaN)) return undefined
  return { path, values, xs, isTime: typeof values[0] === 'string' }
}

function spotsOf({ cells }: Study, { path, values, xs }: Swept, name: string, metric: string) {
  return values.flatMap((value, place): Spot[] => {
    const cell = cells.find((one) => one.protocol === name && one.setting[path] === value)
    const spread = cell?.phases['all']?.[metric]
    if (spread === undefined || !Number.isFinite(spread.median)) return []
    return [[xs[place] ?? 0, spread.median, spread.low, spread.high]]
  })
}

function curvesOf(
  shape: Shape,
  swept: Swept,
  names: readonly string[],
  curves: readonly (readonly Spot[])[],
): Plot {
  const { metric, title } = shape
  const { path } = swept
  const fits = curves.map((spots) => fitOf(shape, swept, spots))
  const [x, y] = axesOf(shape, swept, curves)
  return {
    name: `sweep-${metric}`,
    title,
    hint: `over ${path}; upright: where the median lies nineteen times out of twenty${meaning(fits)}`,
    svg: plot(`${title} over ${path}`, x, y, (frame) =>
      curves.map((spots, k) => curveOf(frame, spots, y, k)),
    ),
    legend: names.map((name, k) => [`k${k % 8}`, `${name}${fits[k]?.text ?? ''}`] as const),
  }
}

function axesOf({ text, top, fit }: Shape, swept: Swept, curves: readonly (readonly Spot[])[]) {
  const { path, xs, isTime } = swept
  const [least, most] = [Math.min(...xs), Math.max(...xs)]
  const isWide = most / least >= 20 || (fit === 'cost' && !isTime && most > least * 3)
  // Over a plain scale a wait for so many delays is a straight line.
  const isLog = least > 0 && isWide && fit !== 'delay'
  const x: Axis = {
    ...{ from: isLog ? floorPower(least) : Math.min(0, least), label: path, log: isLog },
    to: isLog ? ceilPower(most) : most,
    text: (value) => (isTime ? duration(value) : amount(value)),
  }
  const seen = curves.flat().flatMap(([, , low, high]) => [low, high].filter(Number.isFinite))
  const highest = Math.max(0, ...seen)
  const lowest = Math.min(...seen.filter((value) => value > 0))
  const shortest = text === duration ? WAIT_MS_MIN : highest === 0 ? 1 : 0
  // Of costs as of sizes: a power is a straight line then.
  const y: Axis =
    isLog && fit === 'cost' && lowest > 0 && highest > 0
      ? { from: floorPower(lowest), to: ceilPower(highest), label: '', log: true, text }
      : { from: 0, to: top ?? Math.max(shortest, highest * 1.1), label: '', text }
  return [x, y] as const
}

/** Scales of times end there or later, because times are told in whole milliseconds. */
const WAIT_MS_MIN = 5

const floorPower = (value: number) => 10 ** Math.floor(Math.log10(value))
const ceilPower = (value: number) => 10 ** Math.ceil(Math.log10(value) + 1e-9)

function curveOf(frame: Frame, spots: readonly Spot[], y: Axis, k: number): Markup {
  const style = `c${k % 8} dash${k % 3}`
  const points = spots.map(([px, py]) => [px, py] as const)
  const bars = spots.map(
    ([px, , low, high]) =>
      html`<path
        class="c${k % 8}"
        d="M${at(frame.x(px))} ${at(frame.y(low))}V${at(frame.y(Math.min(high, y.to)))}"
      />`,
  )
  return html`${line(frame, points, style)}${bars}`
}

interface FitText {
  readonly kind: 'delay' | 'cost'
  readonly text: string
}

/** The slope over a delay, or the exponent over a size; undefined where neither is meant. */
function fitOf(
  { fit }: Shape,
  { path, isTime }: Swept,
  spots: readonly Spot[],
): FitText | undefined {
  const points = spots.map(([x, y]) => [x, y] as const)
  if (fit === 'delay' && isTime && path.endsWith('latency')) {
    const found = fitLine(points)
    return found && { kind: fit, text: `: ${fixed(found.slope)} delays${range(found)}` }
  }
  if (fit === 'cost' && path === 'group.nodes') {
    const found = fitPower(points)
    return found && { kind: fit, text: `: N^${fixed(found.slope)}${range(found)}` }
  }
  return undefined
}

const fixed = (value: number) => value.toFixed(2)

const range = ({ low, high }: Fit) =>
  Number.isFinite(low) ? ` (${fixed(low)} to ${fixed(high)})` : ''

function meaning(fits: readonly (FitText | undefined)[]): string {
  const kind = fits.find((one) => one !== undefined)?.kind
  if (kind === 'delay') return '; delays: how many one-way delays of a link it waits for'
  return kind === 'cost' ? '; N^b: how it grows with the number of nodes' : ''
}

function numberOf(value: string | number | boolean): number {
  if (typeof value === 'number') return value
  return typeof value === 'string' ? (durationMs(value) ?? Number.NaN) : Number.NaN
}
