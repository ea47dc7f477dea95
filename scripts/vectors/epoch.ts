// Vectors of epochs, chains, texts, envelopes and views.
// Sealed things carry the randomness they were made with, in the order in which it was drawn.

import { type Bytes, concat, u32, utf8 } from '../../src/base/bytes.ts'
import { encode } from '../../src/codec/canonical.ts'
import {
  leafOf,
  leafOfSilent,
  membershipHashOf,
  noTip,
  viewOf,
} from '../../src/core/attestation/view.ts'
import { type EpochBody, encodeEpochBody } from '../../src/core/epoch/body.ts'
import {
  type EnvelopeContent,
  encodeEnvelopeContent,
  hintOf,
  sealEnvelope,
} from '../../src/core/epoch/envelope.ts'
import {
  chainKeyOf,
  envKeyOf,
  exporterOf,
  messageKeyOf,
  nextChainKey,
  prkOf,
  textKeysOf,
} from '../../src/core/epoch/schedule.ts'
import { type EpochPlan, mintEpoch } from '../../src/core/epoch/seal.ts'
import { encodeContent, sealText } from '../../src/core/epoch/text.ts'
import { topicOf } from '../../src/core/epoch/topic.ts'
import { signPresence } from '../../src/core/presence/presence.ts'
import { labelled, labels } from '../../src/crypto/label.ts'
import {
  NONE,
  accessKey,
  ada,
  bytesOf,
  club,
  crypto,
  lastFlipped,
  people,
  recorder,
  valueOf,
  withField,
} from './people.ts'

const memberOf = (name: string): Bytes => bytesOf(`${name} member`)
const firstPlan: EpochPlan = {
  group: club.group,
  parents: [],
  depth: 1,
  membershipHash: bytesOf('membership hash'),
  recipients: people.map(({ name, prekey0 }) => ({ member: memberOf(name), prekey: prekey0 })),
  reason: { code: 1, id: NONE },
}
const first = mintEpoch(recorder('first epoch'), ada.seeds.device, firstPlan)

export function epochVectors() {
  const second: EpochPlan = {
    ...firstPlan,
    parents: [first.id, bytesOf('other head')],
    depth: 8,
    recipients: firstPlan.recipients.slice(1),
    reason: { code: 4, id: bytesOf('request') },
  }
  return {
    epochs: [epochVector('first epoch', firstPlan), epochVector('second epoch', second)],
    badBodies: badBodies(first.body),
    badSeals: badSeals(),
  }
}

function epochVector(word: string, plan: EpochPlan) {
  const env = recorder(word)
  const { id, bytes, seals, secret, body } = mintEpoch(env, ada.seeds.device, plan)
  const prk = prkOf(crypto, id, secret)
  return {
    deviceSeed: ada.seeds.device,
    random: env.drawn,
    ...plan,
    bytes,
    id,
    secret,
    secretCommit: body.secretCommit,
    seals,
    openers: body.recipients.map(({ member, prekeyId }) => {
      const owner = people.find(({ name }) => String(memberOf(name)) === String(member))
      return {
        member,
        prekeyId,
        prekeySecret: owner?.prekey0Secret,
        chainKey: chainKeyOf(crypto, prk, member),
      }
    }),
    prk,
    env: envKeyOf(crypto, prk),
    exporter: exporterOf(crypto, prk),
  }
}

function badBodies(body: EpochBody) {
  const but = (change: Partial<EpochBody>): Bytes => encodeEpochBody({ ...body, ...change })
  return [
    {
      what: 'recipients out of order',
      reason: 'epoch-malformed',
      bytes: but({ recipients: [...body.recipients].reverse() }),
    },
    { what: 'no recipient', reason: 'epoch-malformed', bytes: but({ recipients: [] }) },
    {
      what: 'a parent twice',
      reason: 'epoch-malformed',
      bytes: but({ parents: [first.id, first.id], depth: 2 }),
    },
    { what: 'depth 1 with a parent', reason: 'epoch-depth', bytes: but({ parents: [first.id] }) },
    { what: 'depth 2 without parents', reason: 'epoch-depth', bytes: but({ depth: 2 }) },
    { what: 'reason 0', reason: 'epoch-reason', bytes: but({ reason: { code: 0, id: NONE } }) },
    {
      what: 'reason 6 without an id',
      reason: 'epoch-reason',
      bytes: but({ reason: { code: 6, id: NONE } }),
    },
    { what: 'reason 7', reason: 'epoch-malformed', bytes: but({ reason: { code: 7, id: NONE } }) },
  ]
}

