// The registry of labels (invariant I9): none twice, none the beginning of another, all of one form.
import { describe, expect, test } from 'vitest'

import { concat, toHex, utf8 } from '../../../src/base/bytes.ts'
import { hash } from '../../../src/crypto/hash.ts'
import { type Label, labelled, labels, prefixOf } from '../../../src/crypto/label.ts'
import { providers } from './providers.ts'

const all = Object.values(labels)

// Written out once more on purpose: a label that changes breaks every node that exists.
const registered = `access-commit account aead archive body card card-sig chain ck deposit device-list device-list-sig
  elect env envelope epoch epoch-commit epoch-seal exporter group hello hello-key hello-sig hint id
  identity invite-mac join-request join-sig keyring leader-join-sig leaf links mailbox mbx member members mk
  msg-sig prekey-id presence-sig reach-sig receipt-sig share share-request share-sig topic view welcome`

describe('labels', () => {
  test('are the registered ones', () => {
    expect([...all].sort()).toEqual(registered.split(/\s+/).map((name) => `coterie/1/${name}`))
  })

  test('are frozen and of one form', () => {
    expect(Object.isFrozen(labels)).toBe(true)
    for (const label of all) expect(label).toMatch(/^coterie\/1\/[a-z]+(-[a-z]+)*$/)
  })

  test('are used once each', () => {
    expect(new Set(all).size).toBe(all.length)
  })

  test('never begin one another, once the zero byte is appended', () => {
    const prefixes = all.map((label) => toHex(prefixOf(label)))
    for (const one of prefixes) {
      expect(prefixes.filter((other) => other.startsWith(one))).toEqual([one])
    }
    expect(all.filter((label) => label.startsWith(labels.epoch)).length).toBeGreaterThan(1)
  })

  test('outside the registry are refused', () => {
    expect(() => prefixOf('coterie/1/other' as Label)).toThrow(RangeError)
  })
})

describe.each(providers)('%s', (_, crypto) => {
  test('hashes a label, a zero byte and the parts', () => {
    const [first, second] = [utf8('first'), utf8('second')]
    const expected = crypto.sha256(utf8('coterie/1/id\0firstsecond'))
    expect(hash(crypto, labels.id, first, second)).toEqual(expected)
    expect(labelled(labels.id, first, second)).toEqual(utf8('coterie/1/id\0firstsecond'))
    expect(hash(crypto, labels.body, concat(first, second))).not.toEqual(expected)
  })
})
