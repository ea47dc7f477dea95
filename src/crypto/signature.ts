// The single predicate for signatures, ed25519-coterie-1, the same for every provider.
// A signature holds iff its key is admitted (canonical, not of small order, free of torsion), its
// scalar S is below the group order L, and S*B - k*A encodes to exactly the R bytes it carries.
// RFC 8032 leaves room for disagreement here (see "Taming the many EdDSAs", 2020); one crafted
// signature must never split nodes that verify with different libraries.

import { Point, hashes } from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'

import { type Bytes, equal, toHex } from '../base/bytes.ts'
import { Lru } from '../base/lru.ts'
import { type Crypto, HASH_BYTES, SIGNATURE_BYTES } from './crypto.ts'
import { littleEndian, littleEndianBytes } from './prime-order.ts'

hashes.sha512 = sha512

/** Keys remembered: several groups of the greatest size. A forgotten key is simply decided again. */
const KEYS_REMEMBERED_MAX = 8_192

/** The group order L = 2^252 + 27742317777372353535851937790883648493. */
const groupOrder: bigint = Point.CURVE().n
const groupOrderBytes: Bytes = littleEndianBytes(groupOrder)

/** How a provider decides about a key, and then about the group equation with a scalar in range. */
export interface Equation<Key> {
  /** Whether 32 bytes are the canonical encoding of a point in the prime-order group, not its zero. */
  admits(publicKey: Bytes): boolean
  /** Turns an admitted public key into what the provider computes with. */
  prepare(publicKey: Bytes): Key
  /** Whether encode(S*B - k*A) is exactly the R of a signature with S below L. */
  holds(key: Key, message: Bytes, signature: Bytes): boolean
}

/** The predicate over a provider's equation. What it learns of a key is remembered, within bounds. */
export function predicateOver<Key>(equation: Equation<Key>): Pick<Crypto, 'admitKey' | 'verify'> {
  const remembered = new Lru<string, { readonly key: Key | undefined }>(KEYS_REMEMBERED_MAX)

  function admitted(publicKey: Bytes): Key | undefined {
    const name = toHex(publicKey)
    const known = remembered.get(name)
    if (known !== undefined) return known.key
    const key = equation.admits(publicKey) ? equation.prepare(publicKey) : undefined
    remembered.set(name, { key })
    return key
  }

  return {
    admitKey: (publicKey) => publicKey.length === HASH_BYTES && admitted(publicKey) !== undefined,
    verify(publicKey, message, signature) {
      if (publicKey.length !== HASH_BYTES || !isReduced(signature)) return false
      const key = admitted(publicKey)
      return key !== undefined && equation.holds(key, message, signature)
    },
  }
}

/** An admitted key as the portable equation wants it: -A, and A as it is spelled. */
export interface PortableKey {
  readonly negated: Point
  readonly publicKey: Bytes
}

/** The portable equation, in the point arithmetic of noble. Not constant-time: all of it is public. */
export const portableEquation: Equation<PortableKey> = {
  admits: isAdmissible,
  prepare: (publicKey) => ({
    negated: Point.fromBytes(publicKey, false).negate(),
    publicKey: publicKey.slice(),
  }),
  holds({ negated, publicKey }, message, signature) {
    const commitment = signature.subarray(0, 32)
    const digest = sha512.create().update(commitment).update(publicKey).update(message).digest()
    const challenge = littleEndian(digest) % groupOrder
    const scalar = littleEndian(signature.subarray(32))
    const expected = Point.BASE.multiply(scalar, false).add(negated.multiply(challenge, false))
    return equal(expected.toBytes(), commitment)
  },
}

function isAdmissible(publicKey: Bytes): boolean {
  try {
    const point = Point.fromBytes(publicKey, false)
    return !point.isSmallOrder() && point.isTorsionFree()
  } catch {
    return false
  }
}

/** Whether a signature has its 64 bytes and a scalar below the group order. */
function isReduced(signature: Bytes): boolean {
  if (signature.length !== SIGNATURE_BYTES) return false
  for (let index = 31; index >= 0; index--) {
    const difference = (signature[32 + index] ?? 0) - (groupOrderBytes[index] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
