// Vectors of names, peer ids, prekeys, device lists, cards and constitutions.
// Each refused case says what is wrong with it and for which reason a reader refuses it.

import { type Bytes, compare, fromHex } from '../../src/base/bytes.ts'
import {
  type ConstitutionContent,
  accessCommitOf,
  encodeConstitution,
  parseConstitution,
} from '../../src/core/constitution/constitution.ts'
import {
  type Card,
  cardHash,
  cardText,
  firstDeviceList,
  memberIdOfCard,
  mintCard,
} from '../../src/core/identity/card.ts'
import { deviceListHash, signDeviceList } from '../../src/core/identity/device-list.ts'
import { peerIdOf } from '../../src/core/identity/peer-id.ts'
import { isUsablePrekey, prekeyIdOf } from '../../src/core/identity/prekey.ts'
import {
  type Person,
  NONE,
  ada,
  bob,
  bytesOf,
  club,
  constitutionContent,
  crypto,
  lastFlipped,
  people,
  valueOf,
  withField,
  withMore,
} from './people.ts'

const invalidNames = [
  ['', 'name-length'],
  ['x'.repeat(65), 'name-length'],
  ['a\tb', 'name-control'],
  ['a\u2029b', 'name-control'],
  ['a\u2067b', 'name-bidi'],
  ['\u200ea', 'name-bidi'],
  ['o\u0308', 'name-not-nfc'],
] as const

const prekeys = [
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  `09${'00'.repeat(31)}`,
  `09${'00'.repeat(30)}80`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  `ec${'ff'.repeat(30)}7f`,
  `eb${'ff'.repeat(30)}7f`,
  `f6${'ff'.repeat(30)}7f`,
].map((hex) => fromHex(hex) ?? NONE)

export function identityVectors() {
  return {
    names: {
      valid: ['a', 'ada', 'Zażółć gęślą', '艾達', 'x'.repeat(64), '👩‍💻'],
      invalid: invalidNames.map(([name, reason]) => ({ name, reason })),
    },
    peerIds: people.map(({ transport }) => ({ transport, peerId: peerIdOf(transport) })),
    prekeys: prekeys.map((prekey) => ({ prekey, usable: isUsablePrekey(crypto, prekey) })),
    prekeyIds: people.map(({ name, prekey0 }) => {
      const member = bytesOf(`${name} member`)
      return { member, prekey: prekey0, id: prekeyIdOf(crypto, member, prekey0) }
    }),
    deviceLists: deviceLists(),
    badDeviceLists: badDeviceLists(),
    cards: people.map((one) => cardVector(one)),
    badCards: badCards(),
    badCardTexts: badCardTexts(),
  }
}

const entryOf = (one: Person) => ({
  device: crypto.edPublicKey(one.seeds.device),
  transport: one.transport,
  notAfter: 0,
})
const sorted = [ada, bob].map(entryOf).sort((a, b) => compare(a.device, b.device))
const second = { seq: 1, prev: bytesOf('list before'), devices: sorted }

function deviceLists() {
  const first = { seq: 0, prev: NONE, devices: [entryOf(ada)] }
  return [first, second].map((content) => {
    const bytes = signDeviceList(crypto, ada.seeds.account, content)
    const account = crypto.edPublicKey(ada.seeds.account)
    return {
      accountSeed: ada.seeds.account,
      account,
      ...content,
      bytes,
      hash: deviceListHash(crypto, bytes),
    }
  })
}

function badDeviceLists() {
  const list = (change: object): Bytes =>
    signDeviceList(crypto, ada.seeds.account, { ...second, ...change })
  const entry = entryOf(ada)
  const inadmissible = { ...entryOf(bob), device: Uint8Array.of(1, ...new Uint8Array(31)) }
  return [
    { what: 'no device', reason: 'device-list-malformed', bytes: list({ devices: [] }) },
    { what: 'seq 1 without prev', reason: 'device-list-chain', bytes: list({ prev: NONE }) },
    { what: 'seq 0 with prev', reason: 'device-list-chain', bytes: list({ seq: 0 }) },
    {
      what: 'a key in two roles',
      reason: 'device-list-keys',
      bytes: list({ devices: [{ ...entry, transport: entry.device }] }),
    },
    {
      what: 'a device key of small order',
      reason: 'key-not-admitted',
      bytes: list({ devices: [inadmissible] }),
    },
    { what: 'a changed signature', reason: 'device-list-signature', bytes: lastFlipped(list({})) },
  ]
}

