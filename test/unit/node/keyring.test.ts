// A sealed value opens for its own key in the store, under its own keyring, unchanged; else not at all.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSystemCrypto } from '../../../src/adapters/system/crypto.ts'
import { systemRandom } from '../../../src/adapters/system/random.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import { createKeyring } from '../../../src/node/keyring.ts'

const crypto = createSystemCrypto()
const make = (key = systemRandom(32)) => createKeyring({ key, crypto, random: systemRandom })
const place = utf8('a place')

test('what was sealed opens, for every value', () => {
  const keyring = make()
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (key, value) => {
      const sealed = keyring.seal(key, value)
      expect(keyring.open(key, sealed)).toEqual(value)
    }),
  )
})

test('the same value is never sealed alike, and does not show', () => {
  const keyring = make()
  const value = utf8('the same secret value, long enough to be found')
  const [first, second] = [keyring.seal(place, value), keyring.seal(place, value)]
  expect(first).not.toEqual(second)
  expect(Buffer.from(first).includes(Buffer.from(value))).toBe(false)
})

test('a value that was moved, changed or cut does not open', () => {
  const keyring = make()
  const sealed = keyring.seal(place, utf8('secret'))
  expect(keyring.open(utf8('another'), sealed)).toBeUndefined()
  for (let at = 0; at < sealed.length; at++) {
    const changed = sealed.slice()
    changed[at] = (changed[at] ?? 0) ^ 1
    expect(keyring.open(place, changed)).toBeUndefined()
    expect(keyring.open(place, sealed.subarray(0, at))).toBeUndefined()
  }
})

test('another keyring opens nothing, the same key again opens everything', () => {
  const key = systemRandom(32)
  const sealed = make(key).seal(place, utf8('secret'))
  expect(make(key).open(place, sealed)).toEqual(utf8('secret'))
  expect(make().open(place, sealed)).toBeUndefined()
  expect(() => make(systemRandom(31))).toThrow(RangeError)
})
