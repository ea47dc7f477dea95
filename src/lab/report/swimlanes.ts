// The picture of a run: a lane for each node, its colour the epoch that it uses (so a fork is two
// colours side by side), a crown where a node takes itself for the manager, a tick for whatever was
// asked, a thin line for whatever came late, grey where a fault was found in force.

import { type Markup, html } from './html.ts'
import type { Band, Late, Said, Scene } from './scene.ts'
import type { Lane } from './sides.ts'
import { at, picture, ticks } from './svg.ts'
import { clock } from './words.ts'

const WIDTH = 1_000
const LEFT = 92
const TOP = 26
const LANE = 22
const BAR = 9
const LATE_MAX = 150

interface Place {
  readonly x: (us: number) => number
  /** The top of a node's lane; undefined: it is not drawn. */
  readonly top: (node: number) => number | undefined
  readonly lanes: readonly Lane[]
  readonly bottom: number
}

/** Colours of epochs, in order of first use. */
export function epochColours(scene: Scene, lanes: readonly Lane[]): ReadonlyMap<string, number> {
  const spans = lanes.flatMap(({ node }) => scene.epochs(node))
  spans.sort((a, b) => a.fromUs - b.fromUs)
  return new Map([...new Set(spans.map(({ value }) => value))].map((one, k) => [one, k % 8]))
}

/** @param untilUs where the time axis ends: the same for all protocols of a run */
export function swimlanes(
  name: string,
  scene: Scene,
  lanes: readonly Lane[],
  untilUs: number,
): Markup {
  const gap = (index: number) =>
    lanes.slice(1, index + 1).filter(({ side }, k) => side !== lanes[k]?.side).length * 10
  const tops = new Map(lanes.map(({ node }, k) => [node, TOP + k * LANE + gap(k)]))
  const bottom = TOP + lanes.length * LANE + gap(lanes.length - 1)
  const endUs = Math.max(1, untilUs)
  const place: Place = {
    x: (us) => LEFT + Math.min(1, us / endUs) * (WIDTH - LEFT - 8),
    top: (node) => tops.get(node),
    lanes,
    bottom,
  }
  const colours = epochColours(scene, lanes)
  const label = `What each node did under ${name}, over time`
  return picture(
    label,
    [WIDTH, bottom + 26],
    [
      bandsOf(scene.bands, place, endUs),
      lanes.map((lane, k) => laneOf(scene, lane, k, place, colours)),
      lateOf(scene.late, place),
      (['ok', 'info', 'fail'] as const).map((outcome) => ticksOf(scene.said, outcome, place)),
      marksOf(scene.said, place),
      timeOf(endUs, place),
    ],
  )
}

/** About so wide is a letter of a band's name. */
const LETTER = 5.6
/** And of the name of a decision. */
const STRONG_LETTER = 6.6

/** Bands with their names, which stand beside each other where the bands begin close together. */
function bandsOf(bands: readonly Band[], place: Place, endUs: number): Markup[] {
  let free = 0
  return bands.map((band) => {
    const { id, what, fromUs, toUs } = band
    const left = place.x(fromUs)
    const wide = place.x(Math.min(toUs, endUs)) - left > 40
    const name = wide ? `${id} (${what})` : ''
    const from = Math.max(left + 2, free)
    if (wide) free = from + name.length * LETTER + 8
    return bandOf(band, place, endUs, { name, from })
  })
}

function bandOf(
  { id, what, fromUs, toUs, verified }: Band,
  place: Place,
  endUs: number,
  label: { readonly name: string; readonly from: number },
): Markup {
  const left = place.x(fromUs)
  const width = Math.max(2, place.x(Math.min(toUs, endUs)) - left)
  const height = place.bottom - TOP + 6
  const title = `${id}: ${what}, ${verified ? 'found in force' : 'not verified'}`
  return html`<rect
      class="${verified ? 'band' : 'doubt'}"
      x="${at(left)}"
      y="${at(TOP - 6)}"
      width="${at(width)}"
      height="${at(height)}"
      ><title>${title}</title></rect
    ><text class="small soft" x="${at(label.from)}" y="${at(TOP - 10)}">${label.name}</text>`
}

