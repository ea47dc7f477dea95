// Forward secrecy as a dial: what a thief of a disk can open is what the policy says, and no more (I33);
// a new prekey heals what was stolen (I34); and no key is erased that is still needed (I31).
import { describe, expect, test } from 'vitest'
import { createMemoryKeyring } from '../../src/adapters/memory/keyring.ts'
import { Endpoint } from '../../src/core/endpoint.ts'
import type { PolicyName } from '../../src/core/command.ts'
import { SecretKind, secretKey } from '../../src/core/replica/state.ts'
import { within } from '../../src/core/storage.ts'
import { crypto, messagesOf } from '../support/bench.ts'
import { broken } from '../support/laws.ts'
import {
  type Mesh,
  converge,
  done,
  endpointOf,
  everyone,
  found,
  groupOf,
  meshWorld,
  readAll,
  say,
  skip,
  later,
} from '../support/mesh.ts'
import { type Loot, readable, steal } from '../../src/lab/protocol/coterie/thief.ts'

const dayMs = 86_400_000

/** A new epoch that everybody has heard of. */
const rotate = (mesh: Mesh, node = 0): void => {
  done(mesh.world, node, { kind: 'rotate', group: mesh.group })
  later(mesh, 1_000)
}

/** Everybody says something, and everybody hears it. */
const talk = (mesh: Mesh, what: string, nodes = everyone(mesh)): void => {
  for (const node of nodes) say(mesh, node, `${what} by ${String(node)}`)
  later(mesh, 2_000)
}

const loot = (mesh: Mesh, node: number): Loot => {
  const number = endpointOf(mesh.world, node).groupNumber(mesh.group) ?? 0
  return steal(mesh.world.node(node).rows, createMemoryKeyring(), number)
}

/** What each text says that the loot opens, of all that is held now. */
const stolen = (mesh: Mesh, node: number, from: Loot): string[] => {
  const self = groupOf(mesh, node)?.self ?? ''
  const ids = readable(crypto, from, self, messagesOf(mesh))
  const texts = readAll(mesh, 0).filter(({ id }) => ids.has(id))
  return texts.map(({ text }) => text ?? '').sort()
}

const world = (seed: string, nodes = 3) => meshWorld({ seed, nodes, keepEvents: false })

/** A day on which everybody's prekey is renewed and every leader has spoken upon it. */
const nextDay = (mesh: Mesh): void => {
  skip(mesh, 1.1 * dayMs)
  later(mesh, 10 * 60_000)
  talk(mesh, 'good morning')
  later(mesh, 60_000)
}

describe('a thief of a member opens', () => {
  const mesh = found(world('thief'))
  rotate(mesh)
  talk(mesh, 'monday')
  const monday = loot(mesh, 1)
  rotate(mesh)
  talk(mesh, 'evening')
  nextDay(mesh)
  rotate(mesh)
  talk(mesh, 'tuesday')
  later(mesh, 60_000)
  const tuesday = loot(mesh, 1)
  rotate(mesh)
  talk(mesh, 'after')
  nextDay(mesh)
  rotate(mesh)
  talk(mesh, 'wednesday')
  converge(mesh)
  const about = (texts: string[], what: string): number =>
    texts.filter((text) => text.startsWith(what)).length

  test('on the same day all that was sealed to the prekey in use: the oracle reads', () => {
    const read = stolen(mesh, 1, monday)
    expect(about(read, 'monday')).toBe(3)
    expect(about(read, 'evening')).toBe(3)
  })

  test('as many texts as status says, over a restart too', () => {
    const said = (node: number) => endpointOf(mesh.world, node).exposure(mesh.group)
    for (const node of everyone(mesh)) {
      const now = loot(mesh, node)
      expect(said(node)?.keys.texts).toBe(stolen(mesh, node, now).length)
      expect(said(node)?.archive.texts).toBe(now.archived)
      expect(said(node)?.prekeys).toBe(now.prekeys.size)
    }
    const before = said(1)
    expect(before?.keys.texts).toBeGreaterThan(0)
    expect(before?.keys.texts).toBeLessThan(before?.archive.texts ?? 0)
    mesh.world.stop(1)
    later(mesh, 1_000)
    mesh.world.restart(1)
    later(mesh, 1_000)
    expect(said(1)).toEqual(before)
  })

  test('a day later nothing of the day before', () => {
    const read = stolen(mesh, 1, tuesday)
    expect(about(read, 'monday') + about(read, 'evening')).toBe(0)
    expect(about(read, 'tuesday')).toBe(3)
  })

  test('what comes until a newer prekey is in use, and nothing after that', () => {
    expect(about(stolen(mesh, 1, tuesday), 'after')).toBe(3)
    expect(about(stolen(mesh, 1, tuesday), 'wednesday')).toBe(0)
    expect(about(stolen(mesh, 1, monday), 'wednesday')).toBe(0)
  })

  test('all of it, had nothing been erased or renewed: the check can fail', () => {
    const kept = (a: Loot, b: Loot): Loot => ({
      ...b,
      prekeys: new Map([...a.prekeys, ...b.prekeys]),
      chains: new Map([...b.chains, ...a.chains]),
    })
    // I33: yesterday's keys, had they stayed; I34: had the stolen prekey stayed in use.
    expect(about(stolen(mesh, 1, kept(monday, tuesday)), 'monday')).toBe(3)
    expect(about(stolen(mesh, 1, kept(tuesday, loot(mesh, 1))), 'wednesday')).toBe(3)
  })

  test('what it has read itself, from the archive alone', () => {
    expect(tuesday.archived).toBeGreaterThanOrEqual(3 * 3)
    expect(broken(mesh)).toEqual([])
    expect(readAll(mesh, 1).every(({ state }) => state === 'ok')).toBe(true)
  })
})

