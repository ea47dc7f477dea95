// An account as a text that a person can keep: who one is, locked with a passphrase. It brings the
// account back on a new device, and holds nothing of a group, so that no backup of it makes a liar of
// anybody. Layout of what is locked: [1, name, account seed 32, device list].

import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createSystemCrypto } from '../adapters/system/crypto.ts'
import { systemRandom } from '../adapters/system/random.ts'
import type { Bytes } from '../base/bytes.ts'
import { CoterieError } from '../base/error.ts'
import { NAME_BYTES_MAX, NOTE_BYTES_MAX } from '../base/limits.ts'
import { encode } from '../codec/canonical.ts'
import { bytes, bytesUpTo, exactly, parse, textUpTo, tuple } from '../codec/shape.ts'
import type { Crypto } from '../crypto/crypto.ts'
import { labels } from '../crypto/label.ts'
import { armor, dearmor } from '../core/identity/armor.ts'
import { parseDeviceList } from '../core/identity/device-list.ts'
import { syncDirectory, writeNew } from './durable-file.ts'
import { toCoterieError } from './failure.ts'
import { lockBox, openBox } from './locked-box.ts'

const PREFIX = 'coterie-account-1'
/** Bytes of the longest text of an account: also what is read of a file at most. */
export const ACCOUNT_TEXT_BYTES_MAX = 16_384

/** What is needed to be the same person on another device. */
export interface Account {
  readonly name: string
  readonly seed: Bytes
  /** The latest list of devices that was signed here: the next one builds on it. */
  readonly deviceList: Bytes
}

const shape = tuple(exactly(1), textUpTo(NAME_BYTES_MAX), bytes(32), bytesUpTo(NOTE_BYTES_MAX))

/** The account as text. @param logN log2 of the work of scrypt, less in tests */
export async function accountText(
  account: Account,
  passphrase: Bytes,
  logN?: number,
): Promise<string> {
  const crypto = createSystemCrypto()
  const content = encode([1, account.name, account.seed, account.deviceList])
  const lock = { crypto, label: labels.account, passphrase }
  const box = await lockBox(lock, content, systemRandom, logN)
  return armor(crypto, PREFIX, box)
}

/**
 * The account in a text.
 * @throws CoterieError ARCHIVE_INVALID, FORMAT_TOO_NEW, PERMISSION when the passphrase is another
 */
export async function parseAccountText(text: string, passphrase: Bytes): Promise<Account> {
  const crypto = createSystemCrypto()
  const box = dearmor(crypto, PREFIX, text, ACCOUNT_TEXT_BYTES_MAX)
  if (!box.ok) throw box.error === 'armor-prefix' ? otherFile(text) : damaged()
  const opened = await openBox({ crypto, label: labels.account, passphrase }, box.value)
  if (opened === 'damaged') throw damaged()
  if (opened === 'newer') throw tooNew()
  if (opened === 'passphrase') throw wrongPassphrase()
  return checked(crypto, opened)
}

function checked(crypto: Crypto, opened: Bytes): Account {
  const parsed = parse(shape, opened)
  if (!parsed.ok) throw damaged()
  const [, name, seed, deviceList] = parsed.value
  const list = parseDeviceList(crypto, deviceList)
  const own = crypto.edPublicKey(seed).join()
  if (!list.ok || list.value.account.join() !== own) throw damaged()
  return { name, seed, deviceList }
}

/** Writes a new file that only its owner may read. @throws CoterieError USAGE when it is there */
export async function writeAccountFile(path: string, text: string): Promise<void> {
  try {
    await writeNew(path, `${text}\n`)
    await syncDirectory(dirname(path))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw toCoterieError(error)
    throw new CoterieError('USAGE', `${path} is there already and is left as it is.`, {
      hint: 'Name a file that does not exist, or - for standard output.',
      cause: error,
    })
  }
}

/** The text in a file. @throws CoterieError PERMISSION, ARCHIVE_INVALID */
export async function readAccountFile(path: string): Promise<string> {
  const content = await readFile(path).catch((error: unknown) => {
    throw toCoterieError(error)
  })
  if (content.length > ACCOUNT_TEXT_BYTES_MAX) throw otherFile('')
  return content.toString('latin1')
}

const COPY_IT_WHOLE = 'Copy it whole, from coterie-account-1 to its end, as it was exported.'

const damaged = (): CoterieError =>
  new CoterieError('ARCHIVE_INVALID', 'The account file is damaged.', { hint: COPY_IT_WHOLE })

const otherFile = (text: string): CoterieError =>
  /^\s*coterie-account-[0-9]/.test(text)
    ? tooNew()
    : new CoterieError('ARCHIVE_INVALID', 'This is no account file.', { hint: COPY_IT_WHOLE })

const tooNew = (): CoterieError =>
  new CoterieError('FORMAT_TOO_NEW', 'The account file was written by a newer version.', {
    hint: 'Install the newer coterie on this device.',
  })

const wrongPassphrase = (): CoterieError =>
  new CoterieError('PERMISSION', 'The passphrase does not open the account file.', {
    hint: 'All of the passphrase file counts but a last line break; it is the one used for the export.',
  })
