// A device whose store may be an old copy says nothing before a member has shown how far it knows it: what
// was said meanwhile waits. If the store is as others know it, all goes on; if it is older, the member
// is retired, and nobody ever sees two messages of it under one number.
import { describe, expect, test } from 'vitest'
import { Endpoint } from '../../src/core/endpoint.ts'
import { unequal } from '../support/laws.ts'
import {
  type Mesh,
  converge,
  found,
  groupOf,
  meshWorld,
  readAll,
  say,
  later,
} from '../support/mesh.ts'
import { secretOf } from '../support/author.ts'

const texts = (mesh: Mesh, node: number) => readAll(mesh, node).map(({ text }) => text)

type Recover = 'hold' | 'accept' | undefined

/** Members 0 to 2; node 3 is the device of node 2 on another machine, started by hand. */
const meshOf = (seed: string, recover: () => Recover): Mesh => {
  const world = meshWorld({
    seed,
    nodes: 4,
    startMs: (node) => (node === 3 ? undefined : 0),
    endpoint: (identity, provider, node) =>
      node !== 3
        ? new Endpoint(identity, provider)
        : new Endpoint(
            {
              name: 'n2',
              accountSeed: secretOf(seed, 2, 'account'),
              deviceSeed: secretOf(seed, 2, 'device'),
              transportSeed: identity.transportSeed,
            },
            provider,
            { recover: recover() },
          ),
  })
  const mesh = found(world, 1, 3)
  say(mesh, 2, 'before')
  later(mesh, 3_000)
  converge(mesh, [0, 1, 2])
  return mesh
}

/** Node 3 goes on from what node 2 holds now, cut off from the others. */
const copyTo3 = (mesh: Mesh): void => {
  mesh.world.split([[0, 1, 2], [3]])
  mesh.world.node(3).rows.apply(mesh.world.node(2).rows.all())
}

const start3 = (mesh: Mesh): void => {
  mesh.world.stop(2)
  mesh.world.restart(3)
  later(mesh, 2_000)
}

const recoveryOf = (mesh: Mesh, node: number) => groupOf(mesh, node)?.recovery

describe('a store that may be an old one', () => {
  test('says nothing at first, also over a restart, and all of it once a member answered', () => {
    let recover: Recover = 'hold'
    const mesh = meshOf('moved', () => recover)
    copyTo3(mesh)
    start3(mesh)
    expect(recoveryOf(mesh, 3)).toBe('held')
    const said = say(mesh, 3, 'from the new place')
    later(mesh, 1_000)
    expect(said.reply).toMatchObject({ ok: true, value: { number: null } })
    recover = undefined
    mesh.world.crash(3)
    mesh.world.restart(3)
    later(mesh, 2_000)
    expect(recoveryOf(mesh, 3)).toBe('held')
    mesh.world.heal()
    later(mesh, 20_000)
    expect(recoveryOf(mesh, 3)).toBeNull()
    for (const node of [0, 1, 3]) expect(texts(mesh, node)).toContain('from the new place')
    expect(groupOf(mesh, 0)?.equivocators).toEqual([])
    expect(unequal(mesh, [0, 1, 3])).toEqual([])
  })

  test('is retired when a member holds more of it, and never looks like a liar', () => {
    const mesh = meshOf('restored', () => 'hold')
    copyTo3(mesh)
    say(mesh, 2, 'after the backup')
    later(mesh, 5_000)
    start3(mesh)
    say(mesh, 3, 'as if nothing had happened')
    later(mesh, 1_000)
    mesh.world.heal()
    later(mesh, 20_000)
    expect(recoveryOf(mesh, 3)).toBe('retired')
    for (const node of [0, 1]) {
      expect(texts(mesh, node)).toContain('after the backup')
      expect(texts(mesh, node)).not.toContain('as if nothing had happened')
      expect(groupOf(mesh, node)?.equivocators).toEqual([])
    }
  })

  test('may speak at once where the risk is accepted: then it can look like one', () => {
    const mesh = meshOf('accepted', () => 'accept')
    copyTo3(mesh)
    say(mesh, 2, 'after the backup')
    later(mesh, 5_000)
    start3(mesh)
    expect(recoveryOf(mesh, 3)).toBeNull()
    const said = say(mesh, 3, 'as if nothing had happened')
    later(mesh, 1_000)
    expect(said.reply).toMatchObject({ ok: true })
    mesh.world.heal()
    later(mesh, 20_000)
    expect(groupOf(mesh, 0)?.equivocators).toHaveLength(1)
  })
})
