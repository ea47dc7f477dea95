// Vectors of evidence and proofs: written again from their inputs, read, judged and refused alike by both
// providers.
import { describe, expect, test } from 'vitest'
import { constitutionOf, createLedger, hear, verdictOn } from '../../../scripts/vectors/ledger.ts'
import type { Bytes } from '../../../src/base/bytes.ts'
import { toHex } from '../../../src/base/bytes.ts'
import { verifyProof } from '../../../src/core/equivocation/proof.ts'
import { chargeHolds, readEvidence } from '../../../src/core/evidence/evidence.ts'
import { parseMessage } from '../../../src/core/message/message.ts'
import evidence from '../../vectors/evidence.json' with { type: 'json' }
import message from '../../vectors/message.json' with { type: 'json' }
import { providers } from '../crypto/providers.ts'
import { valueOf } from './people.ts'
import { refusal, unhexed } from './vector-files.ts'

const all = unhexed(evidence)
const story = unhexed(message)

const seedOf = (member: Bytes): Bytes =>
  all.devices.find((one) => toHex(one.member) === toHex(member))?.deviceSeed ?? new Uint8Array()

describe.each(providers)('%s', (_, crypto) => {
  test.each(all.charges)('evidence: $what', ({ encoded, group, member, counter, ids, signed }) => {
    const charge = valueOf(readEvidence(crypto, encoded))
    expect(charge).toMatchObject({ group, member: toHex(member), counter, ids, signed })
    const device = crypto.edPublicKey(seedOf(member))
    expect(chargeHolds(crypto, device, charge)).toBe(true)
    for (const { id, signature } of signed) {
      const said = Uint8Array.of(...new TextEncoder().encode('coterie/1/msg-sig'), 0, ...id)
      expect(crypto.sign(seedOf(member), said)).toEqual(signature)
    }
    const others = all.devices.filter((one) => toHex(one.member) !== toHex(member))
    expect(others).toHaveLength(2)
    for (const { deviceSeed } of others) {
      expect(chargeHolds(crypto, crypto.edPublicKey(deviceSeed), charge)).toBe(false)
    }
  })

  test('what is no evidence', () => {
    for (const { what, encoded, reason } of all.badEvidence) {
      expect([what, refusal(readEvidence(crypto, encoded))]).toEqual([what, reason])
    }
  })

  test.each(all.messages)('a message of type 11: $what', (one) => {
    const ledger = createLedger(crypto, constitutionOf(crypto, story.constitution))
    for (const each of story.messages) hear(ledger, valueOf(parseMessage(crypto, each)))
    const parsed = valueOf(parseMessage(crypto, one))
    expect(parsed.header.type).toBe(11)
    expect(parsed.idBytes).toEqual(one.id)
    expect(verdictOn(ledger, one)).toBe(one.reason)
    if (one.reason !== 'valid') return
    // It can be taken in, and everything builds on it.
    expect(hear(ledger, parsed)).toMatchObject({ kind: 'valid' })
  })

  test.each(all.proofs)('proof: $what', ({ encoded, group, member, device, counter, ids }) => {
    const proven = valueOf(verifyProof(crypto, encoded))
    expect(proven.constitution.group).toEqual(group)
    expect(proven.accused.memberBytes).toEqual(member)
    expect(proven.accused.device).toEqual(device)
    expect(device).toEqual(crypto.edPublicKey(seedOf(member)))
    expect([proven.counter, proven.ids]).toEqual([counter, ids])
    for (let at = 0; at < encoded.length; at += 97) {
      expect(verifyProof(crypto, encoded.with(at, encoded[at]! ^ 1)).ok, String(at)).toBe(false)
    }
  })

  test('what is no proof', () => {
    for (const { what, encoded, reason } of all.badProofs) {
      expect([what, refusal(verifyProof(crypto, encoded))]).toEqual([what, reason])
    }
  })
})
