// `invite`: prints a ticket. Whoever holds it may join, so it is a secret like a key to the door:
// it goes to stdout alone, what is to be said about it to stderr.

import { type CommandSpec, argument, optionDuration, optionFlag, optionNumber } from '../command.ts'
import { connect } from './connect.ts'
import { shortTime } from './words.ts'

export const invite: CommandSpec = {
  name: 'invite',
  summary: 'Print a ticket with which somebody may join (leaders).',
  arguments: ['<group>'],
  options: [
    { flags: '--expires <duration>', summary: 'how long it is good (default: 24h)' },
    { flags: '--uses <number>', summary: 'how many may come with it (default: 1)' },
    { flags: '--confirm', summary: 'each waits until a leader accepts the request' },
  ],
  examples: ['invite garden', 'invite garden --expires 7d --uses 5 --confirm'],
  async run(context, given) {
    const body = {
      expiresMs: optionDuration(given, 'expires'),
      uses: optionNumber(given, 'uses', 1),
      confirm: optionFlag(given, 'confirm'),
    }
    const client = await connect(context)
    const answer = await client.call('POST /v1/groups/:id/invites', {
      params: { id: argument(given, 0) },
      body,
    })
    await context.out.result(answer, () => [answer.ticket])
    const uses = answer.uses === 1 ? 'once' : `${answer.uses} times`
    await context.out.talk(
      `A secret, good ${uses} until ${shortTime(answer.expires)}. Use it with: coterie join -`,
    )
  },
}
