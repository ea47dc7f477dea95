// P9 and P10: what one member wrote reaches every other as long as somebody carries it: no two of
// them need ever to be online at once, or to have a link to each other.
import { describe, expect, test } from 'vitest'
import { broken } from '../support/laws.ts'
import {
  type Mesh,
  converge,
  done,
  everyone,
  found,
  groupOf,
  meshWorld,
  readAll,
  say,
  later,
} from '../support/mesh.ts'

const textsAt = (mesh: Mesh, node: number): (string | null)[] =>
  readAll(mesh, node).map(({ text }) => text)

const apart = (mesh: Mesh, a: number, b: number): void => {
  const cut = { cut: 'reset' } as const
  mesh.world.setLinks({
    rules: [
      { from: a, to: b, link: cut },
      { from: b, to: a, link: cut },
    ],
  })
}

describe('store, carry, forward (P9)', () => {
  test('B carries from A to C, who are never online together', () => {
    const mesh = found(meshWorld({ seed: 'p9', nodes: 3 }))
    const { world } = mesh
    world.stop(2)
    later(mesh, 1_000)
    say(mesh, 0, 'from A')
    later(mesh, 3_000)
    world.stop(0)
    later(mesh, 60_000)
    world.restart(2)
    converge(mesh, [1, 2])
    expect(textsAt(mesh, 2)).toEqual(['from A'])
    say(mesh, 2, 'from C')
    later(mesh, 3_000)
    world.stop(2)
    later(mesh, 1_000)
    world.restart(0)
    converge(mesh, [0, 1])
    expect(textsAt(mesh, 0)).toEqual(['from A', 'from C'])
  })

  test('B carries through a restart of its own, with no other node up meanwhile', () => {
    const mesh = found(meshWorld({ seed: 'p9 restart', nodes: 3 }))
    const { world } = mesh
    world.stop(2)
    later(mesh, 1_000)
    for (let i = 0; i < 40; i++) say(mesh, 0, `text ${String(i)}`)
    later(mesh, 3_000)
    world.stop(0)
    later(mesh, 1_000)
    world.crash(1, { writes: 'lost', silent: true })
    later(mesh, 1_000)
    world.restart(1)
    world.restart(2)
    converge(mesh, [1, 2])
    expect(textsAt(mesh, 2)).toHaveLength(40)
    world.restart(0)
    converge(mesh)
    expect(broken(mesh)).toEqual([])
  })

  test('without a carrier nothing arrives', () => {
    const mesh = found(meshWorld({ seed: 'p9 none', nodes: 3 }))
    const { world } = mesh
    world.stop(1)
    world.stop(2)
    later(mesh, 1_000)
    say(mesh, 0, 'from A')
    later(mesh, 3_000)
    world.stop(0)
    later(mesh, 1_000)
    world.restart(1)
    world.restart(2)
    later(mesh, 30_000)
    expect(textsAt(mesh, 2)).toEqual([])
  })

  test.each([0, 1, 2])(
    'a node that was off during everything catches up from node %i alone',
    (from) => {
      const mesh = found(meshWorld({ seed: `off ${String(from)}`, nodes: 4 }), 2)
      const { world } = mesh
      world.stop(3)
      later(mesh, 1_000)
      world.split([[0, 1], [2]])
      for (let i = 0; i < 60; i++) {
        say(mesh, i % 3, `text ${String(i)}`)
        later(mesh, 100)
      }
      world.heal()
      converge(mesh, [0, 1, 2])
      for (const node of [0, 1, 2]) if (node !== from) world.stop(node)
      later(mesh, 1_000)
      world.restart(3)
      converge(mesh, [from, 3])
      expect(textsAt(mesh, 3)).toHaveLength(60)
      expect(broken(mesh, [from, 3])).toEqual([])
    },
  )
})

describe('no direct link is needed (P10)', () => {
  test('two members that can never connect converge through a third', () => {
    const mesh = found(meshWorld({ seed: 'p10', nodes: 3 }))
    apart(mesh, 0, 2)
    later(mesh, 5_000)
    for (let i = 0; i < 20; i++) {
      say(mesh, i % 3, `text ${String(i)}`)
      later(mesh, 200)
    }
    converge(mesh)
    expect(textsAt(mesh, 0)).toHaveLength(20)
    expect(broken(mesh)).toEqual([])
    expect(mesh.world.node(0).neighbours()).toEqual([1])
  })

  test('a line of four passes news on from end to end within three seconds, without pushes', () => {
    const world = meshWorld({ seed: 'line', nodes: 4 })
    const mesh = found(world)
    world.setLinks({
      base: { loss: 1 },
      split: {
        cut: 'reset',
        sides: [
          [0, 1],
          [1, 2],
          [2, 3],
        ],
      },
    })
    later(mesh, 5_000)
    say(mesh, 0, 'along the line')
    say(mesh, 3, 'and back')
    later(mesh, 3_000)
    for (const node of everyone(mesh)) expect(textsAt(mesh, node)).toHaveLength(2)
    expect(broken(mesh)).toEqual([])
  })

  test('a member who writes all the time does not keep the others from hearing it', () => {
    const world = meshWorld({ seed: 'chatter', nodes: 3 })
    const mesh = found(world)
    world.setLinks({ base: { loss: 1 } })
    for (let i = 0; i < 20; i++) {
      say(mesh, 0, `text ${String(i)}`)
      later(mesh, 400)
      if (i >= 8) expect(textsAt(mesh, 1).length).toBeGreaterThan(i - 8)
    }
  })
})

describe('two leaders who add somebody each in a split', () => {
  test('both are in after the heal, and everybody opens what is sent then', () => {
    const world = meshWorld({ seed: 'two adds', nodes: 6 })
    const mesh = found(world, 2, 4)
    world.split(
      [
        [0, 2, 4],
        [1, 3, 5],
      ],
      'blackhole',
    )
    later(mesh, 10_000)
    const { group } = mesh
    for (const [leader, node] of [
      [0, 4],
      [1, 5],
    ] as const) {
      const asked = { expiresMs: 3_600_000, uses: 1, confirm: false }
      const { ticket } = done(world, leader, { kind: 'invite', group, ...asked })
      done(world, node, { kind: 'join', ticket, waitMs: 20_000 })
      say(mesh, leader, `welcome ${String(node)}`)
    }
    later(mesh, 2_000)
    expect(groupOf(mesh, 0)?.members).toHaveLength(5)
    world.heal()
    converge(mesh)
    const atMs = world.nowMs
    const merged = (): boolean =>
      everyone(mesh).every((node) => groupOf(mesh, node)?.epochHeads.length === 1)
    expect(world.runUntil(merged, 60_000)).toBe(true)
    expect(world.nowMs - atMs).toBeLessThan(15_000)
    expect(groupOf(mesh, 5)?.members.map(({ state }) => state)).toEqual(Array(6).fill('active'))
    for (const node of everyone(mesh)) say(mesh, node, `all by ${String(node)}`)
    later(mesh, 5_000)
    for (const node of everyone(mesh)) {
      const open = readAll(mesh, node).filter(({ text }) => text?.startsWith('all by') === true)
      expect(open).toHaveLength(6)
    }
    expect(broken(mesh)).toEqual([])
  })
})
