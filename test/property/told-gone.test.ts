// Whoever was removed while it was away is told as soon as it meets somebody who knows, by the removal
// itself: signed by a leader that it knows, without its past. It is given nothing else. A fresh ticket
// then brings it back as a new member, and what it alone carries of others is taken from it.
import { describe, expect, test } from 'vitest'
import type { CommandHandle } from '../../src/lab/world/node.ts'
import { bytesOf } from '../../src/core/replica/state.ts'
import { GONE_WITHDRAWN_MAX } from '../../src/base/limits.ts'
import { toHex } from '../../src/base/bytes.ts'
import { decode } from '../../src/codec/canonical.ts'
import { FrameKind, writeGroupFrame } from '../../src/core/anti-entropy/frames.ts'
import { encodeRemove } from '../../src/core/message/bodies.ts'
import type { Message } from '../../src/core/message/message.ts'
import { signMessage } from '../../src/core/message/message.ts'
import { draftOf, secretOf } from '../support/author.ts'
import { crypto, messagesOf } from '../support/bench.ts'
import { hostileAt, sendFrames } from '../support/hostile.ts'
import { counted, goesOn, hostileMesh } from '../support/hostile-mesh.ts'
import {
  type Mesh,
  converge,
  done,
  endpointOf,
  found,
  groupOf,
  meshWorld,
  readAll,
  say,
  later,
} from '../support/mesh.ts'

const selfOf = (mesh: Mesh, node: number): string => groupOf(mesh, node)?.self ?? ''
const stateOf = (mesh: Mesh, node: number): string | undefined => groupOf(mesh, node)?.selfState
const texts = (mesh: Mesh, node: number): (string | null)[] =>
  readAll(mesh, node).map(({ text }) => text)

const NONE = new Uint8Array()

const removeWhileAway = (mesh: Mesh, victim: number, scope: 'member' | 'account'): string => {
  const member = selfOf(mesh, victim)
  const account = groupOf(mesh, 0)?.members.find((one) => one.member === member)?.account ?? ''
  mesh.world.stop(victim)
  later(mesh, 1_000)
  const target = scope === 'member' ? member : account
  done(mesh.world, 0, { kind: 'remove-member', group: mesh.group, scope, target })
  later(mesh, 1_000)
  return member
}

const ticketOf = (mesh: Mesh): string =>
  done(mesh.world, 0, {
    kind: 'invite',
    group: mesh.group,
    expiresMs: 86_400_000,
    uses: 1,
    confirm: false,
  }).ticket

const refusal = (mesh: Mesh, handle: CommandHandle): string => {
  mesh.world.runUntil(() => handle.reply !== undefined, 5_000)
  return handle.reply === undefined ? 'none' : handle.reply.ok ? 'done' : handle.reply.error.code
}

/** What the first node holds of a member. */
const saidBy = (mesh: Mesh, member: string): string[] =>
  messagesOf(mesh, 0)
    .filter((message) => message.member === member)
    .map(({ id }) => id)

