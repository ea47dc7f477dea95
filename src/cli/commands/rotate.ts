// `rotate`: new keys now, sealed to everybody who belongs. Leaders do this by themselves when it is
// called for; by hand it is for whoever fears that a key is known.

import { type CommandSpec, argument } from '../command.ts'
import { fields } from '../output/table.ts'
import { connect } from './connect.ts'

export const rotate: CommandSpec = {
  name: 'rotate',
  summary: 'Mint a new epoch now (leaders).',
  arguments: ['<group>'],
  examples: ['rotate garden', 'rotate garden --json'],
  async run(context, given) {
    const client = await connect(context)
    const answer = await client.call('POST /v1/groups/:id/rotate', {
      params: { id: argument(given, 0) },
      headers: { 'idempotency-key': crypto.randomUUID() },
    })
    await context.out.result(answer, () =>
      fields([
        ['epoch', answer.epoch],
        ['number', answer.number],
      ]),
    )
  },
}
