// A constitution fixes a group for its life; its hash is the group's id.
import { describe, expect, test } from 'vitest'

import { type Bytes, compare } from '../../../../src/base/bytes.ts'
import { type Value, decode, encode } from '../../../../src/codec/canonical.ts'
import {
  type ConstitutionContent,
  accessCommitOf,
  encodeConstitution,
  groupIdOf,
  parseConstitution,
} from '../../../../src/core/constitution/constitution.ts'
import { policyOfCode, policyOfName } from '../../../../src/core/constitution/policy.ts'
import { memberIdOfCard, mintCard } from '../../../../src/core/identity/card.ts'
import { bytesOf, cardOf, crypto, groupOf, person, reasonOf, valueOf } from '../people.ts'

const content: ConstitutionContent = {
  nonce: bytesOf('nonce'),
  predecessor: new Uint8Array(0),
  name: 'club',
  leaders: ['ada', 'bob', 'cleo'].map((name) => cardOf(name).bytes),
  policy: 'strict',
  accessKey: bytesOf('access'),
}
const encoded = encodeConstitution(crypto, content)

test('is read back as it was written, leaders by their card bytes', () => {
  const club = valueOf(parseConstitution(crypto, encoded))
  expect(club).toMatchObject({
    name: 'club',
    nonce: content.nonce,
    predecessor: new Uint8Array(0),
    policy: { name: 'strict', code: 1, prekeyCapMs: 86_400_000, keyShare: false },
    accessCommit: accessCommitOf(crypto, content.accessKey),
  })
  const cards = club.leaders.map((seat) => seat.card.bytes)
  expect(cards).toEqual([...content.leaders].sort(compare))
})

test('the order in which leaders are given means nothing', () => {
  const other = { ...content, leaders: [...content.leaders].reverse() }
  expect(encodeConstitution(crypto, other)).toEqual(encoded)
})

test('its hash is the group, of which every leader is a member', () => {
  const club = valueOf(parseConstitution(crypto, encoded))
  expect(club.group).toEqual(groupIdOf(crypto, encoded))
  for (const seat of club.leaders) {
    expect(seat.member).toEqual(memberIdOfCard(crypto, club.group, seat.card.bytes))
  }
})

test('two groups of equal content differ by their nonce', () => {
  expect(groupOf('one', 'ada').group).not.toEqual(groupOf('two', 'ada').group)
})

/** The constitution with one field changed. */
function altered(place: number, value: Value): Bytes {
  const fields = [...(valueOf(decode(encoded)) as Value[])]
  fields[place] = value
  return encode(fields)
}

/** A card that differs from Ada's own in what is given. */
function adaBut(change: Partial<ReturnType<typeof person>>): Bytes {
  return mintCard(crypto, { ...person('dora'), ...change }).bytes
}

const cards = (...list: Bytes[]): Bytes[] => list.sort(compare)
const adas = cardOf('ada').bytes
const { seeds, transport, memberGroupId } = person('ada')
const doras = person('dora').seeds

describe('is refused for', () => {
  test.each([
    ['another version', 'constitution-malformed', altered(0, 2)],
    ['another suite', 'constitution-malformed', altered(1, 2)],
    ['a short nonce', 'constitution-malformed', altered(2, new Uint8Array(31))],
    ['a half predecessor', 'constitution-malformed', altered(3, new Uint8Array(16))],
    ['no leader', 'constitution-malformed', altered(5, [])],
    ['a leader named twice', 'constitution-malformed', altered(5, [adas, adas])],
    [
      'leaders out of order',
      'constitution-malformed',
      altered(5, cards(adas, cardOf('bob').bytes).reverse()),
    ],
    [
      'seventeen leaders',
      'constitution-malformed',
      altered(
        5,
        Array.from({ length: 17 }, (_, i) => Uint8Array.of(i)),
      ),
    ],
    ['a name that is none', 'name-bidi', altered(4, 'a\u202eb')],
    ['an unknown policy', 'policy-unknown', altered(6, 0)],
    ['another unknown policy', 'policy-unknown', altered(6, 4)],
    ['a card that is none', 'leader-card-invalid', altered(5, [Uint8Array.of(1)])],
    [
      'one account twice',
      'leaders-not-distinct',
      altered(5, cards(adas, adaBut({ seeds: { ...doras, account: seeds.account } }))),
    ],
    [
      'one device twice',
      'leaders-not-distinct',
      altered(5, cards(adas, adaBut({ seeds: { ...doras, device: seeds.device } }))),
    ],
    [
      'one transport key twice',
      'leaders-not-distinct',
      altered(5, cards(adas, adaBut({ transport }))),
    ],
    [
      'one number twice',
      'leaders-not-distinct',
      altered(5, cards(adas, adaBut({ memberGroupId }))),
    ],
    [
      'a key in two roles',
      'leaders-not-distinct',
      altered(5, cards(adas, adaBut({ transport: crypto.edPublicKey(seeds.device) }))),
    ],
  ])('%s: %s', (_, reason, bytes) => {
    expect(reasonOf(parseConstitution(crypto, bytes))).toBe(reason)
  })
})

test('sixteen leaders fit', () => {
  const leaders = Array.from({ length: 16 }, (_, place) => `leader ${place}`)
  expect(groupOf('large', ...leaders).leaders.length).toBe(16)
})

test('a policy is found by its name and by its number', () => {
  for (const name of ['strict', 'balanced', 'partition-tolerant'] as const) {
    const policy = policyOfName(name)
    expect(policyOfCode(policy.code)).toBe(policy)
    expect(Object.isFrozen(policy)).toBe(true)
  }
  expect(policyOfName('partition-tolerant').dormantAfterMs).toBeUndefined()
})