describe.each(['member', 'account'] as const)('removed (%s) while it was away', (scope) => {
  const mesh = found(meshWorld({ seed: `told ${scope}`, nodes: 4 }), 2)
  const { world } = mesh
  refusal(mesh, say(mesh, 3, 'before'))
  converge(mesh)
  const held = 1 + Math.max(...messagesOf(mesh, 3).map(({ header }) => header.lamport))
  const before = removeWhileAway(mesh, 3, scope)
  refusal(mesh, say(mesh, 0, 'without you'))
  converge(mesh, [0, 1, 2])
  const said = saidBy(mesh, before)
  world.restart(3)
  later(mesh, 5_000)

  test('it is told by whom, and stands as removed, also after a restart', () => {
    expect(stateOf(mesh, 3)).toBe('removed')
    expect(groupOf(mesh, 3)?.told).toMatchObject({
      kind: 'removed',
      by: selfOf(mesh, 0),
      name: 'n0',
    })
    world.stop(3)
    later(mesh, 1_000)
    world.split([[3], [0, 1, 2]])
    world.restart(3)
    later(mesh, 3_000)
    expect(stateOf(mesh, 3)).toBe('removed')
    world.heal()
    later(mesh, 5_000)
  })

  test('it is given nothing else, and the others notice nothing', () => {
    expect(messagesOf(mesh, 3).every(({ header }) => header.lamport < held)).toBe(true)
    expect(texts(mesh, 3)).not.toContain('without you')
    expect(saidBy(mesh, before)).toEqual(said)
    expect(new Set([0, 1, 2].map((node) => groupOf(mesh, node)?.root)).size).toBe(1)
  })

  test('what it wants to say is refused', () => {
    expect(refusal(mesh, say(mesh, 3, 'am I there?'))).toBe('NOT_A_MEMBER')
  })

  test('a fresh ticket brings it back as a new member, who hears and is heard', () => {
    const ticket = ticketOf(mesh)
    const joined = done(world, 3, { kind: 'join', ticket, waitMs: 30_000 })
    expect(joined.member).not.toBe(before)
    expect(refusal(mesh, say(mesh, 3, 'again'))).toBe('done')
    refusal(mesh, say(mesh, 0, 'welcome'))
    converge(mesh)
    expect(stateOf(mesh, 3)).toBe('active')
    expect(groupOf(mesh, 3)?.told).toBeNull()
    expect(texts(mesh, 3)).toEqual(expect.arrayContaining(['before', 'again', 'welcome']))
    expect(texts(mesh, 0)).toEqual(expect.arrayContaining(['before', 'again', 'welcome']))
    const restarted = selfOf(mesh, 3)
    world.stop(3)
    later(mesh, 1_000)
    world.restart(3)
    later(mesh, 5_000)
    expect(selfOf(mesh, 3)).toBe(restarted)
    expect(stateOf(mesh, 3)).toBe('active')
  })
})

test('a ticket used before anybody was met brings a new membership, never the old one', () => {
  const mesh = found(meshWorld({ seed: 'told by the ticket', nodes: 3 }))
  const before = removeWhileAway(mesh, 2, 'member')
  const ticket = ticketOf(mesh)
  mesh.world.restart(2)
  later(mesh, 60)
  const joined = done(mesh.world, 2, { kind: 'join', ticket, waitMs: 30_000 })
  expect(joined.member).not.toBe(before)
  converge(mesh)
})

test('a member that nobody removed is told at once that it is in already', () => {
  const mesh = found(meshWorld({ seed: 'still in', nodes: 3 }))
  const member = selfOf(mesh, 2)
  const ticket = ticketOf(mesh)
  expect(done(mesh.world, 2, { kind: 'join', ticket, waitMs: 5_000 }).member).toBe(member)
  // Alone it cannot know, and says so.
  mesh.world.split([[2], [0, 1]])
  later(mesh, 40_000)
  const alone = mesh.world.command(2, { kind: 'join', ticket, waitMs: 2_000 })
  expect(refusal(mesh, alone)).toBe('JOIN_PENDING')
  mesh.world.heal()
})

