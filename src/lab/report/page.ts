// The report as one page that loads nothing: what happened, what went wrong, the numbers, what they
// mean, and how to get the very same run again. It holds no path, host or time of day.

import { anomalyTable, witnesses } from './anomalies.ts'
import { expectations, protocolCard, reproduction } from './appendix.ts'
import { capCharts } from './cap-chart.ts'
import { CORE } from '../scenario/chaos/chaos.ts'
import { agePlots, inversionPlots, theftPlots } from './detail-plots.ts'
import { type Markup, type Piece, html, Markup as Raw } from './html.ts'
import { lesson } from './lesson.ts'
import { columnsOf, phaseTables } from './phase-tables.ts'
import {
  type Plot,
  availabilityPlots,
  behindPlots,
  epochsPlot,
  healPlots,
  visibilityPlot,
} from './plots.ts'
import { labelsOf, lanesOf } from './sides.ts'
import { type ReportSource, endOf } from './source.ts'
import { pageStyle } from './style.ts'
import { studyPlots } from './study-plots.ts'
import { studyTable } from './study.ts'
import { swimlanes } from './swimlanes.ts'
import { metricText } from './words.ts'

/** Every plot of a report, in the order of the page. */
export function plotsOf(source: ReportSource): readonly Plot[] {
  return [
    ...capCharts(source),
    ...availabilityPlots(source),
    visibilityPlot(source),
    epochsPlot(source),
    ...healPlots(source),
    ...agePlots(source),
    ...behindPlots(source),
    ...inversionPlots(source),
    ...theftPlots(source),
    ...studyPlots(source),
  ]
}

