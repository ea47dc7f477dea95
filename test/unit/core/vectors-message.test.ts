// Vectors of messages and batches: ids, signatures and texts computed again, every verdict given again.
import { describe, expect, test } from 'vitest'
import {
  constitutionOf,
  createLedger,
  hear,
  rowOf,
  verdictOn,
} from '../../../scripts/vectors/ledger.ts'
import { outcomeOf, readerOf } from '../../../scripts/vectors/batch.ts'
import { type Bytes, toHex } from '../../../src/base/bytes.ts'
import { encode } from '../../../src/codec/canonical.ts'
import { batchValue } from '../../../src/core/anti-entropy/batch.ts'
import type { Batch } from '../../../src/core/anti-entropy/batch.ts'
import { chainKeyOf, messageKeyOf, nextChainKey, prkOf } from '../../../src/core/epoch/schedule.ts'
import { openSealed, openText } from '../../../src/core/epoch/text.ts'
import { parseMeta } from '../../../src/core/meta/body.ts'
import { encodeHeader, encodePrefix } from '../../../src/core/message/header.ts'
import type { Header } from '../../../src/core/message/header.ts'
import { parseMessage } from '../../../src/core/message/message.ts'
import type { Message } from '../../../src/core/message/message.ts'
import { parseEpochMessage } from '../../../src/core/message/bodies.ts'
import { epochIdOf } from '../../../src/core/epoch/body.ts'
import type { Crypto } from '../../../src/crypto/crypto.ts'
import batch from '../../vectors/batch.json' with { type: 'json' }
import message from '../../vectors/message.json' with { type: 'json' }
import { providers } from '../crypto/providers.ts'
import { valueOf } from './people.ts'
import { unhexed } from './vector-files.ts'

const all = unhexed(message)
const batches = unhexed(batch)

const messagesWith = (crypto: Crypto): Message[] =>
  all.messages.map((one) => valueOf(parseMessage(crypto, one)))

describe.each(providers)('%s', (_, crypto) => {
  test.each(all.messages)('message: $what', (one) => {
    const parsed = valueOf(parseMessage(crypto, one))
    const header: Header = { ...one, group: all.group }
    expect(encodeHeader(header)).toEqual(one.header)
    expect(encodePrefix(header)).toEqual(one.prefix)
    expect(parsed.idBytes).toEqual(one.id)
    const author = all.members.find(({ member }) => toHex(member) === parsed.member)!
    const signed = encodeLabelled('coterie/1/msg-sig', one.id)
    expect(crypto.sign(author.deviceSeed, signed)).toEqual(one.signature)
  })

  test('texts open with the keys of their epochs', () => {
    const texts = all.messages.filter(({ type }) => type === 2)
    expect(texts).toHaveLength(7)
    for (const one of texts) {
      const messageKey = messageKeyWith(crypto, one)
      expect(messageKey).toEqual(one.messageKey)
      const { contentType, payload } = valueOf(openText(crypto, { ...one, messageKey }))
      expect({ contentType, payload }).toEqual({
        contentType: one.contentType,
        payload: one.payload,
      })
    }
  })

  test('a Meta opens with a key of the same chain, and says what its bytes say', () => {
    const [one, ...more] = all.messages.filter(({ type }) => type === 13)
    expect(more).toEqual([])
    const messageKey = messageKeyWith(crypto, one!)
    const plaintext = valueOf(openSealed(crypto, { ...one!, messageKey }))
    expect(plaintext).toEqual(one!.plaintext)
    expect(valueOf(parseMeta(plaintext)).map(({ write }) => write.kind)).toEqual(['name', 'mute'])
    expect(openText(crypto, { ...one!, messageKey }).ok).toBe(false)
  })

  test('epoch ids are those of their bodies', () => {
    const made = all.messages.filter(({ type }) => type === 8)
    const ids = made.map(({ body }) => {
      const { epoch } = valueOf(parseEpochMessage(body))
      return epochIdOf(crypto, all.group, epoch)
    })
    expect(ids).toEqual(all.epochs.map(({ id }) => id))
  })

  test('the transcript is valid, and forks its author once', () => {
    const ledger = createLedger(crypto, constitutionOf(crypto, all.constitution))
    const messages = messagesWith(crypto)
    for (const one of messages) expect(hear(ledger, one)).toMatchObject({ kind: 'valid' })
    expect(ledger.transcript.lines).toHaveLength(4)
    const last = rowOf(ledger, messages.at(-1)!.id)
    expect([...ledger.transcript.heads.values()]).toEqual([last])
  })

  test('what nobody accepts', () => {
    const ledger = createLedger(crypto, constitutionOf(crypto, all.constitution))
    for (const one of messagesWith(crypto)) hear(ledger, one)
    for (const bad of all.bad)
      expect([bad.what, verdictOn(ledger, bad)]).toEqual([bad.what, bad.reason])
  })

  describe('batch', () => {
    const devices: ReadonlyMap<string, Bytes> = new Map(
      batches.devices.map(({ member, device }) => [String(member), device]),
    )
    const judge = (held: number, bytes: Bytes) =>
      outcomeOf(crypto, readerOf(crypto, messagesWith(crypto).slice(0, held)), bytes, devices)

    test.each(batches.batches)('$what', (one) => {
      expect(encode(batchValue(one as unknown as Batch))).toEqual(one.bytes)
      expect(judge(one.held, one.bytes)).toEqual({ reason: 'valid', ids: one.ids })
    })

    test('what is refused', () => {
      for (const { what, held, bytes, reason } of batches.bad)
        expect([what, judge(held, bytes).reason]).toEqual([what, reason])
    })
  })
})

/** The key at a message's place in its author's chain. */
function messageKeyWith(crypto: Crypto, one: (typeof all.messages)[number]): Bytes {
  const secret = all.epochs.find(({ id }) => toHex(id) === toHex(one.epoch))!.secret
  let chainKey = chainKeyOf(crypto, prkOf(crypto, one.epoch, secret), one.member)
  for (let gen = 0; gen < one.gen; gen++) chainKey = nextChainKey(crypto, chainKey)
  return messageKeyOf(crypto, chainKey)
}

const encodeLabelled = (label: string, hash: Bytes): Bytes =>
  Uint8Array.of(...new TextEncoder().encode(label), 0, ...hash)
