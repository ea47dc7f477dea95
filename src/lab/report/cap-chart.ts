// The chart of CAP: to the right what the weaker side could still do, upward for how much of the time
// members were of two minds. Bottom right is what everybody wants and no network with cuts allows for
// decisions that need all.

import type { OperationKind } from '../scenario/materialised.ts'
import { classesOf } from './classes.ts'
import { html } from './html.ts'
import type { Plot } from './plots.ts'
import type { ReportSource } from './source.ts'
import { type Axis, type Frame, at, plot } from './svg.ts'
import { amount, percent } from './words.ts'

/** One chart for each kind of operation that was asked during a fault. */
export function capCharts(source: ReportSource): Plot[] {
  const points = source.protocols.flatMap((one, k) =>
    classesOf(source, one).map((each) => ({ ...each, name: one.name, k })),
  )
  const kinds = [...new Set(points.map(({ kind }) => kind))]
  return kinds.map((kind) => {
    const mine = points.filter((one) => one.kind === kind)
    return {
      name: `cap-${kind}`,
      title: kind,
      hint: hints[kind],
      svg: scatter(
        `CAP of ${kind}`,
        mine.map(({ name, k, available, apart }) => ({ name, k, x: available, y: apart })),
      ),
      legend: mine.map(({ name, k, split, otherwise, waits }) => [
        `k${k % 8}`,
        `${name}: ${split}${otherwise === '' ? '' : `/${otherwise} (${Number.isFinite(waits) ? `${amount(waits)} link delays` : 'no answer'})`}`,
      ]),
    }
  })
}

const hints: Readonly<Record<OperationKind, string>> = {
  send: 'right: accepted on the weaker side; up: of what could have come, the share that was not on display',
  read: 'right: answered on the weaker side; up: of what could have come, the share that was not on display',
  join: 'right: accepted on the weaker side; up: share of the time in which members differed about who belongs',
  leave:
    'right: accepted on the weaker side; up: share of the time in which members differed about who belongs',
  kick: 'right: accepted on the weaker side; up: share of the time in which members differed about who belongs',
  rekey:
    'right: accepted on the weaker side; up: share of the time in which members used different epochs',
}

interface Dot {
  readonly name: string
  readonly k: number
  readonly x: number
  readonly y: number
}

function scatter(label: string, dots: readonly Dot[]) {
  const x: Axis = {
    from: 0,
    to: 1,
    label: 'accepted on the weaker side while the fault lasted',
    text: percent,
  }
  const y: Axis = { from: 0, to: 1, label: '', text: percent }
  return plot(label, x, y, (frame) => {
    const [zone, top] = [frame.x(0.95), frame.top]
    const ground = html`<rect
      class="zone"
      x="${at(zone)}"
      y="${at(top)}"
      width="${at(frame.x(1) - zone)}"
      height="${at(frame.height)}"
    />`
    const spots = new Map<string, Dot[]>()
    for (const dot of dots) {
      if (!Number.isFinite(dot.x) || !Number.isFinite(dot.y)) continue
      const spot = `${Math.round(dot.x * 40)} ${Math.round(dot.y * 20)}`
      spots.set(spot, [...(spots.get(spot) ?? []), dot])
    }
    const drawn = [...spots.values()].map((together) => spotOf(frame, together))
    return [ground, drawn]
  })
}

/** Those that fall together share one label; their dots lie on each other like rings. */
function spotOf(frame: Frame, together: readonly Dot[]) {
  const { x, y } = together[0] ?? { x: 0, y: 0 }
  const [px, py] = [frame.x(x), frame.y(y)]
  const rings = together.map(
    ({ k }, order) =>
      html`<circle
        class="dot${k % 8}"
        cx="${at(px)}"
        cy="${at(py)}"
        r="${4 + 3 * (together.length - 1 - order)}"
      />`,
  )
  const right = x > 0.5
  const reach = 8 + 3 * together.length
  const names = together.map(({ name }) => name).join(', ')
  const style = right ? 'small end' : 'small'
  return html`${rings}<text
      class="${style}"
      x="${at(px + (right ? -reach : reach))}"
      y="${at(py - 5)}"
      >${names}</text
    >`
}
