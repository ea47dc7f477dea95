// Vectors of epochs, texts, envelopes and views, computed again from their inputs with both providers.
import { describe, expect, test } from 'vitest'
import { equal, toHex } from '../../../src/base/bytes.ts'
import {
  leafOf,
  leafOfSilent,
  membershipHashOf,
  viewOf,
} from '../../../src/core/attestation/view.ts'
import { parseEpochBody } from '../../../src/core/epoch/body.ts'
import { messageKeyAt } from '../../../src/core/epoch/chain.ts'
import {
  type EnvelopeContent,
  encodeEnvelopeContent,
  hintOf,
  openEnvelope,
  sealEnvelope,
} from '../../../src/core/epoch/envelope.ts'
import {
  chainKeyOf,
  envKeyOf,
  exporterOf,
  messageKeyOf,
  nextChainKey,
  prkOf,
  textKeysOf,
} from '../../../src/core/epoch/schedule.ts'
import { mintEpoch, openSeal } from '../../../src/core/epoch/seal.ts'
import { encodeContent, openText, sealText } from '../../../src/core/epoch/text.ts'
import { topicOf } from '../../../src/core/epoch/topic.ts'
import { prekeyIdOf } from '../../../src/core/identity/prekey.ts'
import { presenceHolds, signPresence } from '../../../src/core/presence/presence.ts'
import envelope from '../../vectors/envelope.json' with { type: 'json' }
import epoch from '../../vectors/epoch.json' with { type: 'json' }
import text from '../../vectors/text.json' with { type: 'json' }
import view from '../../vectors/view.json' with { type: 'json' }
import { providers } from '../crypto/providers.ts'
import { valueOf } from './people.ts'
import { refusal, replay, unhexed } from './vector-files.ts'

describe.each(providers)('%s', (_, crypto) => {
  describe('epoch', () => {
    const all = unhexed(epoch)

    test.each(all.epochs)('of depth $depth', (plan) => {
      const env = replay(crypto, plan.random)
      const minted = mintEpoch(env, plan.deviceSeed, plan)
      expect(env.rest).toEqual([])
      const { id, bytes, secret, seals } = plan
      expect(minted).toMatchObject({ id, bytes, secret, seals })
      expect(minted.body.secretCommit).toEqual(plan.secretCommit)
      const body = valueOf(parseEpochBody(bytes))
      const prk = prkOf(crypto, id, secret)
      expect([prk, envKeyOf(crypto, prk), exporterOf(crypto, prk)]).toEqual([
        plan.prk,
        plan.env,
        plan.exporter,
      ])
      for (const { member, prekeySecret, prekeyId, chainKey } of plan.openers) {
        const opened = openSeal(crypto, {
          group: plan.group,
          id,
          body,
          seals,
          member,
          prekeySecret,
        })
        expect(valueOf(opened)).toEqual(secret)
        expect(prekeyIdOf(crypto, member, crypto.xPublicKey(prekeySecret))).toEqual(prekeyId)
        expect(chainKeyOf(crypto, prk, member)).toEqual(chainKey)
      }
    })

    test('what is refused', () => {
      for (const bad of all.badBodies) expect(refusal(parseEpochBody(bad.bytes))).toBe(bad.reason)
      for (const bad of all.badSeals) {
        const body = valueOf(parseEpochBody(bad.bytes))
        expect(refusal(openSeal(crypto, { ...bad, body }))).toBe(bad.reason)
      }
    })
  })

  describe('text', () => {
    const all = unhexed(text)

    test('chains', () => {
      for (const { chainKey0, generations } of all.chains) {
        let [at, key] = [0, chainKey0]
        for (const { gen, chainKey, messageKey } of generations) {
          for (; at < gen; at++) key = nextChainKey(crypto, key)
          expect([key, messageKeyOf(crypto, key)]).toEqual([chainKey, messageKey])
          const chain = { gen: 0, key: chainKey0 }
          expect(valueOf(messageKeyAt(crypto, chain, gen))).toEqual(messageKey)
        }
      }
    })

    test.each(all.texts)('of type $contentType', (one) => {
      const keys = textKeysOf(crypto, one.messageKey, one.salt)
      expect(keys).toEqual({ key: one.key, nonce: one.nonce, keyCommit: one.keyCommit })
      expect(valueOf(encodeContent(one))).toEqual(one.plaintext)
      expect(sealText(crypto, keys, one.prefix, one.plaintext)).toEqual(one.body)
      const { contentType, payload } = one
      expect(valueOf(openText(crypto, one))).toEqual({ contentType, payload })
    })

    test('what is refused', () => {
      for (const bad of all.badTexts) expect(refusal(openText(crypto, bad))).toBe(bad.reason)
    })
  })

  describe('envelope', () => {
    const all = unhexed(envelope)

    test('topics and presences', () => {
      for (const { accessKey, topic } of all.topics) expect(topicOf(crypto, accessKey)).toBe(topic)
      for (const { deviceSeed, device, bytes, ...presence } of all.presences) {
        expect(signPresence(crypto, deviceSeed, presence)).toEqual(bytes)
        expect(presenceHolds(crypto, device, bytes)).toBe(true)
      }
    })

    test.each(all.envelopes)('of $content.kind', (one) => {
      const content = one.content as EnvelopeContent
      expect(encodeEnvelopeContent(content)).toEqual(one.plaintext)
      expect(hintOf(crypto, one.envKey, one.random[0]!)).toEqual(one.hint)
      const env = replay(crypto, one.random)
      expect(valueOf(sealEnvelope(env, one.envKey, content))).toEqual(one.envelope)
      expect(valueOf(openEnvelope(crypto, one.envKey, one.envelope))).toEqual(content)
    })

    test('what is refused', () => {
      for (const bad of all.badEnvelopes)
        expect(refusal(openEnvelope(crypto, bad.envKey, bad.envelope))).toBe(bad.reason)
    })
  })

  describe('view', () => {
    const all = unhexed(view)

    test.each(all.views)('a view', ({ group, members, membershipHash, view: expected }) => {
      for (const { account, member, memberGroupId, tips, leaf } of members) {
        const own =
          tips.length === 0
            ? leafOfSilent(crypto, account, member, memberGroupId)
            : leafOf(crypto, account, member, memberGroupId, tips)
        expect(own).toEqual(leaf)
      }
      const standings = members.map((member) => ({ ...member, state: member.state as 1 }))
      expect(membershipHashOf(crypto, group, standings)).toEqual(membershipHash)
      expect(viewOf(crypto, group, membershipHash, members)).toEqual(expected)
    })

    test('a view of other leaves is another view', () => {
      const [whole, part] = all.views
      expect(equal(whole!.view, part!.view)).toBe(false)
      expect(toHex(viewOf(crypto, whole!.group, whole!.membershipHash, part!.members))).not.toBe(
        toHex(whole!.view),
      )
    })
  })
})
