// Law (I2): whichever single bit of an object is turned over, the object is refused.
import { describe, expect, test } from 'vitest'

import { type Bytes, fromBase64url, toBase64url } from '../../src/base/bytes.ts'
import { parseConstitution } from '../../src/core/constitution/constitution.ts'
import { epochIdOf, parseEpochBody } from '../../src/core/epoch/body.ts'
import { openEnvelope } from '../../src/core/epoch/envelope.ts'
import { openSeal } from '../../src/core/epoch/seal.ts'
import { openText } from '../../src/core/epoch/text.ts'
import { cardText, parseCard, parseCardText } from '../../src/core/identity/card.ts'
import { parseJoinRequest } from '../../src/core/membership/join-request.ts'
import { parseTicketText } from '../../src/core/membership/ticket.ts'
import { openWelcome } from '../../src/core/membership/welcome.ts'
import { crypto, flipped } from '../unit/core/people.ts'
import { samples } from '../unit/core/samples.ts'

/** Bits whose flip is accepted: none, if the law holds. */
function accepted(valid: Bytes, accepts: (bytes: Bytes) => boolean, step = 1): number[] {
  expect(accepts(valid)).toBe(true)
  const bits: number[] = []
  for (let bit = 0; bit < 8 * valid.length; bit += step) {
    if (accepts(flipped(valid, bit))) bits.push(bit)
  }
  return bits
}

const { group, member, prekeySecret, recipient, epoch, text, envKey } = samples
const opensAs = (change: Partial<Parameters<typeof openSeal>[1]>): boolean =>
  openSeal(crypto, { group, ...epoch, member, prekeySecret, ...change }).ok

test('the search for accepted flips finds one where there is one', () => {
  const valid = Uint8Array.of(1, 2, 3)
  expect(accepted(valid, (bytes) => bytes[0] === 1 && bytes[2] === 3)).toHaveLength(8)
})

describe('no flip is accepted in', () => {
  test('a card', { timeout: 60_000 }, () => {
    expect(accepted(samples.card, (bytes) => parseCard(crypto, bytes).ok)).toEqual([])
  })

  test('a join request', { timeout: 60_000 }, () => {
    expect(accepted(samples.request, (bytes) => parseJoinRequest(crypto, bytes).ok)).toEqual([])
  })

  test.each([
    ['a ticket', 'coterie-ticket-1', samples.ticketText, parseTicketText],
    ['the text of a card', 'coterie-card-1', cardText(crypto, samples.card), parseCardText],
  ] as const)('%s', (_, prefix, armored, read) => {
    const bytes = fromBase64url(armored.slice(prefix.length))!
    const accepts = (changed: Bytes): boolean => read(crypto, prefix + toBase64url(changed)).ok
    expect(accepted(bytes, accepts)).toEqual([])
  })

  test('a seal', () => {
    const accepts = (seal: Bytes): boolean => opensAs({ seals: epoch.seals.map(() => seal) })
    expect(accepted(samples.seal, accepts)).toEqual([])
  })

  test('the body of an epoch, whose seals then open no more', () => {
    const accepts = (bytes: Bytes): boolean => {
      const body = parseEpochBody(bytes)
      return body.ok && opensAs({ body: body.value, id: epochIdOf(crypto, group, bytes) })
    }
    expect(accepted(epoch.bytes, accepts)).toEqual([])
  })

  test.each(['body', 'prefix', 'salt', 'keyCommit', 'messageKey'] as const)(
    'the %s of a text',
    (part) => {
      const accepts = (bytes: Bytes): boolean => openText(crypto, { ...text, [part]: bytes }).ok
      expect(accepted(text[part], accepts)).toEqual([])
    },
  )

  test('an envelope', () => {
    const accepts = (bytes: Bytes): boolean => openEnvelope(crypto, envKey, bytes).ok
    expect(accepted(samples.envelope, accepts)).toEqual([])
  })

  test('a welcome', () => {
    const accepts = (bytes: Bytes): boolean =>
      openWelcome(crypto, prekeySecret, recipient, bytes).ok
    expect(accepted(samples.welcome, accepts, 5)).toEqual([])
  })

  test('a constitution, unless it founds another group', { timeout: 60_000 }, () => {
    const own = String(group)
    const accepts = (bytes: Bytes): boolean => {
      const read = parseConstitution(crypto, bytes)
      return read.ok && String(read.value.group) === own
    }
    expect(accepted(samples.constitution, accepts, 7)).toEqual([])
  })
})
