// A name is 1 to 64 bytes of NFC text without control or bidirectional characters.
import { expect, test } from 'vitest'

import { checkName } from '../../../../src/core/identity/name.ts'

test.each(['a', 'ada', 'Ada Lovelace', 'żółw', '艾達', '👩‍💻', 'x'.repeat(64), 'é'.repeat(32)])(
  '%j is a name',
  (name) => {
    expect(checkName(name)).toEqual({ ok: true, value: name })
  },
)

test.each([
  ['', 'name-length'],
  ['x'.repeat(65), 'name-length'],
  ['é'.repeat(33), 'name-length'],
  ['a\nb', 'name-control'],
  ['a\u0000', 'name-control'],
  ['\u001b[31m', 'name-control'],
  ['a\u007f', 'name-control'],
  ['a\u0085', 'name-control'],
  ['a\u2028b', 'name-control'],
  ['a\u202eb', 'name-bidi'],
  ['\u2066a', 'name-bidi'],
  ['\u200fa', 'name-bidi'],
  ['\u061ca', 'name-bidi'],
  ['e\u0301', 'name-not-nfc'],
  ['\u212b', 'name-not-nfc'],
  ['a\ud800', 'name-surrogate'],
  ['\udc00', 'name-surrogate'],
])('%j is refused: %s', (name, reason) => {
  expect(checkName(name)).toEqual({ ok: false, error: reason })
})
