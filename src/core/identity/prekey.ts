/**
 * Prekeys: X25519 keys to which epochs and welcomes are sealed, named by a hash that binds them to
 * their member. Also the HPKE info that every seal carries, so that what was sealed for one purpose,
 * group, member or key opens under no other.
 */
import type { Bytes } from '../../base/bytes.ts'
import { HASH_BYTES, type Crypto } from '../../crypto/crypto.ts'
import { hash } from '../../crypto/hash.ts'
import { type Label, labelled, labels } from '../../crypto/label.ts'

/** What a member's prekey is called wherever an epoch names it. */
export function prekeyIdOf(crypto: Crypto, member: Bytes, prekey: Bytes): Bytes {
  return hash(crypto, labels.prekeyId, member, prekey)
}

/** Any secret will do: the order of a small-order point divides every clamped scalar. */
const anySecret: Bytes = new Uint8Array(HASH_BYTES).fill(1)

/**
 * Whether something can be sealed to a public key at all: 32 bytes, below 2^255-19 (one spelling),
 * and not of small order. A member with any other key would make every epoch impossible to seal.
 */
export function isUsablePrekey(crypto: Crypto, prekey: Bytes): boolean {
  if (prekey.length !== HASH_BYTES || !isBelowPrime(prekey)) return false
  return crypto.xShared(anySecret, prekey) !== undefined
}

/** Little-endian; p = 0x7fff...ffed. */
function isBelowPrime(key: Bytes): boolean {
  if ((key[31] ?? 0) !== 0x7f) return (key[31] ?? 0) < 0x7f
  for (let index = 30; index > 0; index--) if (key[index] !== 0xff) return true
  return (key[0] ?? 0) < 0xed
}

/** What a seal is bound to. */
export interface SealBinding {
  readonly group: Bytes
  /** What is sealed: the epoch id, or the admission hash for a welcome. */
  readonly purpose: Bytes
  readonly member: Bytes
  readonly prekeyId: Bytes
}

/** HPKE info: label, 0x00, group, purpose, member, prekey id, each 32 bytes. */
export function sealInfo(label: Label, binding: SealBinding): Bytes {
  const { group, purpose, member, prekeyId } = binding
  return labelled(label, group, purpose, member, prekeyId)
}
