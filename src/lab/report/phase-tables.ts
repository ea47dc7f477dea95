// The summary: a table for each phase, a row for each thing measured, a column for each protocol. The
// last column is the oracle, where it ran: what the links of this run allowed at all.

import { meanings } from '../measure/names.ts'
import { type Markup, html } from './html.ts'
import { labelsOf } from './sides.ts'
import type { ProtocolSource, ReportSource } from './source.ts'
import { repeatedCells, spreadText } from './study.ts'
import { interval, isShare, metricText, percent, sideText } from './words.ts'

interface Row {
  readonly metric: string
  readonly text: string
}

/** The oracle last. */
export function columnsOf({ protocols }: ReportSource): readonly ProtocolSource[] {
  const isIdeal = ({ use }: ProtocolSource) => use.use === 'ideal'
  return [...protocols.filter((one) => !isIdeal(one)), ...protocols.filter(isIdeal)]
}

export function phaseTables(source: ReportSource): Markup {
  const { phases } = source.scenario
  const tables = [
    phaseTable(source, 'before', 'Before', during(source)),
    ...phases.flatMap((id) => [
      phaseTable(source, id, `While ${id} lasted`, during(source)),
      phaseTable(source, `after-${id}`, `After ${id}`, after),
    ]),
    phaseTable(source, 'all', 'The whole run: what it cost', costs),
  ]
  return html`${tables}`
}

function during(source: ReportSource): Row[] {
  const sides = labelsOf(source.scenario).flatMap((label): Row[] => [
    { metric: `A_${label}`, text: `texts accepted, ${sideText(label)}` },
    { metric: `U_${label}`, text: `texts useful, ${sideText(label)}` },
    { metric: `Hc_${label}`, text: `of what could have come, shown to ${sideText(label)}` },
  ])
  return [
    ...sides,
    ...(['read', 'join', 'leave', 'kick', 'rekey'] as const).flatMap((kind): Row[] => [
      { metric: `ok_${kind}`, text: `${kind} accepted` },
      { metric: `wait_${kind}`, text: `${kind}: wait` },
    ]),
    { metric: 'wait_send', text: 'send: wait' },
    { metric: 'stale_p50', text: 'on display after, median' },
    { metric: 'stale_p95', text: 'on display after, 95 of 100' },
    { metric: 'extra_p95', text: 'of that not forced by the links' },
    { metric: 'apart_view', text: 'time in which members differ: who belongs' },
    { metric: 'apart_key', text: 'time in which members differ: epoch' },
    { metric: 'own_key', text: 'the same within reach of each other' },
    { metric: 'forks', text: 'epochs in use at once' },
    { metric: 'leaderless', text: 'time in which some part had no manager' },
    { metric: 'kick_effect', text: 'last text for the removed after' },
    { metric: 'kick_leak', text: 'texts that the removed read' },
    { metric: 'fs_texts', text: 'texts that a copied device opened' },
    { metric: 'fs_age', text: 'of them the oldest was so old' },
    { metric: 'pcs_texts', text: 'later texts that the copy opened' },
    { metric: 'pcs_time', text: 'until the copy opened nothing more' },
    { metric: 'lost', text: 'texts of this phase lost for ever' },
    { metric: 'withdrawn', text: 'texts of this phase taken back' },
  ]
}

const after: readonly Row[] = [
  { metric: 'heal_link', text: 'first byte across' },
  { metric: 'heal_view', text: 'all agree who belongs' },
  { metric: 'heal_key', text: 'all use one epoch' },
  { metric: 'heal_data', text: 'all hold everything' },
  { metric: 'heal_read', text: 'all can read everything' },
  { metric: 'converged', text: 'the same everywhere in the end' },
  { metric: 'U_all', text: 'texts useful' },
  { metric: 'stale_p95', text: 'on display after, 95 of 100' },
  { metric: 'decrypt_late', text: 'copies unreadable for more than 1 s' },
  { metric: 'undecryptable', text: 'copies never readable' },
  { metric: 'inserted', text: 'texts put in above others' },
  { metric: 'insert_depth', text: 'rows above, at most' },
  { metric: 'lost', text: 'texts of this phase lost for ever' },
]

const costs: readonly Row[] = [
  { metric: 'bytes_per_copy', text: 'bytes sent for each copy read' },
  { metric: 'amplification', text: 'bytes sent for each byte of text and reader' },
  { metric: 'frames_per_text', text: 'frames for each text' },
  { metric: 'signs_per_text', text: 'signatures for each text' },
  { metric: 'verifies_per_copy', text: 'signature checks for each copy read' },
]

function phaseTable(
  source: ReportSource,
  phase: string,
  title: string,
  rows: readonly Row[],
): Markup {
  const columns = columnsOf(source)
  const repeated = repeatedCells(source)
  const shown = rows.filter(({ metric }) =>
    columns.some(({ phases }) => !Number.isNaN(phases[phase]?.[metric] ?? Number.NaN)),
  )
  if (shown.length === 0) return html``
  const ideal = ({ use }: ProtocolSource) => (use.use === 'ideal' ? 'number ideal' : 'number')
  const heads = columns.map((one) => html`<th class="${ideal(one)}">${one.name}</th>`)
  const body = shown.map(({ metric, text }) => {
    const cells = columns.map((one) => {
      const metrics = one.phases[phase] ?? {}
      const cell = repeated.get(one.name)
      if (cell !== undefined) {
        return html`<td class="${ideal(one)}">${spreadText(cell, phase, metric)}</td>`
      }
      const value = metricText(metric, metrics[metric])
      return html`<td class="${ideal(one)}">${value}${spread(metric, metrics)}</td>`
    })
    const hint = (meanings as Readonly<Record<string, string>>)[metric] ?? text
    return html`<tr>
      <th title="${hint}">${text}</th>
      ${cells}
    </tr>`
  })
  return html`<h3>${title}</h3>
    <div class="card scroll">
      <table>
        <thead>
          <tr>
            <th></th>
            ${heads}
          </tr>
        </thead>
        <tbody>
          ${body}
        </tbody>
      </table>
    </div>`
}

/** Of a share of counted things: between which values the true one lies. */
function spread(metric: string, metrics: Readonly<Record<string, number>>): Markup | undefined {
  const share = metrics[metric] ?? Number.NaN
  const trials = metrics[trialsOf(metric)] ?? 0
  if (!isShare(metric) || Number.isNaN(share) || trials === 0) return undefined
  const [low, high] = interval(share, trials)
  return html`<small>${percent(low)} – ${percent(high)}</small>`
}

function trialsOf(metric: string): string {
  const [prefix = '', ...rest] = metric.split('_')
  if (prefix === 'A' || prefix === 'U') return `S_${rest.join('_')}`
  return prefix === 'ok' ? `n_${rest.join('_')}` : ''
}
