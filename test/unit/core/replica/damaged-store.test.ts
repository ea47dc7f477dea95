// What a node wrote itself must read back: a start over damaged records says so and shows nothing.
import { expect, test } from 'vitest'
import { Space } from '../../../../src/core/storage.ts'
import { found, meshWorld } from '../../../support/mesh.ts'

test.each([
  ['a control message', Space.control],
  ['a line', Space.line],
  ['a group', Space.group],
])('a node whose record of %s is damaged refuses to start', (what, space) => {
  const failures: string[] = []
  const world = meshWorld({
    seed: 'damaged',
    nodes: 2,
    onFatal: (_, error) => failures.push(error.message),
  })
  found(world)
  world.stop(1)
  world.run(world.nowMs + 1_000)
  const { rows } = world.node(1).disk
  const damaged = rows.all().find(({ key }) => key[0] === space)
  expect(damaged).toBeDefined()
  if (damaged === undefined) return
  rows.apply([{ key: damaged.key, value: Uint8Array.of(0, 0xff) }])
  world.restart(1)
  world.run(world.nowMs + 1_000)
  expect(failures).toEqual([`the stored record of ${what} cannot be read`])
})
