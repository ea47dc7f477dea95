// One member's keys run twice over a copied disk, on two sides of a split. After the heal both
// branches are held by everybody, the member is named everywhere, and nothing else is disturbed.
import { describe, expect, test } from 'vitest'
import { Endpoint } from '../../src/core/endpoint.ts'
import { MessageType } from '../../src/core/message/type.ts'
import { messagesOf } from '../support/bench.ts'
import { broken, heldBy, unequal } from '../support/laws.ts'
import {
  type Mesh,
  converge,
  done,
  found,
  groupOf,
  meshWorld,
  readAll,
  say,
  later,
} from '../support/mesh.ts'
import { secretOf } from '../support/author.ts'

const honest = [0, 1, 3, 4]

const shownAt = (mesh: Mesh, node: number): string[] =>
  readAll(mesh, node)
    .filter(({ state }) => state === 'ok')
    .map(({ id }) => id)

const evidenceAt = (mesh: Mesh, node: number): string[] =>
  messagesOf(mesh, node)
    .filter(({ header }) => header.type === MessageType.evidence)
    .map(({ id }) => id)

/** A world in which devices run twice: each copy, by node, has the account and device of another. */
const doubles = (seed: string, nodes: number, copies: Readonly<Record<number, number>>) =>
  meshWorld({
    seed,
    nodes,
    startMs: (node) => (node in copies ? undefined : 0),
    endpoint: (identity, provider, node) => {
      const of = copies[node]
      return new Endpoint(
        of === undefined
          ? identity
          : {
              // The same account and device on another machine: only where it is dialled differs.
              name: `n${String(of)}`,
              accountSeed: secretOf(seed, of, 'account'),
              deviceSeed: secretOf(seed, of, 'device'),
              transportSeed: identity.transportSeed,
            },
        provider,
      )
    },
  })

/** Node 2's device runs again as node 5, from a copy of its disk, while the sides are apart. */
const doubled = (seed: string, texts: number): Mesh => {
  const world = doubles(seed, 6, { 5: 2 })
  const mesh = found(world, 1, 5)
  for (let i = 0; i < 5; i++) say(mesh, i, `before ${String(i)}`)
  later(mesh, 3_000)
  converge(mesh, [0, 1, 2, 3, 4])
  world.split([
    [0, 1, 2],
    [3, 4, 5],
  ])
  world.node(5).rows.apply(world.node(2).rows.all())
  world.restart(5)
  later(mesh, 10_000)
  for (let i = 0; i < texts; i++) {
    for (let node = 0; node < 6; node++) say(mesh, node, `apart ${String(i)} by ${String(node)}`)
    later(mesh, 300)
  }
  return mesh
}

