// HPKE gives the answers of RFC 9180 and talks both ways with an independent implementation.
// Anything changed, cut or aimed at another purpose does not open.

import { Chacha20Poly1305 } from '@hpke/chacha20poly1305'
import { CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { type Bytes, EMPTY, concat, fromHex, toHex, utf8 } from '../../../src/base/bytes.ts'
import { openBase, sealBase } from '../../../src/crypto/hpke.ts'
import rfc9180 from '../../vectors/rfc9180-hpke-base.json' with { type: 'json' }
import { native, providers } from './providers.ts'

const hex = (text: string): Bytes => fromHex(text)!

const peer = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Chacha20Poly1305(),
})

/** Plain bytes in a buffer of their own, as the other implementation wants them. */
const owned = (bytes: Bytes): Uint8Array<ArrayBuffer> => new Uint8Array(bytes)

const key = fc.uint8Array({ minLength: 32, maxLength: 32 })
const some = fc.uint8Array({ maxLength: 100 })

describe.each(providers)('%s', (_, crypto) => {
  test('seals and opens as RFC 9180 does', () => {
    const { enc, ciphertext } = sealBase(
      crypto,
      hex(rfc9180.recipientPublic),
      hex(rfc9180.info),
      hex(rfc9180.aad),
      hex(rfc9180.plaintext),
      hex(rfc9180.ephemeralSecret),
    )
    expect(toHex(enc)).toBe(rfc9180.enc)
    expect(toHex(ciphertext)).toBe(rfc9180.ciphertext)
    const opened = openBase(
      crypto,
      hex(rfc9180.recipientSecret),
      enc,
      hex(rfc9180.info),
      hex(rfc9180.aad),
      ciphertext,
    )
    expect(toHex(opened!)).toBe(rfc9180.plaintext)
  })

  test('opens what another implementation sealed, and the other way round', async () => {
    const check = fc.asyncProperty(
      key,
      key,
      some,
      some,
      some,
      async (to, from, info, aad, text) => {
        const recipient = {
          privateKey: await peer.kem.importKey('raw', owned(to), false),
          publicKey: await peer.kem.importKey('raw', owned(crypto.xPublicKey(to)), true),
        }
        const theirs = await peer.seal(
          { recipientPublicKey: recipient.publicKey, info: owned(info) },
          owned(text),
          owned(aad),
        )
        const { enc, ct } = { enc: new Uint8Array(theirs.enc), ct: new Uint8Array(theirs.ct) }
        expect(openBase(crypto, to, enc, info, aad, ct)).toEqual(text)

        const ours = sealBase(crypto, crypto.xPublicKey(to), info, aad, text, from)
        const opened = await peer.open(
          { recipientKey: recipient, enc: owned(ours.enc), info: owned(info) },
          owned(ours.ciphertext),
          owned(aad),
        )
        expect(new Uint8Array(opened)).toEqual(text)
      },
    )
    await fc.assert(check, { numRuns: 15 })
  })
})

describe('what was sealed', () => {
  const secret = new Uint8Array(32).fill(7)
  const info = utf8('purpose')
  const aad = utf8('header')
  const plaintext = utf8('thirty-two bytes of epoch secret')
  const ephemeral = new Uint8Array(32).fill(9)
  const sealed = sealBase(native, native.xPublicKey(secret), info, aad, plaintext, ephemeral)

  test('has 80 bytes for a secret of 32', () => {
    expect(concat(sealed.enc, sealed.ciphertext).length).toBe(80)
  })

  test('does not open for another key, purpose or header', () => {
    const { enc, ciphertext } = sealed
    expect(openBase(native, ephemeral, enc, info, aad, ciphertext)).toBeUndefined()
    expect(openBase(native, secret, enc, aad, aad, ciphertext)).toBeUndefined()
    expect(openBase(native, secret, enc, info, info, ciphertext)).toBeUndefined()
  })

  test('does not open after any bit is flipped', () => {
    const whole = concat(sealed.enc, sealed.ciphertext)
    for (let bit = 0; bit < whole.length * 8; bit++) {
      // X25519 ignores the highest bit of a key; the key schedule, over the same bytes, does not.
      const flipped = whole.slice()
      flipped[bit >>> 3]! ^= 1 << (bit & 7)
      const [enc, ciphertext] = [flipped.subarray(0, 32), flipped.subarray(32)]
      expect(openBase(native, secret, enc, info, aad, ciphertext)).toBeUndefined()
    }
  })

  test('does not open when cut, and hostile keys are answered', () => {
    const { enc, ciphertext } = sealed
    for (const wrong of [EMPTY, enc.subarray(1), concat(enc, enc), new Uint8Array(32)]) {
      expect(openBase(native, secret, wrong, info, aad, ciphertext)).toBeUndefined()
    }
    for (let length = 0; length < ciphertext.length; length++) {
      const cut = ciphertext.subarray(0, length)
      expect(openBase(native, secret, enc, info, aad, cut)).toBeUndefined()
    }
  })

  test('cannot be made for a key of small order', () => {
    const seal = () => sealBase(native, new Uint8Array(32), info, aad, plaintext, ephemeral)
    expect(seal).toThrow(RangeError)
  })
})
