// Signs of life of leaders: they cross members who can meet both sides, they end after ninety seconds, and
// replaying them gains nothing but one turn of waiting (I42).
import { describe, expect, test } from 'vitest'
import type { Effect } from '../../src/core/effect.ts'
import { Endpoint } from '../../src/core/endpoint.ts'
import type { Env } from '../../src/core/env.ts'
import type { Input } from '../../src/core/input.ts'
import { ROTATE_JITTER_MS, ROTATE_SLOT_MS } from '../../src/base/limits.ts'
import { type Mesh, done, everyone, found, groupOf, meshWorld, later } from '../support/mesh.ts'
import { epochs } from '../support/election.ts'

const managers = (mesh: Mesh, nodes: readonly number[]): (string | null | undefined)[] =>
  nodes.map((node) => groupOf(mesh, node)?.manager)

const selfOf = (mesh: Mesh, node: number): string => groupOf(mesh, node)?.self ?? ''

const PRESENCE_FRAME = 28

const isPresence = (frame: Uint8Array): boolean =>
  // An array of three, then the kind as one byte after 0x18.
  frame[0] === 0x83 && frame[1] === 0x18 && frame[2] === PRESENCE_FRAME

/** Hears every presence and says it again to everybody with each step, for ever. */
class Parrot extends Endpoint {
  readonly #heard: Uint8Array[] = []
  readonly #channels = new Set<number>()
  replays = 0

  override step(input: Input, env: Env): Effect[] {
    if (input.kind === 'channel-open' && input.protocol === 'sync')
      this.#channels.add(input.channel)
    if (input.kind === 'channel-closed') this.#channels.delete(input.channel)
    const effects = super.step(input, env)
    if (input.kind === 'frame' && isPresence(input.frame)) {
      this.#heard.push(input.frame)
      return effects
    }
    if (input.kind !== 'timer') return effects
    const again = this.#heard
      .slice(-6)
      .flatMap((frame) =>
        [...this.#channels].map((channel): Effect => ({ kind: 'send', channel, frame })),
      )
    this.replays += again.length
    return [...effects, ...again]
  }
}

/** Three leaders, 0 to 2, and a member; the member may be a parrot. */
const council = (seed: string, parrot: boolean): Mesh => {
  const world = meshWorld({
    seed,
    nodes: 4,
    keepEvents: false,
    endpoint: (identity, provider, node) =>
      parrot && node === 3 ? new Parrot(identity, provider) : new Endpoint(identity, provider),
  })
  const mesh = found(world, 3)
  later(mesh, 150_000)
  return mesh
}

/** The best-ranked leader, by its node. */
const bestOf = (mesh: Mesh): number => {
  const [manager] = managers(mesh, [3])
  return [0, 1, 2].find((node) => selfOf(mesh, node) === manager) ?? -1
}

describe('signs of life', () => {
  test('reach leaders that cannot meet, through a member that meets both', () => {
    const mesh = found(meshWorld({ seed: 'line', nodes: 3, keepEvents: false }), 2)
    const link = { cut: 'blackhole' } as const
    mesh.world.setLinks({
      rules: [
        { from: 0, to: 1, link },
        { from: 1, to: 0, link },
      ],
    })
    // Long enough that what they knew of each other by their link is over.
    later(mesh, 200_000)
    const [one, ...others] = managers(mesh, everyone(mesh))
    expect(others).toEqual([one, one])
    expect([selfOf(mesh, 0), selfOf(mesh, 1)]).toContain(one)
  })

  test('end: ninety seconds after its last one a leader is not waited for any more', () => {
    const mesh = found(meshWorld({ seed: 'end', nodes: 3, keepEvents: false }), 2)
    const link = { cut: 'blackhole' } as const
    mesh.world.setLinks({
      rules: [
        { from: 0, to: 1, link },
        { from: 1, to: 0, link },
      ],
    })
    later(mesh, 200_000)
    const [manager] = managers(mesh, [2])
    const [best, other] = selfOf(mesh, 0) === manager ? [0, 1] : [1, 0]
    mesh.world.crash(best, { silent: true })
    later(mesh, 20_000)
    expect(managers(mesh, [other])).toEqual([manager])
    later(mesh, 80_000)
    expect(managers(mesh, [other])).toEqual([selfOf(mesh, other)])
  })
})

describe('replayed signs of life (I42)', () => {
  test('are old: whoever is dead stays dead, however often they are said again', () => {
    const mesh = council('old', true)
    const best = bestOf(mesh)
    const dead = selfOf(mesh, best)
    mesh.world.crash(best, { silent: true })
    later(mesh, 100_000)
    const rest = [0, 1, 2].filter((node) => node !== best)
    for (const manager of managers(mesh, rest)) expect(manager).not.toBe(dead)
    expect((mesh.world.node(3).machine as Parrot).replays).toBeGreaterThan(100)
  })

  test('delay an epoch by at most one turn', () => {
    const waitOf = (parrot: boolean): number => {
      const mesh = council('delay', parrot)
      const best = bestOf(mesh)
      mesh.world.crash(best, { silent: true })
      // Its link is known to be dead, its sign of life still counts.
      later(mesh, 10_000)
      const before = epochs(mesh)
      done(mesh.world, 3, { kind: 'leave-group', group: mesh.group, reason: '', last: false })
      const left = selfOf(mesh, 3)
      const [heir = 0] = [0, 1, 2].filter((node) => node !== best)
      const isKnown = (): boolean =>
        groupOf(mesh, heir)?.members.some((one) => one.member === left && one.state === 'left') ===
        true
      if (!mesh.world.runUntil(isKnown, 10_000)) throw new Error('nobody heard of the Leave')
      const startedMs = mesh.world.nowMs
      if (!mesh.world.runUntil(() => epochs(mesh) > before, 60_000)) throw new Error('no epoch')
      return mesh.world.nowMs - startedMs
    }
    const slotMs = ROTATE_SLOT_MS + ROTATE_JITTER_MS
    // One leader is dead and believed alive; the next acts after its turn.
    expect(waitOf(true)).toBeLessThanOrEqual(slotMs + 200)
    expect(waitOf(false)).toBeLessThanOrEqual(slotMs + 200)
  })
})
