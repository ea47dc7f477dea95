// The plots of a report, each a picture that stands by itself. All protocols of a run are drawn to the
// same scale, so that they can be compared by eye.

import type { Series } from '../measure/measure.ts'
import { type Markup, html } from './html.ts'
import type { ProtocolSource, ReportSource } from './source.ts'
import { lanesOf } from './sides.ts'
import { type Axis, at, axes, band, frameOf, line, picture, plot, ticks } from './svg.ts'
import { amount, clock, duration, percent, sideText } from './words.ts'

export interface Plot {
  /** Its name as a file. */
  readonly name: string
  readonly title: string
  /** How to read it, in a sentence. */
  readonly hint: string
  readonly svg: Markup
  readonly legend: readonly (readonly [colour: string, text: string])[]
}

type Bands = readonly (readonly [number, number])[]

const short = (ms: number): string => duration(ms).replace(' ', ' ')

/** When faults lasted, in ms, from the first trace that was kept. */
export function bandsOf({ protocols }: ReportSource): Bands {
  const scene = protocols.find((one) => one.scene !== undefined)?.scene
  return (scene?.bands ?? []).map(({ fromUs, toUs }): [number, number] => [
    fromUs / 1_000,
    Math.min(toUs, scene?.endUs ?? toUs) / 1_000,
  ])
}

export function timeAxis({ scenario, protocols }: ReportSource): Axis {
  const ends = protocols.map(({ scene }) => (scene?.endUs ?? 0) / 1_000)
  const to = Math.max(scenario.run.durationMs, ...ends)
  return { from: 0, to, label: 'minutes of the run', clock: true, text: clock }
}

const curve = (one: ProtocolSource, name: string): Series | undefined =>
  one.series.find((series) => series.name === name)

/** Of powers of ten: never minutes. */
export const plainTime = (ms: number): string =>
  ms < 1_000 ? `${ms} ms` : `${amount(ms / 1_000)} s`

/** One plot a protocol: how much of what each side said was useful, over time. */
export function availabilityPlots(source: ReportSource): Plot[] {
  // Nothing is said after the workload.
  const x: Axis = { ...timeAxis(source), to: source.scenario.run.durationMs }
  const y: Axis = { from: 0, to: 1, label: '', text: percent }
  return source.protocols.map((one) => {
    const sides = one.series.filter(({ name }) => name.startsWith('U_'))
    return {
      name: `availability-${one.name}`,
      title: one.name,
      hint: 'of the texts said in each five seconds, the share that all reachable members saw within the deadline',
      svg: plot(
        `Useful availability of each side under ${one.name}`,
        x,
        y,
        (frame) => sides.map(({ points }, k) => line(frame, points, `c${k % 8} dash${k}`, true)),
        bandsOf(source),
      ),
      legend: sides.map(({ name }, k) => [`k${k % 8}`, sideText(name.slice(2))] as const),
    }
  })
}

/** How soon texts are seen: the share of copies that is on display after so long. */
export function visibilityPlot(source: ReportSource): Plot {
  const curves = source.protocols.map((one) => curve(one, 'visible')?.points ?? [])
  const all = curves.flat().map(([ms]) => ms)
  const from = 10 ** Math.floor(Math.log10(Math.max(1, Math.min(...all, 1_000))))
  const to = 10 ** Math.ceil(Math.log10(Math.max(10, ...all)))
  const x: Axis = { from, to, label: 'time since it was accepted', log: true, text: plainTime }
  const y: Axis = { from: 0, to: 1, label: '', text: percent }
  return {
    name: 'visibility',
    title: 'How soon a text is seen',
    hint: 'share of all copies on display after so long; where a curve stops short of 100 %, the rest never came',
    svg: plot('Share of copies on display over time since acceptance', x, y, (frame) =>
      curves.map((points, k) => line(frame, points, `c${k % 8} dash${k % 3}`)),
    ),
    legend: names(source),
  }
}

/** How many epochs are in use at once. */
export function epochsPlot(source: ReportSource): Plot {
  const curves = source.protocols.map((one) => curve(one, 'epochs')?.points ?? [])
  const most = Math.max(2, ...curves.flat().map(([, forks]) => forks))
  const y: Axis = {
    from: 0,
    to: most + 0.5,
    label: '',
    text: (n) => (Number.isInteger(n) ? String(n) : ''),
  }
  return {
    name: 'epochs',
    title: 'Epochs in use at once',
    hint: 'two lines side by side mean that the group had forked its keys; one means that they are one again',
    svg: plot(
      'Distinct epochs in use over time',
      timeAxis(source),
      y,
      (frame) =>
        curves.map((points, k) => {
          // Lines that would hide each other stand a little apart.
          const apart = points.map(([ms, forks]) => [ms, forks + k * 0.03] as const)
          return line(frame, apart, `c${k % 8} dash${k % 3}`, true)
        }),
      bandsOf(source),
    ),
    legend: names(source),
  }
}

export const names = ({ protocols }: ReportSource) =>
  protocols.map(({ name }, k) => [`k${k % 8}`, name] as const)

