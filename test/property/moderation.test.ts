// What leaders say about a group: names, topics, mutes, restrictions, hidden messages. Whatever the
// order of arrival and on whichever side of a split it was said, all end up with the same, newcomers
// and those who were away included; nobody but a leader is heard; nothing said becomes invalid by it.
import { expect, test } from 'vitest'
import { within } from '../../src/core/storage.ts'
import type { MetaWrite } from '../../src/core/command.ts'
import type { GroupReport } from '../../src/core/report.ts'
import { MessageType } from '../../src/core/message/type.ts'
import { SecretKind, secretKey } from '../../src/core/replica/state.ts'
import { heldBy, unequal } from '../support/laws.ts'
import {
  type Mesh,
  converge,
  done,
  endpointOf,
  everyone,
  found,
  groupOf,
  meshWorld,
  readAll,
  say,
  later,
} from '../support/mesh.ts'

const write = (mesh: Mesh, node: number, wanted: MetaWrite) =>
  done(mesh.world, node, { kind: 'set-meta', group: mesh.group, write: wanted })

const memberAt = (mesh: Mesh, node: number): string => groupOf(mesh, node)?.self ?? ''

const restart = (mesh: Mesh, node: number): void => {
  mesh.world.stop(node)
  later(mesh, 500)
  mesh.world.restart(node)
  later(mesh, 2_000)
}

const join = (mesh: Mesh, leader: number, node: number): void => {
  const asked = { expiresMs: 3_600_000, uses: 1, confirm: false }
  const { ticket } = done(mesh.world, leader, { kind: 'invite', group: mesh.group, ...asked })
  done(mesh.world, node, { kind: 'join', ticket, waitMs: 30_000 })
}

/** All that leaders decide, as a node reports it. */
const seenAt = (mesh: Mesh, node: number): unknown => {
  const { name, topic, allowedTypes, members } = groupOf(mesh, node) as GroupReport
  const marks = members.map((one) => [one.member, one.muted, one.allowedTypes])
  return { name, topic, allowedTypes, marks }
}

const states = (mesh: Mesh, node: number): Map<string, string> =>
  new Map(readAll(mesh, node).map(({ text, state, hiddenBy }) => [text ?? '', hiddenBy ?? state]))

const alike = (mesh: Mesh, nodes = everyone(mesh)): void => {
  for (const node of nodes) expect(seenAt(mesh, node)).toEqual(seenAt(mesh, nodes[0] ?? 0))
  expect(unequal(mesh, nodes)).toEqual([])
}

const metasAt = (mesh: Mesh, node: number): number =>
  [...heldBy(mesh, node).values()].filter(({ header }) => header.type === MessageType.meta).length

test('what a leader sets, all show, over a restart too; setting it again says nothing', () => {
  const mesh = found(meshWorld({ seed: 'set', nodes: 3 }), 1)
  const png = { kind: 'send', group: mesh.group, contentType: 'image/png' } as const
  const texts = [say(mesh, 1, 'good'), say(mesh, 2, 'bad'), say(mesh, 2, 'ugly')]
  done(mesh.world, 1, { ...png, payload: Uint8Array.of(1, 2) })
  later(mesh, 1_000)
  converge(mesh)
  const { reply } = texts[0] as (typeof texts)[0]
  const good = reply?.ok === true ? (reply.value.id ?? '') : ''
  const [one, two] = [memberAt(mesh, 1), memberAt(mesh, 2)]
  const writes: MetaWrite[] = [
    { kind: 'name', name: 'orchard' },
    { kind: 'topic', topic: 'apples, mostly' },
    { kind: 'mute', member: two, on: true },
    { kind: 'types', member: '', types: ['TEXT/*'] },
    { kind: 'types', member: one, types: ['text/plain', 'image/png'] },
    { kind: 'hide', message: good, on: true },
  ]
  for (const wanted of writes) expect(write(mesh, 0, wanted)).toMatchObject({ changed: true })
  converge(mesh)
  alike(mesh)
  for (const node of [1, 2]) restart(mesh, node)
  converge(mesh)
  for (const node of everyone(mesh)) {
    expect(groupOf(mesh, node)).toMatchObject({
      name: 'orchard',
      topic: 'apples, mostly',
      allowedTypes: ['text/*'],
    })
    expect([...states(mesh, node)]).toEqual(
      expect.arrayContaining([
        ['good', 'message'],
        ['bad', 'muted'],
        ['ugly', 'muted'],
        ['0102', 'content-type'],
      ]),
    )
  }
  const messages = groupOf(mesh, 0)?.messages
  for (const wanted of writes) {
    const again = write(mesh, 0, wanted)
    expect(again).toMatchObject({ changed: false, number: expect.stringContaining(':') as string })
  }
  expect(groupOf(mesh, 0)?.messages).toBe(messages)
  write(mesh, 0, { kind: 'mute', member: two, on: false })
  write(mesh, 0, { kind: 'hide', message: good, on: false })
  write(mesh, 0, { kind: 'types', member: '', types: [] })
  converge(mesh)
  alike(mesh)
  for (const node of everyone(mesh)) {
    expect(new Set(states(mesh, node).values())).toEqual(new Set(['ok']))
  }
})

