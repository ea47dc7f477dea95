// `account export`: who this person is, as a file that brings the account back on another device. It
// holds no group and no message, and is locked with a passphrase, always: whoever opens it is you.

import { type CommandSpec, type Context, type Given, argument, usage } from '../command.ts'
import { fields } from '../output/table.ts'
import { accountPassphraseOf, passphraseOf, pathsOf } from './connect.ts'

export const account: CommandSpec = {
  name: 'account',
  summary: 'Back up who you are.',
  examples: [
    'account export ada.account --passphrase-file words.txt',
    'account export - --passphrase-file words.txt > ada.account',
  ],
  commands: [
    {
      name: 'export',
      summary: 'Write the account, locked with a passphrase, to a new file; `-` is stdout.',
      arguments: ['<file>'],
      options: [
        {
          flags: '--passphrase-file <file>',
          summary: 'the file with the passphrase; where the node is locked, with its own',
        },
        {
          flags: '--account-passphrase-file <file>',
          summary: 'another passphrase for the account than for the node',
        },
      ],
      examples: [
        'account export ada.account --passphrase-file words.txt',
        'account export - --passphrase-file words.txt > ada.account',
      ],
      run: runExport,
    },
  ],
}

async function runExport(context: Context, given: Given): Promise<void> {
  const file = argument(given, 0)
  const passphrase = await accountPassphraseOf(given)
  if (passphrase === undefined) {
    throw usage(
      'An account is exported under a passphrase only.',
      'Write six words drawn at random into a file, and name it with --passphrase-file.',
    )
  }
  const paths = await pathsOf(context)
  const { readAccount } = await import('../../node/data-dir.ts')
  const { accountText, writeAccountFile } = await import('../../node/account-file.ts')
  const { loadConfig } = await import('../../node/config.ts')
  const kept = await readAccount(paths, await passphraseOf(given))
  const { values } = await loadConfig({ file: paths.config, env: context.env })
  const text = await accountText({ ...kept, name: values.name }, passphrase)
  if (file === '-') return context.out.document('account', text)
  await writeAccountFile(file, text)
  await context.out.result({ file, name: values.name }, () =>
    fields([
      ['exported', values.name],
      ['file', file],
    ]),
  )
}
