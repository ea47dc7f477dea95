// Law: whatever bytes arrive, every reader of the core answers; none throws, and none accepts a forgery.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { type Bytes, equal, toBase64url } from '../../src/base/bytes.ts'
import type { Result } from '../../src/base/result.ts'
import { type Value, encode } from '../../src/codec/canonical.ts'
import { parseConstitution } from '../../src/core/constitution/constitution.ts'
import { encodeEpochBody, parseEpochBody } from '../../src/core/epoch/body.ts'
import { openEnvelope } from '../../src/core/epoch/envelope.ts'
import { openSeal } from '../../src/core/epoch/seal.ts'
import { openText } from '../../src/core/epoch/text.ts'
import { parseCard, parseCardText } from '../../src/core/identity/card.ts'
import { parseDeviceList } from '../../src/core/identity/device-list.ts'
import { checkName } from '../../src/core/identity/name.ts'
import { isUsablePrekey } from '../../src/core/identity/prekey.ts'
import { parseJoinRequest } from '../../src/core/membership/join-request.ts'
import { parseTicketText } from '../../src/core/membership/ticket.ts'
import { openWelcome } from '../../src/core/membership/welcome.ts'
import { parsePresence, presenceHolds } from '../../src/core/presence/presence.ts'
import { parseReachRecord, reachRecordHolds } from '../../src/core/presence/reach-record.ts'
import { crypto } from '../unit/core/people.ts'
import { samples } from '../unit/core/samples.ts'

interface Subject {
  /** Something that the reader accepts. */
  readonly valid: Bytes
  readonly read: (bytes: Bytes) => Result<unknown>
  /** True where other bytes may be accepted: nothing in the object vouches for the rest of it. */
  readonly open?: boolean
}

const { device, epoch, text, envelope, recipient, prekeySecret, group, member } = samples
const refuse = (reason: string): Result<unknown> => ({ ok: false, error: reason })
const holds = (value: boolean): Result<unknown> => (value ? { ok: true, value } : refuse('no'))

const subjects: Record<string, Subject> = {
  'a device list': { valid: samples.deviceList, read: (bytes) => parseDeviceList(crypto, bytes) },
  'a card': { valid: samples.card, read: (bytes) => parseCard(crypto, bytes) },
  'a join request': { valid: samples.request, read: (bytes) => parseJoinRequest(crypto, bytes) },
  'a constitution': {
    valid: samples.constitution,
    read: (bytes) => parseConstitution(crypto, bytes),
    open: true,
  },
  'a welcome': {
    valid: samples.welcome,
    read: (bytes) => openWelcome(crypto, prekeySecret, recipient, bytes),
  },
  'an epoch body': { valid: epoch.bytes, read: parseEpochBody, open: true },
  'a seal': {
    valid: samples.seal,
    read: (seal) =>
      openSeal(crypto, {
        group,
        id: epoch.id,
        body: epoch.body,
        seals: epoch.seals.map(() => seal),
        member,
        prekeySecret,
      }),
  },
  'a text': { valid: text.body, read: (body) => openText(crypto, { ...text, body }) },
  'an envelope': {
    valid: envelope,
    read: (bytes) => openEnvelope(crypto, samples.envKey, bytes),
  },
  'a presence': {
    valid: samples.presence,
    read: (bytes) => both(parsePresence(bytes), holds(presenceHolds(crypto, device, bytes))),
  },
  'a reach record': {
    valid: samples.reachRecord,
    read: (bytes) => both(parseReachRecord(bytes), holds(reachRecordHolds(crypto, device, bytes))),
  },
}

function both(first: Result<unknown>, second: Result<unknown>): Result<unknown> {
  return first.ok ? second : first
}

const value: fc.Memo<Value> = fc.memo((depth) =>
  depth > 1
    ? fc.oneof(
        fc.nat(),
        fc.uint8Array({ maxLength: 70 }),
        fc.string({ unit: 'binary-ascii', maxLength: 20 }),
        fc.array(value(depth - 1), { maxLength: 9 }),
      )
    : fc.nat(),
)

/** Valid bytes with a stretch of them replaced. */
function mutations(valid: Bytes): fc.Arbitrary<Bytes> {
  return fc
    .tuple(fc.nat(valid.length), fc.nat(8), fc.uint8Array({ maxLength: 8 }))
    .map(([from, length, put]) =>
      Uint8Array.of(...valid.subarray(0, from), ...put, ...valid.subarray(from + length)),
    )
}

describe.each(Object.entries(subjects))('%s', (_, { valid, read, open = false }) => {
  test('is accepted as it is', () => {
    expect(read(valid).ok).toBe(true)
  })

  test('random bytes and random values are refused with a reason in kebab-case', () => {
    const anything = fc.oneof(fc.uint8Array({ maxLength: 600 }), value(4).map(encode))
    fc.assert(
      fc.property(anything, (bytes) => {
        const outcome = read(bytes)
        expect(outcome.ok).toBe(false)
        if (!outcome.ok) expect(outcome.error).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$|^no$/)
      }),
      { numRuns: 300 },
    )
  })

  test('mutated bytes are read without throwing; nothing signed or sealed survives', () => {
    fc.assert(
      fc.property(mutations(valid), (bytes) => {
        const outcome = read(bytes)
        if (outcome.ok && !open) expect(equal(bytes, valid)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})

test('an accepted epoch body has one encoding', () => {
  fc.assert(
    fc.property(mutations(epoch.bytes), (bytes) => {
      const body = parseEpochBody(bytes)
      if (body.ok) expect(encodeEpochBody(body.value)).toEqual(bytes)
    }),
  )
})

test('any text is read without throwing as name, card or ticket', () => {
  const armored = fc
    .tuple(fc.constantFrom('coterie-card-1', 'coterie-ticket-1'), fc.uint8Array())
    .map(([prefix, bytes]) => prefix + toBase64url(bytes))
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), armored), (anyText) => {
      checkName(anyText)
      expect(parseCardText(crypto, anyText).ok).toBe(false)
      expect(parseTicketText(crypto, anyText).ok).toBe(false)
    }),
  )
})

test('any bytes are looked at without throwing as a prekey', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      if (isUsablePrekey(crypto, bytes)) expect(bytes.length).toBe(32)
    }),
  )
})
