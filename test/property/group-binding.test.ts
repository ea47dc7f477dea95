// Law (I8): what was made for one group means nothing in another, even with the same people and keys.
import { describe, expect, test } from 'vitest'

import { type Bytes, equal, utf8 } from '../../src/base/bytes.ts'
import { epochIdOf } from '../../src/core/epoch/body.ts'
import { chainKeyOf, messageKeyOf, prkOf, textKeysOf } from '../../src/core/epoch/schedule.ts'
import { commitHolds, openSeal } from '../../src/core/epoch/seal.ts'
import { encodeContent, openText, sealText } from '../../src/core/epoch/text.ts'
import { memberIdOfCard } from '../../src/core/identity/card.ts'
import { parseJoinRequest } from '../../src/core/membership/join-request.ts'
import { openWelcome } from '../../src/core/membership/welcome.ts'
import {
  type HeaderDraft,
  prefixOf,
  signMessage,
  verifyId,
} from '../../src/core/message/message.ts'
import { parsePresence } from '../../src/core/presence/presence.ts'
import { parseReachRecord } from '../../src/core/presence/reach-record.ts'
import { bytesOf, crypto, groupOf, person, valueOf } from '../unit/core/people.ts'
import { samples } from '../unit/core/samples.ts'

const here = samples.group
const there = groupOf('another', 'ada', 'bob').group
const { epoch, member, prekeySecret, recipient } = samples

test('the two groups have the same leaders and yet no member in common', () => {
  const ids = (name: string): string[] =>
    groupOf(name, 'ada', 'bob').leaders.map((seat) => String(seat.member))
  expect(ids('club').filter((id) => ids('another').includes(id))).toEqual([])
  expect(memberIdOfCard(crypto, here, samples.card)).not.toEqual(
    memberIdOfCard(crypto, there, samples.card),
  )
})

test('a join request, a presence and a reach record name their group', () => {
  expect(valueOf(parseJoinRequest(crypto, samples.request)).group).toEqual(here)
  expect(valueOf(parsePresence(samples.presence)).group).toEqual(here)
  expect(valueOf(parseReachRecord(samples.reachRecord)).group).toEqual(here)
})

test('a welcome does not open for the other group', () => {
  const opens = (group: Bytes): boolean =>
    openWelcome(crypto, prekeySecret, { ...recipient, group }, samples.welcome).ok
  expect([here, there].map(opens)).toEqual([true, false])
})

describe('an epoch', () => {
  test('has another id in the other group', () => {
    expect(epochIdOf(crypto, here, epoch.bytes)).toEqual(epoch.id)
    expect(epochIdOf(crypto, there, epoch.bytes)).not.toEqual(epoch.id)
  })

  test('has seals that do not open and a commitment that does not hold there', () => {
    const opens = (group: Bytes): boolean =>
      openSeal(crypto, { group, ...epoch, member, prekeySecret }).ok
    expect([here, there].map(opens)).toEqual([true, false])
    const holds = (group: Bytes): boolean => commitHolds(crypto, group, epoch.body, epoch.secret)
    expect([here, there].map(holds)).toEqual([true, false])
  })
})

test('a message moved to the other group has no signature and does not open, whatever keys are held', () => {
  const { seeds, memberGroupId } = person('cleo')
  const prk = prkOf(crypto, epoch.id, epoch.secret)
  const messageKey = messageKeyOf(crypto, chainKeyOf(crypto, prk, member))
  const salt = bytesOf('salt').slice(0, 16)
  const keys = textKeysOf(crypto, messageKey, salt)
  const draft: HeaderDraft = {
    type: 2,
    group: here,
    member,
    memberGroupId,
    counter: 1,
    prev: bytesOf('prev'),
    deps: [],
    lamport: 2,
    epoch: epoch.id,
    gen: 0,
    salt,
    sent: 0,
    keyCommit: keys.keyCommit,
  }
  const content = valueOf(encodeContent({ contentType: 'text/plain', payload: utf8('hello') }))
  const body = sealText(crypto, keys, prefixOf(draft), content)
  const device = crypto.edPublicKey(seeds.device)
  const sent = signMessage(crypto, seeds.device, draft, body)
  const outcomes = [here, there].map((group) => {
    const moved = { ...draft, group }
    const prefix = prefixOf(moved)
    const { idBytes } = signMessage(crypto, bytesOf('mallory'), moved, body)
    return {
      signed: verifyId(crypto, device, idBytes, sent.signature),
      opens: openText(crypto, { messageKey, salt, keyCommit: keys.keyCommit, prefix, body }).ok,
      same: equal(idBytes, sent.idBytes),
    }
  })
  expect(outcomes).toEqual([
    { signed: true, opens: true, same: true },
    { signed: false, opens: false, same: false },
  ])
})