describe('a member that runs twice', () => {
  test.each([
    ['once', 1],
    ['at length', 40],
  ])(
    'and forks itself %s is named, both branches are held, and roots are equal',
    (name, texts) => {
      const mesh = doubled(`fork ${name}`, texts)
      const twin = groupOf(mesh, 2)?.self ?? ''
      expect(groupOf(mesh, 0)?.equivocators).toEqual([])
      const shown = honest.map((node) => shownAt(mesh, node))
      mesh.world.heal()
      converge(mesh, honest)
      later(mesh, 20_000)
      converge(mesh, honest)
      // I21: what was shown before stays, evidence and removal or not.
      honest.forEach((node, i) => {
        expect(shown[i]?.filter((id) => !shownAt(mesh, node).includes(id))).toEqual([])
      })
      // I37: evidence came of the first meeting, and a leader acted on it by itself.
      for (const node of honest) {
        expect(evidenceAt(mesh, node).length).toBeGreaterThan(0)
        expect(groupOf(mesh, node)?.members.find(({ member }) => member === twin)?.state).toBe(
          'removed',
        )
      }
      for (const node of honest) expect(groupOf(mesh, node)?.equivocators).toEqual([twin])
      expect(broken(mesh, honest).filter((law) => !law.includes('was used twice'))).toEqual([])
      // Both of everything that was said in its name while apart.
      for (const node of honest) {
        const said = readAll(mesh, node).map(({ text }) => text)
        for (const by of [0, 1, 3, 4]) expect(said).toContain(`apart 0 by ${String(by)}`)
      }
      // Both branches are sealed with the same keys, and both are read: where they count, by everybody.
      for (const node of honest) {
        const twins = readAll(mesh, node).filter(({ author }) => author === twin)
        expect(twins.filter(({ state }) => state === 'undecryptable')).toEqual([])
        const open = twins.map(({ text }) => text)
        for (const by of [2, 5]) expect(open).toContain(`apart 0 by ${String(by)}`)
      }
      const counters = [...heldBy(mesh, 0).values()]
        .filter(({ member }) => member === twin)
        .map(({ header }) => header.counter)
      expect(counters.length).toBeGreaterThanOrEqual(new Set(counters).size + texts)
    },
    60_000,
  )

  test('is served as such to a newcomer and over a restart', () => {
    const mesh = doubled('fork restart', 3)
    const { world } = mesh
    world.heal()
    converge(mesh, honest)
    later(mesh, 3_000)
    world.stop(1)
    later(mesh, 500)
    world.restart(1)
    say(mesh, 0, 'goes on')
    later(mesh, 3_000)
    converge(mesh, honest)
    expect(groupOf(mesh, 1)?.equivocators).toEqual(groupOf(mesh, 0)?.equivocators)
    expect(unequal(mesh, honest)).toEqual([])
  })

  test('learns that it does, says no more, and comes back as a new member', () => {
    const mesh = doubled('fork rejoin', 3)
    const { world } = mesh
    world.heal()
    later(mesh, 30_000)
    // Its own device, and the copy, know by what others show them.
    for (const node of [2, 5]) expect(world.node(node).counts.get('retired')).toBe(1)
    const said = say(mesh, 2, 'as if nothing had happened')
    later(mesh, 1_000)
    expect(said.reply).toMatchObject({ ok: false })
    const { ticket } = done(world, 0, {
      kind: 'invite',
      group: mesh.group,
      expiresMs: 86_400_000,
      uses: 1,
      confirm: false,
    })
    world.stop(5)
    done(world, 2, { kind: 'join', ticket, waitMs: 60_000 })
    later(mesh, 3_000)
    say(mesh, 2, 'it is me again')
    later(mesh, 3_000)
    for (const node of honest) {
      expect(readAll(mesh, node).map(({ text }) => text)).toContain('it is me again')
    }
    converge(mesh, [...honest, 2])
  }, 60_000)

  test('beside another whose fork crosses its own is caught with it, and nobody waits for the other', () => {
    // On each side one device says much and the copy of the other little, and all build on all.
    const world = doubles('fork crossed', 7, { 5: 2, 6: 3 })
    const mesh = found(world, 2, 5)
    for (let i = 0; i < 5; i++) say(mesh, i, `before ${String(i)}`)
    later(mesh, 3_000)
    converge(mesh, [0, 1, 2, 3, 4])
    world.split([
      [0, 2, 6],
      [1, 4, 3, 5],
    ])
    for (const [copy, of] of [
      [5, 2],
      [6, 3],
    ] as const) {
      world.node(copy).rows.apply(world.node(of).rows.all())
      world.restart(copy)
    }
    later(mesh, 10_000)
    for (const speaker of [6, 5, 2, 3, 0, 1, 2, 3, 2, 3, 0, 1, 2, 3]) {
      say(mesh, speaker, `apart by ${String(speaker)}`)
      later(mesh, 300)
    }
    const twins = [2, 3].map((node) => groupOf(mesh, node)?.self ?? '')
    // The liars go: what is known of them is what the honest can tell each other.
    for (const node of [2, 3, 5, 6]) world.stop(node)
    world.heal()
    converge(mesh, [0, 1, 4])
    later(mesh, 20_000)
    converge(mesh, [0, 1, 4])
    for (const node of [0, 1, 4]) {
      expect(groupOf(mesh, node)?.equivocators.toSorted()).toEqual(twins.toSorted())
      expect(readAll(mesh, node).map(({ text }) => text)).toContain('apart by 5')
      expect(readAll(mesh, node).map(({ text }) => text)).toContain('apart by 6')
    }
  }, 60_000)

  test('but never beside another that runs once, whatever it does', () => {
    const mesh = found(meshWorld({ seed: 'one', nodes: 4 }))
    mesh.world.split([
      [0, 1],
      [2, 3],
    ])
    for (let i = 0; i < 8; i++) say(mesh, i % 4, `text ${String(i)}`)
    later(mesh, 3_000)
    mesh.world.crash(2, { writes: 'torn', silent: true })
    mesh.world.heal()
    mesh.world.restart(2)
    later(mesh, 3_000)
    converge(mesh)
    expect(groupOf(mesh, 0)?.equivocators).toEqual([])
  })
})
