// Laws I6 and I7: a ciphertext opens under one epoch, author, generation and salt only, and not at all
// once somebody else puts it under a header of its own, however that header is filled in.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { type Bytes, utf8 } from '../../src/base/bytes.ts'
import type { Result } from '../../src/base/result.ts'
import {
  chainKeyOf,
  messageKeyOf,
  nextChainKey,
  prkOf,
  textKeysOf,
} from '../../src/core/epoch/schedule.ts'
import { type Content, encodeContent, openText, sealText } from '../../src/core/epoch/text.ts'
import {
  type HeaderDraft,
  type Message,
  prefixOf,
  signMessage,
  verifyId,
} from '../../src/core/message/message.ts'
import { bytesOf, crypto, person, valueOf } from '../unit/core/people.ts'

const epochs = [0, 1, 2].map((number) => ({
  id: bytesOf(`epoch ${number}`),
  secret: bytesOf(`secret ${number}`),
}))
const authors = ['ada', 'bob', 'mallory'].map((name) => {
  const { seeds, memberGroupId } = person(name)
  return { member: bytesOf(`${name} member`), memberGroupId, seed: seeds.device }
})
type Author = (typeof authors)[number]

/** What decides a text's key. */
interface Slot {
  readonly epoch: number
  readonly author: number
  readonly gen: number
  readonly salt: number
}

const slots: fc.Arbitrary<Slot> = fc.record({
  epoch: fc.nat(2),
  author: fc.nat(2),
  gen: fc.nat(5),
  salt: fc.nat(2),
})

function messageKey(epochId: Bytes, secret: Bytes, member: Bytes, gen: number): Bytes {
  let chainKey = chainKeyOf(crypto, prkOf(crypto, epochId, secret), member)
  for (let at = 0; at < gen; at++) chainKey = nextChainKey(crypto, chainKey)
  return messageKeyOf(crypto, chainKey)
}

function draftOf(author: Author, slot: Slot, keyCommit: Bytes): HeaderDraft {
  return {
    type: 2,
    group: bytesOf('group'),
    member: author.member,
    memberGroupId: author.memberGroupId,
    counter: 1 + slot.gen,
    prev: bytesOf('prev'),
    deps: [],
    lamport: 9,
    epoch: epochs[slot.epoch]!.id,
    gen: slot.gen,
    salt: bytesOf(`salt ${slot.salt}`).slice(0, 16),
    sent: 0,
    keyCommit,
  }
}

function send(slot: Slot, payload: Bytes): Message {
  const author = authors[slot.author]!
  const { id, secret } = epochs[slot.epoch]!
  const key = messageKey(id, secret, author.member, slot.gen)
  const keys = textKeysOf(crypto, key, bytesOf(`salt ${slot.salt}`).slice(0, 16))
  const draft = draftOf(author, slot, keys.keyCommit)
  const content = valueOf(encodeContent({ contentType: 'text/plain', payload }))
  const body = sealText(crypto, keys, prefixOf(draft), content)
  return signMessage(crypto, author.seed, draft, body)
}

/** What a member who holds all epochs makes of a message. */
function receive({ header, body }: Message): Result<Content> {
  const { secret } = epochs.find((epoch) => String(epoch.id) === String(header.epoch))!
  return openText(crypto, {
    messageKey: messageKey(header.epoch, secret, header.member, header.gen),
    salt: header.salt,
    keyCommit: header.keyCommit,
    prefix: prefixOf(header),
    body,
  })
}

test('what was sent is read by whoever holds the epoch', () => {
  fc.assert(
    fc.property(slots, fc.uint8Array({ maxLength: 50 }), (slot, payload) => {
      const message = send(slot, payload)
      expect(valueOf(receive(message)).payload).toEqual(payload)
      const author = authors[slot.author]!
      const device = crypto.edPublicKey(author.seed)
      expect(verifyId(crypto, device, message.idBytes, message.signature)).toBe(true)
    }),
  )
})

describe('a ciphertext', () => {
  test('opens under the slot that it was sealed for and no other (I6)', () => {
    fc.assert(
      fc.property(slots, slots, (sealed, tried) => {
        const message = send(sealed, utf8('secret'))
        const author = authors[tried.author]!
        const header = draftOf(author, tried, message.header.keyCommit)
        const moved = signMessage(crypto, author.seed, header, message.body)
        const same = JSON.stringify(sealed) === JSON.stringify(tried)
        expect(receive(moved).ok).toBe(same)
      }),
    )
  })

  test('never opens when re-signed with the commitment that its new place asks for (I7)', () => {
    fc.assert(
      fc.property(slots, slots, (sealed, placed) => {
        fc.pre(sealed.author !== 2)
        const message = send(sealed, utf8('secret'))
        // Mallory is a member: she knows every key, and fills in what a reader would compare.
        const mallory = authors[2]!
        const { id, secret } = epochs[placed.epoch]!
        const salt = bytesOf(`salt ${placed.salt}`).slice(0, 16)
        const key = messageKey(id, secret, mallory.member, placed.gen)
        const { keyCommit } = textKeysOf(crypto, key, salt)
        const stolen = draftOf(mallory, placed, keyCommit)
        const outcome = receive(signMessage(crypto, mallory.seed, stolen, message.body))
        expect(outcome).toEqual({ ok: false, error: 'text-unopenable' })
      }),
    )
  })

  test('does not open with any field of its header changed', () => {
    const message = send({ epoch: 0, author: 0, gen: 2, salt: 0 }, utf8('secret'))
    const changes: Partial<HeaderDraft>[] = [
      { type: 13 },
      { group: bytesOf('other') },
      { memberGroupId: 7 },
      { counter: 9 },
      { prev: bytesOf('other') },
      { deps: [bytesOf('dep')] },
      { lamport: 10 },
      { sent: 1 },
      { gen: 3 },
      { member: authors[1]!.member },
      { epoch: epochs[1]!.id },
    ]
    for (const change of changes) {
      const draft = { ...message.header, ...change }
      expect(receive(signMessage(crypto, authors[0]!.seed, draft, message.body)).ok).toBe(false)
    }
    expect(receive(message).ok).toBe(true)
  })
})
