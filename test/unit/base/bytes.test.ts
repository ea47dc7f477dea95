// Bytes and their spellings: every spelling is read back to the same bytes, and only that one.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import * as bytes from '../../../src/base/bytes.ts'

const anyBytes = fc.uint8Array({ maxLength: 100 })

describe('hex', () => {
  test('is lower case, two digits a byte', () => {
    expect(bytes.toHex(Uint8Array.of(0, 1, 0xab, 0xff))).toBe('0001abff')
    expect(bytes.toHex(bytes.EMPTY)).toBe('')
  })

  test('is read in either case', () => {
    expect(bytes.fromHex('00aBFf')).toEqual(Uint8Array.of(0, 0xab, 0xff))
  })

  test.each(['0', '0g', ' 00', '0x00', '00 ', '-1', 'é0', '\u{1d7d8}'])('refuses %j', (text) => {
    expect(bytes.fromHex(text)).toBeUndefined()
  })

  test('agrees with Node', () => {
    fc.assert(
      fc.property(anyBytes, (some) => {
        const hex = bytes.toHex(some)
        expect(hex).toBe(Buffer.from(some).toString('hex'))
        expect(bytes.fromHex(hex)).toEqual(some)
      }),
    )
  })
})

describe('base64url', () => {
  test('agrees with Node', () => {
    fc.assert(
      fc.property(anyBytes, (some) => {
        const encoded = bytes.toBase64url(some)
        expect(encoded).toBe(Buffer.from(some).toString('base64url'))
        expect(bytes.fromBase64url(encoded)).toEqual(some)
      }),
    )
  })

  test('has one spelling: what is read is written back the same', () => {
    const near = fc.stringMatching(/^[A-Za-z0-9_=+/-]{0,8}$/)
    fc.assert(
      fc.property(near, (text) => {
        const read = bytes.fromBase64url(text)
        if (read !== undefined) expect(bytes.toBase64url(read)).toBe(text)
      }),
      { numRuns: 2_000 },
    )
  })

  test.each(['A', 'AB', 'AAB', 'AA==', 'A+', 'A/', 'AA AA', 'AAAAA', 'ÄA'])(
    'refuses %j',
    (text) => {
      expect(bytes.fromBase64url(text)).toBeUndefined()
    },
  )
})

describe('utf-8', () => {
  test('is read back to the same text, byte order mark included', () => {
    for (const text of ['', 'ada', 'Grüße', '\u{1f600}', '\ufeffmark']) {
      expect(bytes.text(bytes.utf8(text))).toBe(text)
    }
  })

  test.each([[[0xff]], [[0xc0, 0x80]], [[0xed, 0xa0, 0x80]], [[0xe2, 0x82]]])(
    'refuses %j',
    (wrong) => {
      expect(bytes.text(Uint8Array.from(wrong))).toBeUndefined()
    },
  )
})

describe('integers', () => {
  test('are big-endian', () => {
    expect(bytes.u32(0x1d3f92d1)).toEqual(Uint8Array.of(0x1d, 0x3f, 0x92, 0xd1))
    expect(bytes.u64(0x1d3f92d1)).toEqual(Uint8Array.of(0, 0, 0, 0, 0x1d, 0x3f, 0x92, 0xd1))
    expect(bytes.toHex(bytes.u64(Number.MAX_SAFE_INTEGER))).toBe('001fffffffffffff')
  })

  test('agree with a DataView', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat(0xffff_ffff), (large, small) => {
        const view = new DataView(new ArrayBuffer(12))
        view.setBigUint64(0, BigInt(large))
        view.setUint32(8, small)
        expect(bytes.concat(bytes.u64(large), bytes.u32(small))).toEqual(
          new Uint8Array(view.buffer),
        )
        expect(bytes.readU32(new Uint8Array(view.buffer), 8)).toBe(small)
      }),
    )
  })

  test.each([-1, 0.5, 2 ** 32, Number.NaN])('of 32 bits refuse %d', (wrong) => {
    expect(() => bytes.u32(wrong)).toThrow(RangeError)
  })

  test.each([-1, 0.5, 2 ** 53, Number.NaN])('of 64 bits refuse %d', (wrong) => {
    expect(() => bytes.u64(wrong)).toThrow(RangeError)
  })

  test('are not read beyond the end', () => {
    expect(() => bytes.readU32(new Uint8Array(6), 3)).toThrow(RangeError)
  })
})

describe('comparing', () => {
  test('is lexicographic, a prefix first', () => {
    const sorted = ['', '00', '0001', '01', '0100', 'ff'].map((hex) => bytes.fromHex(hex)!)
    const shuffled = [4, 1, 5, 0, 3, 2].map((index) => sorted[index]!)
    expect(shuffled.sort(bytes.compare)).toEqual(sorted)
  })

  test('of order and of sameness agree', () => {
    fc.assert(
      fc.property(anyBytes, anyBytes, (a, b) => {
        const same = bytes.compare(a, b) === 0
        expect(bytes.equal(a, b)).toBe(same)
        expect(bytes.equalSecret(a, b)).toBe(same)
        expect(bytes.equal(a, a.slice())).toBe(true)
        expect(bytes.equalSecret(a, a.slice())).toBe(true)
        expect(Math.sign(bytes.compare(a, b))).toBe(-Math.sign(bytes.compare(b, a)) + 0)
      }),
    )
  })
})

test('joining copies', () => {
  const part = Uint8Array.of(1, 2)
  const joined = bytes.concat(part, bytes.EMPTY, Uint8Array.of(3))
  part[0] = 9
  expect(joined).toEqual(Uint8Array.of(1, 2, 3))
})
