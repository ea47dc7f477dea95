// Native and portable give the same answer to the same call, for good input and for hostile input.
// Nothing that leaves a provider is one of Node's buffers, which slice differently.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { fromHex } from '../../../src/base/bytes.ts'
import type { Crypto } from '../../../src/crypto/crypto.ts'
import { native, noble, providers } from './providers.ts'

const bytesOf = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })
const key = bytesOf(32)
const some = fc.uint8Array({ maxLength: 200 })

/** Calls both providers and returns the answer on which they agree. */
function both<T>(call: (crypto: Crypto) => T): T {
  const answer = call(native)
  expect(call(noble)).toEqual(answer)
  return answer
}

describe('native and noble agree', () => {
  test('on hashes, tags and derived keys', () => {
    fc.assert(
      fc.property(fc.array(some, { maxLength: 3 }), some, fc.nat(100), (parts, salt, length) => {
        both((crypto) => crypto.sha256(...parts))
        both((crypto) => crypto.hmac(salt, ...parts))
        both((crypto) => crypto.hkdfExtract(salt, salt))
        both((crypto) => crypto.hkdfExpand(salt, salt, length))
      }),
    )
  })

  test('on sealing and opening', () => {
    fc.assert(
      fc.property(key, bytesOf(12), some, some, (secret, nonce, aad, plaintext) => {
        const sealed = both((crypto) => crypto.aeadSeal(secret, nonce, aad, plaintext))
        expect(both((crypto) => crypto.aeadOpen(secret, nonce, aad, sealed))).toEqual(plaintext)
      }),
    )
  })

  test('on refusing what was changed by one bit or cut', () => {
    fc.assert(
      fc.property(key, bytesOf(12), some, fc.nat(), (secret, nonce, text, at) => {
        const sealed = native.aeadSeal(secret, nonce, text, text)
        const bit = at % (sealed.length * 8)
        const flipped = sealed.slice()
        flipped[bit >>> 3]! ^= 1 << (bit & 7)
        const cut = sealed.subarray(0, at % sealed.length)
        for (const wrong of [flipped, cut]) {
          expect(both((crypto) => crypto.aeadOpen(secret, nonce, text, wrong))).toBeUndefined()
        }
        const otherAad = Uint8Array.of(1, ...text)
        expect(both((crypto) => crypto.aeadOpen(secret, nonce, otherAad, sealed))).toBeUndefined()
      }),
    )
  })

  test('on public keys, signatures and shared secrets', () => {
    fc.assert(
      fc.property(key, key, some, (seed, other, message) => {
        const publicKey = both((crypto) => crypto.edPublicKey(seed))
        const signature = both((crypto) => crypto.sign(seed, message))
        expect(both((crypto) => crypto.verify(publicKey, message, signature))).toBe(true)
        const shared = both((crypto) => crypto.xShared(seed, native.xPublicKey(other)))
        expect(both((crypto) => crypto.xShared(other, noble.xPublicKey(seed)))).toEqual(shared)
      }),
      { numRuns: 40 },
    )
  })

  test('on any bytes as a public key of X25519, the high bit ignored', () => {
    fc.assert(
      fc.property(key, key, (secret, publicKey) => {
        const shared = both((crypto) => crypto.xShared(secret, publicKey))
        const highBit = publicKey.slice()
        highBit[31]! ^= 0x80
        expect(both((crypto) => crypto.xShared(secret, highBit))).toEqual(shared)
      }),
      { numRuns: 40 },
    )
  })
})

// The points of small order on Curve25519 and its twist, with the spellings above the prime.
const smallOrder = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].map((text) => fromHex(text)!)

describe('a shared secret of zeros is refused', () => {
  test.each(providers)('by %s', (_, crypto) => {
    for (const point of smallOrder) {
      const highBit = point.slice()
      highBit[31]! |= 0x80
      for (const publicKey of [point, highBit]) {
        expect(crypto.xShared(new Uint8Array(32).fill(7), publicKey)).toBeUndefined()
      }
    }
  })
})

describe('spellings of X25519 keys above the prime', () => {
  test('mean the same to both', () => {
    for (let above = 2; above <= 18; above++) {
      const publicKey = new Uint8Array(32).fill(0xff)
      publicKey[0] = 0xed + above
      publicKey[31] = 0x7f
      const reduced = new Uint8Array(32)
      reduced[0] = above
      const secret = new Uint8Array(32).fill(9)
      const shared = both((crypto) => crypto.xShared(secret, publicKey))
      expect(both((crypto) => crypto.xShared(secret, reduced))).toEqual(shared)
      expect(shared).toBeDefined()
    }
  })
})

describe.each(providers)('%s', (_, crypto) => {
  test('hands out plain bytes only', () => {
    const seed = new Uint8Array(32).fill(1)
    const sealed = crypto.aeadSeal(seed, seed.subarray(0, 12), seed, seed)
    const answers = [
      crypto.sha256(seed),
      crypto.hmac(seed, seed),
      crypto.hkdfExtract(seed, seed),
      crypto.hkdfExpand(seed, seed, 40),
      sealed,
      crypto.aeadOpen(seed, seed.subarray(0, 12), seed, sealed),
      crypto.edPublicKey(seed),
      crypto.sign(seed, seed),
      crypto.xPublicKey(seed),
      crypto.xShared(seed, crypto.xPublicKey(seed)),
    ]
    for (const answer of answers) expect(answer?.constructor).toBe(Uint8Array)
  })

  test('throws at keys of ours with a wrong length', () => {
    const short = new Uint8Array(31)
    const right = new Uint8Array(32)
    const nonce = new Uint8Array(12)
    expect(() => crypto.sign(short, right)).toThrow()
    expect(() => crypto.edPublicKey(short)).toThrow()
    expect(() => crypto.xPublicKey(short)).toThrow()
    expect(() => crypto.xShared(short, right)).toThrow()
    expect(() => crypto.aeadSeal(short, nonce, right, right)).toThrow()
    expect(() => crypto.aeadSeal(right, right, right, right)).toThrow()
    expect(() => crypto.aeadOpen(short, nonce, right, right)).toThrow()
    expect(() => crypto.aeadOpen(right, right, right, right)).toThrow()
  })

  test('answers keys and signatures of others with a wrong length', () => {
    const right = new Uint8Array(32).fill(3)
    const publicKey = crypto.edPublicKey(right)
    const signature = crypto.sign(right, right)
    for (const length of [0, 31, 33, 64]) {
      expect(crypto.xShared(right, new Uint8Array(length))).toBeUndefined()
      expect(crypto.admitKey(new Uint8Array(length))).toBe(false)
      expect(crypto.verify(new Uint8Array(length), right, signature)).toBe(false)
    }
    for (const length of [0, 63, 65]) {
      expect(crypto.verify(publicKey, right, new Uint8Array(length))).toBe(false)
    }
  })
})
