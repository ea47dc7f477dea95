// Requests for keys and their answers, against the vectors; and by what right somebody is answered.
import { describe, expect, test } from 'vitest'
import { policyOfName } from '../../../../src/core/constitution/policy.ts'
import {
  encodeSharedKeys,
  openShare,
  parseSharedKeys,
  sealShare,
  shareInfo,
} from '../../../../src/core/key-share/answer.ts'
import {
  parseShareRequest,
  shareRequestHash,
  shareRequestHolds,
  signShareRequest,
} from '../../../../src/core/key-share/request.ts'
import { ShareRefusal, refusalWord, rightTo } from '../../../../src/core/key-share/right.ts'
import share from '../../../vectors/share.json' with { type: 'json' }
import { providers } from '../../crypto/providers.ts'
import { refusal, replay, unhexed } from '../vector-files.ts'

const all = unhexed(share)
const [request] = all.requests

describe.each(providers)('%s', (_, crypto) => {
  test('a request is signed, read, named and refused as the vectors say', () => {
    const { deviceSeed, encoded, hash, group, requester, epochs, key, nonce, timeMs } = request!
    const content = { group, requester, epochs, key, nonce, timeMs }
    const device = crypto.edPublicKey(deviceSeed)
    expect(signShareRequest(crypto, deviceSeed, content)).toEqual(encoded)
    expect(parseShareRequest(encoded)).toEqual({ ok: true, value: content })
    expect(shareRequestHash(crypto, encoded)).toEqual(hash)
    expect(shareRequestHolds(crypto, device, encoded)).toBe(true)
    for (let at = 0; at < encoded.length; at++) {
      const bent = encoded.with(at, encoded[at]! ^ 1)
      expect(shareRequestHolds(crypto, device, bent)).toBe(false)
    }
    for (const { what, encoded: bad, reason } of all.badRequests)
      expect([what, refusal(parseShareRequest(bad))]).toEqual([what, reason])
  })

  test('an answer is sealed, opened and refused as the vectors say', () => {
    for (const one of all.answers) {
      const { group, epoch, request: hash, responder, info, sealed, plaintext } = one
      const binding = { group, epoch, request: hash, responder }
      const content = {
        secret: one.secret,
        chains: one.chains,
        keys: one.keys,
        more: one.more === 1,
      }
      const env = replay(crypto, one.random)
      expect(shareInfo(binding)).toEqual(info)
      expect(encodeSharedKeys(content)).toEqual(plaintext)
      expect(sealShare(env, one.deviceSeed, request!.key, binding, content)).toEqual(sealed)
      expect(env.rest).toEqual([])
      const open = (bent: Partial<typeof binding>, bytes = sealed) =>
        openShare(crypto, request!.keySecret, { ...binding, ...bent }, bytes)
      expect(open({})).toEqual({ ok: true, value: content })
      for (const field of ['group', 'epoch', 'request', 'responder'] as const)
        expect(refusal(open({ [field]: info.slice(0, 32) }))).toBe('share-unopenable')
      expect(refusal(open({}, sealed.slice(0, 40)))).toBe('share-unopenable')
      expect(refusal(open({}, sealed.with(3, sealed[3]! ^ 1)))).toBe('share-unopenable')
    }
    for (const { what, encoded, reason } of all.badAnswers)
      expect([what, refusal(parseSharedKeys(encoded))]).toEqual([what, reason])
  })
})

test('the right follows from the policy, the seals and the admission', () => {
  const strict = policyOfName('strict')
  const balanced = policyOfName('balanced')
  const recipient = { recipient: true, concurrent: false }
  const apart = { recipient: false, concurrent: true }
  const before = { recipient: false, concurrent: false }
  expect(rightTo(balanced, recipient)).toBe('recipient')
  expect(rightTo(balanced, apart)).toBe('concurrent')
  expect(rightTo(strict, apart)).toBeUndefined()
  expect(rightTo(balanced, before)).toBeUndefined()
  expect(rightTo({ ...balanced, historyFull: true }, before)).toBe('full')
  expect([strict.keyShare, balanced.keyShare]).toEqual([false, true])
})

test('every refusal has a number and a word', () => {
  for (const [word, code] of Object.entries(ShareRefusal)) expect(refusalWord(code)).toBe(word)
  expect(refusalWord(200)).toBe('unknown-code')
})
