// An envelope shows outsiders one of nine sizes and random bytes, and opens under one key only.
import { describe, expect, test } from 'vitest'

import { type Bytes, concat, u32 } from '../../../../src/base/bytes.ts'
import { encode } from '../../../../src/codec/canonical.ts'
import {
  type EnvelopeContent,
  envelopeFits,
  envelopeSizeFor,
  hintOf,
  openEnvelope,
  sealEnvelope,
} from '../../../../src/core/epoch/envelope.ts'
import { labelled, labels } from '../../../../src/crypto/label.ts'
import { bytesOf, crypto, entropy, flipped, reasonOf, valueOf } from '../people.ts'

const envKey = bytesOf('env')
const message = { header: bytesOf('header'), signature: new Uint8Array(64), body: bytesOf('body') }
const one: EnvelopeContent = { kind: 'messages', messages: [message], told: [1, 9] }
const presence: EnvelopeContent = { kind: 'presence', presence: bytesOf('presence') }
const sealed = valueOf(sealEnvelope(entropy(1), envKey, one))

test('what was sealed opens again', () => {
  const three: EnvelopeContent = {
    kind: 'messages',
    messages: [message, message, message],
    told: [],
  }
  for (const content of [one, three, presence]) {
    const envelope = valueOf(sealEnvelope(entropy(2), envKey, content))
    expect(valueOf(openEnvelope(crypto, envKey, envelope))).toEqual(content)
  }
})

test('sizes are 512 bytes to 128 KiB, each twice the one before', () => {
  const sizes = new Set<number>()
  for (let length = 0; length <= 131_072 - 44; length += 11) sizes.add(envelopeSizeFor(length) ?? 0)
  expect([...sizes]).toEqual([512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536, 131_072])
  expect(envelopeSizeFor(512 - 44)).toBe(512)
  expect(envelopeSizeFor(512 - 43)).toBe(1_024)
  expect(envelopeSizeFor(131_072 - 44)).toBe(131_072)
  expect(envelopeSizeFor(131_072 - 43)).toBeUndefined()
  expect(sealed.length).toBe(512)
})

test('what does not fit is left to anti-entropy', () => {
  const large = { ...message, body: new Uint8Array(131_072) }
  const content: EnvelopeContent = { kind: 'messages', messages: [large], told: [] }
  expect(reasonOf(sealEnvelope(entropy(1), envKey, content))).toBe('envelope-too-large')
  const many: EnvelopeContent = { kind: 'messages', messages: Array(257).fill(message), told: [] }
  expect(reasonOf(sealEnvelope(entropy(1), envKey, many))).toBe('envelope-too-large')
})

test('the hint finds the key', () => {
  expect(envelopeFits(crypto, envKey, sealed)).toBe(true)
  expect(envelopeFits(crypto, bytesOf('other'), sealed)).toBe(false)
  expect(envelopeFits(crypto, envKey, sealed.subarray(1))).toBe(false)
  expect(reasonOf(openEnvelope(crypto, bytesOf('other'), sealed))).toBe('envelope-hint')
})

/** Seals any padded plaintext, as a member with the key could. */
function forged(padded: Bytes): Bytes {
  const salt = bytesOf('salt').subarray(0, 16)
  const keys = crypto.hkdfExpand(envKey, labelled(labels.env, salt), 44)
  const head = concat(hintOf(crypto, envKey, salt), salt)
  return concat(head, crypto.aeadSeal(keys.subarray(0, 32), keys.subarray(32), head, padded))
}

/** A plaintext with its length, padded with zeros to an envelope of that size. */
function padded(encoded: Bytes, size = 512): Bytes {
  return concat(u32(encoded.length), encoded, new Uint8Array(size - 44 - encoded.length))
}

describe('an envelope is refused for', () => {
  const valid = encode([1, bytesOf('presence')])
  const fields = [message.header, message.signature, message.body]

  test('nothing, when it is forged well', () => {
    expect(openEnvelope(crypto, envKey, forged(padded(valid))).ok).toBe(true)
  })

  test.each([
    ['no bytes', 'envelope-size', new Uint8Array(0)],
    ['half the least size', 'envelope-size', new Uint8Array(256)],
    ['a size between two', 'envelope-size', new Uint8Array(1_536)],
    ['twice the greatest size', 'envelope-size', new Uint8Array(262_144)],
    ['a changed hint', 'envelope-hint', flipped(sealed, 3)],
    ['a changed salt', 'envelope-hint', flipped(sealed, 8 * 8)],
    ['a changed ciphertext', 'envelope-unopenable', flipped(sealed, 8 * 100)],
    ['a larger size than needed', 'envelope-padding', forged(padded(valid, 1_024))],
    ['a length beyond its end', 'envelope-padding', forged(concat(u32(600), new Uint8Array(468)))],
    ['a huge length', 'envelope-padding', forged(concat(u32(2 ** 32 - 1), new Uint8Array(468)))],
    ['padding that is not zero', 'envelope-padding', forged(flipped(padded(valid), 8 * 400))],
    ['nothing inside', 'envelope-malformed', forged(padded(new Uint8Array(0)))],
    ['an unknown kind', 'envelope-malformed', forged(padded(encode([2, valid])))],
    [
      'a presence too long',
      'envelope-malformed',
      forged(padded(encode([1, new Uint8Array(2_049)]), 4_096)),
    ],
    ['no messages', 'envelope-malformed', forged(padded(encode([0, [], []])))],
    [
      'a message without signature',
      'envelope-malformed',
      forged(padded(encode([0, [fields.with(1, new Uint8Array(0))], []]))),
    ],
    ['a field too many', 'envelope-malformed', forged(padded(encode([0, [[...fields, 1]], []])))],
    ['no word of whom it reaches', 'envelope-malformed', forged(padded(encode([0, [fields]])))],
    ['the same member twice', 'envelope-malformed', forged(padded(encode([0, [fields], [4, 4]])))],
    ['members out of order', 'envelope-malformed', forged(padded(encode([0, [fields], [5, 4]])))],
  ])('%s: %s', (_, reason, envelope) => {
    expect(reasonOf(openEnvelope(crypto, envKey, envelope))).toBe(reason)
  })
})
