// What C, A, P and latency mean, told with the numbers of this very run: nothing is claimed that the
// reader cannot find again in the tables.

import { CORE } from '../scenario/chaos/chaos.ts'
import { type Markup, type Piece, html } from './html.ts'
import type { Band } from './scene.ts'
import { labelsOf } from './sides.ts'
import type { ProtocolSource, ReportSource } from './source.ts'
import { amount, duration, percent, sideText } from './words.ts'

type Metrics = Readonly<Record<string, number>>

export function lesson(source: ReportSource): Markup {
  const fault = source.scenario.phases[0]
  const points =
    fault === undefined
      ? [latency(source)]
      : [
          partition(source, fault),
          availability(source, fault),
          consistency(source, fault),
          latency(source),
        ]
  return html`${points}`
}

const point = (letter: string, title: string, ...text: readonly Piece[]): Markup =>
  html`<div class="card lesson">
    <b>${letter}</b>
    <div>
      <h3 style="margin-top:0">${title}</h3>
      ${text}
    </div>
  </div>`

const figure = (text: string): Markup => html`<span class="figure">${text}</span>`

const phaseOf = (one: ProtocolSource, phase: string): Metrics => one.phases[phase] ?? {}

const get = (metrics: Metrics, name: string): number => metrics[name] ?? Number.NaN

function partition(source: ReportSource, fault: string): Markup {
  const { scenario, protocols } = source
  const sides = Object.entries(scenario.labels)
  const scene = protocols.find((one) => one.scene !== undefined)?.scene
  const band = scene?.bands.find(({ id }) => id === fault)
  const ideal = protocols.find(({ use }) => use.use === 'ideal')
  const late = ideal === undefined ? Number.NaN : get(phaseOf(ideal, fault), 'stale_p50')
  const who =
    sides.length === 0
      ? ''
      : ` Its sides: ${sides.map(([label, nodes]) => `${sideText(label)} with ${nodes.length}`).join(', ')}.`
  return point(
    'P',
    'Partition: the line is cut, and nobody asked you',
    html`<p>
      In this run ${fault}${band === undefined ? '' : ` (${band.what})`} lasted
      ${lasted(source, band)}.${who} A partition is no property that a system may choose to have; it
      happens. A very long delay is the same thing, seen by somebody who has to answer now.
    </p>`,
    Number.isNaN(late)
      ? undefined
      : html`<p>
          The oracle in the column <em>ideal</em> floods along every link that there is. While the
          fault lasted it needed ${figure(duration(late))} until half of all copies were on display:
          that is physics. Only what a protocol does worse than this column is its own doing.
        </p>`,
  )
}

function lasted({ scenario: { core } }: ReportSource, band: Band | undefined): string {
  if (band === undefined) return 'a while'
  const forUs = (toUs: number) => `for ${duration((toUs - band.fromUs) / 1_000)}`
  if (core === undefined) return Number.isFinite(band.toUs) ? forUs(band.toUs) : 'to the end'
  return `${forUs(core.fromMs * 1_000)}; then a core was healed, and the rest never`
}

function availability(source: ReportSource, fault: string): Markup {
  const labels = labelsOf(source.scenario)
  const sides = labels.length > 1 ? labels.slice(0, -1) : labels
  const rows = source.protocols.map((one) => {
    const metrics = phaseOf(one, fault)
    const useful = sides.map((label) => ({ label, share: get(metrics, `U_${label}`) }))
    const worst = useful.reduce((least, next) => (next.share < least.share ? next : least))
    const accepted = get(metrics, `A_${worst.label}`)
    return html`<li>
      <b>${one.name}</b> accepted ${figure(percent(accepted))} of what was said on its weakest side
      (${sideText(worst.label)}), and ${figure(percent(worst.share))} was seen in time by everybody
      in reach.${remark(accepted, worst.share)}
    </li>`
  })
  return point(
    'A',
    'Availability: do you get an answer, and is it worth anything?',
    html`<p>
        Gilbert and Lynch ask only that every running node answers. A message that is accepted and
        then waits for the heal is an answer too, so two numbers are told apart here:
        <em>accepted</em>, and <em>useful</em>, which means shown in time to all members who could
        be reached.
      </p>
      <ul>
        ${rows}
      </ul>`,
    decisions(source, fault),
  )
}

function remark(accepted: number, useful: number): string {
  if (accepted >= 0.95 && useful < 0.5) return ' It says yes and means later.'
  return accepted < 0.95 ? ' It says no.' : ''
}

