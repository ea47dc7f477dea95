// Vectors of identity, constitution and joining, computed again from their inputs with both providers.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fileOf, vectors } from '../../../scripts/vectors.ts'
import {
  accessCommitOf,
  encodeConstitution,
  parseConstitution,
} from '../../../src/core/constitution/constitution.ts'
import {
  cardHash,
  cardText,
  firstDeviceList,
  memberIdOfCard,
  mintCard,
  parseCard,
  parseCardText,
} from '../../../src/core/identity/card.ts'
import {
  deviceListHash,
  parseDeviceList,
  signDeviceList,
} from '../../../src/core/identity/device-list.ts'
import { checkName } from '../../../src/core/identity/name.ts'
import { peerIdOf } from '../../../src/core/identity/peer-id.ts'
import { isUsablePrekey, prekeyIdOf } from '../../../src/core/identity/prekey.ts'
import {
  createJoinRequest,
  inviteMacHolds,
  parseJoinRequest,
} from '../../../src/core/membership/join-request.ts'
import { parseTicketText, ticketText } from '../../../src/core/membership/ticket.ts'
import { openWelcome, sealWelcome } from '../../../src/core/membership/welcome.ts'
import { reachRecordHolds, signReachRecord } from '../../../src/core/presence/reach-record.ts'
import constitution from '../../vectors/constitution.json' with { type: 'json' }
import identity from '../../vectors/identity.json' with { type: 'json' }
import ticket from '../../vectors/ticket.json' with { type: 'json' }
import { providers } from '../crypto/providers.ts'
import { valueOf } from './people.ts'
import { refusal, replay, unhexed } from './vector-files.ts'

test.each(Object.keys(vectors))('%s.json is what the script writes', (name) => {
  const path = join(import.meta.dirname, '..', '..', 'vectors', `${name}.json`)
  expect(readFileSync(path, 'utf8')).toBe(fileOf(name))
})

describe.each(providers)('%s', (_, crypto) => {
  describe('identity', () => {
    const all = unhexed(identity)

    test('names, peer ids and prekeys', () => {
      for (const name of identity.names.valid)
        expect(checkName(name)).toEqual({ ok: true, value: name })
      for (const { name, reason } of identity.names.invalid)
        expect(refusal(checkName(name))).toBe(reason)
      for (const { transport, peerId } of all.peerIds) expect(peerIdOf(transport)).toBe(peerId)
      for (const { prekey, usable } of all.prekeys)
        expect(isUsablePrekey(crypto, prekey)).toBe(usable)
      for (const { member, prekey, id } of all.prekeyIds)
        expect(prekeyIdOf(crypto, member, prekey)).toEqual(id)
    })

    test.each(all.deviceLists)(
      'device list of seq $seq',
      ({ accountSeed, account, bytes, hash, ...list }) => {
        expect(signDeviceList(crypto, accountSeed, list)).toEqual(bytes)
        expect(deviceListHash(crypto, bytes)).toEqual(hash)
        expect(valueOf(parseDeviceList(crypto, bytes))).toEqual({ account, ...list })
      },
    )

    test.each(all.cards)('card of $name', (card) => {
      const seeds = { account: card.accountSeed, device: card.deviceSeed }
      expect(firstDeviceList(crypto, seeds, card.transport)).toEqual(card.deviceList)
      expect(mintCard(crypto, { ...card, seeds }).bytes).toEqual(card.bytes)
      expect(cardText(crypto, card.bytes)).toBe(card.text)
      expect(valueOf(parseCardText(crypto, card.text)).bytes).toEqual(card.bytes)
      expect(cardHash(crypto, card.bytes)).toEqual(card.hash)
      expect(memberIdOfCard(crypto, card.group, card.bytes)).toEqual(card.member)
    })

    test('what is refused', () => {
      for (const bad of all.badDeviceLists)
        expect(refusal(parseDeviceList(crypto, bad.bytes))).toBe(bad.reason)
      for (const bad of all.badCards) expect(refusal(parseCard(crypto, bad.bytes))).toBe(bad.reason)
      for (const bad of all.badCardTexts)
        expect(refusal(parseCardText(crypto, bad.text))).toBe(bad.reason)
    })
  })

  describe('constitution', () => {
    const all = unhexed(constitution)

    test.each(all.constitutions)('of $name', (content) => {
      const policy = content.policy as 'strict' | 'balanced' | 'partition-tolerant'
      const leaders = content.leaders.map(({ card }) => card)
      expect(encodeConstitution(crypto, { ...content, leaders, policy })).toEqual(content.bytes)
      expect(accessCommitOf(crypto, content.accessKey)).toEqual(content.accessCommit)
      const read = valueOf(parseConstitution(crypto, content.bytes))
      expect(read).toMatchObject({
        group: content.group,
        name: content.name,
        predecessor: content.predecessor,
        policy: { name: policy },
      })
      const seats = read.leaders.map(({ card, admission, member }) => ({
        card: card.bytes,
        admission,
        member,
      }))
      expect(seats).toEqual(content.leaders)
    })

    test('what is refused', () => {
      for (const bad of all.badConstitutions)
        expect(refusal(parseConstitution(crypto, bad.bytes))).toBe(bad.reason)
    })
  })

  describe('ticket', () => {
    const all = unhexed(ticket)

    test('tickets', () => {
      for (const { text: armored, ...content } of all.tickets) {
        expect(ticketText(crypto, content)).toBe(armored)
        expect(valueOf(parseTicketText(crypto, armored))).toEqual(content)
      }
    })

    test.each(all.requests)('join request of $name', (request) => {
      const seeds = { account: request.accountSeed, device: request.deviceSeed }
      const invite = valueOf(parseTicketText(crypto, request.ticket))
      const made = createJoinRequest(crypto, { ...request, seeds, ticket: invite })
      const { bytes, admission, member, mac, deviceList } = request
      expect(made).toMatchObject({ bytes, admission, member, mac, deviceList })
      const read = valueOf(parseJoinRequest(crypto, bytes))
      expect(read).toEqual(made)
      expect(inviteMacHolds(crypto, read, invite.inviteSecret)).toBe(true)
    })

    test.each(all.reachRecords)('reach record $seq', ({ deviceSeed, device, bytes, ...record }) => {
      expect(signReachRecord(crypto, deviceSeed, record)).toEqual(bytes)
      expect(reachRecordHolds(crypto, device, bytes)).toBe(true)
    })

    test.each(all.welcomes)('welcome', (welcome) => {
      const env = replay(crypto, welcome.random)
      expect(sealWelcome(env, welcome.deviceSeed, welcome, welcome)).toEqual(welcome.sealed)
      expect(env.rest).toEqual([])
      const opened = valueOf(openWelcome(crypto, welcome.prekey0Secret, welcome, welcome.sealed))
      const { accessKey, add, heads, reachRecords } = welcome
      expect(opened).toMatchObject({ accessKey, add, heads, reachRecords })
      expect(opened.constitution.bytes).toEqual(welcome.constitution)
    })

    test('what is refused', () => {
      for (const bad of all.badTickets)
        expect(refusal(parseTicketText(crypto, bad.text))).toBe(bad.reason)
      for (const bad of all.badRequests)
        expect(refusal(parseJoinRequest(crypto, bad.bytes))).toBe(bad.reason)
      for (const bad of all.badWelcomes)
        expect(refusal(openWelcome(crypto, bad.prekey0Secret, bad, bad.sealed))).toBe(bad.reason)
    })
  })
})
