// A node's data directory: made whole by `init` or not at all, opened by one process at a time,
// refused while others could read its keys. Holds three identity seeds and the keyring that
// seals secrets in the store (`key-files.ts`); nobody else touches these files.

import { constants } from 'node:fs'
import { access, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createSystemCrypto } from '../adapters/system/crypto.ts'
import type { Bytes } from '../base/bytes.ts'
import { CoterieError } from '../base/error.ts'
import { firstDeviceList } from '../core/identity/card.ts'
import { nextDeviceList } from '../core/identity/device-list.ts'
import type { Account } from './account-file.ts'
import { makePrivateDirectory, syncDirectory } from './durable-file.ts'
import { toCoterieError } from './failure.ts'
import { checkFormat, writeFormat } from './format.ts'
import type { Migration } from './format.ts'
import { type Keys, openFiles, readDeviceList, readKeyFiles, writeKeys } from './key-files.ts'
import { KEYRING_FILE, createKeyringFile, openKeyringFile } from './keyring-file.ts'
import type { WrappingKeyring } from './keyring.ts'
import { takeLock } from './lock.ts'
import type { Paths } from './paths.ts'

const KEY_BYTES = 32

/** An opened and locked data directory. */
export interface DataDir {
  readonly keys: Keys
  /** The account's list of devices; undefined on its first one, whose list follows from its keys. */
  readonly deviceList: Bytes | undefined
  /** Steps that brought an older layout forward, usually none. */
  readonly migrated: readonly Migration[]
  /** Gives the directory free for other processes. */
  close(): Promise<void>
}

/** Whether `init` has been here. */
export async function isInitialised(paths: Paths): Promise<boolean> {
  return exists(paths.keys)
}

type NewOnAccount = Pick<Account, 'seed' | 'deviceList'> & { readonly wallMs: number }

/** What may be decided when a node is made. */
export interface InitialiseOptions {
  /** What opens identity and wrapping keys, besides a key file. Default: nothing. */
  readonly passphrase?: Bytes | undefined
  /** The account to go on with, and the time that its new list of devices bears. Default: a new one. */
  readonly account?: NewOnAccount | undefined
  /** log2 of the work of scrypt, less in tests. */
  readonly logN?: number | undefined
}

/**
 * Makes keys and layout. The keys appear last and all at once: without them nothing counts.
 * @param random fresh unpredictable bytes
 * @throws CoterieError ALREADY_INITIALISED, PERMISSION, DISK_FULL
 */
export async function initialise(
  paths: Paths,
  random: (length: number) => Bytes,
  options: InitialiseOptions = {},
): Promise<Keys> {
  if ((await exists(paths.keys)) || (await exists(paths.store))) {
    throw new CoterieError('ALREADY_INITIALISED', `${paths.data} already holds a node.`, {
      hint: 'Name another directory with --home, or use the identity that is there.',
    })
  }
  const { passphrase, account, logN } = options
  const keys: Keys = {
    account: account?.seed ?? random(KEY_BYTES),
    device: random(KEY_BYTES),
    transport: random(KEY_BYTES),
    keyring: random(KEY_BYTES),
  }
  const draft = `${paths.keys}.${process.pid}.tmp`
  try {
    await makePrivateDirectory(draft)
    const deviceList = account === undefined ? undefined : listOf(keys, account)
    await writeKeys(draft, { keys, deviceList, passphrase, random, logN })
    const path = join(draft, KEYRING_FILE)
    const crypto = createSystemCrypto()
    const work = logN === undefined ? {} : { logN }
    await createKeyringFile({ path, key: keys.keyring, crypto, random, passphrase, ...work })
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

/** The account's list with this device in it. */
function listOf(keys: Keys, { seed, deviceList, wallMs }: NewOnAccount): Bytes {
  const crypto = createSystemCrypto()
  const [device, transport] = [crypto.edPublicKey(keys.device), crypto.edPublicKey(keys.transport)]
  const added = { device, transport, notAfter: 0 }
  const list = nextDeviceList(crypto, seed, deviceList, added, wallMs)
  if (list.ok) return list.value
  throw new CoterieError('ARCHIVE_INVALID', `The account's list of devices is damaged.`)
}

/**
 * Locks and checks the directory, and reads its keys.
 * @throws CoterieError NOT_INITIALISED, DATA_DIR_LOCKED, FORMAT_TOO_NEW, PERMISSION
 */
export async function openDataDir(paths: Paths, passphrase?: Bytes): Promise<DataDir> {
  if (!(await exists(paths.keys))) throw notInitialised(paths)
  try {
    const lock = await takeLock(paths.lock)
    try {
      const migrated = await checkFormat({ file: paths.format, dataDirectory: paths.data })
      const keys = await readKeys(paths, passphrase)
      const deviceList = await readDeviceList(paths.keys)
      return { keys, deviceList, migrated, close: () => lock.release() }
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

/**
 * Reads the keys, which only its owner may read.
 * @throws CoterieError PERMISSION when others may, or without the right passphrase; INTERNAL
 */
export async function readKeys(paths: Paths, passphrase?: Bytes): Promise<Keys> {
  const open = (await openToOthers(paths))[0]
  if (open !== undefined) {
    throw new CoterieError('PERMISSION', `Other users of this machine may read ${open}.`, {
      hint: `Close it with: chmod -R go= ${paths.keys}`,
    })
  }
  return readKeyFiles(paths.keys, passphrase)
}

/** The key files and their directory, as far as users other than the owner have any access. */
export function openToOthers(paths: Paths): Promise<readonly string[]> {
  return openFiles(paths.keys)
}

/** Everything of an account that goes with it to another device; the running node is not disturbed. */
export async function readAccount(
  paths: Paths,
  passphrase?: Bytes,
): Promise<Pick<Account, 'seed' | 'deviceList'>> {
  if (!(await isInitialised(paths))) throw notInitialised(paths)
  try {
    const { account: seed, device, transport } = await readKeys(paths, passphrase)
    const crypto = createSystemCrypto()
    const known = await readDeviceList(paths.keys)
    const first = (): Bytes =>
      firstDeviceList(crypto, { account: seed, device }, crypto.edPublicKey(transport))
    return { seed, deviceList: known ?? first() }
  } catch (error) {
    throw toCoterieError(error)
  }
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

const notInitialised = (paths: Paths): CoterieError =>
  new CoterieError('NOT_INITIALISED', `There is no identity in ${paths.data} yet.`, {
    hint: `Make one with: coterie init${paths.home === undefined ? '' : ` --home ${paths.home}`}`,
  })
