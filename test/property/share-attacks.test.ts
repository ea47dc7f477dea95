// I35: keys are given only to whoever is active and entitled at that moment, on its own link, in bounds;
// and an answer that nobody asked for, or that does not fit, leaves everything as it was.
import { describe, expect, test, vi } from 'vitest'
import { writeGroupFrame } from '../../src/core/anti-entropy/frames.ts'
import { Endpoint } from '../../src/core/endpoint.ts'
import type * as body from '../../src/core/epoch/body.ts'
import { epochIdOf, parseEpochBody } from '../../src/core/epoch/body.ts'
import type { SharedKeys, ShareBinding } from '../../src/core/key-share/answer.ts'
import { sealShare } from '../../src/core/key-share/answer.ts'
import type { ShareRequest } from '../../src/core/key-share/request.ts'
import { parseShareRequest, shareRequestHash } from '../../src/core/key-share/request.ts'
import { ShareRefusal } from '../../src/core/key-share/right.ts'
import { parseEpochMessage } from '../../src/core/message/bodies.ts'
import { bytesOf } from '../../src/core/replica/state.ts'
import { Space, key, within } from '../../src/core/storage.ts'
import { toHex } from '../../src/base/bytes.ts'
import {
  ask,
  codes,
  epochsOf,
  filled,
  framesOf,
  given,
  nothing,
  requestOf,
  selfOf,
  setting,
} from '../support/asking.ts'
import { nextPlain, secretOf } from '../support/author.ts'
import { crypto, messagesOf } from '../support/bench.ts'
import { Hostile, batchFrame, batchOf, hostileAt, sendFrames } from '../support/hostile.ts'
import { type Mesh, converge, done, endpointOf, groupOf, say, later } from '../support/mesh.ts'
import { countedAt, sharesAt, shutOut, textsAt, undecryptableAt } from '../support/sharing.ts'

/** The fault: every secret is taken for the one that this commits to. */
const trusting = vi.hoisted(() => ({ commit: undefined as Uint8Array | undefined }))

vi.mock('../../src/core/epoch/body.ts', async (original) => {
  const real = await original<typeof body>()
  const secretCommitOf: typeof real.secretCommitOf = (...given) =>
    trusting.commit ?? real.secretCommitOf(...given)
  return { ...real, secretCommitOf }
})

const commitOf = (mesh: Mesh, epoch: Uint8Array): Uint8Array | undefined => {
  for (const message of messagesOf(mesh, 2)) {
    const outer = message.header.type === 8 ? parseEpochMessage(message.body) : undefined
    if (outer?.ok !== true) continue
    const read = parseEpochBody(outer.value.epoch)
    const id = epochIdOf(crypto, bytesOf(mesh.group), outer.value.epoch)
    if (read.ok && toHex(id) === toHex(epoch)) return read.value.secretCommit
  }
  return undefined
}