test('what only the removed one carries of others is asked of it', () => {
  const mesh = found(meshWorld({ seed: 'carried by the gone', nodes: 4 }), 2)
  const { world } = mesh
  // Leader 1 and member 2 on one side; the other side removes 2.
  world.split([
    [0, 3],
    [1, 2],
  ])
  later(mesh, 8_000)
  refusal(mesh, say(mesh, 2, 'heard by a leader'))
  later(mesh, 2_000)
  refusal(mesh, say(mesh, 1, 'only over there'))
  later(mesh, 2_000)
  world.stop(1)
  const target = selfOf(mesh, 2)
  done(world, 0, { kind: 'remove-member', group: mesh.group, scope: 'member', target })
  refusal(mesh, say(mesh, 2, 'heard by nobody'))
  later(mesh, 1_000)
  world.heal()
  later(mesh, 12_000)
  expect(stateOf(mesh, 2)).toBe('removed')
  expect(texts(mesh, 0)).toEqual(expect.arrayContaining(['heard by a leader', 'only over there']))
  expect(texts(mesh, 3)).toEqual(expect.arrayContaining(['heard by a leader', 'only over there']))
  expect(readAll(mesh, 0).map(({ state }) => state)).toContain('withdrawn')
  refusal(mesh, say(mesh, 0, 'not for you'))
  later(mesh, 12_000)
  expect(endpointOf(world, 2).report().groups[0]?.messages).toBeLessThan(
    groupOf(mesh, 0)?.messages ?? 0,
  )
  expect(groupOf(mesh, 2)?.members.some(({ state }) => state === 'removed')).toBe(true)
})

test('it is told by somebody who has the removal at third hand, in batches that others vouch for', () => {
  const mesh = found(meshWorld({ seed: 'told at third hand', nodes: 4 }), 1)
  const { world } = mesh
  world.split([[0], [1], [2], [3]])
  later(mesh, 6_000)
  const member = selfOf(mesh, 3)
  const remove = {
    kind: 'remove-member',
    group: mesh.group,
    scope: 'member',
    target: member,
  } as const
  done(world, 0, remove)
  // More of the same author comes after it, so that it is no batch's last.
  refusal(mesh, say(mesh, 0, 'after it'))
  for (const [from, to] of [
    [0, 1],
    [1, 2],
  ] as const) {
    world.split([[from, to], ...[0, 1, 2, 3].filter((n) => n !== from && n !== to).map((n) => [n])])
    world.runUntil(() => texts(mesh, to).includes('after it'), 20_000)
    later(mesh, 500)
  }
  expect(texts(mesh, 2)).toContain('after it')
  expect(stateOf(mesh, 3)).toBe('active')
  world.split([[0], [1], [2, 3]])
  later(mesh, 15_000)
  expect(groupOf(mesh, 3)?.told).toMatchObject({ kind: 'removed', by: selfOf(mesh, 0) })
})

test('words of the gone that count for nobody are taken from it up to a limit', () => {
  const mesh = found(meshWorld({ seed: 'flood of the gone', nodes: 3 }))
  const { world } = mesh
  world.split([[2], [0, 1]])
  later(mesh, 8_000)
  const target = selfOf(mesh, 2)
  done(world, 0, { kind: 'remove-member', group: mesh.group, scope: 'member', target })
  for (let i = 0; i < GONE_WITHDRAWN_MAX + 50; i++) say(mesh, 2, `late ${String(i)}`)
  later(mesh, 5_000)
  expect(readAll(mesh, 2).filter(({ author }) => author === target)).toHaveLength(
    GONE_WITHDRAWN_MAX + 50,
  )
  world.heal()
  later(mesh, 12_000)
  converge(mesh, [0, 1])
  for (const node of [0, 1]) {
    const taken = readAll(mesh, node).filter(({ author }) => author === target)
    expect(taken.every(({ state }) => state === 'withdrawn')).toBe(true)
    expect(taken).toHaveLength(GONE_WITHDRAWN_MAX)
  }
})

