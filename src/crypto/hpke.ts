// HPKE (RFC 9180), base mode, one message per encapsulation, for one suite and synchronous:
// DHKEM(X25519, HKDF-SHA256) 0x0020, HKDF-SHA256 0x0001, ChaCha20Poly1305 0x0003.
// The sender stays anonymous here: what carries the ciphertext is signed. Proven against the RFC's
// vectors and, both ways, against an independent implementation.

import { type Bytes, EMPTY, concat, utf8 } from '../base/bytes.ts'
import { type Crypto, HASH_BYTES, NONCE_BYTES } from './crypto.ts'

/** Bytes of an encapsulated key. */
export const ENCAPSULATED_BYTES = 32

/** What the recipient needs: the encapsulated key and the ciphertext with its tag. */
export interface Sealed {
  readonly enc: Bytes
  readonly ciphertext: Bytes
}

const version = utf8('HPKE-v1')
const kemSuite = concat(utf8('KEM'), Uint8Array.of(0x00, 0x20))
const suite = concat(utf8('HPKE'), Uint8Array.of(0x00, 0x20, 0x00, 0x01, 0x00, 0x03))
const baseMode = Uint8Array.of(0x00)

/**
 * Seals a plaintext to a public key.
 *
 * @param ephemeralSecret 32 bytes, fresh and random for every call, erased by the caller afterwards
 * @throws RangeError where the recipient's key yields no shared secret: it must be checked before
 */
export function sealBase(
  crypto: Crypto,
  recipientPublic: Bytes,
  info: Bytes,
  aad: Bytes,
  plaintext: Bytes,
  ephemeralSecret: Bytes,
): Sealed {
  const enc = crypto.xPublicKey(ephemeralSecret)
  const shared = crypto.xShared(ephemeralSecret, recipientPublic)
  if (shared === undefined) throw new RangeError('nothing can be sealed to this public key')
  const { key, nonce } = schedule(crypto, shared, concat(enc, recipientPublic), info)
  return { enc, ciphertext: crypto.aeadSeal(key, nonce, aad, plaintext) }
}

/** Opens what was sealed to a secret's public key; `undefined` where anything does not fit. */
export function openBase(
  crypto: Crypto,
  recipientSecret: Bytes,
  enc: Bytes,
  info: Bytes,
  aad: Bytes,
  ciphertext: Bytes,
): Bytes | undefined {
  const shared = crypto.xShared(recipientSecret, enc)
  if (shared === undefined) return undefined
  const kemContext = concat(enc, crypto.xPublicKey(recipientSecret))
  const { key, nonce } = schedule(crypto, shared, kemContext, info)
  return crypto.aeadOpen(key, nonce, aad, ciphertext)
}

/** Key and nonce of the first and only message (RFC 9180 sections 4.1 and 5.1, without a PSK). */
function schedule(
  crypto: Crypto,
  shared: Bytes,
  kemContext: Bytes,
  info: Bytes,
): { readonly key: Bytes; readonly nonce: Bytes } {
  const dhKey = extract(crypto, kemSuite, EMPTY, 'eae_prk', shared)
  const kemSecret = expand(crypto, kemSuite, dhKey, 'shared_secret', kemContext, HASH_BYTES)
  const context = concat(
    baseMode,
    extract(crypto, suite, EMPTY, 'psk_id_hash', EMPTY),
    extract(crypto, suite, EMPTY, 'info_hash', info),
  )
  const secret = extract(crypto, suite, kemSecret, 'secret', EMPTY)
  return {
    key: expand(crypto, suite, secret, 'key', context, HASH_BYTES),
    nonce: expand(crypto, suite, secret, 'base_nonce', context, NONCE_BYTES),
  }
}

/** LabeledExtract of RFC 9180 section 4. */
function extract(crypto: Crypto, suiteId: Bytes, salt: Bytes, label: string, key: Bytes): Bytes {
  return crypto.hkdfExtract(salt, concat(version, suiteId, utf8(label), key))
}

/** LabeledExpand of RFC 9180 section 4. */
function expand(
  crypto: Crypto,
  suiteId: Bytes,
  prk: Bytes,
  label: string,
  context: Bytes,
  length: number,
): Bytes {
  const purpose = concat(
    Uint8Array.of(length >>> 8, length),
    version,
    suiteId,
    utf8(label),
    context,
  )
  return crypto.hkdfExpand(prk, purpose, length)
}
