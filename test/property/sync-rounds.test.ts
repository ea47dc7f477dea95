// The `sync` command tells how each round ended, and always ends; a reader that asks again or goes
// away costs its server no more than what was on the way.
import { describe, expect, test } from 'vitest'
import type { CommandResult } from '../../src/core/command.ts'
import { writeGroupFrame } from '../../src/core/anti-entropy/frames.ts'
import { u32 } from '../../src/base/bytes.ts'
import type { Message } from '../../src/core/message/message.ts'
import { linkDown } from '../../src/core/replica/peers.ts'
import { nextPlain, secretOf } from '../support/author.ts'
import { Bench, constitutionOf, messagesOf } from '../support/bench.ts'
import {
  type Mesh,
  converge,
  done,
  everyone,
  found,
  meshWorld,
  say,
  later,
} from '../support/mesh.ts'

const timed = (mesh: Mesh, node: number, withinMs: number): CommandResult['sync'] =>
  done(mesh.world, node, { kind: 'sync', group: mesh.group }, withinMs)

describe('sync', () => {
  test('between equals is one small round with each', () => {
    const mesh = found(meshWorld({ seed: 'equal', nodes: 4 }))
    const { rounds } = timed(mesh, 0, 1_000)
    expect(rounds).toHaveLength(3)
    for (const round of rounds) expect(round).toMatchObject({ equal: true, received: 0, sent: 0 })
  })

  test('of one who lacks what all others have ends with each of them, soon', () => {
    const world = meshWorld({ seed: 'lacks', nodes: 4 })
    const mesh = found(world)
    world.setLinks({ base: { loss: 1 } })
    for (const node of everyone(mesh)) say(mesh, node, `by ${String(node)}`)
    later(mesh, 5)
    const { rounds } = timed(mesh, 0, 3_000)
    expect(rounds).toHaveLength(3)
    expect(rounds.reduce((sum, round) => sum + round.received, 0)).toBeGreaterThan(0)
    converge(mesh)
  })

  test('with a peer whose link ends meanwhile does not wait for it', () => {
    const mesh = found(meshWorld({ seed: 'down', nodes: 3 }))
    mesh.world.split([[0, 1], [2]], 'blackhole')
    const { rounds } = timed(mesh, 0, 8_000)
    expect(rounds.map(({ equal }) => equal)).toEqual([true])
  })

  test('with nobody is refused', () => {
    const mesh = found(meshWorld({ seed: 'nobody', nodes: 2 }))
    mesh.world.stop(1)
    later(mesh, 3_000)
    const asked = mesh.world.command(0, { kind: 'sync', group: mesh.group })
    later(mesh, 100)
    expect(asked.reply).toMatchObject({ ok: false, error: { code: 'PEER_UNREACHABLE' } })
  })

  test('of a blocked peer is refused until it is let go, whichever side blocked', () => {
    const mesh = found(meshWorld({ seed: 'block', nodes: 3 }))
    const { world, group } = mesh
    for (const [node, peer] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const { peerId } = world.node(peer)
      done(world, node, { kind: 'peer-block', peers: [peerId] })
      later(mesh, 3_000)
      const asked = world.command(node, { kind: 'sync', group, peer: peerId })
      const other = world.command(peer, { kind: 'sync', group, peer: world.node(node).peerId })
      later(mesh, 100)
      for (const { reply } of [asked, other]) {
        expect(reply).toMatchObject({ ok: false, error: { code: 'PEER_UNREACHABLE' } })
      }
      done(world, node, { kind: 'peer-unblock', peers: [peerId] })
      later(mesh, 3_000)
      expect(done(world, node, { kind: 'sync', group, peer: peerId }).rounds).toHaveLength(1)
    }
  })

  test('that is asked twice answers each in its own time', () => {
    const mesh = found(meshWorld({ seed: 'twice', nodes: 2 }))
    const { world, group } = mesh
    // Frames wait, and so does the answer: the rounds end by their deadlines.
    world.setLinks({ base: { delayMs: 3_900 } })
    const first = world.command(0, { kind: 'sync', group })
    later(mesh, 3_000)
    const second = world.command(0, { kind: 'sync', group })
    later(mesh, 12_000)
    for (const { reply, askedMs, repliedMs } of [first, second]) {
      expect(reply).toBeDefined()
      expect((repliedMs ?? Infinity) - askedMs).toBeLessThanOrEqual(10_001)
    }
  })
})

describe('a reader that asks anew, or goes', () => {
  const seed = 'reader'
  const mesh = found(meshWorld({ seed, nodes: 1 }))
  const first = messagesOf(mesh)
  const chain: Message[] = []
  for (let i = 0, tip = first.at(-1) as Message; i < 3_000; i++) {
    tip = nextPlain(secretOf(seed, 0, 'device'), tip, u32(i))
    chain.push(tip)
  }
  const ask = writeGroupFrame({ kind: 'vector', index: 0, explicit: false, entries: [] })

  const reads = (act: (bench: Bench) => void): number => {
    const bench = new Bench(constitutionOf(mesh))
    for (const message of [...first, ...chain]) bench.take(message)
    const before = bench.reads
    act(bench)
    return bench.reads - before
  }

  test('costs what is on the way, not the whole history once more for each question', () => {
    const once = reads((bench) => bench.frame(bench.peer(1), ask))
    const often = reads((bench) => {
      const peer = bench.peer(1)
      bench.hold = true
      for (let i = 0; i < 20; i++) bench.frame(peer, ask)
      bench.hold = false
      bench.settle()
    })
    expect(often).toBeLessThan(once + 60)
  })

  test('is served no further once its link is down', () => {
    const gone = reads((bench) => {
      const peer = bench.peer(1)
      bench.hold = true
      bench.frame(peer, ask)
      bench.step((turn) => linkDown(turn, bench.replica, 1))
      bench.hold = false
      bench.settle()
      expect(bench.collect()).toEqual([])
    })
    expect(gone).toBeLessThan(3)
  })
})
