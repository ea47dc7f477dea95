// I26 can be broken: leaders who merge as soon as they see two heads, without a slot of their own and without
// backing off, go on making heads for each other. The bound that test/property/election.test.ts holds
// real leaders to is passed by these at once.
import { expect, test, vi } from 'vitest'
import { MERGE_QUIET_MS } from '../../src/base/limits.ts'
import type * as merge from '../../src/core/election/merge.ts'
import { council, epochs } from '../support/election.ts'
import { done, everyone, later } from '../support/mesh.ts'

/** The fault: everybody waits equally long. */
const eager = vi.hoisted(() => ({ on: false }))

vi.mock('../../src/core/election/merge.ts', async (original) => {
  const real = await original<typeof merge>()
  const mergeWaitMs: typeof real.mergeWaitMs = (wait) =>
    eager.on ? MERGE_QUIET_MS : real.mergeWaitMs(wait)
  return { ...real, mergeWaitMs }
})

/** Epochs that five leaders, three seconds apart, make in the first minutes after a heal. */
const made = (on: boolean): number => {
  eager.on = false
  const mesh = council('storm', 5, 3_000)
  const { world } = mesh
  const base = { delayMs: 3_000, jitterMs: 750 }
  const sides = [0, 1].map((half) => everyone(mesh).filter((node) => node % 2 === half))
  world.setLinks({ base, split: { sides, cut: 'blackhole' } })
  later(mesh, 20_000)
  for (const [node = 0] of sides) done(world, node, { kind: 'rotate', group: mesh.group })
  later(mesh, 80_000)
  const before = epochs(mesh)
  eager.on = on
  world.setLinks({ base })
  later(mesh, 150_000)
  return epochs(mesh) - before
}

test('by leaders who do not wait for each other, and not by those who do', () => {
  expect(made(false)).toBeLessThanOrEqual(5)
  expect(made(true)).toBeGreaterThan(16)
}, 120_000)
