// `init`: makes the keys and the settings of a new node. Keys appear whole or not at all; a settings
// file that is there already is kept, only the name in it changes when one was given.

import { type CommandSpec, type Context, type Given, optionText } from '../command.ts'
import { fields } from '../output/table.ts'
import { passphraseOf, pathsOf } from './connect.ts'

export const init: CommandSpec = {
  name: 'init',
  summary: 'Make account, device and transport keys, and the settings file.',
  options: [
    { flags: '--name <name>', summary: 'what others see beside your messages' },
    {
      flags: '--passphrase-file <file>',
      summary: 'lock what the node stores with what is in a file',
    },
  ],
  examples: ['init --name ada', 'init --name bob --home ./bob --json'],
  run,
}

async function run(context: Context, given: Given): Promise<void> {
  const paths = await pathsOf(context)
  const { createIdentity } = await import('../../node/init.ts')
  const passphrase = await passphraseOf(given)
  const made = await createIdentity({
    paths,
    env: context.env,
    name: optionText(given, 'name'),
    passphrase,
  })
  await context.out.result(made, () => [
    ...fields([
      ['name', made.name],
      ['account', made.account],
      ['device', made.device],
      ['peer', made.peerId],
      ['data', paths.data],
      ['settings', paths.config],
    ]),
  ])
  await context.out.talk([
    { text: 'next: ', style: 'dim' },
    `coterie daemon${paths.home === undefined ? '' : ` --home ${paths.home}`}`,
  ])
}
