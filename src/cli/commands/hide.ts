// `hide` and `unhide`: one message that is not to be shown, on any node. It stays in the transcript and
// is passed on; `read --all` prints it. A full id may be that of a message that has not arrived yet.

import { type CommandSpec, type Context, type Given, argument } from '../command.ts'
import { moderated } from './moderation.ts'

const hiding = (on: boolean) =>
  async function run(context: Context, given: Given): Promise<void> {
    const message = argument(given, 1)
    await moderated(context, `${on ? 'hidden' : 'shown again'}: ${message}`, (client, headers) =>
      client.call('POST /v1/groups/:id/messages/:message/hide', {
        params: { id: argument(given, 0), message },
        body: { on },
        headers,
      }),
    )
  }

export const hide: CommandSpec = {
  name: 'hide',
  summary: 'Do not show a message, on any node (leaders).',
  arguments: ['<group>', '<message>'],
  examples: ['hide garden 1d3f92d1:7', 'hide garden 5be0c2a1 --json'],
  run: hiding(true),
}

export const unhide: CommandSpec = {
  name: 'unhide',
  summary: 'Show a message again (leaders).',
  arguments: ['<group>', '<message>'],
  examples: ['unhide garden 1d3f92d1:7', 'unhide garden 5be0c2a1 --json'],
  run: hiding(false),
}