/** The whole file. */
export function pageOf(source: ReportSource): string {
  const { scenario } = source
  const parts = sectionsOf(source)
  const nav = parts.map(({ id, short }) => html`<a href="#${id}">${short}</a>`)
  const body = parts.map(
    ({ id, title, lead, content }) =>
      html`<section id="${id}">
        <h2>${title}</h2>
        <p class="lead">${lead}</p>
        ${content}
      </section>`,
  )
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width,initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none';style-src 'unsafe-inline'"
        />
        <title>${scenario.name}: ${scenario.title}</title>
        <style>
          ${new Raw(pageStyle)}
        </style>
      </head>
      <body>
        <main>
          ${heading(source)}
          <nav>${nav}</nav>
          ${body}
        </main>
      </body>
    </html> `.text
}

interface Section {
  readonly id: string
  readonly short: string
  readonly title: string
  readonly lead: string
  readonly content: Piece
}

const sectionsOf = (source: ReportSource): Section[] => [
  ...story(source),
  ...several(source),
  ...proof(source),
]

/** What several runs say together, where there were several. */
function several(source: ReportSource): Section[] {
  const { study } = source
  if (study === undefined) return []
  const swept = Object.keys(study.sweep)
  const plots = studyPlots(source)
  const over = swept.length === 0 ? '' : ` and over ${swept.join(' and ')}`
  const content = [studyTable(study), plots.length === 0 ? undefined : grid(plots)]
  return [
    {
      id: 'several',
      short: 'Several runs',
      title: `Over ${study.seeds.length} seeds${over}`,
      lead: 'The pictures of this page are those of the first run; here all of them are counted.',
      content,
    },
  ]
}

/** What happened and what it means. */
function story(source: ReportSource): Section[] {
  return [
    {
      id: 'happened',
      short: 'What happened',
      title: 'What happened',
      lead: 'A lane for each node. Its colour is the epoch that it uses: a fork of the keys is two colours. Grey: the fault, found in force.',
      content: pictures(source),
    },
    {
      id: 'anomalies',
      short: 'Anomalies',
      title: 'What went wrong',
      lead: 'The same weather and the same workload for each protocol.',
      content: anomalyTable(source),
    },
    {
      id: 'lesson',
      short: 'C, A, P and latency',
      title: 'C, A, P and latency, with the numbers of this run',
      lead: 'For whoever has heard of CAP and wants to see it.',
      content: lesson(source),
    },
    {
      id: 'cap',
      short: 'CAP by operation',
      title: 'CAP and PACELC, operation by operation',
      lead: 'PA: available while cut off. PC: of one mind while cut off. EL: waits for nobody when all is well. EC: waits for others. The green strip is where the weaker side goes on.',
      content: grid(capCharts(source)),
    },
    {
      id: 'curves',
      short: 'Curves',
      title: 'Over time',
      lead: 'All protocols to the same scale; grey bands are faults.',
      content: curves(source),
    },
  ]
}

/** The numbers behind it, and where they come from. */
function proof(source: ReportSource): Section[] {
  return [
    {
      id: 'phases',
      short: 'Numbers',
      title: 'Phase by phase',
      lead: leadOfNumbers(source),
      content: phaseTables(source),
    },
    {
      id: 'expected',
      short: 'Expected',
      title: 'Expected and measured',
      lead: 'The scenario says beforehand what should come out.',
      content: expectations(source),
    },
    {
      id: 'witnesses',
      short: 'Witnesses',
      title: 'Witnesses',
      lead: 'For each invariant that was broken, the fewest events of the trace that show it.',
      content: witnesses(source),
    },
    {
      id: 'protocols',
      short: 'Protocols',
      title: 'What was compared',
      lead: 'What each promises, and what a model of it leaves out.',
      content: source.protocols.map(protocolCard),
    },
    {
      id: 'again',
      short: 'Again',
      title: 'The very same run again',
      lead: 'Equal scenario, seed and version give equal traces, to the last byte.',
      content: reproduction(source),
    },
  ]
}

function leadOfNumbers({ study }: ReportSource): string {
  if (study !== undefined && study.seeds.length > 1) {
    return `Medians of ${study.seeds.length} runs. Small figures: between which values the median lies nineteen times out of twenty.`
  }
  return 'Small figures: where the true share lies nineteen times out of twenty, given so many operations. One run is one draw: times have no interval until a scenario is repeated with other seeds.'
}

function heading(source: ReportSource): Markup {
  const { scenario, engine, verdict, interrupted } = source
  const note = interrupted
    ? html`<p class="warn">The run was interrupted; this is what there was until then.</p>`
    : undefined
  return html`<header>
      <h1>${scenario.title || scenario.name}</h1>
      <p class="meta">
        <span class="badge ${verdict}">${verdict}</span> ${scenario.name} · ${scenario.nodes}
        nodes${scenario.groups.length > 1 ? ` in ${scenario.groups.length} groups` : ''} · engine
        ${engine} · seed ${scenario.seed}
      </p>
      ${note}
    </header>
    ${glance(source)}`
}

/** The few numbers that one would ask for first. */
function glance(source: ReportSource): Markup {
  const { core, phases } = source.scenario
  const phase = core === undefined ? phases[0] : CORE
  const labels = labelsOf(source.scenario)
  const sides = labels.length > 1 ? labels.slice(0, -1) : labels
  const rows = columnsOf(source).map((one) => {
    const during = one.phases[phase ?? 'all'] ?? {}
    const after = one.phases[phase === undefined ? 'all' : `after-${phase}`] ?? {}
    const all = one.phases['all'] ?? {}
    const useful = sides.map(
      (label) => html`<td class="number">${metricText('U_all', during[`U_${label}`])}</td>`,
    )
    return html`<tr>
      <th>${one.name}</th>
      <td><span class="badge ${one.verdict}">${one.verdict}</span></td>
      ${useful}
      ${core === undefined ? html`<td class="number">${metricText('heal_read', after['heal_read'])}</td>` : undefined}
      <td class="number">${metricText('lost', all['lost'])}</td>
      <td class="number">${metricText('bytes_per_copy', all['bytes_per_copy'])}</td>
    </tr>`
  })
  const heads = sides.map((label) => html`<th>useful, ${label === 'all' ? 'all' : label}</th>`)
  const lasted = phase === undefined ? '' : ` while ${phase} lasted, and after it`
  const when = core === undefined ? lasted : ' once the core was healed, and nothing else'
  return html`<div class="card scroll">
      <table>
        <thead>
          <tr>
            <th></th>
            <th>expected?</th>
            ${heads} ${core === undefined ? html`<th>read again after</th>` : undefined}
            <th>lost</th>
            <th>bytes per copy</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
    <p class="legend">Useful: accepted, and shown in time to every member in reach${when}.</p>`
}

function pictures(source: ReportSource): Piece {
  const lanes = lanesOf(source.scenario)
  const legend = html`<p class="legend">
    <span><b class="good">|</b> text accepted</span><span><b class="warn">|</b> nobody knows</span
    ><span><b class="bad">|</b> refused</span><span>◆ a decision</span
    ><span style="color:var(--crown)">▬ takes itself for the manager</span
    ><span>thin lines: texts that came more than 2 s late</span>
  </p>`
  const drawn = source.protocols.map(({ name, scene }) => {
    if (scene === undefined) {
      return html`<div class="card">
        <b>${name}</b>: no trace was kept; run it with <code>--trace normal</code>.
      </div>`
    }
    return html`<figure class="card">
      <figcaption><b>${name}</b></figcaption>
      <div class="scroll wide">${swimlanes(name, scene, lanes, endOf(source))}</div>
    </figure>`
  })
  const some =
    lanes.length < source.scenario.nodes
      ? html`<p class="soft">${lanes.length} of ${source.scenario.nodes} nodes, evenly picked.</p>`
      : undefined
  return [legend, some, drawn]
}

function curves(source: ReportSource): Piece {
  const thefts = theftPlots(source)
  const heals = healPlots(source)
  return [
    html`<h3>Useful availability of each side</h3>`,
    grid(availabilityPlots(source)),
    html`<h3>How soon, how many epochs${heals.length === 0 ? '' : ', how fast the heal'}</h3>`,
    grid([visibilityPlot(source), epochsPlot(source), ...heals]),
    html`<h3>Who is how far behind</h3>`,
    grid(behindPlots(source)),
    html`<h3>Each text by itself</h3>`,
    grid(agePlots(source)),
    html`<h3>Who first read in another order than whom</h3>`,
    grid(inversionPlots(source)),
    thefts.length === 0 ? undefined : [html`<h3>What copied devices open</h3>`, grid(thefts)],
  ]
}

function grid(plots: readonly Plot[]): Markup {
  if (plots.length === 0) return html`<p>Nothing was asked for while a fault lasted.</p>`
  const cards = plots.map(({ title, hint, svg, legend }) => {
    const keys = legend.map(
      ([colour, text]) => html`<span><i class="key ${colour}"></i>${text}</span>`,
    )
    return html`<figure class="card">
      <figcaption><b>${title}</b> <span>${hint}</span></figcaption>
      ${svg}
      <p class="legend">${keys}</p>
    </figure>`
  })
  return html`<div class="pairs">${cards}</div>`
}
