// Readers take exactly what they declare, say where something is wrong, and never throw.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { compare } from '../../../src/base/bytes.ts'
import { fail, ok } from '../../../src/base/result.ts'
import { type Value, encode } from '../../../src/codec/canonical.ts'
import * as shape from '../../../src/codec/shape.ts'

const b = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes)

const point = shape.tuple(
  shape.exactly(1),
  shape.u32,
  shape.bytes(2),
  shape.list(shape.textUpTo(4), { max: 2 }),
)

describe('a tuple', () => {
  test('reads its fields in order', () => {
    expect(shape.parse(point, encode([1, 7, b(1, 2), ['a']]))).toEqual(ok([1, 7, b(1, 2), ['a']]))
  })

  test.each<[Value, string]>([
    [5, 'not a list'],
    [[1, 7, b(1, 2)], 'wrong number of fields'],
    [[1, 7, b(1, 2), [], 0], 'wrong number of fields'],
    [[2, 7, b(1, 2), []], '[0] not 1'],
    [[1, 2 ** 32, b(1, 2), []], '[1] too large'],
    [[1, b(7), b(1, 2), []], '[1] not a number'],
    [[1, 7, b(1), []], '[2] wrong length'],
    [[1, 7, 'no', []], '[2] not bytes'],
    [[1, 7, b(1, 2), 'no'], '[3] not a list'],
    [[1, 7, b(1, 2), ['a', 'b', 'c']], '[3] too many items'],
    [[1, 7, b(1, 2), ['a', 'longer']], '[3][1] too long'],
    [[1, 7, b(1, 2), ['a', 1]], '[3][1] not text'],
  ])('says what is wrong with %j', (value, error) => {
    expect(point(value)).toEqual(fail(error))
    expect(shape.parse(point, encode(value))).toEqual(fail(error))
  })

  test('of nothing reads an empty list', () => {
    expect(shape.tuple()([])).toEqual(ok([]))
  })
})

describe('numbers', () => {
  test('are taken up to their greatest', () => {
    expect(shape.uint(3)(3)).toEqual(ok(3))
    expect(shape.uint(3)(4)).toEqual(fail('too large'))
    expect(shape.u32(0xffff_ffff).ok).toBe(true)
    expect(shape.u53(Number.MAX_SAFE_INTEGER).ok).toBe(true)
    expect(shape.u53('1')).toEqual(fail('not a number'))
  })

  test('stand for true and false', () => {
    expect([shape.flag(0), shape.flag(1), shape.flag(2)]).toEqual([
      ok(false),
      ok(true),
      fail('not 0 or 1'),
    ])
  })
})

describe('byte strings', () => {
  test('have exactly or at most their length', () => {
    expect(shape.bytes(0)(b())).toEqual(ok(b()))
    expect(shape.bytesUpTo(2)(b(1))).toEqual(ok(b(1)))
    expect(shape.bytesUpTo(2)(b(1, 2, 3))).toEqual(fail('too long'))
    expect(shape.bytesUpTo(2)([1])).toEqual(fail('not bytes'))
  })

  test('may be left empty', () => {
    const reader = shape.bytesOrNone(2)
    expect([reader(b()), reader(b(1, 2)), reader(b(1)), reader(0)]).toEqual([
      ok(undefined),
      ok(b(1, 2)),
      fail('wrong length'),
      fail('not bytes'),
    ])
  })
})

test('text is measured in bytes', () => {
  expect(shape.textUpTo(2)('ü')).toEqual(ok('ü'))
  expect(shape.textUpTo(2)('üb')).toEqual(fail('too long'))
  expect(shape.textUpTo(4)('\u{1f600}')).toEqual(ok('\u{1f600}'))
})

describe('a list', () => {
  const ids = shape.list(shape.bytes(1), { min: 1, max: 3, ascending: compare })

  test.each<[Value, string | undefined]>([
    [[b(1), b(2), b(9)], undefined],
    [[b(1)], undefined],
    [[], 'too few items'],
    [[b(2), b(1)], '[1] out of order'],
    [[b(1), b(2), b(2)], '[2] out of order'],
    [[b(1), b(2), b(3), b(4)], 'too many items'],
  ])('that must ascend: %j', (value, error) => {
    expect(ids(value)).toEqual(error === undefined ? ok(value) : fail(error))
  })
})

describe('built readers', () => {
  const even = shape.where(shape.u32, (number) => number % 2 === 0, 'odd')
  const half = shape.into(even, (number) => ({ half: number / 2 }))

  test('turn and refuse', () => {
    expect([half(4), half(3), half('4')]).toEqual([
      ok({ half: 2 }),
      fail('odd'),
      fail('not a number'),
    ])
    expect(shape.anything([1])).toEqual(ok([1]))
  })

  test('give their type', () => {
    const read: shape.Read<typeof half> = { half: 1 }
    expect(read.half).toBe(1)
  })
})

test('parsing never throws, whatever comes', () => {
  const reader = shape.tuple(point, shape.list(point, { max: 3 }), shape.bytesOrNone(4))
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      expect(typeof shape.parse(reader, bytes).ok).toBe('boolean')
    }),
    { numRuns: 5_000 },
  )
})

test('parsing keeps to the bounds it is given', () => {
  const encoded = encode([1, 2, 3])
  expect(shape.parse(shape.anything, encoded, { maxBytes: 3 })).toEqual(fail('too many bytes'))
  expect(shape.parse(shape.anything, encoded, { maxBytes: 4 }).ok).toBe(true)
})

describe('either of two', () => {
  const idOrNumber = shape.list(shape.either(shape.uint(9), shape.bytes(2)), { max: 3 })

  test('is taken as it is', () => {
    expect(idOrNumber([3, b(1, 2)])).toEqual(ok([3, b(1, 2)]))
  })

  test.each<[Value, string]>([
    [[10], '[0] not bytes'],
    [[3, b(1)], '[1] wrong length'],
    [[3, 'a'], '[1] not bytes'],
  ])('refuses %j: %s', (value, reason) => {
    expect(idOrNumber(value)).toEqual(fail(reason))
  })
})
