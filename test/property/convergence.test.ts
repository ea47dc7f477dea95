// P3 and I17, strong eventual consistency: nodes that hold the same messages show the same in every
// way, whatever splits, losses, crashes and admissions came before. With it P4, P5 and the rest of
// test/support/laws.ts. `npm run sim` runs the same histories for hundreds of seeds and 50 nodes.
import { describe, expect, test } from 'vitest'
import { runHistory } from '../support/history.ts'
import { acausal, broken, gaps, heldBy, Numbers, unequal } from '../support/laws.ts'
import { converge, everyone, found, meshWorld, say } from '../support/mesh.ts'

const seeds = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `ci ${String(i)}`)

const replay = (seed: string, nodes: number, late: number): string =>
  `npm run sim -- --seed '${seed}' --nodes ${String(nodes)} --late ${String(late)}`

const judge = (seed: string, nodes: number, late: number, rounds: number): void => {
  const history = runHistory({ seed, nodes, late, rounds })
  expect(history.broken, `${history.log.join('\n')}\n${replay(seed, nodes, late)}`).toEqual([])
  expect(history.acknowledged).toBeGreaterThan(0)
}

describe('the same messages give the same group (P3, I17), after any history', () => {
  test.each(seeds(30))('of three nodes, seed %s', (seed) => judge(seed, 3, 0, 5), 60_000)
  test.each(seeds(20))(
    'of six nodes with three latecomers, seed %s',
    (seed) => judge(seed, 6, 3, 5),
    60_000,
  )
  test.each(seeds(20))('of ten nodes, seed %s', (seed) => judge(seed, 10, 2, 4), 60_000)
})

describe('the laws can be broken', () => {
  const small = () => {
    const mesh = found(meshWorld({ seed: 'laws', nodes: 3 }))
    for (const node of everyone(mesh)) say(mesh, node, `by ${String(node)}`)
    mesh.world.run(mesh.world.nowMs + 2_000)
    converge(mesh)
    return mesh
  }

  test('a text that one node lacks makes nodes unequal', () => {
    const mesh = small()
    expect(broken(mesh)).toEqual([])
    mesh.world.split([[0, 1], [2]])
    say(mesh, 0, 'not for 2')
    mesh.world.run(mesh.world.nowMs + 1_000)
    expect(unequal(mesh)).toContain('nodes 0 and 2 differ in root')
    expect(unequal(mesh, [0, 1])).toEqual([])
  })

  test('a missing parent and a lamport that does not grow are seen (P4)', () => {
    const mesh = small()
    const held = heldBy(mesh, 0)
    const child = [...held.values()].find(({ header }) => header.counter > 1)
    const parent = [...held.values()].find(
      (one) => one.member === child?.member && one.header.counter === child.header.counter - 1,
    )
    if (child === undefined || parent === undefined) throw new Error('no chain to tamper with')
    const without = new Map(held)
    without.delete(parent.id)
    expect(acausal(without).length).toBeGreaterThan(0)
    expect(gaps(without).length).toBeGreaterThan(0)
    const late = { ...parent, header: { ...parent.header, lamport: child.header.lamport + 1 } }
    expect(acausal(new Map(held).set(parent.id, late)).length).toBeGreaterThan(0)
  })

  test('a number used twice is seen, unless its member is named (P5, I12)', () => {
    const mesh = small()
    const held = heldBy(mesh, 0)
    const [one] = held.values()
    if (one === undefined) throw new Error('nothing is held')
    const twice = new Map(held).set('other', { ...one, id: 'other' })
    expect(gaps(twice).length).toBeGreaterThan(0)
    expect(gaps(twice, [one.member])).toEqual([])
    const numbers = new Numbers()
    numbers.note('m', 1, 'a')
    numbers.note('m', 1, 'a')
    expect(numbers.broken).toEqual([])
    numbers.note('m', 1, 'b')
    expect(numbers.broken).toEqual(['m:1 was used twice'])
  })
})

describe('one seed is one run', () => {
  test('twice in one process gives the same trace, another seed gives another', () => {
    const hash = (seed: string): string => {
      const { mesh } = runHistory({ seed, nodes: 4, late: 1, rounds: 3 })
      return mesh.world.traceHash()
    }
    expect(hash('again')).toBe(hash('again'))
    expect(hash('again')).not.toBe(hash('and again'))
  })
})
