// A card says who a leader is: its text survives copying, and every field is vouched for.
import { describe, expect, test } from 'vitest'

import { type Bytes, compare, toBase64url } from '../../../../src/base/bytes.ts'
import { type Value, decode, encode } from '../../../../src/codec/canonical.ts'
import {
  cardHash,
  cardText,
  memberIdOfCard,
  mintCard,
  parseCard,
  parseCardText,
} from '../../../../src/core/identity/card.ts'
import { parseDeviceList, signDeviceList } from '../../../../src/core/identity/device-list.ts'
import { signLabelled } from '../../../../src/core/signed.ts'
import { labels } from '../../../../src/crypto/label.ts'
import { bytesOf, cardOf, crypto, flipped, person, reasonOf, valueOf } from '../people.ts'

const ada = person('ada')
const card = cardOf('ada')
const text = cardText(crypto, card.bytes)

test('a card is read back as it was minted', () => {
  expect(valueOf(parseCard(crypto, card.bytes))).toEqual(card)
  expect(valueOf(parseCardText(crypto, text))).toEqual(card)
  expect(card).toMatchObject({ name: 'ada', transport: ada.transport, prekey0: ada.prekey0 })
  expect(card.bytes.length).toBeLessThan(512)
})

test('white space around the text is let go', () => {
  expect(valueOf(parseCardText(crypto, `\n  ${text}\r\n`))).toEqual(card)
})

test('the member id depends on the group and on the exact card', () => {
  const group = bytesOf('group')
  const id = memberIdOfCard(crypto, group, card.bytes)
  expect(id).not.toEqual(memberIdOfCard(crypto, bytesOf('other'), card.bytes))
  expect(id).not.toEqual(memberIdOfCard(crypto, group, cardOf('bob').bytes))
  expect(cardHash(crypto, card.bytes)).not.toEqual(cardHash(crypto, cardOf('bob').bytes))
})

test('a name that is none is a defect of the caller', () => {
  expect(() => mintCard(crypto, { ...ada, name: '' })).toThrow('name-length')
  expect(() => mintCard(crypto, { ...ada, name: 'e\u0301' })).toThrow('name-not-nfc')
})

describe('a damaged text is refused', () => {
  const body = text.slice('coterie-card-1'.length)
  test.each([
    ['armor-prefix', ''],
    ['armor-prefix', body],
    ['armor-prefix', `coterie-ticket-1${body}`],
    ['armor-encoding', 'coterie-card-1'],
    ['armor-encoding', `${text}!`],
    ['armor-encoding', `coterie-card-1${body.slice(0, 10)} ${body.slice(10)}`],
    ['armor-check', text.slice(0, -3)],
    ['armor-check', `coterie-card-1${body.slice(4)}`],
    ['armor-encoding', `coterie-card-1${body.toLowerCase()}`],
    ['armor-too-large', `coterie-card-1${'A'.repeat(4_000)}`],
    ['armor-too-large', ' '.repeat(100_000)],
  ])('%s', (reason, damaged) => {
    expect(reasonOf(parseCardText(crypto, damaged))).toBe(reason)
  })

  test('wherever one character is another', () => {
    for (let at = 14; at < text.length; at += 7) {
      const other = text[at] === 'A' ? 'B' : 'A'
      expect(parseCardText(crypto, text.slice(0, at) + other + text.slice(at + 1)).ok).toBe(false)
    }
  })
})

/** The card with one field changed; signed again when `seeds` are given. */
function altered(place: number, value: Value, seeds = ada.seeds): Bytes {
  const fields = [...(valueOf(decode(card.bytes)) as Value[])]
  fields[place] = value
  const content = encode(fields.slice(0, 6))
  const sign = (seed: Bytes): Bytes => signLabelled(crypto, labels.cardSig, seed, content)
  return encode([...fields.slice(0, 6), sign(seeds.account), sign(seeds.device)])
}

