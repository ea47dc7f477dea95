// A history longer than what memory holds: rows leave the window, and still a node restarts, judges
// what stands on old rows, serves a newcomer from the beginning, and ends equal to everybody.
import { expect, test } from 'vitest'
import { broken } from '../support/laws.ts'
import { converge, done, found, groupOf, meshWorld, readAll, say, later } from '../support/mesh.ts'

const TEXTS = 5_000

test('five thousand texts over splits and restarts are held, served and read alike', () => {
  const world = meshWorld({ seed: 'long', nodes: 5, keepEvents: false })
  const mesh = found(world, 1, 4)
  const { group } = mesh
  // Node 3 stands on the beginning only; what it says later has parents that left every window.
  world.stop(3)
  later(mesh, 1_000)
  for (let i = 0; i < TEXTS; i++) {
    say(mesh, i % 2, `text ${String(i)}`)
    if (i % 50 === 0) later(mesh, 30)
    if (i === TEXTS / 2) {
      world.crash(1, { writes: 'torn' })
      world.restart(1)
    }
  }
  later(mesh, 3_000)
  converge(mesh, [0, 1, 2])
  for (const node of [1, 2]) {
    world.stop(node)
    later(mesh, 500)
    world.restart(node)
  }
  later(mesh, 3_000)
  converge(mesh, [0, 1, 2])

  // It speaks before it hears anybody: its parents are old for all others.
  world.split([[0, 1, 2, 4], [3]])
  world.restart(3)
  later(mesh, 500)
  say(mesh, 3, 'from long ago')
  done(world, 3, { kind: 'attest', group })
  later(mesh, 500)
  world.heal()
  converge(mesh, [0, 1, 2, 3])

  // A newcomer is served by nodes that hold almost all of it on disk only.
  const asked = { expiresMs: 3_600_000, uses: 1, confirm: false }
  const { ticket } = done(world, 0, { kind: 'invite', group, ...asked })
  done(world, 4, { kind: 'join', ticket, waitMs: 60_000 })
  for (const node of [0, 1, 2, 3, 4]) say(mesh, node, `last by ${String(node)}`)
  later(mesh, 3_000)
  converge(mesh)
  expect(groupOf(mesh, 4)?.messages).toBeGreaterThan(4_800)
  expect(groupOf(mesh, 0)?.equivocators).toEqual([])
  expect(broken(mesh)).toEqual([])
  const open = readAll(mesh, 4).filter(({ state }) => state === 'ok')
  expect(open).toHaveLength(5)
}, 120_000)
