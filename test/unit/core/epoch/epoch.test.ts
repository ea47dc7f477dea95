// An epoch: one body that everybody can check, one secret that every recipient opens alike.
import { describe, expect, test } from 'vitest'

import { type Bytes, EMPTY, compare, toHex } from '../../../../src/base/bytes.ts'
import {
  type EpochBody,
  EpochReasonCode,
  encodeEpochBody,
  epochIdOf,
  parseEpochBody,
  placeOf,
} from '../../../../src/core/epoch/body.ts'
import {
  type EpochPlan,
  SEAL_BYTES,
  commitHolds,
  mintEpoch,
  openSeal,
} from '../../../../src/core/epoch/seal.ts'
import {
  chainKeyOf,
  chainKeysOf,
  envKeyOf,
  exporterOf,
  prkOf,
} from '../../../../src/core/epoch/schedule.ts'
import { prekeyIdOf } from '../../../../src/core/identity/prekey.ts'
import { bytesOf, crypto, entropy, flipped, person, reasonOf, valueOf } from '../people.ts'

const names = ['ada', 'bob', 'cleo', 'dora']
const group = bytesOf('group')
const memberOf = (name: string): Bytes => bytesOf(`${name} member`)
const device = person('ada').seeds.device
const plan: EpochPlan = {
  group,
  parents: [],
  depth: 1,
  membershipHash: bytesOf('members'),
  recipients: names.map((name) => ({ member: memberOf(name), prekey: person(name).prekey0 })),
  reason: { code: EpochReasonCode.membership, id: EMPTY },
}
const epoch = mintEpoch(entropy(1), device, plan)

/** What `name` makes of an epoch. */
function opened(
  name: string,
  change: Partial<Parameters<typeof openSeal>[1]> = {},
): Bytes | string {
  const { id, body, seals } = epoch
  const prekeySecret = person(name).prekeySecret
  const own = { group, id, body, seals, member: memberOf(name), prekeySecret }
  const outcome = openSeal(crypto, { ...own, ...change })
  return outcome.ok ? outcome.value : outcome.error
}

describe('a minted epoch', () => {
  test('is read back as it was made', () => {
    expect(valueOf(parseEpochBody(epoch.bytes))).toEqual(epoch.body)
    expect(epoch.id).toEqual(epochIdOf(crypto, group, epoch.bytes))
  })

  test('has its recipients in order, a seal of 80 bytes for each', () => {
    const members = epoch.body.recipients.map((one) => one.member)
    expect(members).toEqual(names.map(memberOf).sort(compare))
    expect(epoch.seals.map((seal) => seal.length)).toEqual(names.map(() => SEAL_BYTES))
    expect(SEAL_BYTES).toBe(80)
    for (const name of names) {
      const place = placeOf(epoch.body, memberOf(name))
      const id = prekeyIdOf(crypto, memberOf(name), person(name).prekey0)
      expect(epoch.body.recipients[place]?.prekeyId).toEqual(id)
    }
    expect(placeOf(epoch.body, bytesOf('stranger'))).toBe(-1)
  })

  test('gives every recipient the same secret', () => {
    for (const name of names) expect(opened(name)).toEqual(epoch.secret)
  })

  test('has a secret that depends on randomness, device and plan each', () => {
    const secrets = [
      epoch,
      mintEpoch(entropy(2), device, plan),
      mintEpoch(entropy(1), person('bob').seeds.device, plan),
      mintEpoch(entropy(1), device, { ...plan, membershipHash: bytesOf('others') }),
    ].map((minted) => toHex(minted.secret))
    expect(new Set(secrets).size).toBe(4)
  })

  test('never draws two equal ephemeral keys, even from a broken source', () => {
    const stuck = { crypto, random: (length: number) => new Uint8Array(length) }
    const { seals } = mintEpoch(stuck, device, plan)
    const next = mintEpoch(stuck, device, { ...plan, parents: [epoch.id], depth: 2 })
    const keys = [...seals, ...next.seals].map((seal) => toHex(seal.subarray(0, 32)))
    expect(new Set(keys).size).toBe(8)
  })
})