describe('a card is refused, in this order, for', () => {
  const malformed = [
    ['no bytes', new Uint8Array(0)],
    ['another version', altered(0, 2)],
    ['a longer name', altered(1, 'x'.repeat(65))],
    ['a longer number', altered(4, 2 ** 32)],
    ['a byte behind it', Uint8Array.of(...card.bytes, 0)],
    ['a field too many', encode([...(valueOf(decode(card.bytes)) as Value[]), 1])],
  ] as const
  test.each(malformed)('%s', (_, bytes) => {
    expect(reasonOf(parseCard(crypto, bytes))).toBe('card-malformed')
  })

  test('a name with a control character', () => {
    expect(reasonOf(parseCard(crypto, altered(1, 'a\u0007')))).toBe('name-control')
  })

  test('a device list that is none', () => {
    expect(reasonOf(parseCard(crypto, altered(2, bytesOf('list'))))).toBe('device-list-malformed')
  })

  test('a device that the list does not name', () => {
    const other = crypto.edPublicKey(person('bob').seeds.device)
    expect(reasonOf(parseCard(crypto, altered(3, other)))).toBe('device-not-listed')
  })

  test('a prekey to which nothing can be sealed', () => {
    expect(reasonOf(parseCard(crypto, altered(5, new Uint8Array(32))))).toBe('prekey-unusable')
  })

  test('a signature of another device or account', () => {
    const bob = person('bob').seeds
    const wrongDevice = altered(4, 7, { account: ada.seeds.account, device: bob.device })
    expect(reasonOf(parseCard(crypto, wrongDevice))).toBe('device-signature')
    const wrongAccount = altered(4, 7, { account: bob.account, device: ada.seeds.device })
    expect(reasonOf(parseCard(crypto, wrongAccount))).toBe('account-signature')
  })
})

describe('a device list', () => {
  const { account, device } = ada.seeds
  const entry = { device: crypto.edPublicKey(device), transport: ada.transport, notAfter: 0 }
  const second = { device: bytesOf('no point'), transport: bytesOf('none either'), notAfter: 9 }
  const bob = person('bob')
  const bobs = {
    device: crypto.edPublicKey(bob.seeds.device),
    transport: bob.transport,
    notAfter: 5,
  }
  const none = new Uint8Array(0)
  const first = { seq: 0, prev: none, devices: [entry] }

  test('is sorted by device, whatever the order given', () => {
    const forth = signDeviceList(crypto, account, { ...first, devices: [entry, bobs] })
    const back = signDeviceList(crypto, account, { ...first, devices: [bobs, entry] })
    expect(forth).toEqual(back)
    const [one, two] = valueOf(parseDeviceList(crypto, forth)).devices
    expect(compare(one!.device, two!.device)).toBeLessThan(0)
  })

  test.each([
    ['device-list-malformed', { ...first, devices: [] }],
    ['device-list-malformed', { ...first, devices: [entry, entry] }],
    ['device-list-chain', { ...first, seq: 1 }],
    ['device-list-chain', { ...first, prev: bytesOf('before') }],
    ['device-list-keys', { ...first, devices: [{ ...entry, transport: entry.device }] }],
    ['device-list-keys', { ...first, devices: [entry, { ...bobs, transport: ada.transport }] }],
    ['key-not-admitted', { ...first, devices: [entry, second] }],
  ])('is refused: %s', (reason, content) => {
    const list = signDeviceList(crypto, account, content)
    expect(reasonOf(parseDeviceList(crypto, list))).toBe(reason)
  })

  test('is refused when the account did not sign it', () => {
    const list = signDeviceList(crypto, account, first)
    expect(reasonOf(parseDeviceList(crypto, flipped(list, 8 * list.length - 300)))).toBe(
      'device-list-signature',
    )
  })
})

test('the text holds nothing but the card and four bytes', () => {
  const check = crypto.sha256(card.bytes).subarray(0, 4)
  expect(text).toBe(`coterie-card-1${toBase64url(Uint8Array.of(...card.bytes, ...check))}`)
})
