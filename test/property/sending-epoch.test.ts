// S2 as a sender keeps it: with two epoch heads and no leader to merge them, a member goes on under the
// epoch it used, over restarts too, and never returns to one that it left.
import { expect, test } from 'vitest'
import { broken } from '../support/laws.ts'
import { converge, done, found, groupOf, meshWorld, readAll, say, later } from '../support/mesh.ts'

test.each(['a', 'b', 'c', 'd'])('an epoch in use stays in use over a restart, draw %s', (draw) => {
  const world = meshWorld({ seed: `sending ${draw}`, nodes: 6 })
  const mesh = found(world, 2, 4)
  const { group } = mesh
  world.split([
    [0, 2, 4],
    [1, 3, 5],
  ])
  later(mesh, 8_000)
  for (const [leader, node] of [
    [0, 4],
    [1, 5],
  ] as const) {
    const asked = { expiresMs: 3_600_000, uses: 1, confirm: false }
    const { ticket } = done(world, leader, { kind: 'invite', group, ...asked })
    done(world, node, { kind: 'join', ticket, waitMs: 20_000 })
    later(mesh, 1_000)
    world.stop(leader)
  }
  for (const node of [2, 3]) say(mesh, node, 'apart')
  later(mesh, 1_000)
  world.heal()
  converge(mesh, [2, 3, 4, 5])
  expect(groupOf(mesh, 2)?.epochHeads).toHaveLength(2)
  for (let i = 0; i < 3; i++) {
    for (const node of [2, 3]) {
      world.stop(node)
      later(mesh, 300)
      world.restart(node)
      later(mesh, 3_000)
      say(mesh, node, `life ${String(i)}`)
      later(mesh, 500)
    }
  }
  converge(mesh, [2, 3, 4, 5])
  for (const node of [2, 3]) {
    const self = groupOf(mesh, node)?.self
    const epochs = readAll(mesh, 4)
      .filter(({ author }) => author === self)
      .map(({ epoch }) => epoch)
    expect(epochs).toHaveLength(4)
    expect(new Set(epochs).size).toBe(1)
  }
  expect(broken(mesh, [2, 3, 4, 5])).toEqual([])
})