describe('an answer', () => {
  /** Node 1 has asked one of the hostile members 2 and 3, who keep silent by themselves. */
  const asked = (seed: string) => {
    const mesh = shutOut({
      seed,
      policy: 'partition-tolerant',
      endpoint: (identity, provider, node) =>
        new (node < 2 ? Endpoint : Hostile)(identity, provider),
    })
    for (const node of [2, 3]) hostileAt(mesh.world, node).unsaid = new Set([25])
    mesh.world.heal()
    const heard = (): number[] =>
      [2, 3].filter((node) => framesOf(mesh, node, 'share-request').length > 0)
    mesh.world.runUntil(() => heard().length > 0, 60_000)
    const responder = heard()[0] ?? -1
    const request = framesOf(mesh, responder, 'share-request').at(-1)?.request ?? nothing
    const parsed = parseShareRequest(request)
    if (!parsed.ok) throw new Error(parsed.error)
    const binding = {
      group: bytesOf(mesh.group),
      epoch: parsed.value.epochs[0]?.epoch ?? nothing,
      request: shareRequestHash(crypto, request),
      responder: selfOf(mesh, responder),
    }
    return { mesh, responder, other: responder === 2 ? 3 : 2, asked: parsed.value, binding }
  }

  /** All secrets and all that is remembered of texts at node 1. */
  const stateOf = (mesh: Mesh): string => {
    const number = endpointOf(mesh.world, 1).groupNumber(mesh.group) ?? 0
    const spaces = [key(Space.secret, number), key(Space.archive, number)]
    const rows = spaces.flatMap((space) => mesh.world.node(1).rows.read(within(space)))
    return JSON.stringify([
      rows.map((row) => [toHex(row.key), toHex(row.value)]),
      textsAt(mesh, 1),
      undecryptableAt(mesh, 1),
    ])
  }

  const seal = (
    to: ShareRequest,
    binding: ShareBinding,
    content: Partial<SharedKeys>,
  ): Uint8Array =>
    sealShare({ crypto, random: (length) => filled(5, length) }, filled(6), to.key, binding, {
      secret: nothing,
      chains: [],
      keys: [],
      more: false,
      ...content,
    })

  const send = (mesh: Mesh, from: number, binding: ShareBinding, sealed: Uint8Array): void => {
    const { request, epoch } = binding
    const frame = { kind: 'share', index: 0, request, epoch, code: 0, sealed } as const
    sendFrames(mesh.world, from, 1, [writeGroupFrame(frame)])
    later(mesh, 300)
  }

  /** What an answer does to a node that has asked: it is counted, and nothing else. */
  const unchanged = (
    seed: string,
    reason: string,
    act: (given: ReturnType<typeof asked>) => void,
  ): void => {
    const given = asked(seed)
    const before = stateOf(given.mesh)
    act(given)
    expect(countedAt(given.mesh, 1, `shares_dropped/${reason}`)).toBe(1)
    expect(stateOf(given.mesh)).toBe(before)
  }

  const some = { secret: filled(7) }

  test('with another secret than the epoch commits to', () =>
    unchanged('wrong secret', 'commit-mismatch', ({ mesh, responder, binding, asked: to }) =>
      send(mesh, responder, binding, seal(to, binding, some)),
    ))

  test('with another secret is taken where nobody compares: the check can fail', () => {
    const { mesh, responder, binding, asked: to } = asked('wrong secret')
    const before = stateOf(mesh)
    trusting.commit = commitOf(mesh, binding.epoch)
    expect(trusting.commit).toBeDefined()
    try {
      send(mesh, responder, binding, seal(to, binding, some))
    } finally {
      trusting.commit = undefined
    }
    expect(countedAt(mesh, 1, 'shares_taken/secret')).toBe(1)
    expect(stateOf(mesh)).not.toBe(before)
  })

  test.each(['group', 'epoch', 'request', 'responder'] as const)('sealed for another %s', (field) =>
    unchanged(`other ${field}`, 'share-unopenable', ({ mesh, responder, binding, asked: to }) =>
      send(mesh, responder, binding, seal(to, { ...binding, [field]: filled(8) }, some)),
    ),
  )

  test('to no question', () =>
    unchanged('no question', 'unsolicited', ({ mesh, responder, binding, asked: to }) =>
      send(mesh, responder, { ...binding, request: filled(9) }, seal(to, binding, some)),
    ))

  test('about an epoch that was not asked for', () =>
    unchanged('no such epoch', 'unsolicited', ({ mesh, responder, binding, asked: to }) =>
      send(mesh, responder, { ...binding, epoch: filled(9) }, seal(to, binding, some)),
    ))

  test('from a member that was not asked, though it knows the question', () =>
    unchanged('not asked', 'unsolicited', ({ mesh, other, binding, asked: to }) => {
      const lent = { ...binding, responder: selfOf(mesh, other) }
      send(mesh, other, lent, seal(to, lent, some))
    }))

  test('that comes when the question is over', () =>
    unchanged('too late', 'unsolicited', ({ mesh, responder, binding, asked: to }) => {
      later(mesh, 15_000)
      send(mesh, responder, binding, seal(to, binding, some))
    }))

  test('with chains and keys that fit no text opens nothing, and another member is asked', () => {
    const { mesh, responder, other, binding, asked: to } = asked('false chains')
    const authors = [1, 2, 3].map((node) => selfOf(mesh, node))
    const chains = authors.map((member) => ({ member, gen: 0, key: filled(11) }))
    const keys = authors.map((member) => ({ member, counter: 2, key: filled(12) }))
    const texts = textsAt(mesh, 1)
    send(mesh, responder, binding, seal(to, binding, { chains, keys }))
    expect(countedAt(mesh, 1, 'shares_taken/keys')).toBe(1)
    later(mesh, 1_000)
    expect(textsAt(mesh, 1)).toEqual(texts)
    expect(undecryptableAt(mesh, 1)).toBe(2)
    // It never speaks under a chain that others gave: nobody could tell whether it is its own.
    say(mesh, 1, 'under whose key?')
    later(mesh, 1_000)
    expect(textsAt(mesh, 2)).not.toContain('under whose key?')
    // What honest members give is taken all the same.
    hostileAt(mesh.world, other).unsaid = new Set()
    hostileAt(mesh.world, responder).unsaid = new Set()
    later(mesh, 180_000)
    expect(undecryptableAt(mesh, 1)).toBe(0)
    expect(textsAt(mesh, 1)).not.toContain('undecryptable')
  })
})

