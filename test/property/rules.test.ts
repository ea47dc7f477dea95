// Every rule of validity bites: a message that breaks exactly one of them, signed by the right key, is
// rejected for that reason by a replica that holds its past, and changes nothing.
import { describe, expect, test } from 'vitest'
import { concat } from '../../src/base/bytes.ts'
import { encodeEpochBody, parseEpochBody } from '../../src/core/epoch/body.ts'
import type { EpochBody } from '../../src/core/epoch/body.ts'
import { createJoinRequest } from '../../src/core/membership/join-request.ts'
import {
  encodeAdd,
  encodeEpochMessage,
  encodeJoin,
  parseAdd,
  parseEpochMessage,
} from '../../src/core/message/bodies.ts'
import { hexOf } from '../../src/core/message/header.ts'
import type { HeaderDraft, Message } from '../../src/core/message/message.ts'
import { signMessage } from '../../src/core/message/message.ts'
import { MessageType } from '../../src/core/message/type.ts'
import { draftOf, secretOf } from '../support/author.ts'
import { Bench, constitutionOf, crypto, messagesOf } from '../support/bench.ts'
import { converge, done, found, meshWorld, say } from '../support/mesh.ts'

const seed = 'rules'
const world = meshWorld({ seed, nodes: 4 })
const mesh = found(world, 1, 3)
const { group } = mesh
for (const node of [0, 1, 2]) say(mesh, node, `text by ${String(node)}`)
world.run(world.nowMs + 2_000)
// The last Add and Epoch stand on a past with texts, joins and an older epoch.
const asked = { expiresMs: 3_600_000, uses: 1, confirm: false }
const { ticket } = done(world, 0, { kind: 'invite', group, ...asked })
done(world, 3, { kind: 'join', ticket, waitMs: 30_000 })
converge(mesh)

const constitution = constitutionOf(mesh)
const messages = messagesOf(mesh)
const leader = secretOf(seed, 0, 'device')
const epoch = messages.findLast(({ header }) => header.type === MessageType.epoch) as Message
const add = messages.findLast(({ header }) => header.type === MessageType.add) as Message
const older = messages.findLast(
  (one) => one.header.type === MessageType.epoch && one !== epoch,
) as Message
const member = messages.findLast(
  (one) => one.member !== epoch.member && one.header.lamport < add.header.lamport,
) as Message
const memberSeed = [1, 2]
  .map((node) => secretOf(seed, node, 'device'))
  .find((device) => isBy(device, member)) as Uint8Array

function isBy(device: Uint8Array, message: Message): boolean {
  const again = signMessage(crypto, device, draftOf(message), message.body)
  return message.signature.length === 64 && hexOf(again.signature) === hexOf(message.signature)
}

const before = (message: Message): Bench => {
  const bench = new Bench(constitution)
  for (const one of messages) if (one.header.lamport < message.header.lamport) bench.take(one)
  return bench
}

const rewritten = (
  from: Message,
  change: Partial<HeaderDraft>,
  body: Uint8Array = from.body,
  device = leader,
): Message => signMessage(crypto, device, { ...draftOf(from), ...change }, body)

const refused = (bench: Bench, message: Message, reason: string): void => {
  const root = bench.root()
  expect(bench.take(message)).toEqual({ kind: 'rejected', reason })
  expect(bench.counts.get(`messages_dropped/${reason}`)).toBe(1)
  expect(bench.root()).toBe(root)
}

const flipped = (bytes: Uint8Array): Uint8Array => bytes.with(0, (bytes[0] ?? 0) ^ 1)

