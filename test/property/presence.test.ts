// Signs of life of leaders: they cross members who can meet both sides, they end after ninety seconds, and
// replaying them gains nothing but one turn of waiting (I42).
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { GroupFrame } from '../../src/core/anti-entropy/frames.ts'
import { readGroupFrame, writeGroupFrame } from '../../src/core/anti-entropy/frames.ts'
import { decode } from '../../src/codec/canonical.ts'
import type { Effect } from '../../src/core/effect.ts'
import { Endpoint } from '../../src/core/endpoint.ts'
import type { Env } from '../../src/core/env.ts'
import type { Input } from '../../src/core/input.ts'
import type * as online from '../../src/core/presence/online.ts'
import type * as presence from '../../src/core/presence/presence.ts'
import type { Presence } from '../../src/core/presence/presence.ts'
import { parsePresence, signPresence } from '../../src/core/presence/presence.ts'
import type * as presences from '../../src/core/replica/presences.ts'
import { ROTATE_JITTER_MS, ROTATE_SLOT_MS } from '../../src/base/limits.ts'
import { type Mesh, done, everyone, found, groupOf, meshWorld, later } from '../support/mesh.ts'
import { crypto } from '../support/bench.ts'
import { epochs } from '../support/election.ts'

/** Faults: every sign of life is new; one never ends; anybody's signature will do; none is passed on. */
const fault = vi.hoisted(() => ({ name: '' }))

vi.mock('../../src/core/presence/online.ts', async (original) => {
  const real = await original<typeof online>()
  const isNewSign: typeof real.isNewSign = (...given) =>
    fault.name === 'every sign is new' || real.isNewSign(...given)
  const showsLife: typeof real.showsLife = (signs, member, nowMs) =>
    fault.name === 'no sign ends' ? signs.has(member) : real.showsLife(signs, member, nowMs)
  return { ...real, isNewSign, showsLife }
})

vi.mock('../../src/core/presence/presence.ts', async (original) => {
  const real = await original<typeof presence>()
  const presenceHolds: typeof real.presenceHolds = (...given) =>
    fault.name === 'nobody checks who signed' || real.presenceHolds(...given)
  return { ...real, presenceHolds }
})

vi.mock('../../src/core/replica/presences.ts', async (original) => {
  const real = await original<typeof presences>()
  const takePresence: typeof real.takePresence = (...given) => {
    const verdict = real.takePresence(...given)
    return fault.name === 'nobody passes signs on' ? 'ignore' : verdict
  }
  return { ...real, takePresence }
})

afterEach(() => {
  fault.name = ''
})

const managers = (mesh: Mesh, nodes: readonly number[]): (string | null | undefined)[] =>
  nodes.map((node) => groupOf(mesh, node)?.manager)

const selfOf = (mesh: Mesh, node: number): string => groupOf(mesh, node)?.self ?? ''

const PRESENCE_FRAME = 28

const isPresence = (frame: Uint8Array): boolean =>
  // An array of three, then the kind as one byte after 0x18.
  frame[0] === 0x83 && frame[1] === 0x18 && frame[2] === PRESENCE_FRAME

const readFrame = (frame: Uint8Array): GroupFrame | undefined => {
  const value = decode(frame, { maxBytes: frame.length })
  const read = value.ok ? readGroupFrame(value.value) : value
  return read.ok ? read.value : undefined
}

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

/** Two leaders that cannot meet, and a member that meets both. */
const line = (seed: string): Mesh => {
  const mesh = found(meshWorld({ seed, nodes: 3, keepEvents: false }), 2)
  const link = { cut: 'blackhole' } as const
  mesh.world.setLinks({
    rules: [
      { from: 0, to: 1, link },
      { from: 1, to: 0, link },
    ],
  })
  // Long enough that what they knew of each other by their link is over.
  later(mesh, 200_000)
  return mesh
}

