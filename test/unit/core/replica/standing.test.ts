// What a replica tells of members, managers and epochs: who acted last and why, whose turn it is,
// what waits, and the messages that made each standing. Real endpoints in a simulated world.
import { expect, test } from 'vitest'
import type { StandingReport } from '../../../../src/core/report.ts'
import type { Mesh } from '../../../support/mesh.ts'
import {
  converge,
  done,
  endpointOf,
  found,
  groupOf,
  meshWorld,
  readAll,
  say,
} from '../../../support/mesh.ts'

function later(mesh: Mesh, ms: number): void {
  mesh.world.run(mesh.world.nowMs + ms)
}

const memberOf = (mesh: Mesh, node: number): string => groupOf(mesh, node)?.self ?? ''

function remove(mesh: Mesh, leader: number, node: number): void {
  const target = memberOf(mesh, node)
  done(mesh.world, leader, { kind: 'remove-member', group: mesh.group, scope: 'member', target })
}

function whyOf(mesh: Mesh, node: number, about: string): StandingReport {
  const report = endpointOf(mesh.world, node).standing(mesh.group, about)
  if (report === undefined) throw new Error('nobody of that id')
  return report
}

test('everybody names the same manager while all are linked; without a leader there is none', () => {
  const mesh = found(meshWorld({ seed: 'manager', nodes: 4 }), 2)
  later(mesh, 5_000)
  const managers = new Set([0, 1, 2, 3].map((node) => groupOf(mesh, node)?.manager))
  expect(managers.size).toBe(1)
  expect([memberOf(mesh, 0), memberOf(mesh, 1)]).toContain([...managers][0])
  mesh.world.split([[0], [1], [2, 3]])
  later(mesh, 10_000)
  expect(groupOf(mesh, 0)?.manager).toBe(memberOf(mesh, 0))
  expect(groupOf(mesh, 1)?.manager).toBe(memberOf(mesh, 1))
  expect([2, 3].map((node) => groupOf(mesh, node)?.manager)).toEqual([null, null])
})

test('the last epoch says who made it, why, when and for how many', () => {
  const mesh = found(meshWorld({ seed: 'last', nodes: 4 }), 2)
  later(mesh, 10_000)
  converge(mesh)
  done(mesh.world, 1, { kind: 'rotate', group: mesh.group })
  later(mesh, 2_000)
  for (const node of [0, 1, 2, 3]) {
    const group = groupOf(mesh, node)
    expect(group?.lastEpoch).toMatchObject({
      epoch: group?.epochHeads[0],
      author: memberOf(mesh, 1),
      reason: 'request',
      recipients: 4,
    })
    expect(group?.lastEpoch?.at).toBeGreaterThan(0)
    expect(group).toMatchObject({ epochDue: null, selfState: 'active', held: 0 })
  }
  remove(mesh, 0, 3)
  later(mesh, 2_000)
  for (const node of [0, 1, 2]) {
    const expected = { author: memberOf(mesh, 0), reason: 'membership', recipients: 3 }
    expect(groupOf(mesh, node)?.lastEpoch).toMatchObject(expected)
  }
})

test('whoever is removed while linked is told, and is given nothing afterwards', () => {
  const mesh = found(meshWorld({ seed: 'told', nodes: 4 }), 1)
  later(mesh, 5_000)
  remove(mesh, 0, 3)
  later(mesh, 1_000)
  say(mesh, 1, 'not for all ears')
  later(mesh, 5_000)
  expect(groupOf(mesh, 3)?.selfState).toBe('removed')
  expect(readAll(mesh, 3).filter(({ state }) => state === 'ok')).toEqual([])
  expect(readAll(mesh, 2).map(({ text }) => text)).toEqual(['not for all ears'])
})

