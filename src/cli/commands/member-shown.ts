// `member mute`, `unmute`, `restrict`: what of a member is shown. It is a wish that every node follows;
// the texts are held and passed on all the same, and `read --all` prints them.

import {
  type CommandSpec,
  type Context,
  type Given,
  argument,
  optionFlag,
  optionText,
  usage,
} from '../command.ts'
import { moderated } from './moderation.ts'

const muting = (on: boolean) =>
  async function run(context: Context, given: Given): Promise<void> {
    const member = argument(given, 1)
    await moderated(context, `${on ? 'muted' : 'no longer muted'}: ${member}`, (client, headers) =>
      client.call('POST /v1/groups/:id/members/:member/mute', {
        params: { id: argument(given, 0), member },
        body: { on },
        headers,
      }),
    )
  }

export const mute: CommandSpec = {
  name: 'mute',
  summary: 'Do not show what a member says, on any node (leaders).',
  arguments: ['<group>', '<member>'],
  examples: ['member mute garden bob', 'member mute garden 1d3f92d1 --json'],
  run: muting(true),
}

export const unmute: CommandSpec = {
  name: 'unmute',
  summary: 'Show again what a member says (leaders).',
  arguments: ['<group>', '<member>'],
  examples: ['member unmute garden bob', 'member unmute garden 1d3f92d1 --json'],
  run: muting(false),
}

export const restrict: CommandSpec = {
  name: 'restrict',
  summary: 'Show only texts of some content types, of one member or of all (leaders).',
  arguments: ['<group>', '[member]'],
  options: [
    { flags: '--all', summary: 'of every member; who is restricted by name is so besides' },
    {
      flags: '--types <list>',
      summary: 'what is still shown, such as text/plain,image/*; any lifts the restriction',
    },
  ],
  examples: [
    'member restrict garden bob --types text/plain',
    'member restrict garden --all --types any',
  ],
  async run(context, given) {
    const member = given.args[1]
    const all = optionFlag(given, 'all')
    if (all === (member !== undefined)) throw usage('Name one member, or say --all.')
    const types = typesOf(optionText(given, 'types'))
    const id = argument(given, 0)
    const what = `shown of ${member ?? 'all'}: ${types.length === 0 ? 'any type' : types.join(', ')}`
    await moderated(context, what, (client, headers) =>
      member === undefined
        ? client.call('POST /v1/groups/:id/types', { params: { id }, body: { types }, headers })
        : client.call('POST /v1/groups/:id/members/:member/types', {
            params: { id, member },
            body: { types },
            headers,
          }),
    )
  },
}

function typesOf(list: string | undefined): readonly string[] {
  if (list === undefined) {
    throw usage('--types is missing.', 'Name what is still shown, or say --types any.')
  }
  const types = list
    .split(',')
    .map((type) => type.trim())
    .filter((type) => type !== '')
  return types.length === 1 && types[0] === 'any' ? [] : types
}
