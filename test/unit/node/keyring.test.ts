// A sealed value opens for its own key in the store, under its own keyring, unchanged; else not at all.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSystemCrypto } from '../../../src/adapters/system/crypto.ts'
import { systemRandom } from '../../../src/adapters/system/random.ts'
import { type Bytes, concat, utf8 } from '../../../src/base/bytes.ts'
import { Space, key } from '../../../src/core/storage.ts'
import { type WrappingKey, WrappingKeyring, wrappingKeyOf } from '../../../src/node/keyring.ts'

const crypto = createSystemCrypto()
const make = (keys: readonly WrappingKey[] = []) =>
  new WrappingKeyring({ keys, crypto, random: systemRandom })
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

test('another keyring opens nothing, one with the same wrapping keys opens everything', () => {
  const keyring = make()
  const sealed = keyring.seal(place, utf8('secret'))
  expect(make(keyring.keys).open(place, sealed)).toEqual(utf8('secret'))
  expect(make().open(place, sealed)).toBeUndefined()
})

describe('a scope', () => {
  const group = (number: number, kind: number, id: number): Bytes =>
    key(Space.secret, number, concat(Uint8Array.of(kind), new Uint8Array(32).fill(id)))

  test('is destroyed alone, and what is written after it was retired is not', () => {
    const keyring = make()
    const [one, two] = [group(1, 2, 1), group(1, 2, 2)]
    const [before, other] = [keyring.seal(one, utf8('old')), keyring.seal(two, utf8('other'))]
    const retired = keyring.retire([one])
    const after = keyring.seal(one, utf8('new'))
    expect(keyring.open(one, before)).toEqual(utf8('old'))
    keyring.destroy(retired)
    expect(keyring.open(one, before)).toBeUndefined()
    expect(keyring.open(one, after)).toEqual(utf8('new'))
    expect(keyring.open(two, other)).toEqual(utf8('other'))
    expect(keyring.keys).toHaveLength(2)
  })

  test('of the archive is one for each group', () => {
    const keyring = make()
    const rows = [1, 1, 2].map((number, i) => key(Space.archive, number, 0, i))
    const sealed = rows.map((row) => keyring.seal(row, utf8('text')))
    keyring.destroy(keyring.retire(rows.slice(0, 1)))
    expect(rows.map((row, i) => keyring.open(row, sealed[i] ?? place))).toEqual([
      undefined,
      undefined,
      utf8('text'),
    ])
  })

  test('that no stored value names is dropped, in the spaces that are asked about only', () => {
    const keyring = make()
    const kept = keyring.seal(group(1, 1, 1), utf8('kept'))
    keyring.seal(group(1, 1, 2), utf8('left behind'))
    keyring.seal(key(Space.archive, 1, 0, 0), utf8('text'))
    keyring.retain([Space.secret], new Set([wrappingKeyOf(kept) ?? '']))
    expect(keyring.keys.map(({ scope }) => scope[0])).toEqual([Space.secret, Space.archive])
    expect(keyring.open(group(1, 1, 1), kept)).toEqual(utf8('kept'))
  })

  test('never has a new key that is not said to be unsaved', () => {
    const keyring = make()
    expect(keyring.changed).toBe(false)
    keyring.seal(place, utf8('secret'))
    expect(keyring.changed).toBe(true)
    keyring.save(() => undefined)
    expect(keyring.changed).toBe(false)
    keyring.seal(place, utf8('another'))
    expect(keyring.changed).toBe(false)
    keyring.destroy(keyring.retire([place]))
    expect(keyring.changed).toBe(true)
  })
})
