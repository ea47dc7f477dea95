// Vectors of key sharing: a signed request, what answers it, and what is refused in either.
// Keys stand for themselves: no epoch of the other vectors is meant.

import { encode } from '../../src/codec/canonical.ts'
import type { SharedKeys } from '../../src/core/key-share/answer.ts'
import { encodeSharedKeys, sealShare, shareInfo } from '../../src/core/key-share/answer.ts'
import { shareRequestHash, signShareRequest } from '../../src/core/key-share/request.ts'
import { NONE, ada, bob, bytesOf, club, crypto, recorder } from './people.ts'

const member = (word: string) => bytesOf(`${word} member`)

const epochs = [
  { epoch: bytesOf('one epoch'), after: NONE },
  { epoch: bytesOf('another epoch'), after: Uint8Array.of(...member('ada'), 0, 0, 1, 44) },
].sort((a, b) => Buffer.compare(a.epoch, b.epoch))

const keySecret = bytesOf('share key')
const content = {
  group: club.group,
  requester: member('ada'),
  epochs,
  key: crypto.xPublicKey(keySecret),
  nonce: bytesOf('share nonce').slice(0, 16),
  timeMs: 1_700_000_000_000,
}

const answers: SharedKeys[] = [
  { secret: bytesOf('epoch secret'), chains: [], keys: [], more: false },
  {
    secret: NONE,
    chains: [{ member: member('bob'), gen: 7, key: bytesOf('chain key') }],
    keys: [{ member: member('bob'), counter: 12, key: bytesOf('message key') }],
    more: true,
  },
]

export function shareVectors() {
  const encoded = signShareRequest(crypto, ada.seeds.device, content)
  const request = shareRequestHash(crypto, encoded)
  const binding = {
    group: club.group,
    epoch: bytesOf('one epoch'),
    request,
    responder: member('bob'),
  }
  const { group, requester, key, nonce } = content
  const rows = epochs.map(({ epoch, after }) => [epoch, after])
  const signature = encoded.slice(-64)
  return {
    requests: [{ deviceSeed: ada.seeds.device, keySecret, ...content, encoded, hash: request }],
    answers: answers.map((one, i) => {
      const env = recorder(`share ${String(i)}`)
      const sealed = sealShare(env, bob.seeds.device, content.key, binding, one)
      return {
        deviceSeed: bob.seeds.device,
        random: env.drawn,
        ...binding,
        info: shareInfo(binding),
        secret: one.secret,
        chains: one.chains,
        keys: one.keys,
        more: one.more ? 1 : 0,
        plaintext: encodeSharedKeys(one),
        sealed,
      }
    }),
    badRequests: [
      { what: 'no epoch', encoded: encode([group, requester, [], key, nonce, 1, signature]) },
      {
        what: 'epochs that do not ascend',
        encoded: encode([group, requester, rows.toReversed(), key, nonce, 1, signature]),
      },
      {
        what: 'a place of 35 bytes',
        encoded: encode([
          group,
          requester,
          [[bytesOf('one epoch'), new Uint8Array(35)]],
          key,
          nonce,
          1,
          signature,
        ]),
      },
      { what: 'no signature', encoded: encode([group, requester, rows, key, nonce, 1]) },
    ].map((one) => ({ ...one, reason: 'share-request-malformed' })),
    badAnswers: [
      { what: 'a secret and a chain', encoded: encode([key, [[group, 0, key]], [], 0]) },
      { what: 'a secret and more', encoded: encode([key, [], [], 1]) },
      { what: 'more, and no key', encoded: encode([NONE, [[group, 0, key]], [], 1]) },
      { what: 'a key of 31 bytes', encoded: encode([NONE, [], [[group, 0, key.slice(1)]], 0]) },
    ].map((one) => ({ ...one, reason: 'share-malformed' })),
  }
}
