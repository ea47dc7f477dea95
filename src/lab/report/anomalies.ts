// The table of anomalies, in the manner of Hermitage: a row for each protocol, a column for each thing
// that can go wrong, and in each cell whether it did, how often, and the way to the smallest witness.

import type { CheckResult } from '../check/checker.ts'
import { classesOf } from './classes.ts'
import { type Markup, html } from './html.ts'
import type { ProtocolSource, ReportSource } from './source.ts'
import { amount, percent } from './words.ts'

interface Column {
  readonly title: string
  readonly hint: string
  readonly cell: (one: ProtocolSource, source: ReportSource) => Cell
}

interface Cell {
  readonly held: 'true' | 'false' | 'unknown'
  /** What stands in the cell where it is broken. */
  readonly text: string
  /** The checker with a witness. */
  readonly witness?: string
}

const columns: readonly Column[] = [
  byCheck('C1', 'lost', 'an accepted text never came to somebody who ought to have it'),
  byCheck('C2', 'invented', 'something was shown that nobody said, or twice'),
  byCheck('C3', 'gaps', 'an author was taken in with a gap, or a number was used twice'),
  byCheck('C4', 'effect before cause', 'a text was shown before what it builds on'),
  byCheck('C5', 'forked in the end', 'members ended with different texts, members, keys or order'),
  byCheck('C6', 'undone', 'somebody who was removed was a member again in the end, uninvited'),
  {
    title: 'blocked',
    hint: 'during a fault, some side had less than 95 of 100 operations of some kind accepted',
    cell: blocked,
  },
  {
    title: 'undelivered within reach',
    hint: 'during a fault, texts that could have come over the links that there were did not',
    cell: undelivered,
  },
  {
    title: 'unreadable',
    hint: 'copies were held and never opened by those they were meant for',
    cell: (one) => byMetric(one, 'undecryptable'),
  },
  {
    title: 'leaked to removed',
    hint: 'texts said after a removal that the removed member could read although word of it could have come',
    cell: (one) => byMetric(one, 'kick_leak_avoidable'),
  },
  byCheck('C7', 'read by outsiders', 'a text was opened by somebody it was not meant for'),
  byCheck('C8', 'key reuse', 'one key and number served for two texts'),
  byCheck(
    'C9',
    'keys stay apart',
    'members who could talk to each other went on under different epochs',
  ),
  byCheck('C10', 'forgotten', 'something acknowledged before a crash was gone after it'),
  byCheck('C11', 'stuck', 'members could reach each other and nothing that they said got through'),
  byCheck('C15', 'storm', 'more epochs than there was reason for, or no calm after a heal'),
  byCheck('C12', 'falsely accused', 'an honest member was accused, or a liar was not'),
]

function byCheck(id: string, title: string, hint: string): Column {
  return {
    title,
    hint,
    cell: ({ checks }) => {
      const check = checks.find((one) => one.id === id)
      if (check === undefined) return { held: 'unknown', text: '' }
      const text = `${amount(check.violations)}×`
      return { held: check.held, text, ...(check.witnesses.length > 0 ? { witness: id } : {}) }
    },
  }
}

function byMetric({ phases }: ProtocolSource, name: string): Cell {
  const value = phases['all']?.[name]
  if (value === undefined || Number.isNaN(value)) return { held: 'unknown', text: '' }
  return { held: value === 0 ? 'true' : 'false', text: `${amount(value)}×` }
}

function blocked(one: ProtocolSource, source: ReportSource): Cell {
  const classes = classesOf(source, one)
  if (classes.length === 0) return { held: 'unknown', text: '' }
  const bad = classes.filter(({ available }) => available < 0.95).map(({ kind }) => kind)
  return { held: bad.length === 0 ? 'true' : 'false', text: bad.join(', ') }
}

function undelivered({ phases }: ProtocolSource, { scenario }: ReportSource): Cell {
  const shares = scenario.phases
    .map((phase) => phases[phase]?.['Hc_all'] ?? Number.NaN)
    .filter((share) => !Number.isNaN(share))
  if (shares.length === 0) return { held: 'unknown', text: '' }
  const worst = Math.min(...shares)
  return { held: worst >= 0.95 ? 'true' : 'false', text: percent(1 - worst) }
}

export function anomalyTable(source: ReportSource): Markup {
  const heads = columns.map(({ title, hint }) => html`<th title="${hint}">${title}</th>`)
  const rows = source.protocols.map((one) => {
    const cells = columns.map(({ cell }) => cellOf(one, cell(one, source)))
    return html`<tr>
      <th>${one.name}</th>
      ${cells}
    </tr>`
  })
  return html`<div class="card scroll">
      <table class="anomalies">
        <thead>
          <tr>
            <th></th>
            ${heads}
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
    <p class="legend">
      <span><b class="good">✓</b> did not happen</span
      ><span><b class="bad">number</b> how often, or what</span
      ><span><b class="soft">·</b> nothing put it to the test</span
      ><span
        >numbers lead to the smallest witness; rest the pointer on a column for its meaning</span
      >
    </p>`
}

function cellOf({ name }: ProtocolSource, { held, text, witness }: Cell): Markup {
  if (held === 'true') return html`<td class="good">✓</td>`
  if (held === 'unknown') return html`<td class="soft">·</td>`
  const shown =
    witness === undefined ? text : html`<a href="#${anchorOf(name, witness)}">${text}</a>`
  return html`<td class="bad">${shown}</td>`
}

export const anchorOf = (protocol: string, check: string): string => `witness-${protocol}-${check}`

/** Every broken invariant with the fewest events that show it. */
export function witnesses({ protocols }: ReportSource): Markup {
  const parts = protocols.flatMap((one) =>
    one.checks.filter(({ held }) => held === 'false').map((check) => witnessOf(one, check)),
  )
  const none = parts.length === 0 ? html`<p>No invariant was broken.</p>` : undefined
  return html`${none}${parts}
    <h3>Which states were reached</h3>
    <ul>
      ${protocols.map(covered)}
    </ul>`
}

const covered = ({ name, checks }: ProtocolSource): Markup =>
  html`<li><b>${name}</b> ${checks.find(({ id }) => id === 'C16')?.note ?? ''}</li>`

function witnessOf({ name, events }: ProtocolSource, check: CheckResult): Markup {
  const shown = check.witnesses.slice(0, 2).map(({ what, events: indices }) => {
    const lines = indices.map((index) => {
      const event = events.get(index)
      return event === undefined ? `event ${index}` : JSON.stringify(event)
    })
    return html`<p>${what}</p>
      <pre class="wrap">${lines.join('\n')}</pre>`
  })
  const more =
    check.violations > shown.length
      ? html`<p class="soft">${amount(check.violations)} in all.</p>`
      : undefined
  return html`<div class="witness" id="${anchorOf(name, check.id)}">
    <h3>${name}: ${check.id} ${check.title}</h3>
    ${shown}${more}
  </div>`
}
