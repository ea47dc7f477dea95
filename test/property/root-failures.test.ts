// Five ways in which other systems got root hashes wrong, and that a signed statement which cannot be true is
// kept and shown: forced to the peer's value, verified while different for ever, not computed again after a
// merge, equal heads with different roots, and a merge loop without progress.
import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { encode } from '../../src/codec/canonical.ts'
import { writeGroupFrame } from '../../src/core/anti-entropy/frames.ts'
import type { Effect } from '../../src/core/effect.ts'
import { Endpoint } from '../../src/core/endpoint.ts'
import type { Env } from '../../src/core/env.ts'
import type { Input } from '../../src/core/input.ts'
import { encodeAttest } from '../../src/core/message/bodies.ts'
import { signMessage } from '../../src/core/message/message.ts'
import { MessageType } from '../../src/core/message/type.ts'
import { draftOf, nextPlain, secretOf } from '../support/author.ts'
import { Bench, constitutionOf, crypto, messagesOf } from '../support/bench.ts'
import { Hostile, pushMessages, sendFrames } from '../support/hostile.ts'
import { counted, goesOn, hostileMesh } from '../support/hostile-mesh.ts'
import { type Mesh, converge, done, endpointOf, everyone, found, later } from '../support/mesh.ts'
import { groupOf, meshWorld, readAll, roots, say } from '../support/mesh.ts'

/** Another root in every digest and every end that leaves: a program that computes roots wrongly. */
class WrongRoots extends Endpoint {
  frames = 0

  override step(input: Input, env: Env): Effect[] {
    return super.step(input, env).map((effect) => {
      if (effect.kind !== 'send') return effect
      this.frames += 1
      const { frame } = effect
      const short = frame[0] === 0x85 && frame[1] === 16
      if (!short && !(frame[0] === 0x84 && frame[1] === 20)) return effect
      const wrong = frame.slice()
      // After the array, the kind, the index and the head of the 32 bytes.
      wrong.fill(7, 5, 37)
      return { ...effect, frame: wrong }
    })
  }
}

const wrongMesh = (seed: string): Mesh =>
  found(
    meshWorld({
      seed,
      nodes: 3,
      endpoint: (identity, provider, node) =>
        new (node === 2 ? WrongRoots : Endpoint)(identity, provider),
    }),
    1,
    1,
  )

/** Lets the others in: their founding does not wait for equal roots as told. */
const joined = (mesh: Mesh): Mesh => {
  const { ticket } = done(mesh.world, 0, {
    kind: 'invite',
    group: mesh.group,
    expiresMs: 86_400_000,
    uses: 2,
    confirm: false,
  })
  for (const node of [1, 2]) done(mesh.world, node, { kind: 'join', ticket, waitMs: 60_000 })
  later(mesh, 90_000)
  return mesh
}

const whyOf = (mesh: Mesh, node: number, of: number): string =>
  endpointOf(mesh.world, node)
    .report()
    .peers.find(({ peerId }) => peerId === mesh.world.node(of).peerId)?.why ?? ''

