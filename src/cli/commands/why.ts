// `why`: one message, of whichever group: where it came from, what it waits for, who has it, how far it is
// final, and because of whom it is shown as it is.

import type { MessageReport } from '../../api/contract.ts'
import { type CommandSpec, argument } from '../command.ts'
import { type Line, fields, table } from '../output/table.ts'
import { connect } from './connect.ts'
import { shortTime } from './words.ts'

export const why: CommandSpec = {
  name: 'why',
  summary: 'Tell where a message came from, what it waits for, and who has it.',
  arguments: ['<message>'],
  examples: ['why 1d3f92d1:7', 'why 5be0c2f4 --json'],
  async run(context, given) {
    const client = await connect(context)
    const answer = await client.call('GET /v1/messages/:message/why', {
      params: { message: argument(given, 0) },
    })
    await context.out.result(answer, () => linesOf(answer))
  },
}

const states: Readonly<Record<MessageReport['state'], string>> = {
  held: 'held',
  pending: 'pending: messages that it builds on are not here',
  aside: 'aside: its author is accused, and nobody who heard it in time builds on it',
  unknown: 'unknown: only a newer version can judge its type',
  missing: 'missing: others build on it, and it is not here',
}

const shownAs: Readonly<Record<NonNullable<MessageReport['shown']>, string>> = {
  ok: 'yes',
  undecryptable: 'no: no key here opens it',
  withdrawn: 'no: withdrawn, as its author was removed or left unheard of it',
  muted: 'no: its author is muted',
  hidden: 'no: a leader hid it',
  sealed: 'no: it was never meant for this member',
}

const causes: Readonly<Record<MessageReport['because'][number]['kind'], string>> = {
  remove: 'removed by',
  'remove-account': 'account removed by',
  leave: 'left:',
  hide: 'hidden by',
  mute: 'muted by',
  types: 'content types set by',
  epoch: 'sealed under the epoch of',
}

function linesOf(report: MessageReport): Line[] {
  const { number, id, author, name, type, state } = report
  return [
    ...fields([
      ['message', [number, id].filter((part) => part !== null).join(' ')],
      ['group', `${report.groupName} ${report.group}`],
      ['author', author === null ? '-' : `${name} ${author}`],
      ['type', type ?? '-'],
      ['state', states[state]],
      ['came', cameLine(report)],
      ...(report.shown === null ? [] : [['shown', shownLine(report)] as const]),
      ...(report.order === null ? [] : orderFields(report, report.order)),
      ...(report.claimedBy.length === 0 ? [] : [['claimed by', names(report.claimedBy)] as const]),
      ...(report.awaitedBy.length === 0
        ? []
        : [['awaited by', report.awaitedBy.join(' ')] as const]),
    ]),
    ...parentLines(report),
    ...holderLines(report),
  ]
}

function cameLine({ came }: MessageReport): string {
  const at = came.at === null ? '' : `, ${shortTime(came.at)}`
  if (came.how === 'own') return `written here${at}`
  const whom = came.name === '' ? (came.from ?? '') : came.name
  if (came.how === null && whom === '') return 'not remembered since the last start'
  return [came.how ?? 'brought', whom === '' ? '' : `from ${whom}`].join(' ').trim() + at
}

function shownLine({ shown, late, because }: MessageReport): string {
  const parts = [shown === null ? '' : shownAs[shown], ...(late ? ['came late'] : [])]
  const grounds = because.map(
    ({ kind, name, number }) => `${causes[kind]} ${name} (${number ?? 'by its constitution'})`,
  )
  return [...parts, ...grounds].join('; ')
}

type Order = NonNullable<MessageReport['order']>

function orderFields({ stable }: MessageReport, order: Order): [string, string][] {
  const waits = order.waitsFor.map(({ name, member, since }) => {
    const whom = name === '' ? member.slice(0, 8) : name
    return since === null ? whom : `${whom} since ${shortTime(since)}`
  })
  const stamp = order.stamp === null ? '' : `, stamp ${String(order.stamp)}`
  const waiting = waits.length === 0 ? '' : `, waits for ${waits.join(', ')}`
  return [
    ['final', `${order.final ? 'yes' : 'no'}${stamp}${waiting}`],
    ['stable', stable ? 'yes: every active member has it' : 'no'],
  ]
}

function parentLines({ parents }: MessageReport): Line[] {
  if (parents.length === 0) return []
  const rows = parents.map(({ number, id, name, state, claimedBy }) => [
    number ?? id.slice(0, 16),
    name,
    state === 'held' ? state : ({ text: state, style: 'warn' } as const),
    names(claimedBy),
  ])
  return ['', ...table(['builds on', 'by', 'state', 'claimed by'], rows)]
}

function holderLines({ holders }: MessageReport): Line[] {
  if (holders.length === 0) return []
  const rows = holders.map(({ name, state, has, by, number }) => [
    name,
    state,
    has
      ? ({ text: 'yes', style: 'good' } as const)
      : ({ text: 'not known', style: 'dim' } as const),
    by === 'self' ? 'this node' : by === 'receipt' ? 'its receipt' : (number ?? '-'),
  ])
  return ['', ...table(['member', 'standing', 'has it', 'known by'], rows)]
}

function names(members: MessageReport['claimedBy']): string {
  return (
    members.map(({ name, member }) => (name === '' ? member.slice(0, 8) : name)).join(' ') || '-'
  )
}