describe('a seal does not open', () => {
  test.each([
    ['for a stranger', 'not-a-recipient', { member: bytesOf('stranger') }],
    ['with another prekey', 'seal-unopenable', { prekeySecret: bytesOf('other') }],
    ['in another group', 'seal-unopenable', { group: bytesOf('other') }],
    ['of another epoch', 'seal-unopenable', { id: bytesOf('other') }],
    ['for another member', 'seal-unopenable', { member: memberOf('ada') }],
    ['when it is missing', 'seal-unopenable', { seals: [] }],
    ['when it is cut', 'seal-unopenable', { seals: epoch.seals.map((seal) => seal.subarray(1)) }],
  ])('%s: %s', (_, reason, change) => {
    expect(opened('bob', change)).toBe(reason)
  })

  test('with any bit changed', () => {
    const place = placeOf(epoch.body, memberOf('bob'))
    for (let bit = 0; bit < 8 * SEAL_BYTES; bit++) {
      // The highest bit of an X25519 key is ignored by its arithmetic, not by the key schedule.
      const seals = epoch.seals.with(place, flipped(epoch.seals[place]!, bit))
      expect(opened('bob', { seals })).toBe('seal-unopenable')
    }
  })
})

test('a secret that is not the committed one is noticed', () => {
  const lie: EpochBody = { ...epoch.body, secretCommit: bytesOf('lie') }
  const place = placeOf(lie, memberOf('bob'))
  // The maker of an epoch can seal anything: here another secret to the honest body's id.
  const other = mintEpoch(entropy(3), device, plan)
  expect(opened('bob', { body: lie })).toBe('commit-mismatch')
  expect(opened('bob', { id: other.id, seals: other.seals })).toBe('commit-mismatch')
  expect(opened('bob', { seals: epoch.seals.with(place, other.seals[place]!) })).toBe(
    'seal-unopenable',
  )
  expect(commitHolds(crypto, group, epoch.body, epoch.secret)).toBe(true)
  expect(commitHolds(crypto, group, epoch.body, other.secret)).toBe(false)
  expect(commitHolds(crypto, bytesOf('other'), epoch.body, epoch.secret)).toBe(false)
})

describe('a body is refused for', () => {
  const bodyBut = (change: Partial<EpochBody>): Bytes =>
    encodeEpochBody({ ...epoch.body, ...change })
  const { recipients } = epoch.body
  const [low, high] = [bytesOf('a'), bytesOf('b')].sort(compare)
  const reason = (code: number, id: Bytes = EMPTY): Partial<EpochBody> => ({ reason: { code, id } })

  test.each([
    ['no recipients', 'epoch-malformed', bodyBut({ recipients: [] })],
    [
      'recipients out of order',
      'epoch-malformed',
      bodyBut({ recipients: [...recipients].reverse() }),
    ],
    [
      'a recipient named twice',
      'epoch-malformed',
      bodyBut({ recipients: [recipients[0]!, recipients[0]!] }),
    ],
    ['parents out of order', 'epoch-malformed', bodyBut({ parents: [high!, low!], depth: 2 })],
    ['a parent named twice', 'epoch-malformed', bodyBut({ parents: [low!, low!], depth: 2 })],
    ['a short salt', 'epoch-malformed', bodyBut({ salt: new Uint8Array(31) })],
    ['a reason beyond six', 'epoch-malformed', bodyBut(reason(7))],
    ['no reason', 'epoch-reason', bodyBut(reason(0))],
    ['a request without its id', 'epoch-reason', bodyBut(reason(4))],
    ['evidence without its id', 'epoch-reason', bodyBut(reason(6))],
    ['a merge with an id', 'epoch-reason', bodyBut(reason(2, bytesOf('id')))],
    ['depth 2 without parents', 'epoch-depth', bodyBut({ depth: 2 })],
    ['depth 1 with a parent', 'epoch-depth', bodyBut({ parents: [low!] })],
    ['depth 0', 'epoch-depth', bodyBut({ depth: 0 })],
  ])('%s: %s', (_, expected, bytes) => {
    expect(reasonOf(parseEpochBody(bytes))).toBe(expected)
  })

  test('nothing, when a request or evidence is named', () => {
    for (const code of [4, 6]) expect(parseEpochBody(bodyBut(reason(code, low))).ok).toBe(true)
  })
})

test('the keys under an epoch all differ, between members and between epochs', () => {
  const other = mintEpoch(entropy(4), device, plan)
  const keys = [epoch, other].flatMap(({ id, secret }) => {
    const prk = prkOf(crypto, id, secret)
    const chains = chainKeysOf(crypto, prk, names.map(memberOf))
    expect(chains.get(toHex(memberOf('ada')))).toEqual(chainKeyOf(crypto, prk, memberOf('ada')))
    return [prk, envKeyOf(crypto, prk), exporterOf(crypto, prk), ...chains.values()]
  })
  expect(new Set(keys.map(toHex)).size).toBe(2 * 7)
})
