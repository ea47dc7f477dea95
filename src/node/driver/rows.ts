// Values between the core and the store. Each stored value begins with one byte: 0 plain, 1 sealed.
// What the core calls secret, and everything in the secret key space, is sealed for its key on the
// way in; a secret that lies there unsealed, or sealed for another key, is damage and never passed on.

import { type Bytes, fresh } from '../../base/bytes.ts'
import { CoterieError } from '../../base/error.ts'
import type { Put } from '../../core/effect.ts'
import type { Entry } from '../../core/input.ts'
import { Space } from '../../core/storage.ts'
import type { Keyring } from '../../ports/keyring.ts'
import type { Write } from '../../ports/store.ts'

const PLAIN = 0
const SEALED = 1

/** The stored form of one write. */
export function toWrite(keyring: Keyring, put: Put): Write {
  const { key, value } = put
  if (value === null) return { key, value }
  const secret = put.secret === true || inSecretSpace(key)
  return { key, value: secret ? marked(SEALED, keyring.seal(key, value)) : marked(PLAIN, value) }
}

/**
 * The row as the core wrote it.
 *
 * @throws CoterieError INTERNAL where the stored form is damaged or sealed by another keyring
 */
export function toEntry(keyring: Keyring, stored: Entry): Entry {
  const { key } = stored
  const value = stored.value.subarray(1)
  if (stored.value[0] === PLAIN && !inSecretSpace(key)) return { key, value }
  const opened = stored.value[0] === SEALED ? keyring.open(key, value) : undefined
  if (opened === undefined) throw damaged(key)
  return { key, value: opened }
}

function marked(mark: number, value: Bytes): Bytes {
  const stored = fresh(1 + value.length)
  stored[0] = mark
  stored.set(value, 1)
  return stored
}

function inSecretSpace(key: Bytes): boolean {
  return key[0] === Space.secret
}

function damaged(key: Bytes): CoterieError {
  const space = String.fromCharCode(key[0] ?? 0x3f)
  return new CoterieError('INTERNAL', `A stored row of space ${space} cannot be opened.`, {
    hint: 'The data directory is damaged or belongs to another identity. Restore it as a whole.',
  })
}
