// An idle group costs almost nothing: no message is posted, no disk is touched, and what links and
// digests send is a small and bounded number of bytes.
import { expect, test } from 'vitest'
import { Endpoint } from '../../src/core/endpoint.ts'
import type { Effect } from '../../src/core/effect.ts'
import type { Env } from '../../src/core/env.ts'
import type { Input } from '../../src/core/input.ts'
import { broken } from '../support/laws.ts'
import { type Mesh, done, everyone, found, groupOf, meshWorld, say } from '../support/mesh.ts'

/** Counts the bytes that it puts on its channels and topics. */
class Metered extends Endpoint {
  bytes = 0

  override step(input: Input, env: Env): Effect[] {
    const effects = super.step(input, env)
    for (const effect of effects) {
      if (effect.kind === 'send') this.bytes += effect.frame.length
      if (effect.kind === 'broadcast') this.bytes += effect.envelope.length
    }
    return effects
  }
}

const hourMs = 3_600_000

const setting = (): Mesh => {
  const mesh = found(
    meshWorld({
      seed: 'idle',
      nodes: 10,
      keepEvents: false,
      endpoint: (identity, provider) => new Metered(identity, provider),
    }),
    2,
  )
  // The last Joins are attested within 65 s; after that nobody has anything left to say.
  mesh.world.run(mesh.world.nowMs + 120_000)
  return mesh
}

const bytesOf = (mesh: Mesh): number[] =>
  everyone(mesh).map((node) => (mesh.world.node(node).machine as Metered).bytes)

const writesOf = (mesh: Mesh): number[] =>
  everyone(mesh).map((node) => mesh.world.node(node).disk.writes)

test('ten nodes that say nothing for an hour post nothing, write nothing, and send under 150 B/s', () => {
  const mesh = setting()
  const { world } = mesh
  const messages = groupOf(mesh, 0)?.messages
  const before = bytesOf(mesh)
  const writes = writesOf(mesh)
  world.run(world.nowMs + hourMs)
  expect(groupOf(mesh, 0)?.messages).toBe(messages)
  expect(writesOf(mesh)).toEqual(writes)
  bytesOf(mesh).forEach((bytes, node) => {
    const perSecond = (bytes - (before[node] ?? 0)) / 3_600
    expect(perSecond).toBeGreaterThan(0)
    expect(perSecond).toBeLessThan(150)
  })
  expect(broken(mesh)).toEqual([])
  // The meter runs: a text costs each of its senders more than a second of silence.
  const [quiet = 0] = bytesOf(mesh)
  say(mesh, 0, 'not idle')
  world.run(world.nowMs + 1_000)
  expect((bytesOf(mesh)[0] ?? 0) - quiet).toBeGreaterThan(512)
  expect(writesOf(mesh)).not.toEqual(writes)
}, 60_000)

test('whoever left asks nobody for anything any more', () => {
  const mesh = found(meshWorld({ seed: 'idle and gone', nodes: 3, keepEvents: false }))
  const { world, group } = mesh
  done(world, 2, { kind: 'leave-group', group, reason: '', last: false })
  world.run(world.nowMs + 60_000)
  const dropped = (): number[] =>
    everyone(mesh).map((node) => world.node(node).counts.get('frames_dropped/gone') ?? 0)
  const before = dropped()
  world.run(world.nowMs + hourMs)
  expect(dropped()).toEqual(before)
}, 60_000)