describe('an epoch', () => {
  const outer = parseEpochMessage(epoch.body)
  const inner = outer.ok ? parseEpochBody(outer.value.epoch) : outer
  if (!outer.ok || !inner.ok) throw new Error('the epoch does not parse')
  const [first, second] = inner.value.recipients
  if (first === undefined || second === undefined) throw new Error('too few recipients')

  const withBody = (change: Partial<EpochBody>, seals = outer.value.seals): Uint8Array =>
    encodeEpochMessage({
      ...outer.value,
      seals,
      epoch: encodeEpochBody({ ...inner.value, ...change }),
    })

  test('as its leader wrote it is accepted', () => {
    expect(before(epoch).take(rewritten(epoch, {}))?.kind).toBe('accepted')
  })

  const stranger = { member: new Uint8Array(32).fill(0xff), prekeyId: first.prekeyId }
  const { recipients } = inner.value
  const cases: [string, string, Uint8Array][] = [
    ['that leaves a member out', 'epoch-recipients', withBody({ recipients: recipients.slice(1) })],
    [
      'for somebody who is no member',
      'epoch-recipients',
      withBody({ recipients: [...recipients, stranger] }),
    ],
    [
      'for a stranger in the place of a member',
      'epoch-recipients',
      withBody({ recipients: [...recipients.slice(0, -1), stranger] }),
    ],
    [
      'sealed to another prekey than the latest',
      'epoch-prekey',
      withBody({ recipients: recipients.with(0, { ...first, prekeyId: second.prekeyId }) }),
    ],
    ['that lies about its parents', 'epoch-parents', withBody({ parents: [new Uint8Array(32)] })],
    ['that hides its parents', 'epoch-parents', withBody({ parents: [], depth: 1 })],
    ['that lies about its depth', 'epoch-depth', withBody({ depth: inner.value.depth + 1 })],
    [
      'over another membership',
      'membership-hash',
      withBody({ membershipHash: flipped(inner.value.membershipHash) }),
    ],
    ['with a seal too few', 'epoch-seals', withBody({}, outer.value.seals.slice(1))],
    [
      'for a reason that does not hold',
      'epoch-reason',
      withBody({ reason: { code: 2, id: new Uint8Array() } }),
    ],
    [
      'with a view that is not that of its past',
      'view',
      encodeEpochMessage({ ...outer.value, view: flipped(outer.value.view) }),
    ],
    ['that is cut short', 'body-malformed', epoch.body.slice(0, -1)],
    ['followed by something', 'body-malformed', concat(epoch.body, Uint8Array.of(0))],
  ]
  test.each(cases)('%s is rejected: %s', (_, reason, body) => {
    refused(before(epoch), rewritten(epoch, {}, body), reason)
  })

  test('by a member who leads nothing is rejected', () => {
    const { memberGroupId, counter, lamport } = member.header
    const place = { memberGroupId, member: member.header.member, prev: member.idBytes }
    const deps = [add.idBytes]
    const draft = {
      ...place,
      deps,
      counter: counter + 1,
      lamport: Math.max(lamport, add.header.lamport) + 1,
    }
    const bench = before(epoch)
    const bound = rewritten(epoch, draft, epoch.body, memberSeed)
    refused(bench, bound, 'not-a-leader')
  })

  test('sealed to a prekey that its member has replaced is rejected', () => {
    // The leader claims to stand where it stood before the members posted their newer prekeys.
    const old = parseEpochMessage(older.body)
    const body = old.ok ? parseEpochBody(old.value.epoch) : old
    if (!body.ok) throw new Error('the older epoch does not parse')
    const stale = recipients.map(
      (one) => body.value.recipients.find((r) => hexOf(r.member) === hexOf(one.member)) ?? one,
    )
    expect(stale).not.toEqual(recipients)
    refused(before(epoch), rewritten(epoch, {}, withBody({ recipients: stale })), 'epoch-prekey')
  })
})

describe('an admission', () => {
  const parsed = parseAdd(add.body)
  if (!parsed.ok) throw new Error('the Add does not parse')
  const { view } = parsed.value

  const request = (groupBytes: Uint8Array, memberGroupId: number): Uint8Array =>
    createJoinRequest(crypto, {
      ticket: {
        group: groupBytes,
        issuer: add.header.member,
        introducers: [],
        inviteId: new Uint8Array(16),
        inviteSecret: new Uint8Array(32),
        expiresMs: 1,
        uses: 1,
      },
      name: 'mallory',
      seeds: { account: new Uint8Array(32).fill(3), device: new Uint8Array(32).fill(4) },
      transport: crypto.edPublicKey(new Uint8Array(32).fill(5)),
      memberGroupId,
      prekey0: crypto.xPublicKey(new Uint8Array(32).fill(6)),
      nonce: new Uint8Array(16),
    }).bytes

  const fresh = request(add.header.group, 99)
  const cases: [string, string, Uint8Array][] = [
    ['whose view is wrong', 'view', encodeAdd({ request: fresh, view: flipped(view) })],
    [
      'under a short id that a member has',
      'group-id-taken',
      encodeAdd({ request: request(add.header.group, member.header.memberGroupId), view }),
    ],
    [
      'by a request for another group',
      'request-foreign-group',
      encodeAdd({ request: request(new Uint8Array(32), 99), view }),
    ],
    [
      'by a request that was changed after it was signed',
      'join-signature',
      encodeAdd({ request: fresh.with(fresh.length - 1, (fresh.at(-1) ?? 0) ^ 1), view }),
    ],
    ['by no request', 'join-request-malformed', encodeAdd({ request: new Uint8Array(9), view })],
  ]
  test.each(cases)('%s is rejected: %s', (_, reason, body) => {
    const bench = before(add)
    const outcome = bench.take(rewritten(add, {}, body))
    expect(outcome?.kind).toBe('rejected')
    if (reason !== 'join-signature') expect(outcome).toEqual({ kind: 'rejected', reason })
  })

  test('of a new member by a leader is accepted', () => {
    expect(before(add).take(rewritten(add, {}, encodeAdd({ request: fresh, view })))?.kind).toBe(
      'accepted',
    )
  })

  test('of a member already admitted is rejected', () => {
    const bench = new Bench(constitution)
    for (const message of messages) bench.take(message)
    const tip = messages.findLast((one) => one.member === add.member) as Message
    const { counter, lamport } = tip.header
    const again = { deps: [], prev: tip.idBytes, counter: counter + 1, lamport: lamport + 1 }
    refused(bench, rewritten(add, again), 'already-added')
  })

  test('by a member who leads nothing is rejected', () => {
    const { header, idBytes } = member
    const place = {
      memberGroupId: header.memberGroupId,
      member: header.member,
      prev: idBytes,
      deps: [],
      counter: header.counter + 1,
      lamport: header.lamport + 1,
    }
    refused(before(add), rewritten(add, place, add.body, memberSeed), 'not-a-leader')
  })
})

