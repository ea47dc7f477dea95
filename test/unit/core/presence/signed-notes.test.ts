// Reach records and presences: small signed notes outside the transcript.
import { describe, expect, test } from 'vitest'

import {
  parsePresence,
  presenceHolds,
  signPresence,
} from '../../../../src/core/presence/presence.ts'
import {
  memberOfRecord,
  parseReachRecord,
  reachRecordHolds,
  signReachRecord,
} from '../../../../src/core/presence/reach-record.ts'
import { bytesOf, crypto, flipped, person, reasonOf } from '../people.ts'

const seed = person('ada').seeds.device
const device = crypto.edPublicKey(seed)
const bob = crypto.edPublicKey(person('bob').seeds.device)
const group = bytesOf('group')
const member = bytesOf('member')

const record = { group, member, seq: 7, addresses: ['/dns/a.example/tcp/1/p2p/Qm'], sentMs: 12 }
const presence = { group, member, bootNonce: group.slice(0, 16), seq: 3, head: bytesOf('head') }

describe.each([
  {
    kind: 'a reach record',
    bytes: signReachRecord(crypto, seed, record),
    content: record,
    read: parseReachRecord,
    holds: reachRecordHolds,
    malformed: 'reach-record-malformed',
  },
  {
    kind: 'a presence',
    bytes: signPresence(crypto, seed, presence),
    content: presence,
    read: parsePresence,
    holds: presenceHolds,
    malformed: 'presence-malformed',
  },
])('$kind', ({ bytes, content, read, holds, malformed }) => {
  test('is read back as it was signed', () => {
    expect(read(bytes)).toEqual({ ok: true, value: content })
    expect(holds(crypto, device, bytes)).toBe(true)
  })

  test('holds for its own device only, and for no other bytes', () => {
    expect(holds(crypto, bob, bytes)).toBe(false)
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      expect(holds(crypto, device, flipped(bytes, bit))).toBe(false)
    }
  })

  test('is refused when it is cut short or too long', () => {
    expect(reasonOf(read(bytes.subarray(1)))).toBe(malformed)
    expect(reasonOf(read(Uint8Array.of(...bytes, 0)))).toBe(malformed)
    expect(reasonOf(read(new Uint8Array(5_000)))).toBe(malformed)
    expect(holds(crypto, device, bytes.subarray(1))).toBe(false)
  })
})

test('a note signed for one purpose does not hold for the other', () => {
  const forged = signPresence(crypto, seed, { ...presence, bootNonce: group.slice(0, 16) })
  expect(reachRecordHolds(crypto, device, forged)).toBe(false)
})

test('whose record it is shows before it is read', () => {
  for (const addresses of [[], record.addresses, Array<string>(8).fill('/dns/a.example/p2p/Qm')]) {
    const some = { ...record, seq: addresses.length * 2 ** 40, addresses }
    expect(memberOfRecord(signReachRecord(crypto, seed, some))).toEqual(member)
  }
})

test('a record with what is no address is not read', () => {
  const bad = signReachRecord(crypto, seed, { ...record, addresses: ['/dns/a\u001b/p2p/Qm'] })
  expect(reasonOf(parseReachRecord(bad))).toBe('reach-record-malformed')
})
