// Receipts (SPEC, section 13): `send --ack` says acknowledged only where those who answered hold the message;
// a split makes it unknown, and a third member passes receipts on between two who cannot meet.
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import type { AckMode } from '../../src/core/command.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { heldBy } from '../support/laws.ts'
import { type Mesh, done, everyone, found, groupOf, meshWorld, later } from '../support/mesh.ts'

const send = (mesh: Mesh, node: number, ack: AckMode, timeoutMs = 5_000) => {
  const payload = utf8(`ack ${ack}`)
  const text = { kind: 'send', group: mesh.group, contentType: 'text/plain', payload } as const
  return done(mesh.world, node, { ...text, ack, timeoutMs })
}

const selfOf = (mesh: Mesh, node: number): string => groupOf(mesh, node)?.self ?? ''

describe('receipts', () => {
  test('come from a majority of the leaders, or from all', () => {
    const mesh = found(meshWorld({ seed: 'acks', nodes: 5 }), 3)
    const some = send(mesh, 4, 'quorum')
    expect(some).toMatchObject({ acknowledged: true, draft: null })
    expect(some.draft === null && some.ackedBy?.length).toBeGreaterThanOrEqual(2)
    const all = send(mesh, 0, 'all')
    const others = [1, 2, 3, 4].map((node) => selfOf(mesh, node)).sort()
    expect(all).toMatchObject({ acknowledged: true, ackedBy: others })
    expect(send(mesh, 0, 'none')).not.toHaveProperty('acknowledged')
  })

  test('are missing where a majority of the leaders is away, and that is no failure', () => {
    const mesh = found(meshWorld({ seed: 'acks apart', nodes: 4 }), 3)
    mesh.world.split([
      [0, 3],
      [1, 2],
    ])
    later(mesh, 8_000)
    expect(send(mesh, 3, 'quorum')).toMatchObject({
      acknowledged: false,
      ackedBy: [selfOf(mesh, 0)],
    })
    expect(send(mesh, 1, 'quorum')).toMatchObject({ acknowledged: true })
    expect(send(mesh, 1, 'all')).toMatchObject({ acknowledged: false })
    // A link that comes while it waits is asked.
    const payload = utf8('while it heals')
    const text = { kind: 'send', group: mesh.group, contentType: 'text/plain', payload } as const
    const waiting = mesh.world.command(3, { ...text, ack: 'quorum', timeoutMs: 30_000 })
    later(mesh, 2_000)
    mesh.world.heal()
    mesh.world.runUntil(() => waiting.reply !== undefined, 30_000)
    expect(waiting.reply).toMatchObject({ ok: true, value: { acknowledged: true } })
  })

  test('are passed on by a third member', () => {
    const mesh = found(meshWorld({ seed: 'acks over', nodes: 3 }), 2)
    const cut = { cut: 'blackhole' as const }
    mesh.world.setLinks({
      rules: [
        { from: 0, to: 1, link: cut },
        { from: 1, to: 0, link: cut },
      ],
    })
    later(mesh, 10_000)
    expect(send(mesh, 0, 'all')).toMatchObject({ acknowledged: true })
  })
})

test('acknowledged is never said where a majority of the leaders lacks the message', () => {
  let said = 0
  let unknown = 0
  for (let i = 0; i < 12; i++) {
    const mesh = found(meshWorld({ seed: `acks ${String(i)}`, nodes: 5, keepEvents: false }), 3)
    const random = new SeededRandom(`acks ${String(i)}`)
    for (let j = 0; j < 6; j++) {
      const left = everyone(mesh).filter(() => random.below(2) === 0)
      if (random.below(3) === 0) mesh.world.heal()
      else mesh.world.split([left, everyone(mesh).filter((node) => !left.includes(node))])
      later(mesh, random.below(3_000))
      const sent = send(mesh, random.below(5), 'quorum', 1_000)
      if (sent.draft !== null) continue
      const holders = [0, 1, 2].filter((leader) => heldBy(mesh, leader).has(sent.id))
      if (sent.acknowledged === true) said += 1
      else unknown += 1
      if (sent.acknowledged === true) expect(holders.length).toBeGreaterThanOrEqual(2)
    }
  }
  expect(said).toBeGreaterThan(5)
  expect(unknown).toBeGreaterThan(5)
}, 120_000)
