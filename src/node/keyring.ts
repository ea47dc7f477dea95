// Seals the secret values of the store under the 32-byte key of a file beside it. Each value has a
// fresh salt, from which its own key and nonce are derived, so that no pair is ever used twice; the
// store key is bound in, so that a value moved to another place does not open.

import { concat } from '../base/bytes.ts'
import type { Bytes } from '../base/bytes.ts'
import { NONCE_BYTES, TAG_BYTES } from '../crypto/crypto.ts'
import type { Crypto } from '../crypto/crypto.ts'
import { prefixOf } from '../crypto/label.ts'
import type { Keyring } from '../ports/keyring.ts'

const VERSION = 1
const KEY_BYTES = 32
const SALT_BYTES = 16
const SEALED_BYTES_MIN = 1 + SALT_BYTES + TAG_BYTES

/** What a keyring is made from. */
export interface KeyringOptions {
  /** 32 secret bytes that lie outside the store. */
  readonly key: Bytes
  readonly crypto: Crypto
  /** Fresh unpredictable bytes. */
  readonly random: (length: number) => Bytes
}

/** Makes a keyring. Layout of a sealed value: version byte, 16-byte salt, ciphertext with tag. */
export function createKeyring(options: KeyringOptions): Keyring {
  const { crypto, random } = options
  if (options.key.length !== KEY_BYTES) throw new RangeError('a keyring key has 32 bytes')
  const root = options.key.slice()

  const derive = (salt: Bytes): { key: Bytes; nonce: Bytes } => {
    const extracted = crypto.hkdfExtract(salt, root)
    const expanded = crypto.hkdfExpand(
      extracted,
      prefixOf('coterie/1/keyring'),
      KEY_BYTES + NONCE_BYTES,
    )
    return { key: expanded.subarray(0, KEY_BYTES), nonce: expanded.subarray(KEY_BYTES) }
  }

  return {
    seal(storeKey, value) {
      const salt = random(SALT_BYTES)
      const { key, nonce } = derive(salt)
      return concat(Uint8Array.of(VERSION), salt, crypto.aeadSeal(key, nonce, storeKey, value))
    },
    open(storeKey, sealed) {
      if (sealed.length < SEALED_BYTES_MIN || sealed[0] !== VERSION) return undefined
      const { key, nonce } = derive(sealed.subarray(1, 1 + SALT_BYTES))
      return crypto.aeadOpen(key, nonce, storeKey, sealed.subarray(1 + SALT_BYTES))
    },
  }
}