test('without an archive nothing that was read is on the disk, and a restart forgets it', () => {
  const mesh = found(
    meshWorld({
      seed: 'no archive',
      nodes: 2,
      endpoint: (identity, provider) => new Endpoint(identity, provider, { archive: false }),
    }),
  )
  talk(mesh, 'hello')
  expect(readAll(mesh, 1).map(({ state }) => state)).toEqual(['ok', 'ok'])
  expect(loot(mesh, 1).archived).toBe(0)
  mesh.world.stop(1)
  later(mesh, 1_000)
  mesh.world.restart(1)
  later(mesh, 1_000)
  expect(readAll(mesh, 1).map(({ state }) => state)).toEqual(['undecryptable', 'undecryptable'])
  expect(groupOf(mesh, 1)?.undecryptable).toBe(0)
})

describe('a chain', () => {
  const chainsOf = (mesh: Mesh, node: number): number[] =>
    [...loot(mesh, node).chains.values()].map((held) => held.size)

  test('is erased when its author speaks under a later epoch', () => {
    const mesh = found(world('left'))
    rotate(mesh)
    talk(mesh, 'under the first')
    rotate(mesh)
    later(mesh, 2_000)
    const before = chainsOf(mesh, 1).reduce((sum, size) => sum + size, 0)
    talk(mesh, 'under the second')
    later(mesh, 60_000)
    const after = chainsOf(mesh, 1)
    expect(before).toBeGreaterThan(6)
    // All three speak under the last epoch: of every other one nothing is left but an envelope key.
    expect(after.filter((size) => size > 0)).toEqual([3])
  })

  test('of a silent author lives until the cap counted from the next epoch, and opens until then', () => {
    const mesh = found(world('silent', 3), 1)
    mesh.world.split([[0, 1], [2]])
    talk(mesh, 'apart')
    rotate(mesh)
    talk(mesh, 'on one side', [0, 1])
    skip(mesh, 20 * dayMs)
    later(mesh, 60_000)
    mesh.world.heal()
    later(mesh, 20_000)
    converge(mesh)
    expect(readAll(mesh, 0).every(({ state }) => state === 'ok')).toBe(true)
    expect(broken(mesh)).toEqual([])
  })

  test('that a split outlives is missed, counted, and named', () => {
    const mesh = found(world('outlived', 3), 1)
    mesh.world.split([[0, 1], [2]])
    rotate(mesh)
    talk(mesh, 'on one side', [0, 1])
    skip(mesh, 31 * dayMs)
    later(mesh, 60_000)
    talk(mesh, 'alone', [2])
    mesh.world.heal()
    later(mesh, 20_000)
    converge(mesh)
    const lost = readAll(mesh, 0).filter(({ state }) => state === 'undecryptable')
    expect(lost).toHaveLength(1)
    expect(groupOf(mesh, 0)?.undecryptable).toBe(1)
  })

  test('that was erased too early is missed: the check can fail (I31)', () => {
    const mesh = found(world('too early', 3), 1)
    mesh.world.split([[0, 1], [2]])
    talk(mesh, 'apart')
    mesh.world.stop(0)
    later(mesh, 500)
    const number = endpointOf(mesh.world, 1).groupNumber(mesh.group) ?? 0
    const { rows } = mesh.world.node(0)
    // The chains, and what would open their seals again.
    const kinds = [SecretKind.epoch, SecretKind.prekey]
    const keys = kinds.flatMap((kind) =>
      rows.read(within(secretKey(number, kind, new Uint8Array()))),
    )
    expect(keys.length).toBeGreaterThan(1)
    rows.apply(keys.map(({ key }) => ({ key, value: null })))
    mesh.world.restart(0)
    mesh.world.heal()
    later(mesh, 20_000)
    converge(mesh)
    expect(broken(mesh).length).toBeGreaterThan(0)
  })

  test('of a removed member is erased when every leader knows, of one who left at once', () => {
    const mesh = found(world('removed', 4), 2)
    talk(mesh, 'all')
    const target = groupOf(mesh, 3)?.self ?? ''
    mesh.world.split([[0, 2, 3], [1]])
    const { group } = mesh
    done(mesh.world, 0, { kind: 'remove-member', group, scope: 'member', target })
    later(mesh, 60_000)
    const holds = (node: number): boolean =>
      [...loot(mesh, node).chains.values()].some((held) => held.has(target))
    expect(holds(2)).toBe(true)
    mesh.world.heal()
    later(mesh, 10_000)
    talk(mesh, 'both leaders speak', [0, 1, 2])
    rotate(mesh)
    later(mesh, 60_000)
    expect(holds(2)).toBe(false)
    // Whoever was removed keeps no key of the group at all.
    expect([...loot(mesh, 3).chains.keys(), ...loot(mesh, 3).prekeys.keys()]).toEqual([])
  })
})

test.each<[PolicyName, boolean]>([
  ['strict', false],
  ['balanced', false],
  ['partition-tolerant', true],
])('the policy %s keeps epoch secrets for sharing: %s', (policy, keeps) => {
  const mesh = found(world(`share ${policy}`), 1, 3, policy)
  later(mesh, 60_000)
  expect(loot(mesh, 1).secrets.size > 0).toBe(keeps)
  skip(mesh, 31 * dayMs)
  later(mesh, 60_000)
  expect(loot(mesh, 1).secrets.size).toBe(0)
})
