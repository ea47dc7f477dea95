// The portable provider: noble's audited JavaScript, for browsers and as the judge of the native one.
// Same answers as `native.ts` for every input, only slower.

import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { x25519 } from '@noble/curves/ed25519.js'
import { getPublicKey, sign } from '@noble/ed25519'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'

import { type Bytes } from '../base/bytes.ts'
import { type Crypto, HASH_BYTES, NONCE_BYTES, demandLength } from './crypto.ts'
import { hkdfOver } from './hkdf.ts'
import { portableEquation, predicateOver } from './signature.ts'

/** Makes a portable provider with a memory of keys of its own. */
export function createNobleCrypto(): Crypto {
  const { admitKey, verify } = predicateOver(portableEquation)
  return {
    sha256: (...parts) => absorb(sha256.create(), parts),
    hmac: hmacSha256,
    ...hkdfOver(hmacSha256),
    aeadSeal: (key, nonce, aad, plaintext) => cipherOf(key, nonce, aad).encrypt(plaintext),
    aeadOpen(key, nonce, aad, ciphertext) {
      const cipher = cipherOf(key, nonce, aad)
      try {
        return cipher.decrypt(ciphertext)
      } catch {
        return undefined
      }
    },
    edPublicKey: (seed) => getPublicKey(seed),
    sign: (seed, message) => sign(message, seed),
    verify,
    admitKey,
    xPublicKey: (secret) => x25519.getPublicKey(secret),
    xShared(secret, publicKey) {
      demandLength('a secret key', secret, HASH_BYTES)
      try {
        return x25519.getSharedSecret(secret, publicKey)
      } catch {
        return undefined
      }
    },
  }
}

function hmacSha256(key: Bytes, ...parts: readonly Bytes[]): Bytes {
  return absorb(hmac.create(sha256, key), parts)
}

function cipherOf(key: Bytes, nonce: Bytes, aad: Bytes): ReturnType<typeof chacha20poly1305> {
  demandLength('an encryption key', key, HASH_BYTES)
  demandLength('a nonce', nonce, NONCE_BYTES)
  return chacha20poly1305(key, nonce, aad)
}

/** Feeds the parts to a running hash and ends it. */
function absorb(
  running: { update(part: Bytes): unknown; digest(): Bytes },
  parts: readonly Bytes[],
): Bytes {
  for (const part of parts) running.update(part)
  return running.digest()
}
