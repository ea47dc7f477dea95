// `status`: is all well, who can be reached, and if not, why. The command that people run most, so it
// loads least.

import type { Status } from '../../api/contract.ts'
import type { CommandSpec, Context } from '../command.ts'
import { type Line, type Piece, fields, table } from '../output/table.ts'
import { connect } from './connect.ts'
import { shortTime, stateStyle } from './words.ts'

export const status: CommandSpec = {
  name: 'status',
  summary: 'How the node and each group are doing, and why.',
  examples: ['status', 'status --json'],
  async run(context: Context) {
    const client = await connect(context)
    const answer = await client.call('GET /v1/status')
    await context.out.result(answer, () => linesOf(answer))
  },
}

function linesOf(answer: Status): Line[] {
  const lines: Line[] = [
    ...fields([
      ['state', stated(answer.state)],
      ['name', answer.name],
      ['peer', answer.peerId],
      ['listens', answer.listen.join(' ') || 'nowhere yet'],
    ]),
  ]
  if (answer.groups.length > 0) {
    const rows = answer.groups.map((group) => [
      group.name,
      group.group.slice(0, 8),
      stated(group.state),
      String(group.members),
      String(group.reachable.length),
      String(group.messages),
      group.root.slice(0, 8),
      group.why,
    ])
    const heading = ['group', 'id', 'state', 'members', 'reachable', 'messages', 'root', 'why']
    lines.push('', ...table(heading, rows), '', ...keyLines(answer), '', ...exposureLines(answer))
  }
  if (answer.joins.length > 0) {
    const rows = answer.joins.map(({ group, expires, why }) => [
      group.slice(0, 8),
      shortTime(expires),
      why,
    ])
    lines.push('', ...table(['joining', 'until', 'so far'], rows))
  }
  if (answer.peers.length > 0) {
    const rows = answer.peers.map((peer) => [
      peer.name === '' ? '?' : peer.name,
      peer.peerId,
      peer.state,
      peer.rttMs === null ? '-' : `${Math.round(peer.rttMs)} ms`,
      peer.why,
    ])
    lines.push('', ...table(['peer', 'id', 'link', 'rtt', 'why'], rows))
  }
  return lines
}

/** Whose turn it is, who made the latest epoch and why, what calls for the next, what waits for it. */
function keyLines({ groups }: Status): Line[] {
  const rows = groups.map(({ name, managerName, lastEpoch, epochDue, held }) => [
    name,
    managerName ?? 'nobody here',
    lastEpoch?.name ?? '-',
    lastEpoch?.reason ?? '-',
    lastEpoch === null || lastEpoch.at === null ? '-' : shortTime(lastEpoch.at),
    epochDue === null ? 'no' : { text: epochDue, style: 'warn' as const },
    held === 0 ? '0' : { text: String(held), style: 'warn' as const },
  ])
  return table(['group', 'manager', 'last epoch', 'because of', 'since', 'due', 'held'], rows)
}

/** What somebody who took this device now could read: by keys that are still here, and in the archive. */
function exposureLines({ groups }: Status): Line[] {
  const since = (oldest: number | null): string => (oldest === null ? '-' : shortTime(oldest))
  const rows = groups.map(({ name, exposure }) => [
    name,
    String(exposure?.keys.texts ?? 0),
    since(exposure?.keys.oldest ?? null),
    String(exposure?.archive.texts ?? 0),
    since(exposure?.archive.oldest ?? null),
  ])
  return table(['a thief opens', 'by keys', 'since', 'in the archive', 'since'], rows)
}

function stated(state: Status['state']): Piece {
  return { text: state, style: stateStyle(state) }
}
