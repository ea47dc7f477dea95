// The wrapping keys of a data directory, in one file of fixed size outside the database. A change
// writes a whole new file beside the old one, makes it durable, puts it in the old one's place and then
// overwrites the old one, so that a crash leaves the old or the new set and a destroyed key is nowhere.
//
//   magic 8 | kdf 1 | log2 N 1 | salt 16 | nonce 12 | AEAD(root key, slots)

import { link, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { concat, equal, utf8 } from '../base/bytes.ts'
import type { Bytes } from '../base/bytes.ts'
import { CoterieError } from '../base/error.ts'
import { NONCE_BYTES } from '../crypto/crypto.ts'
import type { Crypto } from '../crypto/crypto.ts'
import { prefixOf } from '../crypto/label.ts'
import { syncDirectory, writeNew } from './durable-file.ts'
import { SCRYPT_LOG_N, SCRYPT_LOG_N_MAX, stretched } from './locked-box.ts'
import { type WrappingKey, WrappingKeyring, decodeKeys, encodeKeys } from './keyring.ts'

/** Its name in the directory of keys. */
export const KEYRING_FILE = 'keyring'

const MAGIC = utf8('coterie2')
const SALT_BYTES = 16
const HEAD_BYTES = MAGIC.length + 2 + SALT_BYTES
const Kdf = { none: 0, scrypt: 1 } as const

export interface KeyringFileOptions {
  readonly path: string
  /** 32 secret bytes of a file of their own. */
  readonly key: Bytes
  readonly crypto: Crypto
  readonly random: (length: number) => Bytes
  /** What a person must know besides. */
  readonly passphrase?: Bytes | undefined
  /** log2 of the work of scrypt, for tests. Default: 17. */
  readonly logN?: number
}

/** Makes a file without keys. It must not exist. */
export async function createKeyringFile(options: KeyringFileOptions): Promise<void> {
  const { random, passphrase, logN = SCRYPT_LOG_N } = options
  const kdf = passphrase === undefined ? Kdf.none : Kdf.scrypt
  const head = concat(MAGIC, Uint8Array.of(kdf, kdf === Kdf.none ? 0 : logN), random(SALT_BYTES))
  const root = await rootKey(options, head)
  await writeNew(options.path, sealedFile(options, root, head, []))
}

/** The keyring in a file. @throws CoterieError PERMISSION, INTERNAL */
export async function openKeyringFile(options: KeyringFileOptions): Promise<WrappingKeyring> {
  const { path, crypto, random } = options
  await erase(`${path}.old`)
  await erase(`${path}.new`)
  const content = new Uint8Array(await readFile(path))
  const head = content.slice(0, HEAD_BYTES)
  if (!equal(head.subarray(0, MAGIC.length), MAGIC)) throw damaged(path)
  const root = await rootKey(options, head)
  const nonce = content.subarray(HEAD_BYTES, HEAD_BYTES + NONCE_BYTES)
  const sealed = content.subarray(HEAD_BYTES + NONCE_BYTES)
  const slots = crypto.aeadOpen(root, nonce, head, sealed)
  if (slots === undefined) throw isLocked(head) ? wrongPassphrase() : damaged(path)
  return new WrappingKeyring({
    crypto,
    random,
    keys: decodeKeys(slots),
    write: (keys) => replace(path, sealedFile(options, root, head, keys)),
  })
}

const isLocked = (head: Bytes): boolean => head[MAGIC.length] !== Kdf.none

/** Whether a keyring asks for a passphrase. */
export async function needsPassphrase(path: string): Promise<boolean> {
  return isLocked(new Uint8Array(await readFile(path)))
}

function sealedFile(
  { crypto, random }: KeyringFileOptions,
  root: Bytes,
  head: Bytes,
  keys: readonly WrappingKey[],
): Bytes {
  const nonce = random(NONCE_BYTES)
  return concat(head, nonce, crypto.aeadSeal(root, nonce, head, encodeKeys(keys)))
}

/** What the file is sealed under: the key file, and where asked for the passphrase. */
async function rootKey(
  { key, crypto, passphrase }: KeyringFileOptions,
  head: Bytes,
): Promise<Bytes> {
  const [kdf = 0, logN = 0] = head.subarray(MAGIC.length)
  const salt = head.subarray(MAGIC.length + 2)
  if (kdf === Kdf.none) return derive(crypto, salt, key)
  if (kdf !== Kdf.scrypt || logN > SCRYPT_LOG_N_MAX) {
    throw new CoterieError('FORMAT_TOO_NEW', 'The keyring is of a newer version.')
  }
  if (passphrase === undefined) {
    throw lockedOut()
  }
  return derive(crypto, salt, concat(key, await stretched(passphrase, salt, logN)))
}

const derive = (crypto: Crypto, salt: Bytes, secret: Bytes): Bytes =>
  crypto.hkdfExpand(crypto.hkdfExtract(salt, secret), prefixOf('coterie/1/keyring'), 32)

/** New file, durable; in the place of the old one, durable; the old one overwritten, and gone. */
async function replace(path: string, content: Bytes): Promise<void> {
  const [fresh, old] = [`${path}.new`, `${path}.old`]
  await rm(fresh, { force: true })
  await writeNew(fresh, content)
  await erase(old)
  await link(path, old)
  await rename(fresh, path)
  await syncDirectory(dirname(path))
  await erase(old)
}

/** Overwrites a file in its place before its name goes. Where a disk keeps copies, this cannot reach. */
async function erase(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return
  const file = await open(path, 'r+')
  try {
    // With a second name the content is still in use under the other: nothing to overwrite.
    if (found.nlink < 2) {
      await file.write(new Uint8Array(found.size), 0, found.size, 0)
      await file.sync()
    }
  } finally {
    await file.close()
  }
  await rm(path, { force: true })
  await syncDirectory(dirname(path))
}

const damaged = (path: string): CoterieError =>
  new CoterieError('INTERNAL', `The keyring ${path} is damaged or of another node.`, {
    hint: 'Restore the data directory as a whole, or make a new node and join again.',
  })

/** The keys need a passphrase, and none was given. */
export const lockedOut = (): CoterieError =>
  new CoterieError('PERMISSION', 'The keys of this node are locked with a passphrase.', {
    hint: 'Name the file that holds it with --passphrase-file.',
  })

export const wrongPassphrase = (): CoterieError =>
  new CoterieError('PERMISSION', 'The passphrase does not open the keys of this node.', {
    hint: 'Look at the file that --passphrase-file names: all of it counts but a last line break.',
  })