test('nobody but a leader sets anything, and nothing is set that cannot be', () => {
  const mesh = found(meshWorld({ seed: 'who', nodes: 2 }), 1)
  const refusals: [number, MetaWrite, string][] = [
    [1, { kind: 'name', name: 'mine' }, 'NOT_A_LEADER'],
    [0, { kind: 'name', name: '' }, 'USAGE'],
    [0, { kind: 'name', name: 'x\u202ey' }, 'USAGE'],
    [0, { kind: 'topic', topic: 'x'.repeat(257) }, 'USAGE'],
    [0, { kind: 'mute', member: 'ff'.repeat(32), on: true }, 'MEMBER_UNKNOWN'],
    [0, { kind: 'types', member: '', types: ['everything'] }, 'USAGE'],
  ]
  for (const [node, wanted, code] of refusals) {
    const handle = mesh.world.command(node, { kind: 'set-meta', group: mesh.group, write: wanted })
    later(mesh, 100)
    expect(handle.reply).toMatchObject({ ok: false, error: { code } })
  }
  expect(metasAt(mesh, 0)).toBe(0)
})

test('both sides of a split say otherwise: after the heal one counts, the same everywhere', () => {
  const mesh = found(meshWorld({ seed: 'sides', nodes: 6 }), 3)
  const victim = memberAt(mesh, 5)
  write(mesh, 0, { kind: 'topic', topic: 'before' })
  converge(mesh)
  mesh.world.split([
    [0, 3, 5],
    [1, 2, 4],
  ])
  later(mesh, 8_000)
  for (const [node, side] of [
    [0, 'left'],
    [1, 'right'],
  ] as const) {
    write(mesh, node, { kind: 'name', name: side })
    write(mesh, node, { kind: 'topic', topic: side })
    write(mesh, node, { kind: 'mute', member: victim, on: side === 'left' })
    write(mesh, node, { kind: 'types', member: victim, types: [`${side}/x`] })
    say(mesh, node, side)
  }
  // On the right a second leader goes on from there: later beats lower.
  later(mesh, 1_000)
  write(mesh, 2, { kind: 'topic', topic: 'right, later' })
  later(mesh, 1_000)
  expect(groupOf(mesh, 3)?.name).toBe('left')
  expect(groupOf(mesh, 4)?.name).toBe('right')
  mesh.world.heal()
  later(mesh, 25_000)
  converge(mesh)
  alike(mesh)
  const { name } = groupOf(mesh, 0) as GroupReport
  expect(['left', 'right']).toContain(name)
  for (const node of everyone(mesh)) restart(mesh, node)
  converge(mesh)
  alike(mesh)
  expect(groupOf(mesh, 4)?.name).toBe(name)
})

test('a message may be hidden before it arrives', () => {
  const mesh = found(meshWorld({ seed: 'early', nodes: 4 }), 1)
  mesh.world.split([[0, 1], [2], [3]])
  later(mesh, 6_000)
  say(mesh, 2, 'unseen by the leader')
  later(mesh, 500)
  const message = groupOf(mesh, 2)?.self ?? ''
  const id = readAll(mesh, 2).find(({ author }) => author === message)?.id ?? ''
  write(mesh, 0, { kind: 'hide', message: id, on: true })
  expect(readAll(mesh, 0)).toEqual([])
  mesh.world.split([[0, 1, 3], [2]])
  later(mesh, 4_000)
  expect(metasAt(mesh, 3)).toBe(1)
  mesh.world.heal()
  converge(mesh)
  for (const node of everyone(mesh)) {
    expect(readAll(mesh, node)).toMatchObject([
      { id, text: 'unseen by the leader', state: 'hidden', hiddenBy: 'message' },
    ])
  }
})

test('a newcomer knows what was said before it came, and folds what comes after alike', () => {
  const mesh = found(meshWorld({ seed: 'newcomer', nodes: 5 }), 2, 4)
  say(mesh, 3, 'old')
  later(mesh, 1_000)
  const victim = memberAt(mesh, 3)
  const id = readAll(mesh, 0)[0]?.id ?? ''
  write(mesh, 0, { kind: 'name', name: 'first' })
  later(mesh, 500)
  write(mesh, 1, { kind: 'name', name: 'second' })
  write(mesh, 0, { kind: 'mute', member: victim, on: true })
  write(mesh, 0, { kind: 'hide', message: id, on: true })
  converge(mesh, [0, 1, 2, 3])
  const before = metasAt(mesh, 0)
  join(mesh, 1, 4)
  later(mesh, 2_000)
  converge(mesh)
  // One message says all of it again.
  expect(metasAt(mesh, 0)).toBe(before + 1)
  alike(mesh)
  expect(groupOf(mesh, 4)).toMatchObject({ name: 'second' })
  say(mesh, 3, 'muted for the newcomer too')
  later(mesh, 1_000)
  converge(mesh)
  expect(states(mesh, 4).get('muted for the newcomer too')).toBe('muted')
  restart(mesh, 4)
  write(mesh, 0, { kind: 'mute', member: victim, on: false })
  later(mesh, 30_000)
  converge(mesh)
  alike(mesh)
  expect(states(mesh, 4).get('muted for the newcomer too')).toBe('ok')
  // And it is not said again and again.
  expect(metasAt(mesh, 0)).toBe(before + 2)
})

