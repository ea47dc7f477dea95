// A view is a function of who is what and of how far each chain goes, and of nothing else.
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { concat, u32, utf8 } from '../../../../src/base/bytes.ts'
import {
  MemberStateCode,
  leafOf,
  leafOfSilent,
  membershipHashOf,
  noTip,
  viewOf,
} from '../../../../src/core/attestation/view.ts'
import { bytesOf, crypto } from '../people.ts'

const group = bytesOf('group')
const [account, member] = [bytesOf('account'), bytesOf('member')]
const one = { counter: 5, id: bytesOf('one') }
const two = { counter: 5, id: bytesOf('two') }

test('a leaf hashes account, member, number, counter and id', () => {
  const input = concat(utf8('coterie/1/leaf\0'), account, member, u32(9), u32(5), one.id)
  expect(leafOf(crypto, account, member, 9, [one])).toEqual(crypto.sha256(input))
})

test('the leaf of a silent member has the greatest counter and a zero id', () => {
  expect(leafOfSilent(crypto, account, member, 9)).toEqual(
    leafOf(crypto, account, member, 9, [noTip]),
  )
  expect(noTip).toEqual({ counter: 2 ** 32 - 1, id: new Uint8Array(32) })
})

test('the tips of a forked author count in any order, and all of them', () => {
  const both = leafOf(crypto, account, member, 9, [one, two])
  expect(both).toEqual(leafOf(crypto, account, member, 9, [two, one]))
  expect(both).not.toEqual(leafOf(crypto, account, member, 9, [one]))
  expect(both).not.toEqual(leafOf(crypto, account, member, 9, [two]))
})

const rows = ['a', 'b', 'c', 'd', 'e', 'f'].map((name, place) => ({
  account: bytesOf(place < 3 ? 'shared' : name),
  member: bytesOf(name),
  leaf: leafOf(crypto, bytesOf('x'), bytesOf(name), place, [one]),
  state: MemberStateCode.active,
}))

test('neither hash depends on the order in which members are given', () => {
  const hash = membershipHashOf(crypto, group, rows)
  const view = viewOf(crypto, group, hash, rows)
  fc.assert(
    fc.property(fc.shuffledSubarray(rows, { minLength: rows.length }), (shuffled) => {
      expect(membershipHashOf(crypto, group, shuffled)).toEqual(hash)
      expect(viewOf(crypto, group, hash, shuffled)).toEqual(view)
    }),
  )
})

test('both change with any member, state, leaf or group', () => {
  const hash = membershipHashOf(crypto, group, rows)
  const hashes = [
    hash,
    membershipHashOf(crypto, bytesOf('other'), rows),
    membershipHashOf(crypto, group, rows.slice(1)),
    membershipHashOf(
      crypto,
      group,
      rows.map((row) => ({ ...row, state: MemberStateCode.left })),
    ),
  ]
  expect(new Set(hashes.map(String)).size).toBe(4)
  const views = [
    viewOf(crypto, group, hash, rows),
    viewOf(crypto, bytesOf('other'), hash, rows),
    viewOf(crypto, group, bytesOf('other'), rows),
    viewOf(crypto, group, hash, rows.slice(1)),
    viewOf(
      crypto,
      group,
      hash,
      rows.map((row) => ({ ...row, leaf: bytesOf('leaf') })),
    ),
  ]
  expect(new Set(views.map(String)).size).toBe(5)
})
