// An epoch that is called for and cannot be made just now is tried again: whatever was in the way, a
// leader that gave up would leave somebody who is gone among the readers for as long as nothing else happens.
import { expect, test } from 'vitest'
import { DEPS_MAX, MANAGE_RETRY_MS } from '../../src/base/limits.ts'
import { RekeyCode } from '../../src/core/message/bodies.ts'
import type { Message } from '../../src/core/message/message.ts'
import { manageNow, planEpoch } from '../../src/core/replica/manager.ts'
import { messagesOf } from '../support/bench.ts'
import type { Act } from '../support/crew.ts'
import { Writer, castOf } from '../support/crew.ts'
import { type Mesh, everyone, found, groupOf, meshWorld, say, later } from '../support/mesh.ts'

/** More heads than one message can stand on, one of them ours. */
const CROWD = DEPS_MAX + 4

const lastOf = (mesh: Mesh, node: number): string => {
  const self = groupOf(mesh, node)?.self
  const own = messagesOf(mesh, node).filter(({ member }) => member === self)
  return own.toSorted((a, b) => b.header.counter - a.header.counter)[0]?.id ?? ''
}

/** Node 0 leads; the last leaves and all others speak, each alone, in words whose ids sort before the Leave. */
function crowd(seed: string): Mesh {
  const world = meshWorld({ seed, nodes: CROWD })
  const mesh = found(world)
  const goes = CROWD - 1
  const others = everyone(mesh).slice(1, goes)
  world.split(everyone(mesh).map((node) => [node]))
  later(mesh, 8_000)
  world.command(goes, { kind: 'leave-group', group: mesh.group, reason: '', last: false })
  for (const node of others) say(mesh, node, 'alone')
  later(mesh, 500)
  for (const node of others) {
    while (lastOf(mesh, node) > lastOf(mesh, goes)) {
      say(mesh, node, 'and on')
      later(mesh, 100)
    }
  }
  return mesh
}

test('a leader that hears more at once than an epoch can stand on re-keys a little later', () => {
  const mesh = crowd('crowd')
  const { world } = mesh
  const goes = CROWD - 1
  // The others meet the leader only, so that none of them brings their words together.
  const between = (from: number, to: number): boolean => from !== to && from !== 0 && to !== 0
  const open = (shut: readonly number[]): void => {
    const cut = { cut: 'reset' } as const
    const pairs = everyone(mesh).flatMap((from) => everyone(mesh).map((to) => ({ from, to })))
    const rules = pairs
      .filter(({ from, to }) => between(from, to) || shut.includes(from) || shut.includes(to))
      .map((pair) => ({ ...pair, link: cut }))
    world.setLinks({ rules })
  }
  const linked = (nodes: number): boolean =>
    groupOf(mesh, 0)?.members.filter(({ reachable }) => reachable).length === nodes
  open([goes])
  world.runUntil(() => linked(CROWD - 1), 20_000)
  open([])
  world.runUntil(() => linked(CROWD), 20_000)
  later(mesh, 1_500)
  // Its turn came, and what it made, or could not make, stands on the others only.
  expect(groupOf(mesh, 0)?.epochDue).toBe('membership')
  later(mesh, 2 * MANAGE_RETRY_MS)
  const left = groupOf(mesh, 0)?.members.find(({ name }) => name === `n${String(goes)}`)
  expect(left?.state).toBe('left')
  expect(groupOf(mesh, 0)?.epochDue).toBeNull()
}, 120_000)

test('a request begins its hour when it is answered, not when an epoch was tried', () => {
  const names = Array.from({ length: CROWD }, (_, i) => `member ${String(i)}`)
  const cast = castOf({ seed: 'hour', leaders: 1, members: names })
  const writers = [...cast.leaders, ...cast.members].map((who) => new Writer(cast, who))
  const [leader, ...members] = writers as [Writer, ...Writer[]]
  const written = (writer: Writer, act: Act): Message => {
    const said = writer.act(act)
    if (typeof said === 'string') throw new Error(said)
    return said
  }
  const heard = (message: Message): void => {
    for (const writer of writers) writer.take(message)
  }
  heard(written(leader, { kind: 'genesis' }))
  for (const whom of cast.members) heard(written(leader, { kind: 'add', whom }))
  for (const one of members.map((writer) => written(writer, { kind: 'join' }))) heard(one)
  for (let i = 0; i < 3; i++) heard(written(leader, { kind: 'attest' }))
  heard(written(leader, { kind: 'epoch' }))
  // All speak at once; one whose words sort late asks for another epoch.
  const ask = { kind: 'rekey', code: RekeyCode.compromise } as const
  const plain = members.map((writer) => written(writer, { kind: 'attest' }))
  const requests = members.map((writer) => written(writer, ask))
  const before = (id: string, i: number): number =>
    plain.filter((other, j) => j !== i && other.id < id).length
  const asker = requests.findIndex(({ id }, i) => before(id, i) > DEPS_MAX)
  const request = requests[asker] as Message
  for (const one of [...plain, request]) leader.take(one)
  const { replica } = leader
  expect(asker).toBeGreaterThanOrEqual(0)
  leader.step((turn) => planEpoch(turn, replica))
  expect(replica.calling).toContain('request')
  leader.step((turn) => manageNow(turn, replica))
  expect(replica.rekeyed.has(request.member)).toBe(false)
  expect(replica.calling).toContain('request')
  leader.act({ kind: 'attest' })
  leader.nowMs += MANAGE_RETRY_MS
  leader.step((turn) => manageNow(turn, replica))
  expect(replica.rekeyed.get(request.member)).toBe(leader.nowMs)
  leader.step((turn) => planEpoch(turn, replica))
  expect(replica.calling).toBe('')
})
