// A prekey is usable iff it has one spelling and yields a shared secret; its id names its member.
import { describe, expect, test } from 'vitest'

import { fromHex } from '../../../../src/base/bytes.ts'
import { isUsablePrekey, prekeyIdOf, sealInfo } from '../../../../src/core/identity/prekey.ts'
import { labels } from '../../../../src/crypto/label.ts'
import { bytesOf, crypto, person } from '../people.ts'

describe('keys to which nothing can be sealed', () => {
  test.each([
    ['zero', '00'.repeat(32)],
    ['one', `01${'00'.repeat(31)}`],
    ['order eight', 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'],
    ['order eight, the other', '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157'],
    ['p - 1', `ec${'ff'.repeat(30)}7f`],
    ['p', `ed${'ff'.repeat(30)}7f`],
    ['p + 1', `ee${'ff'.repeat(30)}7f`],
    ['nine, spelled p + 9', `f6${'ff'.repeat(30)}7f`],
    ['nine with the high bit', `09${'00'.repeat(30)}80`],
    ['too short', '09'],
  ])('%s', (_, key) => {
    expect(isUsablePrekey(crypto, fromHex(key)!)).toBe(false)
  })
})

test('keys of honest secrets are usable', () => {
  expect(isUsablePrekey(crypto, fromHex(`09${'00'.repeat(31)}`)!)).toBe(true)
  for (const name of ['ada', 'bob', 'cleo']) {
    expect(isUsablePrekey(crypto, person(name).prekey0)).toBe(true)
  }
})

test('the id of a prekey depends on member and key', () => {
  const ids = [
    prekeyIdOf(crypto, bytesOf('ada'), bytesOf('one')),
    prekeyIdOf(crypto, bytesOf('ada'), bytesOf('two')),
    prekeyIdOf(crypto, bytesOf('bob'), bytesOf('one')),
  ]
  expect(new Set(ids.map(String)).size).toBe(3)
})

test('what a seal is bound to takes the label, a zero byte and four ids', () => {
  const one = bytesOf('one')
  const binding = { group: one, purpose: one, member: one, prekeyId: one }
  expect(sealInfo(labels.welcome, binding).length).toBe('coterie/1/welcome'.length + 1 + 4 * 32)
})
