// Keys are shared in any weather: whatever is lost, doubled, late or cut, and whoever crashes at whichever
// write, in the end everything opens that may, and nobody has lost anything by having asked.
import { describe, expect, test } from 'vitest'
import { unequal } from '../support/laws.ts'
import { type Mesh, converge, readAll, later } from '../support/mesh.ts'
import {
  countedAt,
  joinedApart,
  sharesAt,
  shutOut,
  textsAt,
  undecryptableAt,
} from '../support/sharing.ts'

const everything = (mesh: Mesh, node: number, other: number): boolean =>
  JSON.stringify(textsAt(mesh, node)) ===
  JSON.stringify(readAll(mesh, other).map(({ text }) => text))

/** Runs until node 1 reads what node 2 reads; what was asked meanwhile has an end. */
const settles = (mesh: Mesh): void => {
  const { world } = mesh
  for (let minute = 0; minute < 30 && !everything(mesh, 1, 2); minute++) later(mesh, 60_000)
  expect(textsAt(mesh, 1)).toEqual(readAll(mesh, 2).map(({ text }) => text))
  expect(undecryptableAt(mesh, 1)).toBe(0)
  later(mesh, 30_000)
  converge(mesh, [1, 2, 3])
  expect(unequal(mesh, [1, 2, 3])).toEqual([])
  expect(
    sharesAt(mesh, 1).flatMap(({ epochs }) => epochs.map(({ outcome }) => outcome)),
  ).not.toContain('open')
  expect(world.node(1).counts.get('shares_dropped/commit-mismatch') ?? 0).toBe(0)
}

const shut = (seed: string, rough = false): Mesh =>
  shutOut({ seed, policy: 'partition-tolerant', ...(rough ? { network: { rough } } : {}) })

test.each([1, 2, 3, 4])('loss, doubles and disorder on links (%i)', (seed) => {
  const mesh = shut(`weather ${String(seed)}`, true)
  const base = { delayMs: 30, jitterMs: 100, loss: 0.1, duplicate: 0.2, reorder: 0.3 }
  mesh.world.setLinks({ base })
  later(mesh, 5 * 60_000)
  mesh.world.heal()
  mesh.world.setLinks({ base: {} })
  settles(mesh)
})

test.each([0, 40, 80, 120, 160, 400])('a cut %i ms after the question', (afterMs) => {
  const mesh = shut(`cut ${String(afterMs)}`)
  const { world } = mesh
  world.heal()
  world.runUntil(() => countedAt(mesh, 1, 'shares_asked') > 0, 60_000)
  later(mesh, afterMs)
  world.split([[1], [2, 3]])
  later(mesh, 40_000)
  world.heal()
  settles(mesh)
})

describe.each([1, 2, 3])('a crash of node %i', (node) => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('at write %i after the question', (nth) => {
    const mesh = shut(`crash ${String(node)} ${String(nth)}`)
    const { world } = mesh
    world.heal()
    world.runUntil(() => countedAt(mesh, 1, 'shares_asked') > 0, 60_000)
    world.crashAtWrite(node, nth, { writes: nth % 2 === 0 ? 'lost' : 'torn' })
    later(mesh, 60_000)
    if (!world.node(node).running) world.restart(node)
    later(mesh, 5_000)
    settles(mesh)
  })
})

test.each([1, 2, 3, 4, 5, 6])(
  'somebody let in apart crashes at write %i of what it was given',
  (nth) => {
    const mesh = joinedApart({ seed: `joiner ${String(nth)}` })
    const { world } = mesh
    world.heal()
    world.runUntil(() => countedAt(mesh, 4, 'shares_asked') > 0, 60_000)
    world.crashAtWrite(4, nth, { writes: 'lost' })
    later(mesh, 30_000)
    if (!world.node(4).running) world.restart(4)
    const wanted = readAll(mesh, 0).map(({ text }) =>
      text === 'before the split' ? 'sealed' : text,
    )
    for (let minute = 0; minute < 10; minute++) later(mesh, 60_000)
    converge(mesh)
    expect(textsAt(mesh, 4)).toEqual(wanted)
  },
)