test('whoever is gone learns of nobody and nothing by what it is asked with', () => {
  const mesh = hostileMesh('asked and not told', 4)
  const { world } = mesh
  world.split([[2], [0, 1, 3]])
  later(mesh, 8_000)
  const known = new Map(Object.entries(groupOf(mesh, 2)?.vector ?? {}))
  const ticket = ticketOf(mesh)
  done(world, 3, { kind: 'join', ticket, waitMs: 30_000 })
  const target = selfOf(mesh, 2)
  done(world, 0, { kind: 'remove-member', group: mesh.group, scope: 'member', target })
  say(mesh, 2, 'for nobody')
  later(mesh, 1_000)
  const { heard } = hostileAt(world, 2)
  heard.length = 0
  world.heal()
  later(mesh, 12_000)
  const kinds = new Set<number>()
  const named: [string, number][] = []
  for (const { frame } of heard) {
    const value = decode(frame, { maxBytes: frame.length })
    const [kind, , , entries] = (value.ok ? value.value : []) as [number, 0, 0, VectorValue[]]
    if (kind >= FrameKind.digest) kinds.add(kind)
    if (kind === FrameKind.vector) named.push(...entries.map(nameOf))
  }
  // Told, asked, and given credit for what it brings.
  expect([...kinds].sort()).toEqual([FrameKind.vector, FrameKind.gone])
  expect(named.length).toBeGreaterThan(0)
  for (const [member, counter] of named) {
    const own = [...known].find(([id]) => id.startsWith(member))
    expect(counter).toBeLessThanOrEqual(own?.[1] ?? -1)
  }
  expect(readAll(mesh, 0).map(({ text, state }) => text ?? state)).toContain('withdrawn')
})

type VectorValue = [Uint8Array, number, Uint8Array]

const nameOf = ([member, counter]: VectorValue): [string, number] => [toHex(member), counter]

describe('nobody but a leader can say that a member is gone', () => {
  const seed = 'forged farewell'
  const removal = (mesh: Mesh, by: number, target: string): Message => {
    const author = selfOf(mesh, by)
    const own = messagesOf(mesh, 1).filter((one) => one.member === author)
    const tip = own.at(-1)
    if (tip === undefined) throw new Error('nothing was said')
    const draft = { ...draftOf(tip), type: 5, counter: tip.header.counter + 1, prev: tip.idBytes }
    const plain = { ...draft, epoch: NONE, gen: 0, salt: NONE, keyCommit: NONE }
    const body = { scope: 1, target: bytesOf(target), evidence: NONE, view: new Uint8Array(32) }
    return signMessage(crypto, secretOf(seed, by, 'device'), plain, encodeRemove(body))
  }
  const frameOf = ({ headerBytes, signature, body }: Message): Uint8Array =>
    writeGroupFrame({ kind: 'gone', index: 0, header: headerBytes, signature, body })

  const cases: [string, (mesh: Mesh) => Message, string | undefined, string][] = [
    [
      'a removal by somebody who is no leader',
      (mesh) => removal(mesh, 2, selfOf(mesh, 1)),
      undefined,
      'active',
    ],
    [
      'a removal of somebody else',
      (mesh) => removal(mesh, 0, selfOf(mesh, 2)),
      undefined,
      'active',
    ],
    [
      'a removal that nobody signed',
      (mesh) => ({ ...removal(mesh, 0, selfOf(mesh, 1)), signature: new Uint8Array(64) }),
      'frames_dropped/frame-malformed',
      'active',
    ],
    [
      'a removal signed by another than its author',
      (mesh) => {
        const { signature } = removal(mesh, 2, selfOf(mesh, 1))
        return { ...removal(mesh, 0, selfOf(mesh, 1)), signature }
      },
      'frames_dropped/frame-malformed',
      'active',
    ],
    // The same hand with a leader's key: this is what the others are not.
    ['a removal by a leader', (mesh) => removal(mesh, 0, selfOf(mesh, 1)), undefined, 'removed'],
  ]
  test.each(cases)('%s', (_, forge, reason, state) => {
    const mesh = hostileMesh(seed)
    later(mesh, 5_000)
    sendFrames(mesh.world, 2, 1, [frameOf(forge(mesh))])
    later(mesh, 500)
    expect(stateOf(mesh, 1)).toBe(state)
    if (reason !== undefined) expect(counted(mesh, reason, 1)).toBe(1)
    if (state === 'active') goesOn(mesh)
  })
})
