// Ticket, join request and welcome: the three things that pass between a newcomer and a leader.
import { describe, expect, test } from 'vitest'

import { type Bytes, fromBase64url, toBase64url } from '../../../../src/base/bytes.ts'
import { type Value, decode, encode } from '../../../../src/codec/canonical.ts'
import { cardHash } from '../../../../src/core/identity/card.ts'
import { memberIdOf } from '../../../../src/core/identity/candidate.ts'
import {
  createJoinRequest,
  inviteMacHolds,
  joinRequestHash,
  parseJoinRequest,
} from '../../../../src/core/membership/join-request.ts'
import { type Ticket, parseTicketText, ticketText } from '../../../../src/core/membership/ticket.ts'
import { type Welcome, openWelcome, sealWelcome } from '../../../../src/core/membership/welcome.ts'
import {
  accessKeyOf,
  bytesOf,
  crypto,
  entropy,
  groupOf,
  person,
  reasonOf,
  valueOf,
} from '../people.ts'

const club = groupOf('club', 'ada', 'bob')
const cleo = person('cleo')
const ticket: Ticket = {
  group: club.group,
  issuer: club.leaders[0]!.member,
  introducers: ['/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWQYV9dGMFoRzNStwpXztXaBUjtPqi6aU76ZgUriHhKust'],
  inviteId: bytesOf('invite').subarray(0, 16),
  inviteSecret: bytesOf('secret'),
  expiresMs: 1_800_000_000_000,
  uses: 1,
}
const request = createJoinRequest(crypto, { ...cleo, ticket, nonce: bytesOf('n').subarray(0, 16) })

describe('a ticket', () => {
  const text = ticketText(crypto, ticket)

  test('is read back as it was issued', () => {
    expect(valueOf(parseTicketText(crypto, text))).toEqual(ticket)
    expect(text.startsWith('coterie-ticket-1')).toBe(true)
  })

  test('leaves out what is no address', () => {
    const bad = [
      'tcp/1',
      '/ip4/1.2.3.4/tcp/1',
      '/dns/a b/p2p/Qm',
      '/p2p/0',
      `/${'x'.repeat(260)}/p2p/Qm`,
    ]
    const mixed = ticketText(crypto, { ...ticket, introducers: [...bad, '/p2p/Qm'] })
    expect(valueOf(parseTicketText(crypto, mixed)).introducers).toEqual(['/p2p/Qm'])
  })

  test('fits eight long addresses', () => {
    const introducers = Array.from({ length: 8 }, () => `/dns/${'x'.repeat(240)}/p2p/Qm`)
    const long = ticketText(crypto, { ...ticket, introducers })
    expect(valueOf(parseTicketText(crypto, long)).introducers).toEqual(introducers)
  })

  const forged = (...change: [place: number, value: Value]): string => {
    const bytes = fromBase64url(text.slice(16))!.slice(0, -4)
    const fields = [...(valueOf(decode(bytes)) as Value[])]
    fields[change[0]] = change[1]
    const altered = encode(fields)
    const check = crypto.sha256(altered).subarray(0, 4)
    return `coterie-ticket-1${toBase64url(Uint8Array.of(...altered, ...check))}`
  }

  test.each([
    ['another kind', 'armor-prefix', `coterie-card-1${text.slice(16)}`],
    ['a lost end', 'armor-check', text.slice(0, -4)],
    ['another version', 'ticket-malformed', forged(0, 2)],
    ['no uses', 'ticket-uses', forged(7, 0)],
    ['too many uses', 'ticket-malformed', forged(7, 1_025)],
    ['a line break in an address', 'ticket-malformed', forged(3, ['/dns/a\n/p2p/Qm'])],
    ['nine addresses', 'ticket-malformed', forged(3, Array<string>(9).fill('/p2p/Qm'))],
  ])('is refused for %s: %s', (_, reason, damaged) => {
    expect(reasonOf(parseTicketText(crypto, damaged))).toBe(reason)
  })
})