function laneOf(
  scene: Scene,
  { node, side }: Lane,
  index: number,
  place: Place,
  colours: ReadonlyMap<string, number>,
): Markup {
  const top = place.top(node) ?? 0
  const bar = (fromUs: number, toUs: number, style: string, title: string) =>
    html`<rect
      class="${style}"
      x="${at(place.x(fromUs))}"
      y="${at(top + 6)}"
      width="${at(Math.max(0.5, place.x(toUs) - place.x(fromUs)))}"
      height="${BAR}"
      ><title>${title}</title></rect
    >`
  const first = place.lanes[index - 1]?.side !== side
  const name = html`<text class="end" x="${LEFT - 8}" y="${at(top + 14)}">${node}</text>`
  const sideName =
    first && side !== ''
      ? html`<text class="soft small" x="0" y="${at(top + 14)}">${side.slice(0, 11)}</text>`
      : undefined
  const epochs = scene
    .epochs(node)
    .map(({ fromUs, toUs, value }) =>
      bar(fromUs, toUs, `epoch${colours.get(value) ?? 0}`, `node ${node}, epoch ${value}`),
    )
  const down = scene
    .running(node)
    .filter(({ value }) => !value)
    .map(({ fromUs, toUs }) => bar(fromUs, toUs, 'gone', `node ${node} does not run`))
  const reigns = scene.managers(node).filter(({ value }) => value === node)
  return html`${name}${sideName}<rect
      class="lane"
      x="${LEFT}"
      y="${at(top + 6)}"
      width="${WIDTH - LEFT - 8}"
      height="${BAR}"
    />${epochs}${down}${reigns.map(({ fromUs, toUs }) => crown(place.x(fromUs), place.x(toUs), top))}`
}

/** A line over a lane while its node takes itself for the manager, with a crown where that begins. */
function crown(from: number, to: number, top: number): Markup {
  const points = 'l1.8 2.6l2.2-4l2.2 4l1.8-2.6v5h-8z'
  return html`<path
      class="reign"
      d="M${at(from)} ${at(top + 4)}H${at(Math.max(to, from + 1))}"
    /><path class="crown" d="M${at(from)} ${at(top - 1)}${points}" />`
}

function ticksOf(said: readonly Said[], outcome: Said['outcome'], place: Place): Markup {
  const path = said
    .filter((one) => one.outcome === outcome && one.kind === 'send')
    .map(({ atUs, node }) => {
      const top = place.top(node)
      return top === undefined ? '' : `M${at(place.x(atUs))} ${at(top + 16)}v4`
    })
  return html`<path class="${outcome}" d="${path.join('')}" />`
}

/**
 * What is not a text: who was removed or came in, who made a new key. Where they crowd on a lane some have
 * their words under the pointer only.
 */
function marksOf(said: readonly Said[], place: Place): Markup[] {
  const free = new Map<number, number>()
  return said
    .filter(({ kind, node }) => kind !== 'send' && place.top(node) !== undefined)
    .slice(0, 60)
    .map(({ kind, node, atUs, outcome }) => {
      const [x, y] = [place.x(atUs), (place.top(node) ?? 0) + 10.5]
      const text = outcome === 'ok' ? kind : `${kind}: ${outcome}`
      const mark = html`<path class="mark" d="M${at(x)} ${at(y - 5)}l4 5l-4 5l-4-5z"
        ><title>${text}</title></path
      >`
      if (x < (free.get(node) ?? 0)) return mark
      free.set(node, x + 6 + text.length * STRONG_LETTER)
      return html`${mark}<text class="small strong" x="${at(x + 6)}" y="${at(y + 3.5)}"
          >${text}</text
        >`
    })
}

function lateOf(late: readonly Late[], place: Place): Markup {
  const drawn = late.filter(
    ({ from, to }) => place.top(from) !== undefined && place.top(to) !== undefined,
  )
  const every = Math.max(1, Math.ceil(drawn.length / LATE_MAX))
  const path = drawn
    .filter((_, index) => index % every === 0)
    .map(({ from, to, saidUs, readUs }) => {
      const [y1, y2] = [(place.top(from) ?? 0) + 18, (place.top(to) ?? 0) + 10]
      return `M${at(place.x(saidUs))} ${at(y1)}L${at(place.x(readUs))} ${at(y2)}`
    })
  return html`<path class="late" d="${path.join('')}" />`
}

function timeOf(endUs: number, { x, bottom }: Place): Markup[] {
  const axis = { from: 0, to: endUs / 1_000, label: '', clock: true, text: clock }
  return ticks(axis).map(
    (ms) =>
      html`<path class="axis" d="M${at(x(ms * 1_000))} ${at(bottom + 2)}v5" /><text
          class="soft small mid"
          x="${at(x(ms * 1_000))}"
          y="${at(bottom + 19)}"
          >${clock(ms)}</text
        >`,
  )
}
