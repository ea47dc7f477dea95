// Vectors of tickets, join requests, welcomes and reach records.
// Sealed things carry the randomness they were made with, in the order in which it was drawn.

import { type Bytes, toBase64url } from '../../src/base/bytes.ts'
import { encode } from '../../src/codec/canonical.ts'
import { createJoinRequest } from '../../src/core/membership/join-request.ts'
import { ticketText } from '../../src/core/membership/ticket.ts'
import { type Welcome, sealWelcome } from '../../src/core/membership/welcome.ts'
import { signReachRecord } from '../../src/core/presence/reach-record.ts'
import {
  NONE,
  accessKey,
  ada,
  bytesOf,
  cleo,
  club,
  crypto,
  lastFlipped,
  recorder,
  ticket,
  withField,
} from './people.ts'

const nonce = bytesOf('request nonce').slice(0, 16)
const request = createJoinRequest(crypto, { ...cleo, ticket, nonce })
const recipient = { group: club.group, admission: request.admission, prekey0: cleo.prekey0 }

export function ticketVectors() {
  return {
    tickets: [ticket, { ...ticket, introducers: [], uses: 1 }].map((one) => ({
      ...one,
      text: ticketText(crypto, one),
    })),
    badTickets: badTickets(),
    requests: [requestVector()],
    badRequests: badRequests(),
    reachRecords: [reachRecordVector()],
    welcomes: [welcomeVector({}), welcomeVector({ add: NONE, heads: [], reachRecords: [] })],
    badWelcomes: badWelcomes(),
  }
}

/** A ticket with any fields, well armored. */
function armored(fields: Bytes): string {
  const check = crypto.sha256(fields).slice(0, 4)
  return `coterie-ticket-1${toBase64url(Uint8Array.of(...fields, ...check))}`
}

function badTickets() {
  const text = ticketText(crypto, ticket)
  const { group, issuer, introducers, inviteId, inviteSecret, expiresMs } = ticket
  const encoded = encode([1, group, issuer, [...introducers], inviteId, inviteSecret, expiresMs, 1])
  return [
    { what: 'a lost piece', reason: 'armor-check', text: text.slice(0, 40) + text.slice(44) },
    { what: 'a card', reason: 'armor-prefix', text: text.replace('ticket', 'card') },
    { what: 'no uses', reason: 'ticket-uses', text: armored(withField(encoded, 7, 0)) },
    {
      what: 'no address',
      reason: 'ticket-malformed',
      text: armored(withField(encoded, 3, ['tcp'])),
    },
    { what: 'version 2', reason: 'ticket-malformed', text: armored(withField(encoded, 0, 2)) },
  ]
}

function requestVector() {
  const { seeds, name, transport, memberGroupId, prekey0 } = cleo
  const { deviceList, mac, bytes, admission, member } = request
  return {
    ticket: ticketText(crypto, ticket),
    name,
    accountSeed: seeds.account,
    deviceSeed: seeds.device,
    transport,
    memberGroupId,
    prekey0,
    nonce,
    deviceList,
    mac,
    bytes,
    admission,
    member,
  }
}

function badRequests() {
  const { bytes } = request
  return [
    {
      what: 'another group',
      reason: 'device-signature',
      bytes: withField(bytes, 2, bytesOf('other')),
    },
    {
      what: 'another issuer',
      reason: 'device-signature',
      bytes: withField(bytes, 3, bytesOf('other')),
    },
    {
      what: 'another mac',
      reason: 'device-signature',
      bytes: withField(bytes, 10, bytesOf('other')),
    },
    { what: 'a mark in the name', reason: 'name-bidi', bytes: withField(bytes, 1, 'a\u200f') },
    {
      what: 'a prekey of small order',
      reason: 'prekey-unusable',
      bytes: withField(bytes, 8, new Uint8Array(32)),
    },
    { what: 'a short nonce', reason: 'join-request-malformed', bytes: withField(bytes, 9, NONE) },
    {
      what: 'no account signature',
      reason: 'account-signature',
      bytes: withField(bytes, 11, new Uint8Array(64)),
    },
  ]
}

function reachRecordVector() {
  const record = {
    group: club.group,
    member: ticket.issuer,
    seq: 4,
    addresses: ticket.introducers,
    sentMs: 1_700_000_000_000,
  }
  const bytes = signReachRecord(crypto, ada.seeds.device, record)
  const device = crypto.edPublicKey(ada.seeds.device)
  return { deviceSeed: ada.seeds.device, device, ...record, bytes }
}

function welcomeVector(change: Partial<Welcome>) {
  const welcome: Welcome = {
    constitution: club.bytes,
    accessKey,
    add: bytesOf('add message'),
    heads: [bytesOf('head one'), bytesOf('head two')],
    reachRecords: [reachRecordVector().bytes],
    ...change,
  }
  const env = recorder('welcome')
  const sealed = sealWelcome(env, ada.seeds.device, recipient, welcome)
  return {
    deviceSeed: ada.seeds.device,
    random: env.drawn,
    ...recipient,
    prekey0Secret: cleo.prekey0Secret,
    ...welcome,
    sealed,
  }
}

function badWelcomes() {
  const { sealed } = welcomeVector({})
  const own = { ...recipient, prekey0Secret: cleo.prekey0Secret }
  const otherKey = welcomeVector({ accessKey: bytesOf('other') }).sealed
  return [
    { what: 'a changed seal', reason: 'welcome-unopenable', ...own, sealed: lastFlipped(sealed) },
    {
      what: 'another group',
      reason: 'welcome-unopenable',
      ...own,
      group: bytesOf('other'),
      sealed,
    },
    {
      what: 'another request',
      reason: 'welcome-unopenable',
      ...own,
      admission: bytesOf('other'),
      sealed,
    },
    { what: 'another access key', reason: 'welcome-access-key', ...own, sealed: otherKey },
  ]
}
