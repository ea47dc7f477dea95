// Texts that a member is entitled to and cannot open are counted, shown as such, and held and passed
// on like any other; texts that it was never meant to read are not counted. A member that cannot open
// an epoch complains with a new prekey, and the next leader to come makes one that it can open.
import { expect, test } from 'vitest'
import { within } from '../../src/core/storage.ts'
import { SecretKind, secretKey } from '../../src/core/replica/state.ts'
import { unequal } from '../support/laws.ts'
import {
  type Mesh,
  converge,
  done,
  endpointOf,
  found,
  groupOf,
  meshWorld,
  readAll,
  say,
  later,
} from '../support/mesh.ts'

/** Node 1 loses its private prekeys, as by a disk that forgot; then node 3 comes in. */
const setting = (): Mesh => {
  const world = meshWorld({ seed: 'undecryptable', nodes: 4 })
  // Under a policy that shares no keys: what cannot be read stays so.
  const mesh = found(world, 1, 3, 'strict')
  say(mesh, 0, 'readable')
  later(mesh, 2_000)
  const number = endpointOf(world, 1).groupNumber(mesh.group) ?? 0
  world.stop(1)
  later(mesh, 500)
  const { rows } = world.node(1)
  const prekeys = rows.read(within(secretKey(number, SecretKind.prekey, new Uint8Array())))
  expect(prekeys.length).toBeGreaterThan(0)
  rows.apply(prekeys.map(({ key }) => ({ key, value: null })))
  world.restart(1)
  later(mesh, 3_000)
  const asked = { expiresMs: 3_600_000, uses: 1, confirm: false }
  const { ticket } = done(world, 0, { kind: 'invite', group: mesh.group, ...asked })
  world.split([[0, 2, 3], [1]])
  done(world, 3, { kind: 'join', ticket, waitMs: 30_000 })
  later(mesh, 3_000)
  // Without its leader the group cannot answer the complaint of node 1.
  world.stop(0)
  world.heal()
  later(mesh, 20_000)
  converge(mesh, [1, 2, 3])
  return mesh
}

const whyOf = (mesh: Mesh, node: number, message = '') =>
  done(mesh.world, node, { kind: 'why-message', message })

test('texts under an epoch that a member cannot open are counted, over a restart too', () => {
  const mesh = setting()
  const { world } = mesh
  expect(world.node(1).counts.get('seals_unopened/prekey-missing')).toBe(1)
  expect(groupOf(mesh, 1)?.undecryptable).toBe(0)
  for (const node of [2, 3]) {
    say(mesh, node, `by ${String(node)}`)
    later(mesh, 500)
  }
  later(mesh, 3_000)
  converge(mesh, [1, 2, 3])
  expect(groupOf(mesh, 1)?.undecryptable).toBe(2)
  const states = readAll(mesh, 1).map(({ state }) => state)
  expect(states).toEqual(['ok', 'undecryptable', 'undecryptable'])
  const shut = readAll(mesh, 1)[1]
  const { because, ...why } = whyOf(mesh, 1, shut?.id)
  expect(why).toMatchObject({ state: 'held', shown: 'undecryptable' })
  // The message that brought the epoch, by its own id.
  expect(because).toMatchObject([{ kind: 'epoch', name: 'n0' }])
  expect(whyOf(mesh, 1, because[0]?.id ?? '')).toMatchObject({ type: 'epoch' })
  expect(whyOf(mesh, 2, shut?.id)).toMatchObject({ shown: 'ok', because: [] })
  expect(groupOf(mesh, 2)?.undecryptable).toBe(0)
  // The newcomer was not meant to read the first one.
  expect(readAll(mesh, 3).map(({ state }) => state)).toEqual(['sealed', 'ok', 'ok'])
  const sealed = readAll(mesh, 3)[0]
  expect(whyOf(mesh, 3, sealed?.id)).toMatchObject({
    ...{ state: 'held', shown: 'sealed', because: [{ kind: 'epoch', name: 'n0' }] },
  })
  expect(groupOf(mesh, 3)?.undecryptable).toBe(0)
  world.stop(1)
  later(mesh, 500)
  world.restart(1)
  later(mesh, 1_000)
  expect(groupOf(mesh, 1)?.undecryptable).toBe(2)
  say(mesh, 2, 'one more')
  later(mesh, 3_000)
  converge(mesh, [1, 2, 3])
  expect(groupOf(mesh, 1)?.undecryptable).toBe(3)
  world.restart(0)
  later(mesh, 20_000)
  converge(mesh)
  say(mesh, 2, 'under keys that everybody has')
  later(mesh, 3_000)
  converge(mesh)
  expect(readAll(mesh, 1).at(-1)?.state).toBe('ok')
  expect(groupOf(mesh, 1)?.undecryptable).toBe(3)
  expect(unequal(mesh)).toEqual([])
})

test('a text that was withdrawn is no loss, over a restart too', () => {
  const mesh = setting()
  const { world } = mesh
  for (const node of [2, 3]) say(mesh, node, `by ${String(node)}`)
  later(mesh, 3_000)
  converge(mesh, [1, 2, 3])
  expect(groupOf(mesh, 1)?.undecryptable).toBe(2)
  world.split([[0], [1, 2, 3]])
  world.restart(0)
  later(mesh, 1_000)
  const target = groupOf(mesh, 3)?.self ?? ''
  done(world, 0, { kind: 'remove-member', group: mesh.group, scope: 'member', target })
  world.heal()
  later(mesh, 10_000)
  converge(mesh, [0, 1, 2])
  expect(readAll(mesh, 1).map(({ state }) => state)).toContain('withdrawn')
  expect(groupOf(mesh, 1)?.undecryptable).toBe(1)
  world.stop(1)
  later(mesh, 500)
  world.restart(1)
  later(mesh, 1_000)
  expect(groupOf(mesh, 1)?.undecryptable).toBe(1)
})