test('a newcomer on one side of a split learns after the heal what was said on the other', () => {
  const mesh = found(meshWorld({ seed: 'across', nodes: 6 }), 2, 5)
  mesh.world.split([
    [0, 2, 5],
    [1, 3, 4],
  ])
  later(mesh, 8_000)
  join(mesh, 0, 5)
  write(mesh, 1, { kind: 'name', name: 'said over there' })
  write(mesh, 1, { kind: 'mute', member: memberAt(mesh, 4), on: true })
  say(mesh, 0, 'here')
  later(mesh, 2_000)
  mesh.world.heal()
  later(mesh, 40_000)
  converge(mesh)
  expect(groupOf(mesh, 0)?.epochHeads).toHaveLength(1)
  alike(mesh)
  expect(groupOf(mesh, 5)?.name).toBe('said over there')
})

const named = 'for those with keys'

test.each([
  // Nobody asks others for keys.
  { policy: 'strict', asks: false, given: undefined, shown: 'crew' },
  // Chains from where they stand: what comes later opens, what was said does not.
  { policy: 'balanced', asks: true, given: 'shares_taken/keys', shown: 'crew' },
  // The secret of the epoch, and all that was said under it.
  { policy: 'partition-tolerant', asks: true, given: 'shares_taken/secret', shown: named },
] as const)('what could not be opened when it came counts from when it can be: $policy', (how) => {
  const mesh = found(meshWorld({ seed: 'keys later', nodes: 4 }), 1, 3, how.policy)
  const { world } = mesh
  const number = endpointOf(world, 1).groupNumber(mesh.group) ?? 0
  const secrets = (node: number, kind: number) =>
    world.node(node).rows.read(within(secretKey(number, kind, new Uint8Array())))
  world.stop(1)
  later(mesh, 500)
  world.node(1).rows.apply(secrets(1, SecretKind.prekey).map(({ key }) => ({ key, value: null })))
  world.restart(1)
  later(mesh, 3_000)
  // The leader does not hear the complaint of node 1.
  world.split([[0, 2, 3], [1]])
  join(mesh, 0, 3)
  // As they were before anything was said under them.
  const held = secrets(2, SecretKind.epoch)
  write(mesh, 0, { kind: 'name', name: named })
  later(mesh, 3_000)
  world.stop(0)
  world.heal()
  later(mesh, 3_000)
  converge(mesh, [1, 2, 3])
  expect(groupOf(mesh, 2)?.name).toBe(named)
  expect(world.node(1).counts.get('metas_unopened')).toBe(1)
  later(mesh, 30_000)
  expect(groupOf(mesh, 1)?.name).toBe(how.shown)
  expect((world.node(1).counts.get('shares_asked') ?? 0) > 0).toBe(how.asks)
  if (how.given !== undefined) expect(world.node(1).counts.get(how.given)).toBeGreaterThan(0)
  // What came by a share is there after a restart.
  restart(mesh, 1)
  expect(groupOf(mesh, 1)?.name).toBe(how.shown)
  world.stop(1)
  later(mesh, 500)
  // Its seal opened after all: chains that others gave make way.
  const lent = secrets(1, SecretKind.given).map(({ key }) => ({ key, value: null }))
  world.node(1).rows.apply([...lent, ...held])
  for (let life = 0; life < 2; life++) {
    world.restart(1)
    later(mesh, 2_000)
    expect(groupOf(mesh, 1)?.name).toBe(named)
    world.stop(1)
    later(mesh, 500)
  }
})

test('where every epoch names somebody removed, a leader makes one that does not', () => {
  const mesh = found(meshWorld({ seed: 'removed', nodes: 4 }), 2)
  mesh.world.split([[0, 2, 3], [1]])
  later(mesh, 6_000)
  done(mesh.world, 0, {
    kind: 'remove-member',
    group: mesh.group,
    scope: 'member',
    target: memberAt(mesh, 3),
  })
  write(mesh, 0, { kind: 'topic', topic: 'without n3' })
  later(mesh, 1_000)
  expect(groupOf(mesh, 2)?.topic).toBe('without n3')
  mesh.world.heal()
  later(mesh, 20_000)
  converge(mesh, [0, 1, 2])
  alike(mesh, [0, 1, 2])
  expect(groupOf(mesh, 3)?.topic).toBe('')
})
