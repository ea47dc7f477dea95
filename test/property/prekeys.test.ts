// Prekeys wander: one in use is replaced once a day, an idle group posts none, and a private half is
// erased as soon as nobody may seal to it any more, and not before (I30).
import { describe, expect, test } from 'vitest'
import { within } from '../../src/core/storage.ts'
import { SecretKind, secretKey } from '../../src/core/replica/state.ts'
import { MessageType } from '../../src/core/message/type.ts'
import {
  type Mesh,
  converge,
  done,
  endpointOf,
  everyone,
  found,
  meshWorld,
  readAll,
  say,
  skip,
  later,
} from '../support/mesh.ts'
import { heldBy } from '../support/laws.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

const posted = (mesh: Mesh, type: number): number =>
  [...heldBy(mesh, 0).values()].filter(({ header }) => header.type === type).length

/** Private prekeys on a node's disk. */
const kept = (mesh: Mesh, node: number): Uint8Array[] => {
  const number = endpointOf(mesh.world, node).groupNumber(mesh.group) ?? 0
  const range = within(secretKey(number, SecretKind.prekey, new Uint8Array()))
  return mesh.world
    .node(node)
    .rows.read(range)
    .map(({ key }) => key)
}

const nextDay = (mesh: Mesh): void => {
  skip(mesh, dayMs + hourMs)
  later(mesh, 10 * 60_000)
}

const unopened = (mesh: Mesh): number =>
  everyone(mesh)
    .flatMap((node) => [...mesh.world.node(node).counts])
    .filter(([name]) => name.startsWith('seals_unopened'))
    .reduce((sum, [, count]) => sum + count, 0)

const rotate = (mesh: Mesh, node = 0): void =>
  void done(mesh.world, node, { kind: 'rotate', group: mesh.group })

test('a group that says nothing posts one prekey a member in a day, and none after that', () => {
  const mesh = found(meshWorld({ seed: 'idle prekeys', nodes: 2, keepEvents: false }), 1)
  later(mesh, dayMs + hourMs)
  expect(posted(mesh, MessageType.prekey)).toBeLessThanOrEqual(2)
  const all = heldBy(mesh, 0).size
  nextDay(mesh)
  nextDay(mesh)
  expect(heldBy(mesh, 0).size).toBe(all)
})

test('ten epochs in a row cost no prekey; one in use is replaced once a day', () => {
  const mesh = found(meshWorld({ seed: 'busy prekeys', nodes: 2, keepEvents: false }), 1)
  for (let i = 0; i < 10; i++) {
    rotate(mesh)
    later(mesh, 1_000)
  }
  expect(posted(mesh, MessageType.prekey)).toBe(0)
  for (let hour = 0; hour < 26; hour++) {
    for (const node of everyone(mesh)) say(mesh, node, `hour ${String(hour)}`)
    later(mesh, hourMs)
  }
  const epochs = posted(mesh, MessageType.epoch)
  expect(posted(mesh, MessageType.prekey)).toBeGreaterThanOrEqual(2)
  expect(posted(mesh, MessageType.prekey)).toBeLessThanOrEqual(2 * 2)
  expect(epochs).toBeGreaterThanOrEqual(12)
  expect(unopened(mesh)).toBe(0)
})

/** Everybody's last word is older than what both leaders say now. */
const allLeadersSpeak = (mesh: Mesh): void => {
  for (const leader of [0, 1]) say(mesh, leader, 'upon all of them')
  later(mesh, 60_000)
  converge(mesh)
}

describe('a private half', () => {
  const setting = (seed: string, leaders: number): Mesh => {
    const mesh = found(meshWorld({ seed, nodes: 4, keepEvents: false }), leaders)
    nextDay(mesh)
    return mesh
  }

  test('is erased once every leader has said something upon the next one', () => {
    const mesh = setting('erased', 2)
    // A text makes an epoch, which takes the prekeys of those who joined last into use.
    say(mesh, 0, 'the first text')
    later(mesh, 10 * 60_000)
    expect(everyone(mesh).some((node) => kept(mesh, node).length > 1)).toBe(true)
    allLeadersSpeak(mesh)
    for (const node of everyone(mesh)) expect(kept(mesh, node)).toHaveLength(1)
  })

  test('stays while a leader is silent, opens what that leader seals, and is erased then', () => {
    const mesh = found(meshWorld({ seed: 'silent', nodes: 4, keepEvents: false }), 2)
    const { world } = mesh
    world.split([
      [0, 2],
      [1, 3],
    ])
    nextDay(mesh)
    say(mesh, 0, 'one leader knows')
    later(mesh, 60_000)
    expect(kept(mesh, 2).length).toBeGreaterThanOrEqual(2)
    rotate(mesh, 1)
    say(mesh, 3, 'under keys that were sealed to old prekeys')
    later(mesh, 1_000)
    world.heal()
    later(mesh, 60_000)
    converge(mesh)
    expect(unopened(mesh)).toBe(0)
    expect(readAll(mesh, 2).every(({ state }) => state === 'ok')).toBe(true)
    later(mesh, 10 * 60_000)
    allLeadersSpeak(mesh)
    for (const node of everyone(mesh)) expect(kept(mesh, node)).toHaveLength(1)
  })

  test('is erased at the cap of the policy though a leader is silent', () => {
    const mesh = setting('cap', 2)
    const { world } = mesh
    world.stop(1)
    say(mesh, 0, 'one leader speaks, the other has left the room')
    later(mesh, 10 * 60_000)
    const node = everyone(mesh).find((one) => one > 1 && kept(mesh, one).length > 1) ?? -1
    expect(node).toBeGreaterThan(1)
    world.setClock(node, { skewMs: 7 * dayMs })
    later(mesh, 60_000)
    expect(kept(mesh, node).length).toBeGreaterThan(1)
    world.setClock(node, { skewMs: 9 * dayMs })
    later(mesh, 60_000)
    expect(kept(mesh, node)).toHaveLength(1)
  })

  test('that was erased too early is missed: the check can fail', () => {
    const mesh = found(meshWorld({ seed: 'planted', nodes: 3, keepEvents: false }), 1)
    const { world } = mesh
    world.stop(2)
    later(mesh, 500)
    world.node(2).rows.apply(kept(mesh, 0).length === 0 ? [] : keysOf(mesh, 2))
    world.restart(2)
    later(mesh, 3_000)
    rotate(mesh)
    later(mesh, 3_000)
    expect(unopened(mesh)).toBeGreaterThan(0)
  })
})

const keysOf = (mesh: Mesh, node: number): { key: Uint8Array; value: null }[] => {
  const prefix = secretKey(1, SecretKind.prekey, new Uint8Array())
  return mesh.world
    .node(node)
    .rows.read(within(prefix))
    .map(({ key }) => ({ key, value: null }))
}
