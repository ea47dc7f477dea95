// Makes a new node: settings first, then all keys at once. Whatever fails in between leaves nothing
// that counts as an identity.

import { access } from 'node:fs/promises'
import { createServer } from 'node:net'
import { userInfo } from 'node:os'
import { dirname } from 'node:path'
import { createSystemClock } from '../adapters/system/clock.ts'
import { createSystemCrypto } from '../adapters/system/crypto.ts'
import { systemRandom } from '../adapters/system/random.ts'
import { type Bytes, toHex } from '../base/bytes.ts'
import { CoterieError } from '../base/error.ts'
import { checkName } from '../core/identity/name.ts'
import { peerIdOf } from '../core/identity/peer-id.ts'
import type { Account } from './account-file.ts'
import { loadConfig, setSetting } from './config.ts'
import { initialise, isInitialised } from './data-dir.ts'
import { makePrivateDirectory, writeDurable } from './durable-file.ts'
import { toCoterieError } from './failure.ts'
import type { Paths } from './paths.ts'

export interface InitOptions {
  readonly paths: Paths
  readonly env: Readonly<Record<string, string | undefined>>
  /** Default: the one in the settings, else the user's name on this machine. */
  readonly name?: string | undefined
  /** What is to open the keys of everything secret that the node stores. Default: nothing. */
  readonly passphrase?: Bytes | undefined
  /** The account to go on with on this device. Default: a new one. */
  readonly account?: Account | undefined
}

/** The public side of a new node. */
export interface NewIdentity {
  readonly name: string
  /** Public key of the person, hex. */
  readonly account: string
  /** Public key of this device, hex. */
  readonly device: string
  readonly peerId: string
}

const PORT_MIN = 10_000
const PORTS = 20_000
const PORT_TRIES = 16

/** @throws CoterieError ALREADY_INITIALISED, USAGE, PERMISSION, DISK_FULL */
export async function createIdentity(options: InitOptions): Promise<NewIdentity> {
  const { paths, env, passphrase, account } = options
  if (await isInitialised(paths)) {
    throw new CoterieError('ALREADY_INITIALISED', `${paths.data} already holds a node.`, {
      hint: 'Name another directory with --home, or use the identity that is there.',
    })
  }
  const flags = options.name === undefined ? {} : { name: options.name }
  const { values, origins } = await loadConfig({ file: paths.config, env, flags })
  const name = origins.name === 'default' ? (account?.name ?? userName(values.name)) : values.name
  try {
    if (!(await exists(paths.config))) await writeSettings(paths.config, name)
    else if (origins.name !== 'file') await setSetting(paths.config, 'name', name)
  } catch (error) {
    throw toCoterieError(error)
  }
  const going = account && { ...account, wallMs: createSystemClock().wallMs() }
  const keys = await initialise(paths, systemRandom, { passphrase, account: going })
  const crypto = createSystemCrypto()
  return {
    name,
    account: toHex(crypto.edPublicKey(keys.account)),
    device: toHex(crypto.edPublicKey(keys.device)),
    peerId: peerIdOf(crypto.edPublicKey(keys.transport)),
  }
}

/** A fixed port, so that tickets and addresses that others hold stay good over a restart. */
async function writeSettings(file: string, name: string): Promise<void> {
  const port = await freePort()
  const text = [
    '# Settings of this node. What is in force, and why: coterie config show --origin',
    `name: ${JSON.stringify(name)}`,
    '# Addresses for other nodes. The port was chosen at random; port 0 takes a free one each time.',
    'listen:',
    `  - /ip4/0.0.0.0/tcp/${port}`,
    '',
  ].join('\n')
  await makePrivateDirectory(dirname(file))
  await writeDurable(file, text)
}

/** A port below those that systems give out for outgoing connections, free at this moment. */
async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < PORT_TRIES; attempt++) {
    const [high = 0, low = 0] = systemRandom(2)
    const port = PORT_MIN + ((high * 256 + low) % PORTS)
    if (await isFree(port)) return port
  }
  return 0
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '0.0.0.0', () => server.close(() => resolve(true)))
  })
}

function userName(fallback: string): string {
  try {
    const { username } = userInfo()
    return checkName(username).ok && username.trim() === username ? username : fallback
  } catch {
    return fallback
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
