// A mesh with hostile peers in it, and what the honest ones must show whatever those do.
import { expect } from 'vitest'
import { Endpoint } from '../../src/core/endpoint.ts'
import { Hostile } from './hostile.ts'
import { broken } from './laws.ts'
import { type Mesh, converge, found, meshWorld, readAll, say, later } from './mesh.ts'

/** Nodes 0 and 1 are honest, 2 is a hostile member, 3 (if there) is hostile and nobody. */
export const hostileMesh = (seed: string, nodes = 3): Mesh => {
  const world = meshWorld({
    seed,
    nodes,
    endpoint: (identity, provider, node) =>
      node < 2 ? new Endpoint(identity, provider) : new Hostile(identity, provider),
  })
  return found(world, 1, 3)
}

export const counted = (mesh: Mesh, name: string, node = 0): number =>
  mesh.world.node(node).counts.get(name) ?? 0

/** The honest ones still talk, and hold the same. */
export const goesOn = (mesh: Mesh): void => {
  const texts = readAll(mesh, 1).length
  say(mesh, 0, 'still here')
  later(mesh, 3_000)
  converge(mesh, [0, 1])
  expect(readAll(mesh, 1)).toHaveLength(texts + 1)
  expect(broken(mesh, [0, 1])).toEqual([])
}
