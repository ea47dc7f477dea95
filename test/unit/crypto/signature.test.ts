// The predicate ed25519-coterie-1 on honest and on crafted keys and signatures (invariants I2, I3).
// The crafted ones are signatures on which real libraries disagree; each corpus is first shown to be
// one that a laxer verifier takes, so that the test could fail.

import { createPublicKey, verify as opensslVerify } from 'node:crypto'

import { ed25519 } from '@noble/curves/ed25519.js'
import { Point, etc, hash as sha512, verify as laxVerify } from '@noble/ed25519'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { type Bytes, concat, toBase64url, utf8 } from '../../../src/base/bytes.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { native, noble, providers } from './providers.ts'

const { n: order, p: prime } = Point.CURVE()
const random = new SeededRandom('signatures')

/** The answer on which both providers agree. */
function verify(publicKey: Bytes, message: Bytes, signature: Bytes): boolean {
  const answer = native.verify(publicKey, message, signature)
  expect(noble.verify(publicKey, message, signature)).toBe(answer)
  return answer
}

function admit(publicKey: Bytes): boolean {
  const answer = native.admitKey(publicKey)
  expect(noble.admitKey(publicKey)).toBe(answer)
  return answer
}

/** What OpenSSL says by itself, without our admission. */
function openssl(publicKey: Bytes, message: Bytes, signature: Bytes): boolean {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: toBase64url(publicKey) }
  return opensslVerify(null, message, createPublicKey({ key: jwk, format: 'jwk' }), signature)
}

function littleEndian(value: bigint): Bytes {
  return Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 255n))
}

function bigint(bytes: Bytes): bigint {
  return bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n)
}

/** A secret scalar of our own making, so that we can sign with any R we like. */
function secretScalar(): bigint {
  return etc.mod(bigint(random.bytes(32)), order - 1n) + 1n
}

/** The challenge k of a signature. */
function challenge(commitment: Bytes, publicKey: Bytes, message: Bytes): bigint {
  return etc.mod(bigint(sha512(concat(commitment, publicKey, message))), order)
}

/** Signs with chosen bytes for R: S = r + k*a. */
function signWith(
  { a, r, commitment, publicKey }: { a: bigint; r: bigint; commitment: Bytes; publicKey: Bytes },
  message: Bytes,
): Bytes {
  const k = challenge(commitment, publicKey, message)
  return concat(commitment, littleEndian(etc.mod(r + k * a, order)))
}

/** The eight points of small order, made from a generator of theirs. */
function torsionPoints(): Point[] {
  const generator = smallOrderGenerator()
  const points = [Point.ZERO]
  while (points.length < 8) points.push(points.at(-1)!.add(generator))
  return points
}

function smallOrderGenerator(): Point {
  for (let y = 2n; ; y++) {
    const point = pointOfY(y)
    // L times any point is its part of small order; an order of 8 is wanted, not 1, 2 or 4.
    const part = point?.multiply(order - 1n, false).add(point)
    if (part !== undefined && !part.double().double().is0()) return part
  }
}

function pointOfY(y: bigint): Point | undefined {
  try {
    return Point.fromBytes(littleEndian(y))
  } catch {
    return undefined
  }
}

const torsion = torsionPoints()

describe('honest signatures', () => {
  test('hold for both', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array(),
        (seed, text) => {
          const publicKey = native.edPublicKey(seed)
          expect(admit(publicKey)).toBe(true)
          expect(verify(publicKey, text, native.sign(seed, text))).toBe(true)
        },
      ),
      { numRuns: 50 },
    )
  })

  test('of our own scalar hold for both', () => {
    const a = secretScalar()
    const r = secretScalar()
    const publicKey = Point.BASE.multiply(a).toBytes()
    const commitment = Point.BASE.multiply(r).toBytes()
    const message = utf8('of our own')
    expect(verify(publicKey, message, signWith({ a, r, commitment, publicKey }, message))).toBe(
      true,
    )
  })

  test('fail after any single bit is flipped, in signature, key or message', () => {
    const seed = random.bytes(32)
    const message = random.bytes(32)
    const signed = [native.edPublicKey(seed), message, native.sign(seed, message)] as const
    for (const [part, bytes] of signed.entries()) {
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const flipped = signed.map((one) => one.slice()) as [Bytes, Bytes, Bytes]
        flipped[part]![bit >>> 3]! ^= 1 << (bit & 7)
        expect(native.verify(...flipped)).toBe(false)
        if (bit % 16 === 0) expect(noble.verify(...flipped)).toBe(false)
      }
    }
  })
})

