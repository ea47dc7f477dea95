// The rows, the keyring and the sealing of tests themselves: if these lie, every simulation lies.

import { describe, expect, it } from 'vitest'

import { createMemoryKeyring } from '../../../../src/adapters/memory/keyring.ts'
import { Rows } from '../../../../src/adapters/memory/rows.ts'
import { createMemoryStore } from '../../../../src/adapters/memory/store.ts'
import { concat, u32 } from '../../../../src/base/bytes.ts'
import { SeededRandom } from '../../../../src/base/random.ts'

const row = (i: number) => ({ key: u32(i), value: u32(i) })
const everything = { from: new Uint8Array(0), to: Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff) }

describe('rows in memory', () => {
  it.each(['rising', 'falling', 'shuffled'])('stay sorted over many blocks: %s', (order) => {
    const count = 5_000
    const rising = Array.from({ length: count }, (_, i) => i)
    const numbers =
      order === 'rising'
        ? rising
        : order === 'falling'
          ? rising.toReversed()
          : new SeededRandom(1).shuffle(rising)
    const rows = new Rows()
    rows.apply(numbers.map(row))
    expect(rows.size).toBe(count)
    expect(rows.all()).toEqual(rising.map(row))
    expect(rows.read({ ...everything, reverse: true })).toEqual(rising.toReversed().map(row))
    rows.apply(rising.filter((i) => i % 3 > 0).map((i) => ({ key: u32(i), value: null })))
    expect(rows.all()).toEqual(rising.filter((i) => i % 3 === 0).map(row))
    expect(rows.size).toBe(rows.all().length)
  })

  it('outlive the store that was opened over them', () => {
    const rows = new Rows()
    createMemoryStore({ rows }).write([row(1)], () => {})
    createMemoryStore({ rows }).read([everything], (_, results) => {
      expect(results).toEqual([[row(1)]])
    })
  })
})

describe('the keyring in memory', () => {
  it('opens what it sealed for that key and nothing else', () => {
    const keyring = createMemoryKeyring()
    const [key, other, value] = [u32(1), u32(2), concat(u32(3), u32(4))]
    const sealed = keyring.seal(key, value)
    expect(keyring.open(key, sealed)).toEqual(value)
    expect(keyring.open(other, sealed)).toBeUndefined()
    expect(keyring.open(key, value)).toBeUndefined()
    expect(keyring.open(key, new Uint8Array(0))).toBeUndefined()
    expect(sealed).not.toEqual(value)
  })
})
