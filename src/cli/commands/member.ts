// `member`: who belongs to a group, and who waits to be let in. Names are claims and may be alike:
// where two are, the short id stands behind each.

import type { GroupReport } from '../../api/contract.ts'
import { type CommandSpec, argument } from '../command.ts'
import { type Line, fields, table } from '../output/table.ts'
import { connect } from './connect.ts'
import { remove } from './member-remove.ts'
import { mute, restrict, unmute } from './member-shown.ts'
import { why } from './member-why.ts'
import { shortTime, standingStyle } from './words.ts'

const list: CommandSpec = {
  name: 'list',
  summary: 'List the members of a group and the requests that wait.',
  arguments: ['<group>'],
  examples: ['member list garden', 'member list garden --json'],
  async run(context, given) {
    const client = await connect(context)
    const answer = await client.call('GET /v1/groups/:id/members', {
      params: { id: argument(given, 0) },
    })
    await context.out.result(answer, () => memberLines(answer))
  },
}

const accept: CommandSpec = {
  name: 'accept',
  summary: 'Let somebody in who waits (leaders).',
  arguments: ['<group>', '<request>'],
  examples: ['member accept garden 5be0c2', 'member accept garden 5be0c2 --json'],
  async run(context, given) {
    const client = await connect(context)
    const answer = await client.call('POST /v1/groups/:id/requests/:request/accept', {
      params: { id: argument(given, 0), request: argument(given, 1) },
    })
    await context.out.result(answer, () => fields([['member', answer.member]]))
  },
}

export const member: CommandSpec = {
  name: 'member',
  summary: 'List, accept, remove, mute members, and explain how they stand.',
  examples: ['member list garden', 'member remove garden bob'],
  commands: [list, accept, remove, mute, unmute, restrict, why],
}

/** How a member stands, and what is not shown of it. */
function standingOf({ state, muted, allowedTypes }: GroupReport['members'][number]): string {
  const only = allowedTypes.length === 0 ? [] : [`${allowedTypes.join(', ')} only`]
  return [state, ...(muted ? ['muted'] : []), ...only].join(', ')
}

function memberLines(answer: Pick<GroupReport, 'members' | 'requests'>): Line[] {
  const names = answer.members.map(({ name }) => name)
  const lines = table(
    ['name', 'member', 'role', 'state', 'reachable', 'messages', 'peer'],
    answer.members.map((member) => [
      names.filter((name) => name === member.name).length > 1
        ? `${member.name}#${member.memberGroupId}`
        : member.name,
      member.memberGroupId,
      member.role,
      { text: standingOf(member), style: standingStyle(member.state) },
      member.reachable ? { text: 'yes', style: 'good' } : { text: 'no', style: 'dim' },
      member.counter === null ? '-' : String(member.counter + 1),
      member.peerId,
    ]),
  )
  if (answer.requests.length === 0) return lines
  const waiting = table(
    ['waits', 'request', 'account', 'since'],
    answer.requests.map((request) => [
      request.name,
      request.request,
      request.account,
      shortTime(request.since),
    ]),
  )
  return [...lines, '', ...waiting]
}
