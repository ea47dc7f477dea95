// The last sections of a report: what was expected, what was compared, and how to get the very same run
// again.

import { meanings } from '../measure/names.ts'
import { type Markup, html } from './html.ts'
import type { ProtocolSource, ReportSource } from './source.ts'
import { metricText } from './words.ts'

export function expectations({ protocols }: ReportSource): Markup {
  const rows = protocols.flatMap(({ name, expectations: mine }) =>
    mine.map(({ verdict, phase, that, why, measured }) => {
      const found = Object.entries(measured).map(
        ([metric, value]) => `${metric} = ${metricText(metric, value)}`,
      )
      return html`<tr>
        <th>${name}</th>
        <td><span class="badge ${verdict}">${verdict}</span></td>
        <td>${phase}</td>
        <td>
          <code>${that}</code
          >${why === '' ? undefined : html`<br /><span class="soft">${why}</span>`}
        </td>
        <td>${found.join(', ')}</td>
      </tr>`
    }),
  )
  if (rows.length === 0) return html`<p>This scenario expects nothing.</p>`
  return html`<div class="card scroll">
    <table>
      <thead>
        <tr>
          <th></th>
          <th></th>
          <th>phase</th>
          <th>expected</th>
          <th>measured</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`
}

/** A title begins with the name, which stands before it already. */
const withoutName = (title: string, name: string): string =>
  title.startsWith(`${name}: `) ? title.slice(name.length + 2) : title

export function protocolCard({
  name,
  title,
  origin,
  claims,
  simplifications,
  use,
}: ProtocolSource): Markup {
  const options = Object.entries(use.with).map(([key, value]) => `${key}: ${value}`)
  const left =
    simplifications.length === 0
      ? html`<p>Nothing is left out: this is the real thing.</p>`
      : html`<p>Left out:</p>
          <ul>
            ${simplifications.map((one) => html`<li>${one}</li>`)}
          </ul>`
  return html`<div class="card">
    <b>${name}</b> <span class="soft">${withoutName(title, use.use)}</span>
    <p class="soft">${origin}${options.length === 0 ? '' : `; set: ${options.join(', ')}`}</p>
    <p>Promises:</p>
    <ul>
      ${claims.map((one) => html`<li>${one}</li>`)}
    </ul>
    ${left}
  </div>`
}

export function reproduction({ scenario, engine, digest, protocols, yaml }: ReportSource): Markup {
  const command = `coterie lab run ${scenario.name} --seed ${JSON.stringify(scenario.seed)} --engine ${engine}`
  const digests = protocols.map(
    ({ name, digest: own }) =>
      html`<dt>${name}</dt>
        <dd><code>${own}</code></dd>`,
  )
  const legend = Object.entries(meanings).map(
    ([name, text]) =>
      html`<dt><code>${name}</code></dt>
        <dd>${text}</dd>`,
  )
  return html`<div class="card"><pre class="wrap">${command}</pre></div>
    <p>
      Of a file of your own, give the file instead of the name. <code>coterie lab replay</code> with
      the folder of a run does the same and says whether anything differs.
    </p>
    <div class="card">
      <dl>
        <dt>digest</dt>
        <dd><code>${digest}</code></dd>
        ${digests}
      </dl>
    </div>
    <details>
      <summary>The scenario</summary>
      <div class="card"><pre class="wrap">${yaml}</pre></div>
    </details>
    <details>
      <summary>What each metric means</summary>
      <div class="card"><dl>${legend}</dl></div>
    </details>`
}