describe('a join request', () => {
  test('is read back as it was made', () => {
    expect(valueOf(parseJoinRequest(crypto, request.bytes))).toEqual(request)
    expect(request).toMatchObject({ name: 'cleo', group: club.group, issuer: ticket.issuer })
    expect(request.member).toEqual(memberIdOf(crypto, club.group, request.admission))
    expect(request.admission).toEqual(joinRequestHash(crypto, request.bytes))
  })

  test('proves the ticket to whoever knows its secret, and only that ticket', () => {
    expect(inviteMacHolds(crypto, request, ticket.inviteSecret)).toBe(true)
    expect(inviteMacHolds(crypto, request, bytesOf('guess'))).toBe(false)
    const other = { ...ticket, inviteSecret: bytesOf('other') }
    const foreign = createJoinRequest(crypto, { ...cleo, ticket: other, nonce: request.nonce })
    expect(inviteMacHolds(crypto, foreign, ticket.inviteSecret)).toBe(false)
  })

  test('names its group and issuer: neither can be changed', () => {
    for (const place of [2, 3, 4, 9, 10]) {
      const fields = [...(valueOf(decode(request.bytes)) as Value[])]
      const before = fields[place] as Bytes
      fields[place] = bytesOf('another').subarray(0, before.length)
      expect(reasonOf(parseJoinRequest(crypto, encode(fields)))).toBe('device-signature')
    }
  })

  test('is no card, and a card is no request', () => {
    expect(reasonOf(parseJoinRequest(crypto, club.leaders[0]!.card.bytes))).toBe(
      'join-request-malformed',
    )
  })
})

describe('a welcome', () => {
  const recipient = { group: club.group, admission: request.admission, prekey0: cleo.prekey0 }
  const welcome: Welcome = {
    constitution: club.bytes,
    accessKey: accessKeyOf('club'),
    add: bytesOf('add'),
    heads: [bytesOf('head one'), bytesOf('head two')],
    reachRecords: [bytesOf('record')],
  }
  const sealedAs = (change: Partial<Welcome>, to = recipient): Bytes =>
    sealWelcome(entropy(1), bytesOf('ada device'), to, { ...welcome, ...change })
  const open = (sealed: Bytes, as = recipient, secret = cleo.prekeySecret): unknown => {
    const opened = openWelcome(crypto, secret, as, sealed)
    return opened.ok ? opened.value : opened.error
  }

  test('opens for whom it was sealed', () => {
    expect(open(sealedAs({}))).toEqual({ ...welcome, constitution: club })
    expect(open(sealedAs({ add: new Uint8Array(0) }))).toMatchObject({ add: new Uint8Array(0) })
  })

  test('opens for a leader whom a card names', () => {
    const bob = person('bob')
    const seat = club.leaders.find((one) => one.card.name === 'bob')!
    const as = {
      group: club.group,
      admission: cardHash(crypto, seat.card.bytes),
      prekey0: bob.prekey0,
    }
    expect(open(sealedAs({}, as), as, bob.prekeySecret)).toMatchObject({ constitution: club })
  })

  test('does not open for another group, request, prekey or secret', () => {
    const sealed = sealedAs({})
    expect(open(sealed, { ...recipient, group: bytesOf('x') })).toBe('welcome-unopenable')
    expect(open(sealed, { ...recipient, admission: bytesOf('x') })).toBe('welcome-unopenable')
    expect(open(sealed, { ...recipient, prekey0: person('bob').prekey0 })).toBe(
      'welcome-unopenable',
    )
    expect(open(sealed, recipient, bytesOf('x'))).toBe('welcome-unopenable')
    expect(open(new Uint8Array(40))).toBe('welcome-unopenable')
  })

  test('is refused when it speaks of another group or brings another key', () => {
    const other = groupOf('other', 'ada', 'bob')
    expect(open(sealedAs({ constitution: other.bytes }))).toBe('welcome-other-group')
    expect(open(sealedAs({ constitution: bytesOf('none') }))).toBe('constitution-malformed')
    expect(open(sealedAs({ accessKey: bytesOf('guess') }))).toBe('welcome-access-key')
    expect(open(new Uint8Array(300_000))).toBe('welcome-too-large')
  })

  test('carries as many records as fit', () => {
    const reachRecords = Array.from({ length: 1_024 }, () => new Uint8Array(1_000))
    const opened = open(sealedAs({ reachRecords })) as { reachRecords: Bytes[] }
    expect(opened.reachRecords.length).toBe(256)
  })
})
