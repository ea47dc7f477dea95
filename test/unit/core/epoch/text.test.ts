// Texts under a chain of keys: each opens once, under its own header and key, and nowhere else.
import { describe, expect, test } from 'vitest'

import { toHex, utf8 } from '../../../../src/base/bytes.ts'
import { encode } from '../../../../src/codec/canonical.ts'
import { type Chain, messageKeyAt, movePast } from '../../../../src/core/epoch/chain.ts'
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
  const keys: string[] = []
  for (let gen = 0, key = bytesOf('first'); gen < 300; gen++, key = nextChainKey(crypto, key)) {
    keys.push(toHex(messageKeyOf(crypto, key)))
  }
  const fresh = (): Chain => ({ gen: 0, key: bytesOf('first').slice() })
  const at = (chain: Chain, gen: number): string => {
    const key = messageKeyAt(crypto, chain, gen)
    return key.ok ? toHex(key.value) : key.error
  }

  test('gives every key from where it stands on, in any order, and stays there', () => {
    const chain = fresh()
    for (const gen of [0, 64, 63, 299, 0, 128]) expect(at(chain, gen)).toBe(keys[gen])
    expect(chain).toEqual(fresh())
  })

  test('never gives a key again that it has passed', () => {
    const chain = fresh()
    movePast(crypto, chain, 9)
    expect(at(chain, 10)).toBe(keys[10])
    for (const gen of [0, 5, 9]) expect(at(chain, gen)).toBe('generation-erased')
    movePast(crypto, chain, 3)
    expect(chain.gen).toBe(10)
    expect(at(chain, 299)).toBe(keys[299])
  })

  test('wipes the key that it leaves', () => {
    const chain = fresh()
    const left = chain.key
    movePast(crypto, chain, 0)
    expect(left).toEqual(new Uint8Array(32))
    expect(at(chain, 1)).toBe(keys[1])
  })
})

test('the topic is 64 hex digits that depend on the access key', () => {
  expect(topicOf(crypto, bytesOf('one'))).toMatch(/^[0-9a-f]{64}$/)
  expect(topicOf(crypto, bytesOf('one'))).not.toBe(topicOf(crypto, bytesOf('two')))
})