function decisions({ protocols }: ReportSource, fault: string): Markup | undefined {
  const kinds = ['kick', 'join', 'leave', 'rekey'] as const
  const asked = kinds.filter((kind) =>
    protocols.some((one) => get(phaseOf(one, fault), `n_${kind}`) > 0),
  )
  const [kind] = asked
  if (kind === undefined) return undefined
  const share = (one: ProtocolSource) => get(phaseOf(one, fault), `ok_${kind}`)
  const name = ({ name: own }: ProtocolSource) => own
  const yes = protocols.filter((one) => share(one) >= 0.95).map(name)
  const no = protocols.filter((one) => share(one) < 0.95).map(name)
  return html`<p>
    Availability belongs to an operation, not to a system. The <code>${kind}</code> of this run was
    accepted by
    ${yes.length === 0 ? 'nobody' : yes.join(', ')}${no.length === 0 ? '' : `, and refused or left open by ${no.join(', ')}`}.
  </p>`
}

function consistency(source: ReportSource, fault: string): Markup {
  const rows = source.protocols.map((one) => {
    const during = phaseOf(one, fault)
    const end = source.scenario.core === undefined ? healOf(one, fault) : coreOf(one)
    const lost = get(phaseOf(one, 'all'), 'lost')
    const price = lost > 0 ? html`, and ${figure(amount(lost))} texts were lost` : ''
    return html`<li>
      <b>${one.name}</b>: for ${figure(percent(get(during, 'apart_view')))} of the fault members
      differed about who belongs and for ${figure(percent(get(during, 'apart_key')))} about the
      epoch, with up to ${figure(amount(get(during, 'forks')))} in use at once; ${end}${price}.
    </li>`
  })
  return point(
    'C',
    'Consistency: is it the same conversation for everybody?',
    html`<p>
        During a cut both sides cannot go on deciding and stay of one mind: that is all that CAP
        says. Whoever decides on both sides has two versions for a while and has to merge them;
        whoever does not has one version and somebody who waits. What counts then is how long it
        takes to be one again, and what is lost on the way.
      </p>
      <ul>
        ${rows}
      </ul>`,
  )
}

function healOf(one: ProtocolSource, fault: string): Markup {
  const after = phaseOf(one, `after-${fault}`)
  const heal = Math.max(...['heal_view', 'heal_key', 'heal_read'].map((each) => get(after, each)))
  return get(after, 'converged') === 1
    ? html`after the heal it took ${figure(duration(heal))} until all were the same again`
    : html`after the heal they ${figure('never')} became the same again`
}

/** Where only a core is ever healed. */
const coreOf = (one: ProtocolSource): Markup =>
  get(phaseOf(one, CORE), 'converged') === 1
    ? html`in the end all of the core were the same`
    : html`in the end the core was ${figure('not')} the same`

function latency({ scenario, protocols, study }: ReportSource): Markup {
  const { delayMs } = scenario.network
  const rows = protocols.map((one) => {
    const calm = one.phases['before'] ?? {}
    const metrics = Number.isNaN(get(calm, 'wait_send')) ? (one.phases['all'] ?? {}) : calm
    const [wait, seen] = [get(metrics, 'wait_send'), get(metrics, 'stale_p50')]
    const hops = (ms: number) => (delayMs > 0 ? ` (${delaysOf(ms / delayMs)})` : '')
    return html`<li>
      <b>${one.name}</b>: whoever speaks waits ${figure(duration(wait))}${hops(wait)}; half of the
      others see it after ${figure(duration(seen))}${hops(seen)}.
    </li>`
  })
  return point(
    'L',
    'Latency: the price when nothing is wrong',
    html`<p>
        Cuts are rare, but every day a system that keeps all of one mind waits for somebody before
        it answers. PACELC names that: <em>else</em>, latency or consistency. A link of this run
        takes ${figure(duration(delayMs))} one way. What takes no link delays was decided alone; two
        are a round trip to somebody.
      </p>
      <ul>
        ${rows}
      </ul>`,
    html`<p class="soft">
      Measured at one delay.
      ${study === undefined || !(LATENCY in study.sweep) ? 'A scenario that sweeps the delay tells the slope' : 'The curves over all delays tell the slope'},
      which leaves out whatever has nothing to do with the links.
    </p>`,
  )
}

/** What a scenario sweeps for the slope. */
const LATENCY = 'network.link.latency'

const delaysOf = (count: number): string =>
  `${amount(count)} link ${amount(count) === '1' ? 'delay' : 'delays'}`
