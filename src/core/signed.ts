/**
 * The one way to sign and to check: Ed25519 over a registered label, a zero byte and a 32-byte hash,
 * never over raw content, so that no signature made for one purpose ever stands for another.
 * It lies beside the floors because identity, messages and presence all sign.
 */
import type { Bytes } from '../base/bytes.ts'
import type { Crypto } from '../crypto/crypto.ts'
import { type Label, labelled } from '../crypto/label.ts'

/** Signs content: the hash is SHA-256 over it. Returns 64 bytes. */
export function signLabelled(crypto: Crypto, label: Label, seed: Bytes, content: Bytes): Bytes {
  return signHash(crypto, label, seed, crypto.sha256(content))
}

/** Whether a signature over content holds under the one predicate; any lengths are safe. */
export function verifyLabelled(
  crypto: Crypto,
  label: Label,
  publicKey: Bytes,
  content: Bytes,
  signature: Bytes,
): boolean {
  return verifyHash(crypto, label, publicKey, crypto.sha256(content), signature)
}

/** Signs what is a labelled hash already, such as a message id. */
export function signHash(crypto: Crypto, label: Label, seed: Bytes, hash32: Bytes): Bytes {
  return crypto.sign(seed, labelled(label, hash32))
}

/** Whether a signature over such a hash holds. */
export function verifyHash(
  crypto: Crypto,
  label: Label,
  publicKey: Bytes,
  hash32: Bytes,
  signature: Bytes,
): boolean {
  return crypto.verify(publicKey, labelled(label, hash32), signature)
}