describe('keys', () => {
  test('of small order are not admitted, in any spelling', () => {
    const spellings = new Set<bigint>()
    for (const point of torsion) {
      const y = bigint(point.toBytes()) & ((1n << 255n) - 1n)
      for (const spelling of [y, y + prime]) {
        if (spelling >= 1n << 255n) continue
        spellings.add(spelling).add(spelling | (1n << 255n))
      }
    }
    expect(spellings.size).toBe(14)
    for (const spelling of spellings) expect(admit(littleEndian(spelling))).toBe(false)
  })

  test('spelled above the prime are not admitted', () => {
    for (let y = prime; y < 1n << 255n; y++) {
      expect(admit(littleEndian(y))).toBe(false)
      expect(admit(littleEndian(y | (1n << 255n)))).toBe(false)
    }
  })

  test('with a part of small order are not admitted', () => {
    const point = Point.BASE.multiply(secretScalar())
    expect(torsion.map((part) => admit(point.add(part).toBytes()))).toEqual([
      true,
      ...Array.from({ length: 7 }, () => false),
    ])
  })

  test('of any 32 bytes are admitted exactly when another library finds them in the group', () => {
    let found = 0
    for (let round = 0; round < 60; round++) {
      const bytes = random.bytes(32)
      expect(admit(bytes)).toBe(isInGroup(bytes))
      const inGroup = torsionless(bytes)
      if (inGroup === undefined) continue
      found++
      expect(admit(inGroup)).toBe(true)
    }
    expect(found).toBeGreaterThan(10)
  })

  test('are judged alike the second time', () => {
    const good = native.edPublicKey(random.bytes(32))
    const bad = torsion[1]!.toBytes()
    for (let round = 0; round < 3; round++) expect([admit(good), admit(bad)]).toEqual([true, false])
  })

  test('with a part of small order could split nodes, were they admitted', () => {
    const a = secretScalar()
    const publicKey = Point.BASE.multiply(a).add(torsion[1]!).toBytes()
    const r = secretScalar()
    const commitment = Point.BASE.multiply(r).toBytes()
    const seen = new Set<boolean>()
    for (let round = 0; round < 64; round++) {
      const message = utf8(`round ${round}`)
      const signature = signWith({ a, r, commitment, publicKey }, message)
      expect(laxVerify(signature, message, publicKey, { zip215: true })).toBe(true)
      seen.add(openssl(publicKey, message, signature))
      expect(verify(publicKey, message, signature)).toBe(false)
    }
    expect(seen).toEqual(new Set([true, false]))
  })
})

describe('signatures with an honest key', () => {
  const a = secretScalar()
  const publicKey = Point.BASE.multiply(a).toBytes()
  const message = utf8('crafted')

  test('fail when R has a part of small order, which laxer verifiers take', () => {
    for (const part of torsion.slice(1)) {
      const r = secretScalar()
      const commitment = Point.BASE.multiply(r).add(part).toBytes()
      const signature = signWith({ a, r, commitment, publicKey }, message)
      expect(laxVerify(signature, message, publicKey, { zip215: true })).toBe(true)
      expect(verify(publicKey, message, signature)).toBe(false)
    }
  })

  test('hold when R is the neutral point in its one spelling', () => {
    const commitment = Point.ZERO.toBytes()
    const signature = signWith({ a, r: 0n, commitment, publicKey }, message)
    expect(verify(publicKey, message, signature)).toBe(true)
  })

  test('fail when R is the neutral point in another spelling, which laxer verifiers take', () => {
    for (const spelling of [prime + 1n, 1n | (1n << 255n)]) {
      const commitment = littleEndian(spelling)
      const signature = signWith({ a, r: 0n, commitment, publicKey }, message)
      expect(laxVerify(signature, message, publicKey, { zip215: true })).toBe(true)
      expect(verify(publicKey, message, signature)).toBe(false)
    }
  })

  test('fail when S is not below L, though it means the same', () => {
    const r = secretScalar()
    const commitment = Point.BASE.multiply(r).toBytes()
    const signature = signWith({ a, r, commitment, publicKey }, message)
    expect(verify(publicKey, message, signature)).toBe(true)
    const scalar = bigint(signature.subarray(32))
    for (let more = scalar + order; more < 1n << 256n; more += order) {
      expect(verify(publicKey, message, concat(commitment, littleEndian(more)))).toBe(false)
    }
  })

  test.each(providers)('have the edge of S where it belongs: %s', (_, crypto) => {
    // S = L-1 with R = S*B - k*A cannot be solved for, so the edges are only shown not to throw.
    for (const scalar of [0n, 1n, order - 1n, order, order + 1n, (1n << 256n) - 1n]) {
      const signature = concat(Point.ZERO.toBytes(), littleEndian(scalar))
      expect(crypto.verify(publicKey, message, signature)).toBe(false)
    }
  })

  test('fail when they are any 64 bytes', () => {
    for (let round = 0; round < 40; round++) {
      expect(verify(publicKey, message, random.bytes(64))).toBe(false)
    }
  })
})

/** Membership of the prime-order group, decided by another implementation. */
function isInGroup(bytes: Bytes): boolean {
  try {
    const point = ed25519.Point.fromBytes(bytes)
    return !point.isSmallOrder() && point.isTorsionFree()
  } catch {
    return false
  }
}

/** Eight times the point that the bytes mean, if they mean one: it has no part of small order. */
function torsionless(bytes: Bytes): Bytes | undefined {
  try {
    return ed25519.Point.fromBytes(bytes).clearCofactor().toBytes()
  } catch {
    return undefined
  }
}
