// `sync`: one anti-entropy round now, with its numbers. Nodes do this by themselves; here it can be
// watched.

import { type CommandSpec, argument, optionText } from '../command.ts'
import { table } from '../output/table.ts'
import { connect } from './connect.ts'

const SYNC_MS = 60_000

export const sync: CommandSpec = {
  name: 'sync',
  summary: 'Run one anti-entropy round now and print its numbers.',
  arguments: ['<group>'],
  options: [{ flags: '--with <peer>', summary: 'only with this peer' }],
  examples: ['sync garden', 'sync garden --with bob --json'],
  async run(context, given) {
    const client = await connect(context)
    const answer = await client.call('POST /v1/groups/:id/sync', {
      params: { id: argument(given, 0) },
      body: { peer: optionText(given, 'with') },
      timeoutMs: SYNC_MS,
    })
    await context.out.result(answer, () =>
      answer.rounds.length === 0
        ? ['Nobody could be reached.']
        : table(
            ['peer', 'received', 'sent', 'bytes in', 'bytes out', 'ms', 'equal'],
            answer.rounds.map((round) => [
              round.peer,
              String(round.received),
              String(round.sent),
              String(round.bytesIn),
              String(round.bytesOut),
              String(round.ms),
              round.equal ? 'yes' : 'no',
            ]),
          ),
    )
  },
}
