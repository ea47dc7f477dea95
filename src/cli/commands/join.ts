// `join`: uses a ticket. With `-` it comes from stdin, where no list of processes shows it.
// Answers when the new member can send.

import { text as textOf } from '../../base/bytes.ts'
import { type CommandSpec, type Context, argument, optionDuration, usage } from '../command.ts'
import { fields } from '../output/table.ts'
import { connect } from './connect.ts'

const TICKET_BYTES_MAX = 16_384
const WAIT_MS = 30_000
const GRACE_MS = 5_000

export const join: CommandSpec = {
  name: 'join',
  summary: 'Join a group with a ticket; `-` reads it from stdin.',
  arguments: ['<ticket>'],
  options: [{ flags: '--wait <duration>', summary: 'how long to wait (default: 30s)' }],
  examples: ['join - < ticket.txt', 'join coterie-ticket-1... --wait 2m'],
  async run(context, given) {
    const waitMs = optionDuration(given, 'wait') ?? WAIT_MS
    const ticket = await ticketOf(context, argument(given, 0))
    const client = await connect(context)
    const answer = await client.call('POST /v1/join', {
      body: { ticket, waitMs },
      timeoutMs: waitMs + GRACE_MS,
    })
    await context.out.result(answer, () =>
      fields([
        ['joined', answer.name],
        ['group', answer.group],
        ['member', answer.member],
      ]),
    )
  },
}

async function ticketOf(context: Context, typed: string): Promise<string> {
  const ticket = typed === '-' ? textOf(await context.stdin(TICKET_BYTES_MAX)) : typed
  if (ticket === undefined || ticket.trim() === '') throw usage('There is no ticket on stdin.')
  return ticket.trim()
}
