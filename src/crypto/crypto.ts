// The cryptography that everything above may use: one interface, synchronous, without randomness.
// Every provider gives the same answer to the same call, down to the last byte and for hostile input.
// Wrong lengths of our own values are defects and throw; what came from a peer never throws.

import type { Bytes } from '../base/bytes.ts'

/** Bytes of a SHA-256 hash, a key, a secret or an X25519 or Ed25519 public key. */
export const HASH_BYTES = 32

/** Bytes of an Ed25519 signature. */
export const SIGNATURE_BYTES = 64

/** Bytes of a ChaCha20-Poly1305 nonce. */
export const NONCE_BYTES = 12

/** Bytes by which ChaCha20-Poly1305 makes a text longer. */
export const TAG_BYTES = 16

/** A provider of primitives. Stateless to its caller; it may remember public facts about keys. */
export interface Crypto {
  /** SHA-256 over the parts, joined: 32 bytes. */
  sha256(...parts: readonly Bytes[]): Bytes

  /** HMAC-SHA-256 (RFC 2104) over the parts, joined: 32 bytes. */
  hmac(key: Bytes, ...parts: readonly Bytes[]): Bytes

  /** HKDF-SHA-256 extract (RFC 5869): 32 bytes. An empty salt stands for 32 zero bytes. */
  hkdfExtract(salt: Bytes, inputKey: Bytes): Bytes

  /** HKDF-SHA-256 expand (RFC 5869): `length` bytes, at most 8,160. */
  hkdfExpand(prk: Bytes, purpose: Bytes, length: number): Bytes

  /** ChaCha20-Poly1305 (RFC 8439): ciphertext followed by the 16-byte tag. */
  aeadSeal(key: Bytes, nonce: Bytes, aad: Bytes, plaintext: Bytes): Bytes

  /** The plaintext, or `undefined` where the tag does not hold. */
  aeadOpen(key: Bytes, nonce: Bytes, aad: Bytes, ciphertext: Bytes): Bytes | undefined

  /** The Ed25519 public key (32 bytes) of a 32-byte seed. */
  edPublicKey(seed: Bytes): Bytes

  /** An Ed25519 signature (RFC 8032, 64 bytes): the same for the same seed and message. */
  sign(seed: Bytes, message: Bytes): Bytes

  /** The predicate of `signature.ts`, admission of the key included. Lengths are checked. */
  verify(publicKey: Bytes, message: Bytes, signature: Bytes): boolean

  /** Whether a public key may sign at all: see `signature.ts`. Remembered for each key. */
  admitKey(publicKey: Bytes): boolean

  /** The X25519 public key (32 bytes) of a 32-byte secret. */
  xPublicKey(secret: Bytes): Bytes

  /** The X25519 shared secret (RFC 7748), or `undefined` where it would be all zero. */
  xShared(secret: Bytes, publicKey: Bytes): Bytes | undefined
}

/** Demands that a value of our own has its length: both providers fail alike where it has not. */
export function demandLength(what: string, bytes: Bytes, length: number): void {
  if (bytes.length !== length) throw new RangeError(`${what} has ${length} bytes`)
}
