// The keys of a node as files. Without a passphrase each seed lies in a file of its own; with one, the
// seeds of account, device and transport lie together in a file that only the passphrase opens. The key
// file of the keyring is always there: its passphrase comes on top of it (`keyring-file.ts`).

import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createSystemCrypto } from '../adapters/system/crypto.ts'
import { type Bytes, concat } from '../base/bytes.ts'
import { CoterieError } from '../base/error.ts'
import { labels } from '../crypto/label.ts'
import { writeNew } from './durable-file.ts'
import { KEYRING_FILE, lockedOut, wrongPassphrase } from './keyring-file.ts'
import { lockBox, openBox } from './locked-box.ts'

const KEY_BYTES = 32
const seedFiles = {
  account: 'account.key',
  device: 'device.key',
  transport: 'transport.key',
} as const
const KEYRING_KEY_FILE = 'keyring.key'
/** The three seeds, in the order above, locked. */
const IDENTITY_FILE = 'identity'
/** The account's signed list of devices, where this device is not the first. Public. */
const DEVICES_FILE = 'devices'

/** The private keys of a node, 32 bytes each. */
export type Keys = Readonly<Record<keyof typeof seedFiles | 'keyring', Bytes>>

/** What is written once, when a node is made. */
export interface KeyFiles {
  readonly keys: Keys
  readonly deviceList: Bytes | undefined
  readonly passphrase: Bytes | undefined
  readonly random: (length: number) => Bytes
  /** log2 of the work of scrypt, less in tests. */
  readonly logN: number | undefined
}

/** Writes the files into a directory that has none of them. */
export async function writeKeys(directory: string, files: KeyFiles): Promise<void> {
  const { keys, deviceList, passphrase, random, logN } = files
  const write = (file: string, content: Bytes): Promise<void> =>
    writeNew(join(directory, file), content)
  await write(KEYRING_KEY_FILE, keys.keyring)
  if (deviceList !== undefined) await write(DEVICES_FILE, deviceList)
  if (passphrase === undefined) {
    for (const [name, file] of Object.entries(seedFiles))
      await write(file, keys[name as keyof Keys])
    return
  }
  const seeds = concat(keys.account, keys.device, keys.transport)
  await write(IDENTITY_FILE, await lockBox(lockOf(passphrase), seeds, random, logN))
}

const lockOf = (passphrase: Bytes) => ({
  crypto: createSystemCrypto(),
  label: labels.identity,
  passphrase,
})

/** Reads them. @throws CoterieError PERMISSION without the right passphrase, INTERNAL when damaged */
export async function readKeyFiles(directory: string, passphrase?: Bytes): Promise<Keys> {
  const keyring = sized(KEYRING_KEY_FILE, await contentOf(join(directory, KEYRING_KEY_FILE)))
  const locked = await foundContent(join(directory, IDENTITY_FILE))
  if (locked !== undefined) return { ...(await unlocked(locked, passphrase)), keyring }
  const read = async (file: string): Promise<Bytes> =>
    sized(file, await contentOf(join(directory, file)))
  return {
    account: await read(seedFiles.account),
    device: await read(seedFiles.device),
    transport: await read(seedFiles.transport),
    keyring,
  }
}

async function unlocked(box: Bytes, passphrase: Bytes | undefined): Promise<Omit<Keys, 'keyring'>> {
  if (passphrase === undefined) throw lockedOut()
  const seeds = await openBox(lockOf(passphrase), box)
  if (seeds === 'passphrase') throw wrongPassphrase()
  if (seeds === 'newer') {
    throw new CoterieError('FORMAT_TOO_NEW', 'The keys of this node are of a newer version.')
  }
  if (seeds === 'damaged' || seeds.length !== 3 * KEY_BYTES) throw damaged(IDENTITY_FILE)
  const [account, device, transport] = [0, 1, 2].map((i) =>
    seeds.slice(i * KEY_BYTES, (i + 1) * KEY_BYTES),
  )
  if (account === undefined || device === undefined || transport === undefined) {
    throw damaged(IDENTITY_FILE)
  }
  return { account, device, transport }
}

/** The account's list of devices; undefined on its first one, whose list follows from its keys. */
export function readDeviceList(directory: string): Promise<Bytes | undefined> {
  return foundContent(join(directory, DEVICES_FILE))
}

/** A directory of keys and the files in it, as far as users other than the owner have any access. */
export async function openFiles(directory: string): Promise<readonly string[]> {
  if (process.platform === 'win32') return []
  const names = [...Object.values(seedFiles), KEYRING_KEY_FILE, IDENTITY_FILE, KEYRING_FILE]
  const open: string[] = []
  for (const path of [directory, ...names.map((name) => join(directory, name))]) {
    const found = await stat(path).catch(absent)
    if (found !== undefined && (found.mode & 0o077) !== 0) open.push(path)
  }
  return open
}

const contentOf = async (path: string): Promise<Bytes> => new Uint8Array(await readFile(path))

const foundContent = (path: string): Promise<Bytes | undefined> => contentOf(path).catch(absent)

function absent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}

function sized(file: string, content: Bytes): Bytes {
  if (content.length === KEY_BYTES) return content
  throw damaged(file)
}

const damaged = (file: string): CoterieError =>
  new CoterieError('INTERNAL', `The key file ${file} is damaged.`, {
    hint: 'Restore the keys directory from a backup.',
  })
