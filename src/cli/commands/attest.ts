// `attest`: the statement of what this node holds now. Nodes that hold the same print the same root,
// so that two people can compare one line in place of a transcript.

import { type CommandSpec, argument, optionFlag } from '../command.ts'
import { fields } from '../output/table.ts'
import { connect } from './connect.ts'

export const attest: CommandSpec = {
  name: 'attest',
  summary: 'Print the statement of what this node holds of a group.',
  arguments: ['<group>'],
  options: [{ flags: '--post', summary: 'also issue it as a signed message' }],
  examples: ['attest garden', 'attest garden --post --json'],
  async run(context, given) {
    const client = await connect(context)
    const options = { params: { id: argument(given, 0) } }
    const answer = optionFlag(given, 'post')
      ? await client.call('POST /v1/groups/:id/attestation', options)
      : await client.call('GET /v1/groups/:id/attestation', options)
    await context.out.result(answer, () =>
      fields([
        ['group', answer.group],
        ['root', answer.root],
        ['latest', answer.latestMessageIds.join(' ')],
        ...posted(answer),
      ]),
    )
  },
}

function posted(answer: object): [string, string][] {
  return 'number' in answer ? [['posted', String(answer.number)]] : []
}
