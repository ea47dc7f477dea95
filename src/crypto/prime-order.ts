// Whether a public key lies in the prime-order group, asked of X25519, which every provider has fast:
// multiplying a point by L itself takes milliseconds in JavaScript, and each new member costs three.
//
//   k = 1 or -1 mod L, and k = 0 mod 8:     k * (A + T) = +-A     for A of order L, T of small order
//
// So the point with the u of the key comes back to that u iff T is zero. A point on the twist, that is a
// key that decodes to no point, never does (k - 1 and k + 1 are odd and no multiples of the twist's prime),
// and of a point of small order nothing is left, which X25519 refuses.

import { Point, etc } from '@noble/ed25519'

import { type Bytes, fromHex, toHex } from '../base/bytes.ts'
import { HASH_BYTES } from './crypto.ts'

const { n: order, p: prime } = Point.CURVE()

/** The scalar k as X25519 wants one: bit 254 is the highest that is set. */
const returning: Bytes = littleEndianBytes(returningScalar())

function returningScalar(): bigint {
  const scalar = 8n * etc.invert(8n, order)
  // Of k and -k modulo 8 L, one has its highest bit where X25519 sets it.
  return scalar >> 254n === 1n ? scalar : 8n * order - scalar
}

/**
 * Whether 32 bytes are the canonical encoding of a point of order L.
 *
 * @param shared X25519, undefined where nothing is left of the point
 */
export function isOfPrimeOrder(
  publicKey: Bytes,
  shared: (secret: Bytes, peerKey: Bytes) => Bytes | undefined,
): boolean {
  const spelled = littleEndian(publicKey)
  const y = spelled & ((1n << 255n) - 1n)
  if (y >= prime || y === 1n) return false
  // The birational map to Montgomery's form; the sign of x, which it forgets, changes nothing.
  const u = littleEndianBytes(((1n + y) * etc.invert(prime + 1n - y, prime)) % prime)
  const back = shared(returning, u)
  return back !== undefined && back.every((byte, index) => byte === u[index])
}

export function littleEndian(bytes: Bytes): bigint {
  return BigInt(`0x${toHex(bytes.slice().reverse())}`)
}

export function littleEndianBytes(value: bigint): Bytes {
  const digits = value.toString(16).padStart(2 * HASH_BYTES, '0')
  return fromHex(digits)?.reverse() ?? new Uint8Array(HASH_BYTES)
}