function cardVector(one: Person) {
  const { name, seeds, transport, memberGroupId, prekey0 } = one
  const { bytes } = mintCard(crypto, one)
  return {
    name,
    accountSeed: seeds.account,
    deviceSeed: seeds.device,
    transport,
    memberGroupId,
    prekey0,
    deviceList: firstDeviceList(crypto, seeds, transport),
    bytes,
    hash: cardHash(crypto, bytes),
    text: cardText(crypto, bytes),
    group: club.group,
    member: memberIdOfCard(crypto, club.group, bytes),
  }
}

function badCards() {
  const { bytes } = mintCard(crypto, ada)
  const bobs: Card = mintCard(crypto, bob)
  return [
    { what: 'a byte behind it', reason: 'card-malformed', bytes: Uint8Array.of(...bytes, 0) },
    { what: 'a field too many', reason: 'card-malformed', bytes: withMore(bytes, 0) },
    { what: 'version 2', reason: 'card-malformed', bytes: withField(bytes, 0, 2) },
    {
      what: 'a name with a control character',
      reason: 'name-control',
      bytes: withField(bytes, 1, 'a\u0007'),
    },
    {
      what: 'a device list of somebody else',
      reason: 'device-not-listed',
      bytes: withField(bytes, 2, bobs.deviceList),
    },
    {
      what: 'a prekey of zeros',
      reason: 'prekey-unusable',
      bytes: withField(bytes, 5, new Uint8Array(32)),
    },
    { what: 'another number', reason: 'device-signature', bytes: withField(bytes, 4, 7) },
    { what: 'a changed device signature', reason: 'device-signature', bytes: lastFlipped(bytes) },
    {
      what: 'no account signature',
      reason: 'account-signature',
      bytes: withField(bytes, 6, new Uint8Array(64)),
    },
  ]
}

function badCardTexts() {
  const text = cardText(crypto, mintCard(crypto, ada).bytes)
  return [
    { what: 'another kind', reason: 'armor-prefix', text: text.replace('card', 'ticket') },
    { what: 'a character outside the alphabet', reason: 'armor-encoding', text: `${text}=` },
    { what: 'a lost piece', reason: 'armor-check', text: text.slice(0, 100) + text.slice(104) },
  ]
}

export function constitutionVectors() {
  const contents: ConstitutionContent[] = [
    constitutionContent,
    {
      ...constitutionContent,
      name: 'next',
      predecessor: club.group,
      policy: 'strict',
      leaders: constitutionContent.leaders.slice(0, 1),
    },
    { ...constitutionContent, name: 'wide', policy: 'partition-tolerant' },
  ]
  const { bytes } = club
  const [first = NONE, other = NONE] = club.leaders.map((seat) => seat.card.bytes)
  const twin = mintCard(crypto, { ...bob, memberGroupId: ada.memberGroupId }).bytes
  const adas = mintCard(crypto, ada).bytes
  return {
    constitutions: contents.map((content) => {
      const encoded = encodeConstitution(crypto, content)
      const { group, leaders } = valueOf(parseConstitution(crypto, encoded))
      return {
        ...content,
        accessCommit: accessCommitOf(crypto, content.accessKey),
        bytes: encoded,
        group,
        leaders: leaders.map(({ card, admission, member }) => ({
          card: card.bytes,
          admission,
          member,
        })),
      }
    }),
    badConstitutions: [
      { what: 'suite 2', reason: 'constitution-malformed', bytes: withField(bytes, 1, 2) },
      {
        what: 'leaders out of order',
        reason: 'constitution-malformed',
        bytes: withField(bytes, 5, [other, first]),
      },
      { what: 'no leader', reason: 'constitution-malformed', bytes: withField(bytes, 5, []) },
      { what: 'no name', reason: 'name-length', bytes: withField(bytes, 4, '') },
      { what: 'policy 4', reason: 'policy-unknown', bytes: withField(bytes, 6, 4) },
      {
        what: 'a changed card',
        reason: 'leader-card-invalid',
        bytes: withField(bytes, 5, [lastFlipped(first)]),
      },
      {
        what: 'one number twice',
        reason: 'leaders-not-distinct',
        bytes: withField(bytes, 5, [adas, twin].sort(compare)),
      },
    ],
  }
}