test('a standing is explained by the messages that made it, in the order of their pasts', () => {
  const mesh = found(meshWorld({ seed: 'why', nodes: 5 }), 2)
  later(mesh, 10_000)
  const gone = memberOf(mesh, 4)
  say(mesh, 4, 'heard by all')
  later(mesh, 2_000)
  mesh.world.split([[0, 2], [1], [3, 4]])
  later(mesh, 6_000)
  remove(mesh, 0, 4)
  say(mesh, 4, 'heard by no leader')
  later(mesh, 2_000)
  remove(mesh, 1, 4)
  mesh.world.heal()
  later(mesh, 20_000)
  converge(mesh, [0, 1, 2, 3])
  const whys = [0, 1, 2, 3].map((node) => whyOf(mesh, node, gone))
  for (const why of whys) {
    expect(why).toMatchObject({ state: 'removed', member: gone, name: 'n4' })
    expect(why.causes.map(({ kind }) => kind)).toEqual(['add', 'join', 'remove', 'remove'])
    const [add, join, first, second] = why.causes
    expect(join).toMatchObject({ author: gone, after: [add?.id], concurrent: [], holds: true })
    expect(first).toMatchObject({ after: [add?.id, join?.id], concurrent: [second?.id] })
    expect(second).toMatchObject({ after: [add?.id, join?.id], concurrent: [first?.id] })
    const authors = [first?.author, second?.author].sort()
    expect(authors).toEqual([memberOf(mesh, 0), memberOf(mesh, 1)].sort())
    expect([first?.holds, second?.holds]).toEqual([true, true])
  }
  // Both removed it without having heard the second text.
  expect(whys.map(({ withdrawn }) => withdrawn)).toEqual([1, 1, 1, 1])
  expect(readAll(mesh, 0).map(({ state }) => state)).toEqual(['ok', 'withdrawn'])
  expect(whyOf(mesh, 0, memberOf(mesh, 1)).causes[0]).toMatchObject({ kind: 'card', id: null })
  expect(endpointOf(mesh.world, 0).standing(mesh.group, 'ff'.repeat(32))).toBeUndefined()
})

test('texts that are held are shown with what they say, and leave once they may', () => {
  const mesh = found(meshWorld({ seed: 'held', nodes: 6 }), 2)
  later(mesh, 10_000)
  converge(mesh)
  const { world } = mesh
  world.split([[0, 2], [1, 3], [4], [5]])
  later(mesh, 6_000)
  remove(mesh, 0, 4)
  remove(mesh, 1, 5)
  later(mesh, 2_000)
  world.split([[0], [1], [2, 3], [4], [5]])
  // A leader that showed itself a minute ago is believed to be there still.
  later(mesh, 100_000)
  converge(mesh, [2, 3])
  expect(groupOf(mesh, 2)).toMatchObject({ epochDue: 'merge', manager: null })
  const sent = ['first', 'second'].map((text) => {
    const answer = say(mesh, 2, text)
    later(mesh, 500)
    return answer.reply
  })
  for (const reply of sent) expect(reply).toMatchObject({ ok: true, value: { number: null } })
  const held = endpointOf(world, 2).heldTexts(mesh.group)
  expect(held.map(({ text, state, number }) => [text, state, number])).toEqual([
    ['first', 'held', null],
    ['second', 'held', null],
  ])
  expect(held.map(({ draft }) => draft)).toEqual(
    sent.map((reply) => (reply?.ok === true ? reply.value.draft : '')),
  )
  expect(groupOf(mesh, 2)?.held).toBe(2)
  expect(groupOf(mesh, 3)?.held).toBe(0)
  world.heal()
  later(mesh, 30_000)
  converge(mesh, [0, 1, 2, 3])
  expect(groupOf(mesh, 2)).toMatchObject({ held: 0, epochDue: null })
  for (const node of [0, 1, 2, 3]) {
    expect(readAll(mesh, node).map(({ text }) => text)).toEqual(['first', 'second'])
  }
})

test('a leader who left does nothing any more, and nothing calls on it', () => {
  const mesh = found(meshWorld({ seed: 'left', nodes: 3 }), 2)
  later(mesh, 10_000)
  const { group, world } = mesh
  done(world, 0, { kind: 'leave-group', group, reason: '', last: false })
  later(mesh, 500)
  expect(groupOf(mesh, 0)).toMatchObject({ selfState: 'left', epochDue: null })
  const invite = { kind: 'invite', group, expiresMs: 1_000, uses: 1, confirm: false } as const
  const target = memberOf(mesh, 2)
  for (const command of [
    invite,
    { kind: 'rotate', group },
    { kind: 'remove-member', group, scope: 'member', target },
    { kind: 'leave-group', group, reason: '', last: false },
  ] as const) {
    const handle = world.command(0, command)
    later(mesh, 100)
    expect(handle.reply).toMatchObject({ ok: false, error: { code: 'NOT_A_MEMBER' } })
  }
  later(mesh, 5_000)
  expect(groupOf(mesh, 1)?.lastEpoch).toMatchObject({ author: memberOf(mesh, 1), recipients: 2 })
})
