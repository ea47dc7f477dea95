// Both providers give the published answers of FIPS 180, RFC 4231, 5869, 7748, 8032 and 8439.
import { describe, expect, test } from 'vitest'

import { type Bytes, concat, fromHex, toHex } from '../../../src/base/bytes.ts'
import aead from '../../vectors/rfc8439-chacha20-poly1305.json' with { type: 'json' }
import ed25519 from '../../vectors/rfc8032-ed25519.json' with { type: 'json' }
import hkdf from '../../vectors/rfc5869-hkdf.json' with { type: 'json' }
import hmac from '../../vectors/rfc4231-hmac.json' with { type: 'json' }
import sha256 from '../../vectors/fips180-sha256.json' with { type: 'json' }
import x25519 from '../../vectors/rfc7748-x25519.json' with { type: 'json' }
import { providers } from './providers.ts'

const hex = (text: string): Bytes => fromHex(text)!

describe.each(providers)('%s', (_, crypto) => {
  test.each(sha256.vectors)('SHA-256 of $message', ({ message, hash }) => {
    expect(toHex(crypto.sha256(hex(message)))).toBe(hash)
    expect(toHex(crypto.sha256(hex(message.slice(0, 2)), hex(message.slice(2))))).toBe(hash)
  })

  test('SHA-256 of no part is that of the empty message', () => {
    expect(toHex(crypto.sha256())).toBe(sha256.vectors[0]?.hash)
  })

  test.each(hmac.vectors)('HMAC $name', ({ key, message, tag }) => {
    expect(toHex(crypto.hmac(hex(key), hex(message)))).toBe(tag)
    expect(toHex(crypto.hmac(hex(key), hex(message.slice(0, 2)), hex(message.slice(2))))).toBe(tag)
  })

  test.each(hkdf.vectors)('HKDF $name', ({ inputKey, salt, info, length, prk, output }) => {
    expect(toHex(crypto.hkdfExtract(hex(salt), hex(inputKey)))).toBe(prk)
    expect(toHex(crypto.hkdfExpand(hex(prk), hex(info), length))).toBe(output)
  })

  test('HKDF gives at most 8,160 bytes', () => {
    const prk = new Uint8Array(32)
    expect(crypto.hkdfExpand(prk, prk, 0)).toEqual(new Uint8Array(0))
    expect(crypto.hkdfExpand(prk, prk, 8_160).length).toBe(8_160)
    expect(() => crypto.hkdfExpand(prk, prk, 8_161)).toThrow(RangeError)
  })

  test.each(ed25519.vectors)('Ed25519 $name', ({ seed, publicKey, message, signature }) => {
    expect(toHex(crypto.edPublicKey(hex(seed)))).toBe(publicKey)
    expect(toHex(crypto.sign(hex(seed), hex(message)))).toBe(signature)
    expect(crypto.verify(hex(publicKey), hex(message), hex(signature))).toBe(true)
  })

  test.each(x25519.scalarMultiplication)('X25519 of $scalar', ({ scalar, u, result }) => {
    expect(toHex(crypto.xShared(hex(scalar), hex(u))!)).toBe(result)
  })

  test('X25519 iterated', () => {
    const { start, once, thousandTimes } = x25519.iterated
    let scalar = hex(start)
    let u = hex(start)
    for (let round = 1; round <= 1_000; round++) {
      const next = crypto.xShared(scalar, u)!
      u = scalar
      scalar = next
      if (round === 1) expect(toHex(scalar)).toBe(once)
    }
    expect(toHex(scalar)).toBe(thousandTimes)
  })

  test('X25519 agreement', () => {
    const { secretA, publicA, secretB, publicB, shared } = x25519.agreement
    expect(toHex(crypto.xPublicKey(hex(secretA)))).toBe(publicA)
    expect(toHex(crypto.xPublicKey(hex(secretB)))).toBe(publicB)
    expect(toHex(crypto.xShared(hex(secretA), hex(publicB))!)).toBe(shared)
    expect(toHex(crypto.xShared(hex(secretB), hex(publicA))!)).toBe(shared)
  })

  test('ChaCha20-Poly1305', () => {
    const [key, nonce, aad] = [hex(aead.key), hex(aead.nonce), hex(aead.aad)] as const
    const sealed = concat(hex(aead.ciphertext), hex(aead.tag))
    expect(crypto.aeadSeal(key, nonce, aad, hex(aead.plaintext))).toEqual(sealed)
    expect(crypto.aeadOpen(key, nonce, aad, sealed)).toEqual(hex(aead.plaintext))
  })
})