function badSeals() {
  const { id, bytes, seals } = first
  const member = memberOf('bob')
  const prekeySecret = people[1]?.prekey0Secret ?? NONE
  const own = { group: club.group, id, bytes, seals, member, prekeySecret }
  const lie = withField(bytes, 4, bytesOf('another commitment'))
  return [
    { what: 'a stranger', reason: 'not-a-recipient', ...own, member: bytesOf('stranger') },
    { what: 'another prekey', reason: 'seal-unopenable', ...own, prekeySecret: bytesOf('other') },
    { what: 'changed seals', reason: 'seal-unopenable', ...own, seals: seals.map(lastFlipped) },
    { what: 'another group', reason: 'seal-unopenable', ...own, group: bytesOf('other') },
    { what: 'another commitment under the same id', reason: 'commit-mismatch', ...own, bytes: lie },
  ]
}

export function textVectors() {
  const chainKey0 = bytesOf('chain key')
  const generations = []
  for (let gen = 0, chainKey = chainKey0; gen <= 130; gen++) {
    const messageKey = messageKeyOf(crypto, chainKey)
    if ([0, 1, 2, 63, 64, 65, 130].includes(gen)) generations.push({ gen, chainKey, messageKey })
    chainKey = nextChainKey(crypto, chainKey)
  }
  const text = textVector('text/plain', utf8('Zażółć gęślą jaźń'))
  const { messageKey, salt, keyCommit, prefix, body } = text
  const sealed = { messageKey, salt, keyCommit, prefix, body }
  const keys = textKeysOf(crypto, messageKey, salt)
  const spelled = crypto.aeadSeal(keys.key, keys.nonce, prefix, encode(['text/plain', NONE]))
  return {
    chains: [{ chainKey0, generations }],
    texts: [text, textVector('image/png', bytesOf('picture')), textVector('text/plain', NONE)],
    badTexts: [
      {
        what: 'another commitment',
        reason: 'key-commit-mismatch',
        ...sealed,
        keyCommit: bytesOf('other'),
      },
      { what: 'another salt', reason: 'key-commit-mismatch', ...sealed, salt: lastFlipped(salt) },
      { what: 'another prefix', reason: 'text-unopenable', ...sealed, prefix: lastFlipped(prefix) },
      { what: 'a changed body', reason: 'text-unopenable', ...sealed, body: lastFlipped(body) },
      { what: 'text/plain spelled out', reason: 'content-malformed', ...sealed, body: spelled },
    ],
  }
}

function textVector(contentType: string, payload: Bytes) {
  const messageKey = bytesOf(`message key for ${contentType}`)
  const salt = bytesOf('salt').slice(0, 16)
  const prefix = bytesOf('stands for the header prefix')
  const keys = textKeysOf(crypto, messageKey, salt)
  const plaintext = valueOf(encodeContent({ contentType, payload }))
  const body = sealText(crypto, keys, prefix, plaintext)
  return { messageKey, salt, ...keys, prefix, contentType, payload, plaintext, body }
}

export function envelopeVectors() {
  const message = (word: string, length: number) => ({
    header: bytesOf(`${word} header`),
    signature: concat(bytesOf(`${word} R`), bytesOf(`${word} S`)),
    body: new Uint8Array(length).fill(7),
  })
  const presence = presenceVector()
  const contents: EnvelopeContent[] = [
    { kind: 'messages', messages: [message('one', 20)], told: [] },
    {
      kind: 'messages',
      messages: [message('one', 200), message('two', 300)],
      told: [3, 7, 0xffff_ffff],
    },
    { kind: 'presence', presence: presence.bytes },
  ]
  return {
    topics: [{ accessKey, topic: topicOf(crypto, accessKey) }],
    presences: [presence],
    envelopes: contents.map((content) => envelopeVector(content)),
    badEnvelopes: badEnvelopes(),
  }
}