describe('a request', () => {
  test('of an active recipient is answered, and both count it', () => {
    const mesh = setting('fair')
    ask(mesh, requestOf(mesh, 'fair'))
    expect(codes(mesh)).toEqual([0])
    expect(countedAt(mesh, 0, 'shares_given/secret')).toBe(1)
    expect(sharesAt(mesh, 0)[0]?.epochs.map(({ right }) => right)).toEqual(['recipient'])
  })

  test('that is replayed is answered once', () => {
    const mesh = setting('replayed')
    const request = requestOf(mesh, 'replayed')
    for (let i = 0; i < 5; i++) ask(mesh, request)
    expect(codes(mesh)).toEqual([0])
    expect(countedAt(mesh, 0, 'shares_refused/replayed')).toBe(4)
    expect(sharesAt(mesh, 0)[0]).toMatchObject({ refused: 'replayed', times: 4 })
  })

  test.each<[string, (mesh: Mesh) => Partial<ShareRequest> & { signer?: Uint8Array }]>([
    ['impersonated', (mesh) => ({ requester: selfOf(mesh, 1) })],
    [
      'impersonated',
      (mesh) => ({ requester: selfOf(mesh, 1), signer: secretOf('impersonated', 1, 'device') }),
    ],
    ['impersonated', () => ({ group: filled(1) })],
    ['signature', () => ({ signer: filled(1) })],
    ['signature', () => ({ key: filled(0) })],
  ])('that is %s is not answered, and three of them end the link', (reason, bend) => {
    const mesh = setting(reason)
    for (let i = 0; i < 3; i++) {
      if (hostileAt(mesh.world, 2).channelTo(mesh.world.node(0).peerId) < 0) break
      ask(mesh, requestOf(mesh, reason, bend(mesh)))
    }
    expect(codes(mesh)).toEqual([])
    expect(countedAt(mesh, 0, `shares_refused/${reason}`)).toBe(3)
    expect(countedAt(mesh, 0, 'links_reset/misbehaved')).toBe(1)
    expect(sharesAt(mesh, 0)[0]).toMatchObject({ refused: reason, times: 3 })
  })

  test('for what was before its admission, or for nothing that is known, gets only a refusal', () => {
    const mesh = setting('entitlement')
    const heads = groupOf(mesh, 0)?.epochHeads ?? []
    const older = epochsOf(mesh).filter((epoch) => !heads.includes(toHex(epoch)))
    expect(older.length).toBeGreaterThan(0)
    const epochs = [...older, filled(1)].map((epoch) => ({ epoch, after: nothing }))
    ask(mesh, requestOf(mesh, 'entitlement', { epochs }))
    const refusals = codes(mesh).toSorted()
    expect(refusals).toEqual([ShareRefusal.unknown, ...older.map(() => ShareRefusal.entitlement)])
  })

  test('for an epoch under which it spoke gets only a refusal', () => {
    const mesh = setting('used')
    say(mesh, 2, 'I have these keys')
    later(mesh, 1_000)
    ask(mesh, requestOf(mesh, 'used'))
    expect(codes(mesh)).toEqual([ShareRefusal.used])
  })

  test('of somebody who was removed gets no answer, though it was a recipient', () => {
    const mesh = setting('removed')
    const request = requestOf(mesh, 'removed')
    const target = groupOf(mesh, 2)?.self ?? ''
    // It does not hear of it, so that it keeps its link.
    done(mesh.world, 0, { kind: 'remove-member', group: mesh.group, scope: 'member', target })
    later(mesh, 500)
    for (const to of [0, 1]) ask(mesh, request, to)
    expect(given(mesh)).toBe(0)
    expect(countedAt(mesh, 0, 'frames_dropped/gone')).toBeGreaterThan(0)
    expect([0, 1].map((node) => countedAt(mesh, node, 'shares_given/secret'))).toEqual([0, 0])
  })

  test('of somebody who has forked gets only a refusal', () => {
    const mesh = setting('forked')
    const device = secretOf('forked', 2, 'device')
    const own = messagesOf(mesh, 2).filter(({ member }) => member === groupOf(mesh, 2)?.self)
    const tip = own.toSorted((a, b) => b.header.counter - a.header.counter)[0]
    if (tip === undefined) throw new Error('it has said nothing yet')
    for (const byte of [1, 2]) {
      const frame = batchFrame(batchOf([nextPlain(device, tip, Uint8Array.of(byte))]))
      sendFrames(mesh.world, 2, 0, [frame])
      later(mesh, 300)
    }
    ask(mesh, requestOf(mesh, 'forked'))
    expect(codes(mesh)).toEqual([ShareRefusal.standing])
    expect(sharesAt(mesh, 0)[0]?.refused).toBe('standing')
  })

  test('is bounded: 64 epochs in an hour, however they are asked for', () => {
    const mesh = setting('flood')
    for (let i = 0; i < 10; i++) {
      const many = Array.from({ length: 9 }, (_, j) => filled(1 + i * 9 + j))
      const epochs = many.map((epoch) => ({ epoch, after: nothing }))
      ask(mesh, requestOf(mesh, 'flood', { epochs }))
    }
    expect(codes(mesh).filter((code) => code === ShareRefusal.unknown)).toHaveLength(64)
    expect(codes(mesh).filter((code) => code === ShareRefusal.rate)).toHaveLength(8 + 2)
    ask(mesh, requestOf(mesh, 'flood'))
    expect(given(mesh)).toBe(0)
    // The others are not touched, and an hour later it is over.
    later(mesh, 61 * 60_000)
    ask(mesh, requestOf(mesh, 'flood'))
    expect(given(mesh)).toBe(1)
    // One entry for all that was refused whole.
    expect(sharesAt(mesh, 0).filter(({ refused }) => refused === 'rate')).toHaveLength(1)
    converge(mesh)
  })
})