/** Node by time: how many texts each is behind. */
export function behindPlots(source: ReportSource): Plot[] {
  const lanes = lanesOf(source.scenario)
  const most = Math.max(
    0,
    ...source.protocols.flatMap((one) =>
      lanes.flatMap(({ node }) => curve(one, `behind_${node}`)?.points.map(([, k]) => k) ?? []),
    ),
  )
  return source.protocols.map((one) => ({
    name: `behind-${one.name}`,
    title: one.name,
    hint: `the stronger the colour, the more texts a node has not got that others accepted more than a second ago${most === 0 ? ': none of them ever lacked one' : ''}`,
    svg: heatMap(source, one, most),
    legend:
      most === 0 ? [] : [['k5', `strongest: ${most} ${most === 1 ? 'text' : 'texts'} behind`]],
  }))
}

function heatMap(source: ReportSource, one: ProtocolSource, most: number): Markup {
  const lanes = lanesOf(source.scenario)
  const x = timeAxis(source)
  const row = lanes.length > 16 ? 9 : 16
  const height = 14 + lanes.length * row + 36
  const y: Axis = { from: 0, to: 0, label: '', text: () => '' }
  const frame = frameOf(x, y, height)
  const rows = lanes.map(({ node }, k) => {
    const top = frame.top + k * row
    const cells = runsOf(curve(one, `behind_${node}`)?.points ?? [], x.to).map(
      ([from, to, count]) =>
        html`<rect
          class="heat"
          x="${at(frame.x(from))}"
          y="${at(top)}"
          width="${at(frame.x(to) - frame.x(from))}"
          height="${row - 2}"
          opacity="${at(0.1 + 0.9 * (count / most))}"
          ><title>node ${node}: ${count} texts behind</title></rect
        >`,
    )
    return html`<text class="soft small end" x="${frame.left - 6}" y="${at(top + row - 5)}"
        >${node}</text
      >${cells}`
  })
  return picture(
    `How many texts each node is behind under ${one.name}`,
    [520, height],
    [bandsOf(source).map(([from, to]) => band(frame, from, to)), axes(frame, x, y), rows],
  )
}

/** Stretches in which the count stays the same and is not zero. */
function runsOf(
  points: readonly (readonly [number, number])[],
  end: number,
): (readonly [from: number, to: number, count: number])[] {
  const starts = points.filter(([, count], k) => count !== points[k - 1]?.[1])
  return starts
    .map(([ms, count], k) => [ms, starts[k + 1]?.[0] ?? end, count] as const)
    .filter(([, , count]) => count > 0)
}

const HEALS = ['heal_link', 'heal_view', 'heal_key', 'heal_data', 'heal_read'] as const
const HEAL_WORDS = ['link', 'members', 'epoch', 'held', 'read'] as const

/** How long each part of a heal took, by protocol; where only a core is ever healed there is none. */
export function healPlots(source: ReportSource): Plot[] {
  if (source.scenario.core !== undefined) return []
  return source.scenario.phases.map((fault) => {
    const rows = source.protocols.map((one) => ({
      name: one.name,
      times: HEALS.map((heal) => one.phases[`after-${fault}`]?.[heal] ?? Number.NaN),
    }))
    return {
      name: `heal-${fault}`,
      title: `The heal of ${fault}`,
      hint: 'from the moment when the fault was gone until the first byte crossed, all agreed who belongs, all used one epoch, held everything, could read everything',
      svg: healBars(fault, rows),
      legend: HEAL_WORDS.map((word, k) => [`h${k}`, word] as const),
    }
  })
}

function healBars(
  fault: string,
  rows: readonly { readonly name: string; readonly times: readonly number[] }[],
): Markup {
  const finite = rows.flatMap(({ times }) => times).filter((ms) => Number.isFinite(ms))
  const x: Axis = {
    from: 0,
    to: Math.max(1_000, ...finite) * 1.15,
    label: 'since the heal',
    text: short,
  }
  const y: Axis = { from: 0, to: 0, label: '', text: () => '' }
  const height = 14 + rows.length * 58 + 36
  const base = frameOf(x, y, height)
  const frame = { ...base, left: 80, width: 520 - 80 - 16 }
  const scaled = (ms: number) => frame.left + (Math.min(ms, x.to) / x.to) * frame.width
  const bars = rows.map(({ name, times }, row) => {
    const top = frame.top + row * 58
    const own = times.map((ms, k) => {
      const y0 = top + 4 + k * 9
      const never = ms === Number.POSITIVE_INFINITY
      if (Number.isNaN(ms)) return html``
      const width = Math.max(1.5, scaled(ms) - frame.left)
      return html`<rect
          class="epoch${k}"
          x="${frame.left}"
          y="${at(y0)}"
          width="${at(width)}"
          height="7.5"
          opacity="${never ? '.35' : '1'}"
          ><title>${HEAL_WORDS[k] ?? ''}: ${duration(ms)}</title></rect
        >${never ? html`<text class="small bad end" x="${at(frame.left + frame.width)}" y="${at(y0 + 7.5)}">never</text>` : ''}`
    })
    return html`<text class="end" x="${frame.left - 8}" y="${at(top + 29)}">${name}</text>${own}`
  })
  const marks = ticks(x).map(
    (ms) =>
      html`<path class="axis" d="M${at(scaled(ms))} ${at(frame.top)}V${at(height - 34)}" /><text
          class="soft small mid"
          x="${at(scaled(ms))}"
          y="${at(height - 20)}"
          >${short(ms)}</text
        >`,
  )
  return picture(`Parts of the heal of ${fault}`, [520, height], [marks, bars])
}
