// The encoding is a bijection between values and the bytes that are accepted (invariants I1, I41).
// cborg's own encoder is the oracle for what we write, its decoder with encoding again the one for
// what we read; mutation and noise are for what we refuse.

import { decode as cborgDecode, encode as cborgEncode } from 'cborg'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  type Bytes,
  concat,
  equal,
  fromHex,
  readU32,
  toHex,
  u32,
  u64,
} from '../../../src/base/bytes.ts'
import { ENCODED_BYTES_MAX, ITEMS_MAX, NESTING_MAX } from '../../../src/base/limits.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { type Value, decode, encode } from '../../../src/codec/canonical.ts'
import vectors from '../../vectors/rfc8949-cbor-profile.json' with { type: 'json' }

const hex = (text: string): Bytes => fromHex(text)!

/** What a head announces, in bytes or items. */
const ANNOUNCED = 2 ** 20

const edges = [0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER]

const anyText = fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.normalize('NFC'))

const { value: anyValue } = fc.letrec<{ value: Value; list: readonly Value[] }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 5 },
    fc.oneof(fc.constantFrom(...edges), fc.maxSafeNat()),
    anyText,
    fc.uint8Array({ maxLength: 300 }),
    tie('list'),
  ),
  list: fc.array(tie('value'), { maxLength: 30 }),
}))

test('what is longer than the place where it is drafted is written whole, and so is what follows', () => {
  for (const length of [2_047, 2_048, 2_049, 262_130, 262_144, 262_145, 400_000]) {
    const long = Uint8Array.from({ length }, (_, index) => index % 251)
    for (const value of [[long, 7, 'seven'], [1, [long], long.subarray(0, 9)], [[long]]]) {
      expect(equal(encode(value), cborgEncode(value))).toBe(true)
    }
    expect(toHex(encode([1, 'one']))).toBe('8201636f6e65')
  }
})

describe('every value', () => {
  test('is read back from what was written', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(decode(encode(value))).toEqual({ ok: true, value })
      }),
      { numRuns: 1_000 },
    )
  })

  test('is written as cborg writes it', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(toHex(encode(value))).toBe(toHex(new Uint8Array(cborgEncode(value))))
      }),
      { numRuns: 1_000 },
    )
  })

  test.each(edges)('at the edge %d is written in the fewest bytes', (edge) => {
    expect(toHex(encode(edge))).toBe(toHex(new Uint8Array(cborgEncode(edge))))
    expect(decode(encode(edge))).toEqual({ ok: true, value: edge })
  })
})

/** What cborg reads, if writing it again gives the same bytes. */
function readByCborg(bytes: Bytes): Value | undefined {
  try {
    const options = { strict: true, allowIndefinite: false, allowUndefined: false }
    const value = cborgDecode(bytes, { ...options, allowBigInt: false }) as Value
    return equal(encode(value), bytes) ? value : undefined
  } catch {
    return undefined
  }
}

describe('all bytes', () => {
  /** Bytes that are accepted must be exactly what their value is written as, and no others may be. */
  function acceptedIffCanonical(bytes: Bytes): boolean {
    const decoded = decode(bytes)
    if (decoded.ok) expect(toHex(encode(decoded.value))).toBe(toHex(bytes))
    else expect(decoded.error).toMatch(/^[a-z ]+$/)
    expect(decoded.ok ? decoded.value : undefined).toEqual(readByCborg(bytes))
    return decoded.ok
  }

  test('of noise are accepted only in their one spelling', () => {
    const random = new SeededRandom('noise')
    let accepted = 0
    for (let round = 0; round < 50_000; round++) {
      accepted += acceptedIffCanonical(random.bytes(random.below(12))) ? 1 : 0
    }
    expect(accepted).toBeGreaterThan(300)
  })

  test('near a valid encoding are accepted only in their one spelling', () => {
    let refused = 0
    const nudge = fc.record({ at: fc.nat(), byte: fc.nat(255), kind: fc.nat(2) })
    fc.assert(
      fc.property(anyValue, fc.array(nudge, { minLength: 1, maxLength: 3 }), (value, nudges) => {
        let bytes = encode(value)
        for (const { at, byte, kind } of nudges) {
          const place = at % bytes.length
          const rest = bytes.subarray(kind === 1 ? place : place + 1)
          const middle = kind === 2 ? new Uint8Array(0) : Uint8Array.of(byte)
          bytes = concat(bytes.subarray(0, place), middle, rest)
          if (bytes.length === 0) break
        }
        refused += acceptedIffCanonical(bytes) ? 0 : 1
      }),
      { numRuns: 5_000 },
    )
    expect(refused).toBeGreaterThan(500)
  })

  test('of one and two are all accepted only in their one spelling', () => {
    for (let first = 0; first < 256; first++) {
      for (let second = -1; second < 256; second++) {
        const bytes = second < 0 ? Uint8Array.of(first) : Uint8Array.of(first, second)
        acceptedIffCanonical(bytes)
      }
    }
  })

  test('after a valid encoding are refused', () => {
    fc.assert(
      fc.property(anyValue, fc.uint8Array({ minLength: 1, maxLength: 3 }), (value, more) => {
        expect(decode(concat(encode(value), more)).ok).toBe(false)
      }),
    )
  })

  test('of a valid encoding that is cut are refused', () => {
    fc.assert(
      fc.property(anyValue, fc.nat(), (value, at) => {
        const bytes = encode(value)
        expect(decode(bytes.subarray(0, at % bytes.length)).ok).toBe(false)
      }),
    )
  })
})

