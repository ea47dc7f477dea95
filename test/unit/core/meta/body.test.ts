// What a Meta says, in bytes: it reads back as written, has one spelling, and whatever is not exactly
// that is refused whole; kinds of a later version are passed over.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, fromHex, toHex } from '../../../../src/base/bytes.ts'
import { type Value, encode } from '../../../../src/codec/canonical.ts'
import {
  type MetaEntry,
  allows,
  encodeMeta,
  isMediaType,
  parseMeta,
} from '../../../../src/core/meta/body.ts'
import vectors from '../../../vectors/meta.json' with { type: 'json' }
import { reasonOf, valueOf } from '../people.ts'

const NONE = new Uint8Array()
const id = new Uint8Array(32).fill(0xab)
const hex = 'ab'.repeat(32)

const entries: readonly MetaEntry[] = [
  { of: '', write: { kind: 'name', name: 'orchard' } },
  { of: '', write: { kind: 'topic', topic: '' } },
  { of: '', write: { kind: 'mute', member: hex, on: true } },
  { of: hex, write: { kind: 'mute', member: hex, on: false } },
  { of: '', write: { kind: 'types', member: '', types: ['image/*', 'text/plain'] } },
  { of: '', write: { kind: 'types', member: hex, types: [] } },
  { of: '', write: { kind: 'hide', message: hex, on: true } },
]

test('reads back as written', () => {
  expect(valueOf(parseMeta(encodeMeta(entries)))).toEqual(entries)
})

test('the vectors hold', () => {
  const bytesOf = (text: string): Uint8Array => fromHex(text) ?? NONE
  for (const one of vectors.metas) {
    expect(toHex(encodeMeta(one.entries as MetaEntry[]))).toBe(one.bytes)
    expect(valueOf(parseMeta(bytesOf(one.bytes)))).toEqual(one.entries)
  }
  expect(valueOf(parseMeta(bytesOf(vectors.skipped)))).toHaveLength(1)
  for (const { bytes, reason } of vectors.bad) {
    expect(reasonOf(parseMeta(bytesOf(bytes)))).toBe(reason)
  }
})

test('kinds of a later version are passed over', () => {
  const later = encode([
    [NONE, 6, NONE, [[1], 'x']],
    [NONE, 1, NONE, 'orchard'],
  ])
  expect(valueOf(parseMeta(later))).toEqual(entries.slice(0, 1))
})

const many = (count: number): Value =>
  Array.from({ length: count }, (_, i) => [NONE, 3, new Uint8Array(32).fill(i).with(0, i >>> 8), 1])

const bad: [string, Value][] = [
  ['nothing', []],
  ['no list', 1],
  ['a field too many', [[NONE, 1, NONE, 'x', 0]]],
  ['kind 0', [[NONE, 0, NONE, 'x']]],
  ['a name with a target', [[NONE, 1, id, 'x']]],
  ['a mute of nobody', [[NONE, 3, NONE, 1]]],
  ['a hidden nothing', [[NONE, 5, NONE, 1]]],
  ['an id of 31 bytes', [[id.slice(1), 1, NONE, 'x']]],
  ['a name that is none', [[NONE, 1, NONE, '']]],
  ['a name of 65 bytes', [[NONE, 1, NONE, 'x'.repeat(65)]]],
  ['a topic with a line end', [[NONE, 2, NONE, 'x\ny']]],
  ['a topic of 257 bytes', [[NONE, 2, NONE, 'x'.repeat(257)]]],
  ['a switch that is neither', [[NONE, 3, id, 2]]],
  ['types out of order', [[NONE, 4, NONE, ['text/plain', 'image/png']]]],
  ['a type twice', [[NONE, 4, NONE, ['text/plain', 'text/plain']]]],
  ['a type in capitals', [[NONE, 4, NONE, ['Text/Plain']]]],
  ['33 types', [[NONE, 4, NONE, Array.from({ length: 33 }, (_, i) => `x/${String(100 + i)}`)]]],
  [
    'one key twice',
    [
      [NONE, 1, NONE, 'x'],
      [NONE, 1, NONE, 'y'],
    ],
  ],
  ['513 entries', many(513)],
]
test.each(bad)('%s is refused', (_, value) => {
  expect(reasonOf(parseMeta(encode(value)))).toBe('meta-malformed')
})

test('512 entries are taken', () => {
  expect(valueOf(parseMeta(encode(many(512))))).toHaveLength(512)
})

test('bytes that are cut short, go on, or are any bytes are refused and never throw', () => {
  const bytes = encodeMeta(entries)
  expect(reasonOf(parseMeta(bytes.slice(0, -1)))).toBe('meta-malformed')
  expect(reasonOf(parseMeta(concat(bytes, Uint8Array.of(0))))).toBe('meta-malformed')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (any) => {
      const parsed = parseMeta(any)
      if (parsed.ok && parsed.value.length > 0) expect(encodeMeta(parsed.value)).toEqual(any)
    }),
    { numRuns: 2_000 },
  )
})

describe('content types', () => {
  test.each(['text/plain', 'image/*', 'application/vnd.x+json'])('%s may be named', (type) => {
    expect(isMediaType(type)).toBe(true)
  })
  test.each(['', '*', '*/*', 'text', 'text/', 'text/plain; x=1', 'Text/plain', 'a b/c'])(
    '%j may not',
    (type) => {
      expect(isMediaType(type)).toBe(false)
    },
  )
  test('none named shows all', () => {
    expect(allows([], 'anything/at-all')).toBe(true)
    expect(allows(['image/*'], 'image/png')).toBe(true)
    expect(allows(['image/*'], 'imagery/png')).toBe(false)
  })
})
