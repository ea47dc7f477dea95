// The final order on real endpoints in the world: texts become final by themselves and the group falls
// silent, an absent leader is waited for by name, every node prints the same, after restarts too.
import { describe, expect, test } from 'vitest'
import { finalAll, following } from '../support/final-mesh.ts'
import {
  type Mesh,
  converge,
  done,
  everyone,
  found,
  groupOf,
  meshWorld,
  say,
  later,
} from '../support/mesh.ts'

const textsOf = async (mesh: Mesh, node: number): Promise<(string | null)[]> =>
  (await finalAll(mesh, node)).map(({ text }) => text)

describe('texts of leaders', () => {
  test('become final within seconds, in one order everywhere, and then nobody says anything', async () => {
    const mesh = found(meshWorld({ seed: 'final', nodes: 5 }), 3)
    for (let i = 0; i < 9; i++) {
      say(mesh, i % 3, `text ${String(i)}`)
      later(mesh, 300)
    }
    later(mesh, 15_000)
    converge(mesh)
    const [first = [], ...others] = await Promise.all(
      everyone(mesh).map((node) => finalAll(mesh, node)),
    )
    expect(first).toHaveLength(9)
    const places = first.map(({ id, stamp }) => ({ id, stamp }))
    for (const other of others) {
      expect(other.map(({ id, stamp }) => ({ id, stamp }))).toEqual(places)
    }
    expect(first.every(({ final }) => final)).toBe(true)
    // What everybody attests a minute later is the last that is said.
    later(mesh, 150_000)
    const held = groupOf(mesh, 0)
    expect(held?.final.waitsFor).toEqual([])
    later(mesh, 600_000)
    expect(groupOf(mesh, 0)?.messages).toBe(held?.messages)
    expect(groupOf(mesh, 4)?.messages).toBe(held?.messages)
  })

  test('wait for an absent leader, who is named; the others fall silent all the same', async () => {
    const mesh = found(meshWorld({ seed: 'absent leader', nodes: 4 }), 3)
    const { world } = mesh
    later(mesh, 10_000)
    world.split([[0, 1, 3], [2]])
    later(mesh, 8_000)
    say(mesh, 0, 'without the third')
    later(mesh, 20_000)
    expect(await textsOf(mesh, 1)).toEqual([])
    const away = groupOf(mesh, 0)?.members.find(({ name }) => name === 'n2')?.member
    const { waitsFor = [] } = groupOf(mesh, 1)?.final ?? {}
    expect(waitsFor.map(({ member, name }) => ({ member, name }))).toEqual([
      { member: away, name: 'n2' },
    ])
    expect(waitsFor[0]?.since).toBeGreaterThan(0)
    later(mesh, 150_000)
    const { messages } = groupOf(mesh, 1) ?? {}
    later(mesh, 600_000)
    expect(groupOf(mesh, 1)?.messages).toBe(messages)
    world.heal()
    later(mesh, 25_000)
    converge(mesh)
    for (const node of everyone(mesh)) {
      expect(await textsOf(mesh, node)).toEqual(['without the third'])
    }
    expect(groupOf(mesh, 1)?.final.waitsFor).toEqual([])
  })
})

describe('what is printed', () => {
  test('is the same after a restart, from either end, and only grows at its end', async () => {
    const mesh = found(meshWorld({ seed: 'final restart', nodes: 4 }), 2)
    const { world, group } = mesh
    let shown: string[] = []
    for (let i = 0; i < 12; i++) {
      for (const node of everyone(mesh)) say(mesh, node, `text ${String(i)} of ${String(node)}`)
      later(mesh, i % 3 === 2 ? 6_000 : 200)
      if (i === 5)
        world.split([
          [0, 2],
          [1, 3],
        ])
      if (i === 8) world.heal()
      const now = (await finalAll(mesh, 3)).map(({ id }) => id)
      expect(now.slice(0, shown.length)).toEqual(shown)
      shown = now
    }
    for (const leader of [0, 1]) done(world, leader, { kind: 'attest', group })
    later(mesh, 15_000)
    converge(mesh)
    const all = await finalAll(mesh, 1)
    expect(all).toHaveLength(48)
    expect(all.map(({ id }) => id).slice(0, shown.length)).toEqual(shown)
    world.stop(1)
    later(mesh, 500)
    world.restart(1)
    later(mesh, 3_000)
    expect(await finalAll(mesh, 1)).toEqual(all)
    expect(await finalAll(mesh, 1, { limit: 7 })).toEqual(all.slice(-7))
    const { id, number } = all[20] ?? { id: '', number: '' }
    expect(await finalAll(mesh, 1, { since: id })).toEqual(all.slice(21))
    expect(await finalAll(mesh, 1, { since: number, limit: 3 })).toEqual(all.slice(21, 24))
  })

  test('goes on where it is followed', async () => {
    const mesh = found(meshWorld({ seed: 'final follow', nodes: 3 }), 2)
    say(mesh, 0, 'first')
    later(mesh, 10_000)
    const end = new AbortController()
    const { texts, tell } = following(mesh, 2, { signal: end.signal })
    const got: (string | null)[] = []
    const reading = (async () => {
      for await (const { text } of texts) {
        got.push(text)
        if (text === 'third') end.abort()
      }
    })()
    await new Promise((resolve) => setImmediate(resolve))
    say(mesh, 1, 'second')
    say(mesh, 0, 'third')
    later(mesh, 10_000)
    while (!end.signal.aborted) {
      tell({ kind: 'final', group: mesh.group, mark: 0 })
      await new Promise((resolve) => setImmediate(resolve))
    }
    await reading
    expect(got.toSorted()).toEqual(['first', 'second', 'third'])
    expect(got[0]).toBe('first')
  })
})