describe('RFC 8949', () => {
  test.each(vectors.accepted)('$encoded is accepted', ({ encoded, value }) => {
    expect(decode(hex(encoded))).toEqual({ ok: true, value })
    expect(toHex(encode(value as Value))).toBe(encoded)
  })

  test.each(vectors.refused)('$encoded is refused: $why', ({ encoded }) => {
    expect(decode(hex(encoded)).ok).toBe(false)
  })
})

describe('bounds', () => {
  const nested = (depth: number): Bytes =>
    concat(new Uint8Array(depth).fill(0x81), Uint8Array.of(0))

  test('hold for bytes', () => {
    const fits = encode(new Uint8Array(95))
    expect(decode(fits, { maxBytes: fits.length }).ok).toBe(true)
    expect(decode(fits, { maxBytes: fits.length - 1 })).toEqual({
      ok: false,
      error: 'too many bytes',
    })
    expect(decode(new Uint8Array(ENCODED_BYTES_MAX + 1)).ok).toBe(false)
  })

  test('hold for depth', () => {
    expect(decode(nested(NESTING_MAX)).ok).toBe(true)
    expect(decode(nested(NESTING_MAX + 1))).toEqual({ ok: false, error: 'nested too deep' })
    expect(decode(nested(2), { maxDepth: 1 }).ok).toBe(false)
    expect(decode(nested(ENCODED_BYTES_MAX - 1)).ok).toBe(false)
    expect(decode(hex('8080')).ok).toBe(false)
    expect(decode(hex('828080'), { maxDepth: 1 }).ok).toBe(true)
  })

  test('hold for items', () => {
    const items = (count: number): Bytes => encode(Array.from({ length: count }, () => 0))
    expect(decode(items(ITEMS_MAX - 1)).ok).toBe(true)
    expect(decode(items(ITEMS_MAX))).toEqual({ ok: false, error: 'too many items' })
  })

  /** Heads of byte string, text and list that announce far more than follows. */
  const announced = [
    ...[0x5b, 0x7b, 0x9b].map((head) => concat(Uint8Array.of(head), u64(Number.MAX_SAFE_INTEGER))),
    ...[0x5a, 0x7a, 0x9a].map((head) => concat(Uint8Array.of(head), u32(ANNOUNCED))),
  ]

  /** Bytes that a reader takes at most, on the way. */
  const roomFor = (read: (bytes: Bytes) => unknown): number => {
    const before = process.memoryUsage().arrayBuffers
    let most = 0
    for (const bytes of announced) {
      for (let round = 0; round < 1_000; round++) read(bytes)
      most = Math.max(most, process.memoryUsage().arrayBuffers - before)
    }
    return most
  }

  test('are enforced before anything is allocated (I41)', () => {
    const room = roomFor((bytes) => {
      expect(decode(bytes)).toEqual({ ok: false, error: 'cut short' })
    })
    expect(room).toBeLessThan(8 * ANNOUNCED)
  })

  test('that are not are seen by what is allocated: the check can fail', () => {
    const taken: Bytes[] = []
    const trusting = (bytes: Bytes): void => {
      if (bytes.length === 5 && taken.length < 64) taken.push(new Uint8Array(readU32(bytes, 1)))
    }
    expect(roomFor(trusting)).toBeGreaterThan(8 * ANNOUNCED)
  })
})

describe('what is decoded', () => {
  test('shares no memory with what it was decoded from', () => {
    const bytes = encode([Uint8Array.of(1, 2, 3)])
    const decoded = decode(bytes)
    bytes.fill(0)
    expect(decoded).toEqual({ ok: true, value: [Uint8Array.of(1, 2, 3)] })
  })

  test('from one of Node’s buffers is plain', () => {
    const decoded = decode(Buffer.from(encode([Uint8Array.of(1, 2, 3)])))
    expect(decoded.ok && (decoded.value as Bytes[])[0]?.constructor).toBe(Uint8Array)
  })
})

describe('our own values outside the profile', () => {
  const wrong: [string, unknown][] = [
    ['a negative number', -1],
    ['minus zero and a half', -0.5],
    ['a fraction', 1.5],
    ['2^53', 2 ** 53],
    ['NaN', Number.NaN],
    ['infinity', Infinity],
    ['a text that is not NFC', 'e\u0301'],
    ['a lone high surrogate', '\ud800x'],
    ['a high surrogate at the end', 'x\ud800'],
    ['a lone low surrogate', '\udc00'],
  ]

  test.each(wrong)('throw: %s', (_, value) => {
    expect(() => encode(value as Value)).toThrow(RangeError)
    expect(() => encode([[value as Value]])).toThrow(RangeError)
  })
})

test('two values with the same bytes are the same value', () => {
  fc.assert(
    fc.property(anyValue, anyValue, (one, other) => {
      if (equal(encode(one), encode(other))) expect(one).toEqual(other)
    }),
  )
})
