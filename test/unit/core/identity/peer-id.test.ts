// The peer id of a transport key is what libp2p prints for it.
import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { peerIdOf, transportKeyOf } from '../../../../src/core/identity/peer-id.ts'
import { crypto } from '../people.ts'

const keys = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((seed) => crypto.edPublicKey(seed))

test('equals the text that libp2p makes, and leads back to the key', () => {
  fc.assert(
    fc.property(keys, (key) => {
      const text = peerIdOf(key)
      expect(text).toBe(peerIdFromPublicKey(publicKeyFromRaw(key)).toString())
      expect(transportKeyOf(text)).toEqual(key)
    }),
  )
})

test.each([
  '',
  '1',
  '12D3KooW',
  'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N',
  '0OIl',
  '1'.repeat(53),
  `${peerIdOf(new Uint8Array(32))}1`,
  peerIdOf(new Uint8Array(32)).slice(1),
])('%j is no peer id of a transport key', (text) => {
  expect(transportKeyOf(text)).toBeUndefined()
})

test('any text is read without throwing, and what is read prints the same', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), (text) => {
      const key = transportKeyOf(text)
      if (key !== undefined) expect(peerIdOf(key)).toBe(text)
    }),
  )
})
