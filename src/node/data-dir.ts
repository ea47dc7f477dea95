// A node's data directory: made whole by `init` or not at all, opened by one process at a time,
// refused while others could read its keys. Holds three identity seeds and the keyring that
// seals secrets in the store; nobody else touches these files.

import { constants } from 'node:fs'
import { access, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createSystemCrypto } from '../adapters/system/crypto.ts'
import type { Bytes } from '../base/bytes.ts'
import { CoterieError } from '../base/error.ts'
import { makePrivateDirectory, syncDirectory, writeNew } from './durable-file.ts'
import { toCoterieError } from './failure.ts'
import { checkFormat, writeFormat } from './format.ts'
import type { Migration } from './format.ts'
import { createKeyringFile, openKeyringFile } from './keyring-file.ts'
import type { WrappingKeyring } from './keyring.ts'
import { takeLock } from './lock.ts'
import type { Paths } from './paths.ts'

const KEY_BYTES = 32
const keyFiles = {
  account: 'account.key',
  device: 'device.key',
  transport: 'transport.key',
  keyring: 'keyring.key',
} as const

/** The wrapping keys of what is secret in the database. */
const KEYRING_FILE = 'keyring'

/** The private keys of a node, 32 bytes each. */
export type Keys = Readonly<Record<keyof typeof keyFiles, Bytes>>

/** An opened and locked data directory. */
export interface DataDir {
  readonly keys: Keys
  /** Steps that brought an older layout forward, usually none. */
  readonly migrated: readonly Migration[]
  /** Gives the directory free for other processes. */
  close(): Promise<void>
}

/** Whether `init` has been here. */
export async function isInitialised(paths: Paths): Promise<boolean> {
  return exists(paths.keys)
}

/**
 * Makes keys and layout. The keys appear last and all at once: without them nothing counts.
 * @param random fresh unpredictable bytes
 * @param passphrase what opens the wrapping keys besides a key file; none by default
 * @throws CoterieError ALREADY_INITIALISED, PERMISSION, DISK_FULL
 */
export async function initialise(
  paths: Paths,
  random: (length: number) => Bytes,
  passphrase?: Bytes,
): Promise<Keys> {
  if ((await exists(paths.keys)) || (await exists(paths.store))) {
    throw new CoterieError('ALREADY_INITIALISED', `${paths.data} already holds a node.`, {
      hint: 'Name another directory with --home, or use the identity that is there.',
    })
  }
  const keys: Keys = {
    account: random(KEY_BYTES),
    device: random(KEY_BYTES),
    transport: random(KEY_BYTES),
    keyring: random(KEY_BYTES),
  }
  const draft = `${paths.keys}.${process.pid}.tmp`
  try {
    await makePrivateDirectory(draft)
    for (const [name, file] of Object.entries(keyFiles)) {
      await writeNew(join(draft, file), keys[name as keyof Keys])
    }
    const path = join(draft, KEYRING_FILE)
    const crypto = createSystemCrypto()
    await createKeyringFile({ path, key: keys.keyring, crypto, random, passphrase })
    await syncDirectory(draft)
    await writeFormat(paths.format)
    await rename(draft, paths.keys)
    await syncDirectory(paths.data)
  } catch (error) {
    await rm(draft, { recursive: true, force: true }).catch(() => undefined)
    throw toCoterieError(error)
  }
  return keys
}

/**
 * Locks and checks the directory, and reads its keys.
 * @throws CoterieError NOT_INITIALISED, DATA_DIR_LOCKED, FORMAT_TOO_NEW, PERMISSION
 */
export async function openDataDir(paths: Paths): Promise<DataDir> {
  if (!(await exists(paths.keys))) {
    throw new CoterieError('NOT_INITIALISED', `There is no identity in ${paths.data} yet.`, {
      hint: `Make one with: coterie init${paths.home === undefined ? '' : ` --home ${paths.home}`}`,
    })
  }
  try {
    const lock = await takeLock(paths.lock)
    try {
      const migrated = await checkFormat({ file: paths.format, dataDirectory: paths.data })
      const keys = await readKeys(paths)
      return { keys, migrated, close: () => lock.release() }
    } catch (error) {
      await lock.release()
      throw error
    }
  } catch (error) {
    throw toCoterieError(error)
  }
}

/**
 * Opens the keyring of a directory whose keys were read.
 * @throws CoterieError PERMISSION without the right passphrase, INTERNAL when it is damaged
 */
export async function openKeyring(
  paths: Paths,
  keys: Keys,
  random: (length: number) => Bytes,
  passphrase?: Bytes,
): Promise<WrappingKeyring> {
  const path = join(paths.keys, KEYRING_FILE)
  const crypto = createSystemCrypto()
  try {
    return await openKeyringFile({ path, key: keys.keyring, crypto, random, passphrase })
  } catch (error) {
    throw toCoterieError(error)
  }
}

/** Reads the keys. @throws CoterieError PERMISSION when others may read them */
export async function readKeys(paths: Paths): Promise<Keys> {
  const open = (await openToOthers(paths))[0]
  if (open !== undefined) {
    throw new CoterieError('PERMISSION', `Other users of this machine may read ${open}.`, {
      hint: `Close it with: chmod -R go= ${paths.keys}`,
    })
  }
  const read = async (file: string): Promise<Bytes> => {
    const content = new Uint8Array(await readFile(join(paths.keys, file)))
    if (content.length === KEY_BYTES) return content
    throw new CoterieError('INTERNAL', `The key file ${file} is damaged.`, {
      hint: 'Restore the keys directory from a backup.',
    })
  }
  return {
    account: await read(keyFiles.account),
    device: await read(keyFiles.device),
    transport: await read(keyFiles.transport),
    keyring: await read(keyFiles.keyring),
  }
}

/** The key files and their directory, as far as users other than the owner have any access. */
export async function openToOthers(paths: Paths): Promise<readonly string[]> {
  if (process.platform === 'win32') return []
  const open: string[] = []
  for (const path of [
    paths.keys,
    ...[...Object.values(keyFiles), KEYRING_FILE].map((file) => join(paths.keys, file)),
  ]) {
    const found = await stat(path)
    if ((found.mode & 0o077) !== 0) open.push(path)
  }
  return open
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path, constants.F_OK)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw toCoterieError(error)
  }
}
