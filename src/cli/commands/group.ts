// `group`: create one, list them, show one. A group is named by id, by a prefix of six digits or more,
// or by its name where that is unique; the daemon decides.

import type { GroupReport, ShareReport } from '../../api/contract.ts'
import {
  type CommandSpec,
  argument,
  optionFlag,
  optionList,
  optionText,
  usage,
} from '../command.ts'
import { type Line, fields, table } from '../output/table.ts'
import { connect } from './connect.ts'
import { rename, topic } from './group-name.ts'
import { shortTime, standingStyle } from './words.ts'

const policies = ['strict', 'balanced', 'partition-tolerant']

const create: CommandSpec = {
  name: 'create',
  summary: 'Create a group with this node as a leader.',
  arguments: ['<name>'],
  options: [
    { flags: '--leader <card>', summary: 'card of another leader (repeatable)', repeat: true },
    { flags: '--succeeds <group>', summary: 'the group that this one succeeds' },
    { flags: '--policy <name>', summary: `${policies.join(', ')} (default: balanced)` },
  ],
  examples: [
    'group create garden',
    'group create garden --leader coterie-card-1... --policy strict',
  ],
  async run(context, given) {
    const policy = optionText(given, 'policy')
    if (policy !== undefined && !policies.includes(policy)) {
      throw usage(`There is no policy "${policy}".`, `Policies are: ${policies.join(', ')}.`)
    }
    const succeeds = optionText(given, 'succeeds')
    const client = await connect(context)
    const answer = await client.call('POST /v1/groups', {
      body: { name: argument(given, 0), leaders: optionList(given, 'leader'), policy, succeeds },
    })
    await context.out.result(answer, () =>
      fields([
        ['name', answer.name],
        ['group', answer.group],
      ]),
    )
  },
}

const list: CommandSpec = {
  name: 'list',
  summary: 'List the groups of this node.',
  examples: ['group list', 'group list --json'],
  async run(context) {
    const client = await connect(context)
    const answer = await client.call('GET /v1/groups')
    await context.out.result(answer, () =>
      answer.groups.length === 0
        ? ['No group yet. Create one: coterie group create NAME, or join one: coterie join TICKET']
        : table(
            ['name', 'role', 'state', 'members', 'messages', 'policy', 'created', 'group'],
            answer.groups.map((group) => [
              group.name,
              group.role,
              { text: group.state, style: standingStyle(group.state) },
              String(group.members),
              String(group.messages),
              group.policy,
              shortTime(group.created),
              group.group,
            ]),
          ),
    )
  },
}

const show: CommandSpec = {
  name: 'show',
  summary: 'Show everything known about a group, texts excepted.',
  arguments: ['<group>'],
  examples: ['group show garden', 'group show 3f9a21 --json'],
  async run(context, given) {
    const client = await connect(context)
    const params = { id: argument(given, 0) }
    const answer = await client.call('GET /v1/groups/:id', { params })
    const { shares } = await client.call('GET /v1/groups/:id/shares', { params })
    const whole = { ...answer, shares }
    await context.out.result(whole, () => [...groupLines(answer), ...shareLines(shares)])
  },
}

const leave: CommandSpec = {
  name: 'leave',
  summary: 'End the membership of this node for ever; a new ticket brings back a new member.',
  arguments: ['<group>'],
  options: [
    { flags: '--reason <text>', summary: 'a word to the others' },
    { flags: '--last', summary: 'leave as the last leader: nobody can re-key or admit afterwards' },
  ],
  examples: ['group leave garden', 'group leave garden --reason "moved away" --json'],
  async run(context, given) {
    const client = await connect(context)
    const answer = await client.call('POST /v1/groups/:id/leave', {
      params: { id: argument(given, 0) },
      body: { reason: optionText(given, 'reason'), last: optionFlag(given, 'last') },
      headers: { 'idempotency-key': crypto.randomUUID() },
    })
    await context.out.result(answer, () =>
      fields([
        ['left', answer.group],
        ['number', answer.number],
      ]),
    )
  },
}

export const group: CommandSpec = {
  name: 'group',
  summary: 'Create, list, show, name and leave groups.',
  examples: ['group list', 'group create garden'],
  commands: [create, list, show, rename, topic, leave],
}

function groupLines(group: GroupReport): Line[] {
  return [
    ...fields([
      ['name', group.name],
      ['topic', group.topic === '' ? '-' : group.topic],
      [
        'shown',
        group.allowedTypes.length === 0 ? 'every content type' : group.allowedTypes.join(', '),
      ],
      ['group', group.group],
      ['founded', `${shortTime(group.created)} by ${group.founder}`],
      ['succeeds', group.predecessor ?? '-'],
      ['policy', group.policy],
      ['role', `${group.role}, ${group.selfState}`],
      ['trust', group.trust],
      ['epoch', group.epoch ?? 'none yet'],
      ['last epoch', lastEpochLine(group)],
      ['epoch due', group.epochDue ?? 'no'],
      ['manager', nameOf(group, group.manager) ?? 'no leader is reachable'],
      ['messages', `${group.messages} held, ${group.pending} waiting for their past`],
      ['root', group.root],
    ]),
    '',
    ...table(
      ['member', 'name', 'role', 'state', 'messages'],
      group.members.map((member) => [
        member.memberGroupId,
        member.name,
        member.role,
        { text: member.state, style: standingStyle(member.state) },
        member.counter === null ? '-' : String(member.counter + 1),
      ]),
    ),
  ]
}

/** Who asked whom for keys: the last ten, where there are any. */
function shareLines(shares: readonly ShareReport[]): Line[] {
  if (shares.length === 0) return []
  const rows = shares.slice(0, 10).map((share) => {
    const outcomes = share.epochs.map(({ outcome, right }) => `${outcome} (${right ?? 'no right'})`)
    return [
      shortTime(share.at),
      share.role === 'asked' ? `asked ${share.name}` : `asked by ${share.name}`,
      String(share.epochs.length),
      share.refused ?? [...new Set(outcomes)].join(', '),
      String(share.times),
    ]
  })
  return ['', ...table(['keys of epochs', 'who', 'epochs', 'how it ended', 'times'], rows)]
}

function nameOf(group: GroupReport, id: string | null): string | undefined {
  return group.members.find(({ member }) => member === id)?.name
}

/** Who acted last, why and when. */
function lastEpochLine(group: GroupReport): string {
  const { lastEpoch } = group
  if (lastEpoch === null) return 'none yet'
  const { name, reason, recipients, at } = lastEpoch
  const when = at === null ? '' : ` at ${shortTime(at)}`
  return `by ${name} for ${recipients}, because of ${reason}${when}`
}
