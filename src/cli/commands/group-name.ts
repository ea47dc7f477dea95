// `group rename` and `group topic`: what a group is called, for everybody in it. On both sides of a
// split leaders may say so; after the heal all show the same.

import { type CommandSpec, argument } from '../command.ts'
import { moderated } from './moderation.ts'

export const rename: CommandSpec = {
  name: 'rename',
  summary: 'Call the group by another name, for everybody (leaders).',
  arguments: ['<group>', '<name>'],
  examples: ['group rename garden orchard', 'group rename 3f9a21 "the old garden" --json'],
  async run(context, given) {
    const name = argument(given, 1)
    await moderated(context, `called ${name}`, (client, headers) =>
      client.call('POST /v1/groups/:id/name', {
        params: { id: argument(given, 0) },
        body: { name },
        headers,
      }),
    )
  },
}

export const topic: CommandSpec = {
  name: 'topic',
  summary: 'Set what the group is about; an empty text takes it away (leaders).',
  arguments: ['<group>', '<text>'],
  examples: ['group topic garden "what grows in May"', 'group topic garden "" --json'],
  async run(context, given) {
    const text = argument(given, 1)
    const what = text === '' ? 'no topic' : `topic: ${text}`
    await moderated(context, what, (client, headers) =>
      client.call('POST /v1/groups/:id/topic', {
        params: { id: argument(given, 0) },
        body: { topic: text },
        headers,
      }),
    )
  },
}
