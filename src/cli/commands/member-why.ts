// `member why`: the messages that made somebody's standing, oldest first, and which of them did not
// know of each other: after a split that is what explains the outcome.

import type { StandingReport } from '../../api/contract.ts'
import { type CommandSpec, argument } from '../command.ts'
import { type Line, fields, table } from '../output/table.ts'
import { connect } from './connect.ts'

type Cause = StandingReport['causes'][number]

export const why: CommandSpec = {
  name: 'why',
  summary: 'Explain the standing of a member from the messages that made it.',
  arguments: ['<group>', '<member>'],
  examples: ['member why garden bob', 'member why garden 1d3f92d1 --json'],
  async run(context, given) {
    const client = await connect(context)
    const answer = await client.call('GET /v1/groups/:id/members/:member/why', {
      params: { id: argument(given, 0), member: argument(given, 1) },
    })
    await context.out.result(answer, () => linesOf(answer))
  },
}

const said: Readonly<Record<Cause['kind'], string>> = {
  card: 'named as a leader in the constitution',
  add: 'added',
  join: 'came in',
  remove: 'removed',
  'remove-account': 'the account removed',
  leave: 'left',
  dormant: 'declared dormant',
  awake: 'awake again',
  accuse: 'shown to have signed two messages under one number',
}

function linesOf(report: StandingReport): Line[] {
  const withdrawn =
    report.withdrawn === 0 ? 'none' : `${report.withdrawn}, unheard by who removed them`
  return [
    ...fields([
      ['member', `${report.name} ${report.member}`],
      ['state', report.state],
      ['withdrawn', withdrawn],
    ]),
    '',
    ...table(
      ['number', 'what', 'by', 'holds', 'concurrent with'],
      report.causes.map((cause) => [
        cause.number ?? '-',
        said[cause.kind],
        cause.name,
        cause.holds ? 'yes' : { text: 'no', style: 'dim' },
        concurrentOf(report, cause),
      ]),
    ),
  ]
}

function concurrentOf({ causes }: StandingReport, cause: Cause): string {
  const others = causes.filter(({ id }) => id !== null && cause.concurrent.includes(id))
  return others.map(({ number }) => number).join(' ') || '-'
}
