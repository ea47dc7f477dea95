// Vectors of what a Meta says: entries with their bytes, and bytes that say nothing. Ids are hex in
// the entries, as everywhere where a key is named.

import { type Value, encode } from '../../src/codec/canonical.ts'
import { type MetaEntry, encodeMeta, parseMeta } from '../../src/core/meta/body.ts'
import { toHex } from '../../src/base/bytes.ts'
import { NONE, bytesOf } from './people.ts'

const member = toHex(bytesOf('a member'))
const message = toHex(bytesOf('a message'))

const metas: readonly { readonly what: string; readonly entries: readonly MetaEntry[] }[] = [
  {
    what: 'name and topic',
    entries: [
      { of: '', write: { kind: 'name', name: 'Zażółć' } },
      { of: '', write: { kind: 'topic', topic: 'apples, mostly' } },
    ],
  },
  {
    what: 'a member muted, another message hidden and shown again',
    entries: [
      { of: '', write: { kind: 'mute', member, on: true } },
      { of: '', write: { kind: 'hide', message, on: true } },
      { of: message, write: { kind: 'hide', message, on: false } },
    ],
  },
  {
    what: 'restrictions, of everybody, and of one member lifted',
    entries: [
      { of: '', write: { kind: 'types', member: '', types: ['image/*', 'text/plain'] } },
      { of: '', write: { kind: 'types', member, types: [] } },
    ],
  },
]

const bad: readonly { readonly what: string; readonly value: Value }[] = [
  { what: 'no entry', value: [] },
  { what: 'kind 0', value: [[NONE, 0, NONE, 'x']] },
  { what: 'a name with a target', value: [[NONE, 1, bytesOf('a member'), 'x']] },
  { what: 'a mute of nobody', value: [[NONE, 3, NONE, 1]] },
  { what: 'types that do not ascend', value: [[NONE, 4, NONE, ['text/plain', 'image/png']]] },
  { what: 'a type with a parameter', value: [[NONE, 4, NONE, ['text/plain;q=1']]] },
  {
    what: 'one key twice',
    value: [
      [NONE, 2, NONE, 'x'],
      [NONE, 2, NONE, 'y'],
    ],
  },
]

export function metaVectors() {
  return {
    metas: metas.map((one) => ({ ...one, bytes: encodeMeta(one.entries) })),
    skipped: encode([
      [NONE, 6, NONE, ['of a later version']],
      [NONE, 1, NONE, 'x'],
    ]),
    bad: bad.map(({ what, value }) => {
      const bytes = encode(value)
      const parsed = parseMeta(bytes)
      if (parsed.ok) throw new Error(`${what} is read`)
      return { what, reason: parsed.error, bytes }
    }),
  }
}
