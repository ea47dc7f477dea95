// `card`: mints a contact card, by which the founder of one group can name this node as a leader.
// A card is public; the private half of its key stays here for 30 days.

import type { CommandSpec } from '../command.ts'
import { connect } from './connect.ts'

export const card: CommandSpec = {
  name: 'card',
  summary: 'Mint a contact card: one group can name this node as a leader with it.',
  examples: ['card', 'card --json'],
  async run(context) {
    const client = await connect(context)
    const answer = await client.call('POST /v1/card')
    await context.out.result(answer, () => [answer.card])
    await context.out.talk('Each card serves one group and is good for 30 days.')
  },
}
