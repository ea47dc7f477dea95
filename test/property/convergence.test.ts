// Strong eventual consistency (I17): nodes that hold the same messages show the same in every way.
import { describe, expect, test } from 'vitest'
import {
  found,
  converge,
  meshWorld,
  readAll,
  say,
  everyone,
} from '../support/mesh.ts'

describe('a mesh of three', () => {
  test('talks, is cut in two, talks on, and holds the same afterwards', () => {
    const world = meshWorld({ seed: 'three', nodes: 3 })
    const mesh = found(world, 2)
    for (let i = 0; i < 12; i++) {
      say(mesh, i % 3, `before ${String(i)}`)
      world.run(world.nowMs + 40)
    }
    converge(mesh)
    world.split([[0, 1], [2]])
    world.run(world.nowMs + 10_000)
    for (let i = 0; i < 12; i++) {
      say(mesh, i % 3, `during ${String(i)}`)
      world.run(world.nowMs + 40)
    }
    world.heal()
    converge(mesh)
    const read = everyone(mesh).map((node) => readAll(mesh, node))
    expect(read[0]).toHaveLength(24)
    expect(read[0]?.every((text) => text.state === 'ok')).toBe(true)
    const shown = read.map((texts) => texts.map(({ late: _, final: __, ...rest }) => rest))
    expect(shown[1]).toEqual(shown[0])
    expect(shown[2]).toEqual(shown[0])
  })
})
