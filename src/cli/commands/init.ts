// `init`: makes the keys and the settings of a new node. Keys appear whole or not at all; a settings
// file that is there already is kept, only the name in it changes when one was given.

import { text as textOf } from '../../base/bytes.ts'
import { type CommandSpec, type Context, type Given, optionText, usage } from '../command.ts'
import { fields } from '../output/table.ts'
import { accountPassphraseOf, passphraseOf, pathsOf } from './connect.ts'

export const init: CommandSpec = {
  name: 'init',
  summary: 'Make account, device and transport keys, and the settings file.',
  options: [
    { flags: '--name <name>', summary: 'what others see beside your messages' },
    {
      flags: '--passphrase-file <file>',
      summary: 'lock the keys, and what the node stores, with what is in a file',
    },
    {
      flags: '--account <file>',
      summary: 'go on with an exported account; `-` reads it from stdin',
    },
    {
      flags: '--account-passphrase-file <file>',
      summary: 'what opens the account file, if it is not the passphrase of the node',
    },
  ],
  examples: ['init --name ada', 'init --account ada.account --passphrase-file words.txt'],
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
    account: await accountOf(context, given),
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

/** The account to go on with, where one was named. */
async function accountOf(context: Context, given: Given) {
  const file = optionText(given, 'account')
  if (file === undefined) {
    if (optionText(given, 'accountPassphraseFile') === undefined) return undefined
    throw usage('--account-passphrase-file is only of use with --account.')
  }
  const passphrase = await accountPassphraseOf(given)
  if (passphrase === undefined) {
    throw usage(
      'An account file is locked with a passphrase.',
      'Name the file that holds it with --passphrase-file or --account-passphrase-file.',
    )
  }
  const { ACCOUNT_TEXT_BYTES_MAX, parseAccountText, readAccountFile } =
    await import('../../node/account-file.ts')
  const typed =
    file === '-' ? (textOf(await context.stdin(ACCOUNT_TEXT_BYTES_MAX)) ?? '') : undefined
  return parseAccountText(typed ?? (await readAccountFile(file)), passphrase)
}
