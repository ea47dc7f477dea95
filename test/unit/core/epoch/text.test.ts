// Texts under a chain of keys: each opens once, under its own header and key, and nowhere else.
import { describe, expect, test } from 'vitest'

import { type Bytes, toHex, utf8 } from '../../../../src/base/bytes.ts'
import { encode } from '../../../../src/codec/canonical.ts'
import {
  type Chains,
  createChains,
  forgetChain,
  forgetEpoch,
  messageKeyAt,
} from '../../../../src/core/epoch/chain.ts'
import { messageKeyOf, nextChainKey, textKeysOf } from '../../../../src/core/epoch/schedule.ts'
import { type Content, encodeContent, openText, sealText } from '../../../../src/core/epoch/text.ts'
import { topicOf } from '../../../../src/core/epoch/topic.ts'
import { bytesOf, crypto, reasonOf, valueOf } from '../people.ts'

const messageKey = bytesOf('message key')
const salt = bytesOf('salt').subarray(0, 16)
const prefix = bytesOf('prefix')
const keys = textKeysOf(crypto, messageKey, salt)
const hello: Content = { contentType: 'text/plain', payload: utf8('hello') }
const body = sealText(crypto, keys, prefix, valueOf(encodeContent(hello)))
const sealed = { messageKey, salt, keyCommit: keys.keyCommit, prefix, body }

describe('a text', () => {
  test('opens as it was sealed', () => {
    expect(valueOf(openText(crypto, sealed))).toEqual(hello)
    const png = { contentType: 'image/png', payload: new Uint8Array(0) }
    const other = sealText(crypto, keys, prefix, valueOf(encodeContent(png)))
    expect(valueOf(openText(crypto, { ...sealed, body: other }))).toEqual(png)
  })

  test('plain text costs no content type', () => {
    expect(valueOf(encodeContent(hello))).toEqual(encode(['', hello.payload]))
  })

  test.each([
    ['another key', 'key-commit-mismatch', { messageKey: bytesOf('other') }],
    ['another salt', 'key-commit-mismatch', { salt: bytesOf('other').subarray(0, 16) }],
    ['another commitment', 'key-commit-mismatch', { keyCommit: bytesOf('other') }],
    ['no commitment', 'key-commit-mismatch', { keyCommit: new Uint8Array(0) }],
    ['another prefix', 'text-unopenable', { prefix: bytesOf('other') }],
    ['a body cut short', 'text-unopenable', { body: body.subarray(1) }],
    ['no body', 'text-unopenable', { body: new Uint8Array(0) }],
  ])('does not open with %s: %s', (_, reason, change) => {
    expect(reasonOf(openText(crypto, { ...sealed, ...change }))).toBe(reason)
  })

  test.each([
    ['a type spelled out that has a shorter spelling', ['text/plain', hello.payload]],
    ['a field too many', ['', hello.payload, 1]],
    ['text for a payload', ['', 'hello']],
    ['a type of 257 bytes', ['x'.repeat(257), hello.payload]],
  ])('with %s is malformed', (_, value) => {
    const forged = sealText(crypto, keys, prefix, encode(value))
    expect(reasonOf(openText(crypto, { ...sealed, body: forged }))).toBe('content-malformed')
  })

  test.each([
    ['content-type-invalid', { ...hello, contentType: 'x'.repeat(257) }],
    ['content-type-invalid', { ...hello, contentType: 'e\u0301' }],
    ['content-type-invalid', { ...hello, contentType: '\ud800' }],
    ['text-too-large', { ...hello, payload: new Uint8Array(65_536) }],
    ['text-too-large', { ...hello, payload: new Uint8Array(65_520) }],
  ])('is not sealed: %s', (reason, content) => {
    expect(reasonOf(encodeContent(content))).toBe(reason)
  })

  test('of the greatest size fills a body exactly', () => {
    const content = valueOf(encodeContent({ ...hello, payload: new Uint8Array(65_515) }))
    expect(sealText(crypto, keys, prefix, content).length).toBe(65_536)
    expect(encodeContent({ ...hello, payload: new Uint8Array(65_516) }).ok).toBe(false)
  })
})

describe('a chain', () => {
  const first = bytesOf('first')
  const expected: string[] = []
  for (let gen = 0, key = first; gen < 300; gen++, key = nextChainKey(crypto, key)) {
    expected.push(toHex(messageKeyOf(crypto, key)))
  }
  const at = (
    chains: Chains,
    gen: number,
    options: { verified?: number; first?: Bytes; epoch?: string } = {},
  ): string => {
    const { verified = 300, epoch = 'e' } = options
    const place = { epoch, member: 'm', gen, verified, first: () => options.first ?? first }
    const key = messageKeyAt(crypto, chains, place)
    return key.ok ? toHex(key.value) : key.error
  }

  test('gives the same keys in any order', () => {
    const orders = [
      expected.map((_, gen) => gen),
      expected.map((_, gen) => 299 - gen),
      expected.map((_, gen) => (gen * 97) % 300),
      [0, 0, 64, 63, 65, 128, 127, 1, 299, 64, 192, 191, 193, 0],
    ]
    for (const order of orders) {
      const chains = createChains(4)
      expect(order.map((gen) => at(chains, gen))).toEqual(order.map((gen) => expected[gen]))
    }
  })

  test('leaves the first key that it was given as it is', () => {
    const given = bytesOf('first')
    const chains = createChains(4)
    at(chains, 200, { first: given })
    forgetEpoch(chains, 'e')
    expect(given).toEqual(bytesOf('first'))
  })

  test('is never run further than 1,024 beyond what is verified', () => {
    const chains = createChains(4)
    expect(at(chains, 1_024, { verified: 0 })).toBe('generation-too-far')
    expect(at(chains, 1_023, { verified: 0 })).not.toBe('generation-too-far')
    expect(at(chains, 4_294_967_295, { verified: 300 })).toBe('generation-too-far')
  })

  test('is gone when its first key is gone and it has been forgotten', () => {
    const chains = createChains(4)
    const place = { epoch: 'e', member: 'm', gen: 3, verified: 9, first: () => undefined }
    expect(reasonOf(messageKeyAt(crypto, chains, place))).toBe('chain-missing')
    at(chains, 3)
    expect(messageKeyAt(crypto, chains, place).ok).toBe(true)
    forgetChain(chains, 'e', 'm')
    expect(reasonOf(messageKeyAt(crypto, chains, place))).toBe('chain-missing')
    at(chains, 3)
    forgetEpoch(chains, 'f')
    expect(messageKeyAt(crypto, chains, place).ok).toBe(true)
    forgetEpoch(chains, 'e')
    expect(reasonOf(messageKeyAt(crypto, chains, place))).toBe('chain-missing')
  })

  test('is kept within bounds, the latest used first', () => {
    const chains = createChains(2)
    for (const epoch of ['a', 'b', 'a', 'c']) at(chains, 70, { epoch })
    expect([...chains.held.keys()]).toEqual(['a/m', 'c/m'])
    expect(at(chains, 69, { epoch: 'b' })).toBe(expected[69])
  })
})

test('the topic is 64 hex digits that depend on the access key', () => {
  expect(topicOf(crypto, bytesOf('one'))).toMatch(/^[0-9a-f]{64}$/)
  expect(topicOf(crypto, bytesOf('one'))).not.toBe(topicOf(crypto, bytesOf('two')))
})