describe('signs of life', () => {
  test('reach leaders that cannot meet, through a member that meets both', () => {
    const mesh = line('line')
    const [one, ...others] = managers(mesh, everyone(mesh))
    expect(others).toEqual([one, one])
    expect([selfOf(mesh, 0), selfOf(mesh, 1)]).toContain(one)
  })

  test('end: ninety seconds after its last one a leader is not waited for any more', () => {
    const mesh = line('end')
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

describe('the checks can fail', () => {
  test('where every sign counts as new, whoever is dead goes on for ever', () => {
    fault.name = 'every sign is new'
    const mesh = council('old', true)
    const best = bestOf(mesh)
    const dead = selfOf(mesh, best)
    mesh.world.crash(best, { silent: true })
    later(mesh, 100_000)
    expect(
      managers(
        mesh,
        [0, 1, 2].filter((node) => node !== best),
      ),
    ).toContain(dead)
  })

  test('where nobody passes signs on, leaders that cannot meet take turns without each other', () => {
    fault.name = 'nobody passes signs on'
    const mesh = line('line')
    expect(managers(mesh, [0, 1])).toEqual([selfOf(mesh, 0), selfOf(mesh, 1)])
  })

  test('where no sign ends, whoever is silent is waited for for ever', () => {
    const mesh = line('end')
    const [manager] = managers(mesh, [2])
    const [best, other] = selfOf(mesh, 0) === manager ? [0, 1] : [1, 0]
    fault.name = 'no sign ends'
    mesh.world.crash(best, { silent: true })
    later(mesh, 200_000)
    expect(managers(mesh, [other])).toEqual([manager])
  })
})

describe('a sign of life that somebody else made up', () => {
  /** Of each leader that it heard of it goes on saying that it lives, under numbers of its own making. */
  class Forger extends Endpoint {
    readonly #channels = new Set<number>()
    readonly #heard = new Map<string, Presence>()
    #seq = 1_000
    #saidMs = 0

    override step(input: Input, env: Env): Effect[] {
      if (input.kind === 'channel-open' && input.protocol === 'sync')
        this.#channels.add(input.channel)
      if (input.kind === 'channel-closed') this.#channels.delete(input.channel)
      if (input.kind === 'frame' && isPresence(input.frame)) this.#keep(input.frame)
      const effects = super.step(input, env)
      if (input.kind !== 'timer' || env.nowMs - this.#saidMs < 20_000) return effects
      this.#saidMs = env.nowMs
      const forged = [...this.#heard.values()].map((one) => this.#forged(one))
      const again = [...this.#channels].flatMap((channel) =>
        forged.map((frame): Effect => ({ kind: 'send', channel, frame })),
      )
      return [...effects, ...again]
    }

    #keep(bytes: Uint8Array): void {
      const frame = readFrame(bytes)
      const read = frame?.kind === 'presence' ? parsePresence(frame.presence) : undefined
      if (read?.ok === true) this.#heard.set(read.value.member.join(), read.value)
    }

    #forged(heard: Presence): Uint8Array {
      const presence = signPresence(crypto, new Uint8Array(32).fill(7), {
        ...heard,
        seq: this.#seq++,
      })
      return writeGroupFrame({ kind: 'presence', index: 0, presence })
    }
  }

  /** Whether a dead leader is still believed in. */
  const believed = (): boolean => {
    const world = meshWorld({
      seed: 'forged',
      nodes: 4,
      keepEvents: false,
      endpoint: (identity, provider, node) =>
        new (node === 3 ? Forger : Endpoint)(identity, provider),
    })
    const mesh = found(world, 3)
    later(mesh, 150_000)
    // All but a leader whose turn comes later die.
    const heir = [0, 1, 2].find((node) => node !== bestOf(mesh)) ?? -1
    for (const node of [0, 1, 2]) if (node !== heir) mesh.world.crash(node, { silent: true })
    later(mesh, 150_000)
    return managers(mesh, [heir])[0] !== selfOf(mesh, heir)
  }

  test('keeps nobody alive', () => {
    expect(believed()).toBe(false)
  })

  test('does where nobody checks who signed: the check can fail', () => {
    fault.name = 'nobody checks who signed'
    expect(believed()).toBe(true)
  })
})
