// Attestations by themselves: everybody says once what it took in, and then the group is silent, over
// restarts too.
import { expect, test } from 'vitest'
import { parseHeader } from '../../src/core/message/header.ts'
import { MessageType } from '../../src/core/message/type.ts'
import { parseRecord } from '../../src/core/transcript/row.ts'
import { type Mesh, converge, done, everyone, found, meshWorld } from '../support/mesh.ts'
import { groupOf, recordsOf, say } from '../support/mesh.ts'

const minute = 60_000
/** Longer than any attestation waits. */
const settledMs = 2 * minute

const settle = (mesh: Mesh, ms = settledMs): void => {
  mesh.world.run(mesh.world.nowMs + ms)
  converge(mesh)
}

/** How many attestations each member has posted, by the number of its node. */
const attests = (mesh: Mesh): number[] => {
  const counts = new Map<string, number>()
  for (const stored of recordsOf(mesh, 0)) {
    const record = parseRecord(stored)
    const header = record.ok ? parseHeader(record.value.envelope.header) : record
    if (!header.ok) throw new Error('a record is damaged')
    if (header.value.type !== MessageType.attest) continue
    const member = Buffer.from(header.value.member).toString('hex')
    counts.set(member, (counts.get(member) ?? 0) + 1)
  }
  return everyone(mesh).map((node) => counts.get(groupOf(mesh, node)?.self ?? '') ?? 0)
}

const since = (before: number[], after: number[]): number[] =>
  after.map((count, node) => count - (before[node] ?? 0))

/** One leader, and what it says is final at once: no leader adds a word for the final order. */
const setting = (seed: string, nodes = 4): Mesh => {
  const mesh = found(meshWorld({ seed, nodes, keepEvents: false }), 1)
  settle(mesh)
  return mesh
}

test('a text is attested once by everybody who received it, and then hours are silent', () => {
  const mesh = setting('attest once')
  const before = attests(mesh)
  say(mesh, 0, 'hello')
  mesh.world.run(mesh.world.nowMs + minute - 1_000)
  expect(since(before, attests(mesh))).toEqual([0, 0, 0, 0])
  settle(mesh)
  expect(since(before, attests(mesh))).toEqual([0, 1, 1, 1])
  const messages = groupOf(mesh, 0)?.messages
  mesh.world.run(mesh.world.nowMs + 4 * 60 * minute)
  expect(groupOf(mesh, 0)?.messages).toBe(messages)
}, 60_000)

test('texts of one minute are attested together', () => {
  const mesh = setting('attest together')
  const before = attests(mesh)
  for (let i = 0; i < 10; i++) {
    say(mesh, 0, `text ${String(i)}`)
    mesh.world.run(mesh.world.nowMs + 1_000)
  }
  settle(mesh)
  expect(Math.max(...since(before, attests(mesh)))).toBe(1)
})

test('every thirty-second message of one\u2019s own is attested at once', () => {
  const mesh = setting('attest own')
  const before = attests(mesh)
  for (let i = 0; i < 70; i++) {
    done(mesh.world, 0, {
      kind: 'send',
      group: mesh.group,
      contentType: 'text/plain',
      payload: Uint8Array.of(i),
    })
  }
  mesh.world.run(mesh.world.nowMs + 1_000)
  converge(mesh)
  expect(since(before, attests(mesh))).toEqual([2, 0, 0, 0])
})

test('a restart attests nothing again, and does not forget what it owed', () => {
  const mesh = setting('attest over restarts')
  const before = attests(mesh)
  for (const node of everyone(mesh)) {
    mesh.world.stop(node)
    mesh.world.run(mesh.world.nowMs + 1_000)
    mesh.world.restart(node)
  }
  settle(mesh)
  expect(since(before, attests(mesh))).toEqual([0, 0, 0, 0])
  say(mesh, 0, 'before the restart')
  mesh.world.run(mesh.world.nowMs + 10_000)
  for (const node of everyone(mesh)) mesh.world.crash(node)
  mesh.world.run(mesh.world.nowMs + 1_000)
  for (const node of everyone(mesh)) mesh.world.restart(node)
  settle(mesh)
  expect(since(before, attests(mesh))).toEqual([0, 1, 1, 1])
})