describe('a header', () => {
  const draft = {
    type: 200,
    epoch: new Uint8Array(),
    gen: 0,
    salt: new Uint8Array(),
    keyCommit: new Uint8Array(),
  }
  const full = (): Bench => {
    const bench = new Bench(constitution)
    for (const message of messages) bench.take(message)
    return bench
  }
  const tip = messages.findLast((one) => one.member === member.member) as Message
  const next = (change: Partial<HeaderDraft>): Message =>
    rewritten(
      tip,
      {
        ...draft,
        deps: [],
        prev: tip.idBytes,
        counter: tip.header.counter + 1,
        lamport: tip.header.lamport + 1,
        ...change,
      },
      new Uint8Array(3),
      memberSeed,
    )
  const genesis = messages[0] as Message
  const heads = [...full().replica.transcript.heads.values()].filter(({ id }) => id !== tip.id)
  const [head] = heads

  test('of a plain type that this version does not know is accepted', () => {
    expect(full().take(next({}))?.kind).toBe('accepted')
  })

  const cases: [string, string, Partial<HeaderDraft>][] = [
    ['of another group', 'foreign-group', { group: new Uint8Array(32) }],
    ['with a gap in its number', 'counter-gap', { counter: tip.header.counter + 2 }],
    ['with a huge number', 'counter-gap', { counter: 0xffff_fffe }],
    ['with the number of its predecessor', 'counter-gap', { counter: tip.header.counter }],
    ['under the short id of another', 'author-group-id', { memberGroupId: 1 }],
    ['by nobody', 'prev-author', { member: new Uint8Array(32) }],
    ['with a lamport too high', 'lamport', { lamport: tip.header.lamport + 2 }],
    ['with a lamport too low', 'lamport', { lamport: tip.header.lamport }],
    ['that depends on its own past', 'deps-not-heads', { deps: [genesis.idBytes] }],
    ['that depends on its predecessor', 'deps-not-heads', { deps: [tip.idBytes] }],
    ['with key fields on a public body', 'sealed-fields', { salt: new Uint8Array(16) }],
    ['of a counter 0 later on', 'counter-zero', { type: MessageType.join }],
  ]
  test.each(cases)('%s is rejected: %s', (_, reason, change) => {
    refused(full(), next(change), reason)
  })

  test('that names a dependency twice is rejected', () => {
    if (head === undefined) throw new Error('one head only')
    const lamport = Math.max(head.lamport, tip.header.lamport) + 1
    const twice = next({ deps: [head.idBytes, head.idBytes], lamport })
    refused(full(), twice, 'deps-not-sorted')
    expect(full().take(next({ deps: [head.idBytes], lamport }))?.kind).toBe('accepted')
  })

  test('that is signed by somebody else is rejected', () => {
    const forged = rewritten(tip, { ...draft, ...draftOf(next({})) }, new Uint8Array(3), leader)
    refused(full(), forged, 'signature')
  })

  test('of a Join without an admission is rejected', () => {
    const outsider = rewritten(
      tip,
      {
        ...draft,
        type: MessageType.join,
        member: new Uint8Array(32).fill(9),
        counter: 0,
        prev: new Uint8Array(32),
        deps: heads.map(({ idBytes }) => idBytes),
        lamport: 1 + Math.max(...heads.map(({ lamport }) => lamport)),
      },
      encodeJoin({ admission: new Uint8Array(32), prekey: crypto.xPublicKey(leader) }),
      memberSeed,
    )
    refused(full(), outsider, 'author-not-a-member')
  })

  test('of a critical type from the future is held apart, counted and not rejected', () => {
    const bench = full()
    const unknown = next({ type: 77 })
    expect(bench.take(unknown)?.kind).toBe('unknown')
    expect(bench.replica.unknown.size).toBe(1)
    const forged = { ...next({ type: 78 }), signature: new Uint8Array(64) }
    expect(bench.take(forged)).toEqual({ kind: 'rejected', reason: 'signature' })
    expect(bench.replica.unknown.size).toBe(1)
  })

  test('that is heard again is a duplicate', () => {
    const bench = full()
    for (const message of messages) expect(bench.take(message)).toEqual({ kind: 'duplicate' })
  })
})
