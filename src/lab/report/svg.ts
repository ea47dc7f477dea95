// The parts that plots have in common: a frame with axes, ticks at round numbers, bands of faults, and
// lines. Every number is written with one digit after the point: small files, and the same on every
// machine.

import { type Markup, type Piece, html } from './html.ts'

export const WIDTH = 520
export const HEIGHT = 240
const LEFT = 44
const RIGHT = 22
const TOP = 14
const BOTTOM = 36

export interface Axis {
  readonly from: number
  readonly to: number
  readonly label: string
  readonly log?: boolean
  /** Milliseconds: marks stand at whole seconds and minutes. */
  readonly clock?: boolean
  readonly text: (value: number) => string
}

export interface Frame {
  readonly x: (value: number) => number
  readonly y: (value: number) => number
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

const CLOCK_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200].map(
  (s) => s * 1_000,
)

/** A coordinate as it is written. */
export const at = (value: number): string => String(Number(value.toFixed(1)))

export function frameOf(x: Axis, y: Axis, height = HEIGHT): Frame {
  const inner = { left: LEFT, top: TOP, width: WIDTH - LEFT - RIGHT, height: height - TOP - BOTTOM }
  const across = scale(x)
  const up = scale(y)
  return {
    ...inner,
    x: (value) => inner.left + across(value) * inner.width,
    y: (value) => inner.top + (1 - up(value)) * inner.height,
  }
}

function scale({ from, to, log }: Axis): (value: number) => number {
  const of = log === true ? (value: number) => Math.log10(Math.max(value, from)) : Number
  const span = of(to) - of(from)
  return (value) => (span === 0 ? 0 : Math.min(1, Math.max(0, (of(value) - of(from)) / span)))
}

/** Round numbers on an axis, five or so. */
export function ticks({ from, to, log, clock }: Axis): number[] {
  if (log === true) {
    const first = Math.ceil(Math.log10(from))
    const last = Math.floor(Math.log10(to))
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, k) => 10 ** (first + k))
  }
  const rough = (to - from) / 5
  if (rough <= 0) return [from]
  const power = 10 ** Math.floor(Math.log10(rough))
  const plain = ([1, 2, 5, 10].find((one) => one * power >= rough) ?? 10) * power
  const step = clock === true ? (CLOCK_STEPS.find((one) => one >= rough) ?? plain) : plain
  const count = Math.floor((to - from) / step + 1e-9)
  return Array.from({ length: count + 1 }, (_, k) => from + k * step)
}

/** Axes and their words, over which the rest is drawn. */
export function axes(frame: Frame, x: Axis, y: Axis): Markup {
  const { left, top, width, height } = frame
  const bottom = top + height
  const xTicks = ticks(x).map(
    (tick) =>
      html`<text class="soft small mid" x="${at(frame.x(tick))}" y="${at(bottom + 14)}"
        >${x.text(tick)}</text
      >`,
  )
  const yTicks = ticks(y).map(
    (tick) =>
      html`<path class="axis" d="M${at(left)} ${at(frame.y(tick))}h${at(width)}" /><text
          class="soft small end"
          x="${at(left - 6)}"
          y="${at(frame.y(tick) + 3.5)}"
          >${y.text(tick)}</text
        >`,
  )
  return html`${yTicks}${xTicks}<text
      class="soft small mid"
      x="${at(left + width / 2)}"
      y="${at(bottom + 30)}"
      >${x.label}</text
    >`
}

/** A line through points; `step`: a value holds until the next. */
export function line(
  frame: Frame,
  points: readonly (readonly [number, number])[],
  style: string,
  step = false,
): Markup {
  const path = points.map(([x, y], index) => {
    const [px, py] = [at(frame.x(x)), at(frame.y(y))]
    if (index === 0) return `M${px} ${py}`
    return step ? `H${px}V${py}` : `L${px} ${py}`
  })
  return html`<path class="${style}" d="${path.join('')}" />`
}

export function band(frame: Frame, from: number, to: number): Markup {
  const [left, right] = [frame.x(from), frame.x(to)]
  return html`<rect
    class="band"
    x="${at(left)}"
    y="${at(frame.top)}"
    width="${at(Math.max(1, right - left))}"
    height="${at(frame.height)}"
  />`
}

/** A whole picture. @param label what it shows, for those who do not see it */
export function picture(label: string, size: readonly [number, number], body: Piece): Markup {
  return html`<svg
    xmlns="http://www.w3.org/2000/svg"
    viewBox="0 0 ${size[0]} ${size[1]}"
    role="img"
    aria-label="${label}"
  >
    ${body}
  </svg>`
}

/** A plot with axes: bands first, then whatever is drawn in the frame. */
export function plot(
  label: string,
  x: Axis,
  y: Axis,
  draw: (frame: Frame) => Piece,
  bands: readonly (readonly [number, number])[] = [],
): Markup {
  const frame = frameOf(x, y)
  const under = bands.map(([from, to]) => band(frame, from, to))
  return picture(label, [WIDTH, HEIGHT], [under, axes(frame, x, y), draw(frame)])
}
