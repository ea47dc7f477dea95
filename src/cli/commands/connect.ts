// From a home directory to a client of the daemon that runs there. Loads only what that takes, so
// that asking for the status costs little.

import { CoterieError } from '../../base/error.ts'
import { type Client, createClient } from '../client.ts'
import { type Context, type Given, optionText } from '../command.ts'

/** Where everything of the node of this run lies. */
export async function pathsOf(context: Context) {
  const { resolvePaths } = await import('../../node/paths.ts')
  const { home, env, userHome } = context
  return resolvePaths({ home, env, userHome })
}

/** What the file of `--passphrase-file` holds, where one was named. */
export async function passphraseOf(given: Given): Promise<Uint8Array | undefined> {
  const path = optionText(given, 'passphraseFile')
  if (path === undefined) return undefined
  const { readPassphrase } = await import('../../node/passphrase.ts')
  return readPassphrase(path)
}

/** What locks an account file: the passphrase of its own, else that of the node. */
export async function accountPassphraseOf(given: Given): Promise<Uint8Array | undefined> {
  const path = optionText(given, 'accountPassphraseFile')
  if (path === undefined) return passphraseOf(given)
  const { readPassphrase } = await import('../../node/passphrase.ts')
  return readPassphrase(path)
}

/** Where the daemon of this home says that it answers, and its token; undefined while there is none. */
export async function noteOf(
  context: Context,
): Promise<{ api: string; token: string } | undefined> {
  const paths = await pathsOf(context)
  const { readRunFile } = await import('../../node/run-file.ts')
  return readRunFile(paths.api)
}

/** A client of the running daemon. @throws CoterieError DAEMON_UNREACHABLE */
export async function connect(context: Context): Promise<Client> {
  const paths = await pathsOf(context)
  const { readRunFile } = await import('../../node/run-file.ts')
  const note = await readRunFile(paths.api)
  const flag = paths.home === undefined ? '' : ` --home ${paths.home}`
  const unreachable = (cause: unknown): CoterieError =>
    new CoterieError('DAEMON_UNREACHABLE', `No daemon answers for ${paths.data}.`, {
      hint: `Start one with: coterie daemon${flag}   (after: coterie init${flag})`,
      cause,
    })
  if (note === undefined) throw unreachable(undefined)
  return createClient({ api: note.api, token: note.token, signal: context.signal, unreachable })
}