describe('a root', () => {
  test('is never taken over from a peer, whatever that peer says it is', () => {
    const mesh = hostileMesh('forced')
    const [own = ''] = roots(mesh, [0])
    const count = groupOf(mesh, 0)?.messages ?? 0
    for (let i = 0; i < 20; i++) {
      const root = crypto.sha256(Uint8Array.of(i))
      const digest = { kind: 'digest', index: 0, root, count: count + i, answer: true } as const
      sendFrames(mesh.world, 2, 0, [
        writeGroupFrame(digest),
        writeGroupFrame({ kind: 'end', index: 0, root, count: count + i }),
      ])
      later(mesh, 500)
    }
    expect(roots(mesh, [0])).toEqual([own])
    goesOn(mesh)
  })

  test('that differs is never called equal, however many rounds, and the peer is named for it', () => {
    const mesh = joined(wrongMesh('for ever'))
    const peer = mesh.world.node(2).peerId
    for (let i = 0; i < 5; i++) {
      const { rounds } = done(mesh.world, 0, { kind: 'sync', group: mesh.group, peer })
      expect(rounds.map((round) => round.equal)).not.toContain(true)
      later(mesh, 10_000)
    }
    expect(whyOf(mesh, 0, 2)).toContain('another root')
    expect(whyOf(mesh, 0, 1)).toBe('linked')
    // What it holds is what the others hold: texts go on all the same.
    say(mesh, 2, 'by a wrong program')
    later(mesh, 5_000)
    expect(readAll(mesh, 0).map(({ text }) => text)).toContain('by a wrong program')
  })

  test('is computed anew after concurrent words merge, and as a start or another order would', () => {
    const random = new SeededRandom('merge')
    const mesh = found(meshWorld({ seed: 'merge', nodes: 4 }), 2)
    for (let round = 0; round < 5; round++) {
      const order = random.shuffle(everyone(mesh))
      mesh.world.split([order.slice(0, 2), order.slice(2)])
      for (const node of order) say(mesh, node, `${String(round)} by ${String(node)}`)
      later(mesh, 8_000)
      const apart = new Set(roots(mesh))
      expect(apart.size).toBe(2)
      mesh.world.heal()
      later(mesh, 6_000)
      converge(mesh)
      expect(apart).not.toContain(roots(mesh)[0])
    }
    later(mesh, 70_000)
    converge(mesh)
    const [root] = roots(mesh)
    for (let i = 0; i < 3; i++) {
      const bench = new Bench(constitutionOf(mesh))
      for (const message of random.shuffle(messagesOf(mesh, 1))) bench.take(message)
      expect(bench.root()).toBe(root)
      bench.reboot()
      expect(bench.root()).toBe(root)
    }
  })

  test('follows from the heads: whoever has the same heads has the same root, at every moment', () => {
    const random = new SeededRandom('heads')
    const mesh = found(meshWorld({ seed: 'heads', nodes: 4 }), 2)
    for (const node of everyone(mesh)) say(mesh, node, `at once by ${String(node)}`)
    later(mesh, 70_000)
    converge(mesh)
    const rootOf = new Map<string, string>()
    let met = 0
    for (let i = 0; i < 8; i++) {
      const bench = new Bench(constitutionOf(mesh))
      for (const message of random.shuffle(messagesOf(mesh, 2))) {
        bench.take(message)
        const heads = [...bench.replica.transcript.heads.keys()].sort().join()
        const before = rootOf.get(heads)
        if (before !== undefined) met += 1
        expect(bench.root()).toBe(before ?? bench.root())
        rootOf.set(heads, bench.root())
      }
    }
    expect(met).toBeGreaterThan(20)
    expect(new Set(rootOf.values()).size).toBe(rootOf.size)
  })

  test('that never matches makes no loop: a few frames a round, and not one message', () => {
    const mesh = joined(wrongMesh('loop'))
    const wrong = mesh.world.node(2).machine as WrongRoots
    const [before, messages] = [wrong.frames, groupOf(mesh, 0)?.messages]
    later(mesh, 600_000)
    expect(groupOf(mesh, 0)?.messages).toBe(messages)
    // Pings and answers on two links, and at each of sixty rounds with two peers less than ten frames.
    const pings = 2 * 600
    expect(wrong.frames - before).toBeLessThan(pings + 60 * 2 * 10)
  })
})

describe('a signed statement that cannot be true', () => {
  const lie = (mesh: Mesh, seed: string) => {
    const self = groupOf(mesh, 2)?.self ?? ''
    const tip = messagesOf(mesh, 0).findLast(({ member }) => member === self)
    if (tip === undefined) throw new Error('it said nothing')
    const device = secretOf(seed, 2, 'device')
    const body = encodeAttest({
      membershipHash: crypto.sha256(encode([1])),
      count: groupOf(mesh, 0)?.members.length ?? 0,
      view: crypto.sha256(encode([2])),
    })
    const plain = nextPlain(device, tip, body)
    return signMessage(crypto, device, { ...draftOf(plain), type: MessageType.attest }, body)
  }

  test('is refused, kept, shown and told, over a restart, and quarantines nobody', () => {
    const mesh = hostileMesh('contradiction')
    later(mesh, 90_000)
    converge(mesh, [0, 1])
    const liar = groupOf(mesh, 2)?.self ?? ''
    pushMessages(mesh, 2, [lie(mesh, 'contradiction')])
    later(mesh, 2_000)
    expect(groupOf(mesh, 0)?.contradictions).toEqual([liar])
    const told = mesh.world.events(0).filter(({ event }) => event.kind === 'contradiction')
    expect(told).toHaveLength(1)
    expect(counted(mesh, 'messages_dropped/membership-hash')).toBeGreaterThan(0)
    expect(groupOf(mesh, 0)?.members.find(({ member }) => member === liar)?.state).toBe('active')
    mesh.world.crash(0)
    mesh.world.restart(0)
    later(mesh, 5_000)
    expect(groupOf(mesh, 0)?.contradictions).toEqual([liar])
    goesOn(mesh)
  })

  test('that somebody else made up is nobody\u2019s: the signature must be its author\u2019s', () => {
    const mesh = hostileMesh('made up')
    later(mesh, 90_000)
    const forged = lie(mesh, 'made up')
    const signature = forged.signature.slice()
    signature.set([1, 2, 3], 40)
    pushMessages(mesh, 2, [{ ...forged, signature }])
    later(mesh, 2_000)
    expect(groupOf(mesh, 0)?.contradictions).toEqual([])
    expect(mesh.world.node(2).machine).toBeInstanceOf(Hostile)
  })
})