const envKey = bytesOf('env key')

function presenceVector() {
  const deviceSeed = ada.seeds.device
  const presence = {
    group: club.group,
    member: memberOf('ada'),
    bootNonce: bytesOf('boot').slice(0, 16),
    seq: 41,
    head: bytesOf('head'),
  }
  const device = crypto.edPublicKey(deviceSeed)
  return { deviceSeed, device, ...presence, bytes: signPresence(crypto, deviceSeed, presence) }
}

function envelopeVector(content: EnvelopeContent) {
  const env = recorder('envelope')
  const envelope = valueOf(sealEnvelope(env, envKey, content))
  const hint = hintOf(crypto, envKey, env.drawn[0] ?? NONE)
  const plaintext = encodeEnvelopeContent(content)
  return { envKey, random: env.drawn, content, plaintext, hint, envelope }
}

function badEnvelopes() {
  const { envelope } = envelopeVector({ kind: 'presence', presence: bytesOf('presence') })
  const forged = (padded: Bytes): Bytes => {
    const salt = bytesOf('salt').slice(0, 16)
    const keys = crypto.hkdfExpand(envKey, labelled(labels.env, salt), 44)
    const head = concat(hintOf(crypto, envKey, salt), salt)
    return concat(head, crypto.aeadSeal(keys.slice(0, 32), keys.slice(32), head, padded))
  }
  const empty = concat(u32(0), new Uint8Array(468))
  const unknown = concat(u32(3), encode([2, 0]), new Uint8Array(465))
  const fields = [bytesOf('header'), concat(bytesOf('R'), bytesOf('S')), bytesOf('body')]
  const twice = encode([0, [fields], [4, 4]])
  const repeated = concat(u32(twice.length), twice, new Uint8Array(468 - twice.length))
  return [
    { what: 'one byte short', reason: 'envelope-size', envKey, envelope: envelope.slice(1) },
    { what: 'another key', reason: 'envelope-hint', envKey: bytesOf('other'), envelope },
    {
      what: 'a changed tag',
      reason: 'envelope-unopenable',
      envKey,
      envelope: lastFlipped(envelope),
    },
    {
      what: 'padding that is not zero',
      reason: 'envelope-padding',
      envKey,
      envelope: forged(lastFlipped(empty)),
    },
    {
      what: 'more padding than needed',
      reason: 'envelope-padding',
      envKey,
      envelope: forged(concat(empty, new Uint8Array(512))),
    },
    { what: 'nothing inside', reason: 'envelope-malformed', envKey, envelope: forged(empty) },
    { what: 'an unknown kind', reason: 'envelope-malformed', envKey, envelope: forged(unknown) },
    {
      what: 'a member told twice',
      reason: 'envelope-malformed',
      envKey,
      envelope: forged(repeated),
    },
  ]
}

export function viewVectors() {
  const tip = (word: string, counter: number) => ({ counter, id: bytesOf(word) })
  const members = [
    { name: 'ada', state: 1, tips: [tip('ada 41', 41)] },
    { name: 'bob', state: 1, tips: [] },
    { name: 'cleo', state: 2, tips: [tip('cleo 0', 0)] },
    { name: 'dora', state: 4, tips: [tip('dora 7', 7), tip('dora 7 again', 7), tip('dora 5', 5)] },
  ] as const
  const rows = members.map(({ name, state, tips }, place) => {
    // Ada and Bob are two members of one account: the order is by account first.
    const account = bytesOf(place < 2 ? 'shared account' : `${name} account id`)
    const member = memberOf(name)
    const memberGroupId = 0xfffffff0 + place
    const leaf =
      tips.length === 0
        ? leafOfSilent(crypto, account, member, memberGroupId)
        : leafOf(crypto, account, member, memberGroupId, tips)
    return { account, member, memberGroupId, state, tips, leaf }
  })
  return {
    silentTip: noTip,
    views: [rows, rows.slice(1, 3), rows.slice(0, 1)].map((some) => {
      const membershipHash = membershipHashOf(crypto, club.group, some)
      const view = viewOf(crypto, club.group, membershipHash, some)
      return { group: club.group, members: some, membershipHash, view }
    }),
  }
}
