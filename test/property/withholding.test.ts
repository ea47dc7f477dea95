// Censorship is visible: whoever says to hold a member's messages, is asked for them and gives others only is
// named, with the first message that is lacked, until it gives it. Nobody honest is ever named: that is a
// law of every random history (test/support/laws.ts), and one that has lasted long is here.
import { describe, expect, test, vi } from 'vitest'
import { Endpoint } from '../../src/core/endpoint.ts'
import { SeededRandom } from '../../src/base/random.ts'
import type * as withholding from '../../src/core/replica/withholding.ts'
import { bytesOf } from '../../src/core/replica/state.ts'
import { misnamed } from '../support/laws.ts'
import { Liar } from '../support/liar.ts'
import {
  type Mesh,
  converge,
  found,
  groupOf,
  later,
  meshWorld,
  readAll,
  say,
} from '../support/mesh.ts'

/** The fault: what a peer gives is not looked at. */
const fault = vi.hoisted(() => ({ on: false }))

vi.mock('../../src/core/replica/withholding.ts', async (original) => {
  const real = await original<typeof withholding>()
  const noteGiven: typeof real.noteGiven = (...given) => {
    if (!fault.on) real.noteGiven(...given)
  }
  return { ...real, noteGiven }
})

const READER = 0
const BETWEEN = 1
const AUTHOR = 2

/** Three in a row: the reader hears the author through the one between only. */
const row = (seed: string): Mesh => {
  const world = meshWorld({
    seed,
    nodes: 3,
    endpoint: (identity, provider, node) =>
      node === BETWEEN
        ? new Liar(identity, provider, new SeededRandom(seed))
        : new Endpoint(identity, provider),
  })
  const mesh = found(world)
  world.split([
    [READER, BETWEEN],
    [BETWEEN, AUTHOR],
  ])
  later(mesh, 8_000)
  return mesh
}

const censor = (mesh: Mesh): Liar => {
  const liar = mesh.world.node(BETWEEN).machine as Liar
  liar.habits.add('withholds foreign').add('swallows')
  liar.shunned = (peer) => peer === mesh.world.node(READER).peerId
  liar.victim = bytesOf(groupOf(mesh, AUTHOR)?.self ?? '')
  return liar
}

const textsAt = (mesh: Mesh, node: number): (string | null)[] =>
  readAll(mesh, node).map(({ text }) => text)

describe('a member that keeps back what another said', () => {
  test('is named with the message, within a minute or so, until it gives it', () => {
    const mesh = row('censor')
    const liar = censor(mesh)
    const before = groupOf(mesh, READER)?.vector[groupOf(mesh, AUTHOR)?.self ?? ''] ?? -1
    say(mesh, AUTHOR, 'not for everybody')
    later(mesh, 5_000)
    say(mesh, BETWEEN, 'nothing happened')
    later(mesh, 90_000)
    expect(textsAt(mesh, READER)).not.toContain('not for everybody')
    const [named, ...more] = groupOf(mesh, READER)?.withheld ?? []
    expect(more).toEqual([])
    expect(named).toMatchObject({
      member: groupOf(mesh, AUTHOR)?.self,
      by: groupOf(mesh, BETWEEN)?.self,
    })
    expect(named?.number.endsWith(String(before + 1))).toBe(true)
    const events = mesh.world.events(READER).filter(({ event }) => event.kind === 'withheld')
    expect(events).toHaveLength(1)
    // It names nobody itself, and the author sees nothing wrong.
    for (const node of [BETWEEN, AUTHOR]) expect(groupOf(mesh, node)?.withheld).toEqual([])
    liar.habits.clear()
    later(mesh, 25_000)
    expect(textsAt(mesh, READER)).toContain('not for everybody')
    expect(groupOf(mesh, READER)?.withheld).toEqual([])
  })

  test('is named for what it builds on that as well, were it not seen what it gives', () => {
    const namesAt = (missing: boolean): number => {
      const mesh = row('censor')
      censor(mesh)
      say(mesh, AUTHOR, 'not for everybody')
      later(mesh, 5_000)
      say(mesh, BETWEEN, 'nothing happened')
      fault.on = missing
      later(mesh, 90_000)
      fault.on = false
      return groupOf(mesh, READER)?.withheld.length ?? 0
    }
    expect(namesAt(false)).toBe(1)
    expect(namesAt(true)).toBe(2)
  })

  test('is not named where another gives it', () => {
    const mesh = row('censor in vain')
    censor(mesh)
    mesh.world.heal()
    later(mesh, 8_000)
    say(mesh, AUTHOR, 'for everybody')
    later(mesh, 120_000)
    expect(textsAt(mesh, READER)).toContain('for everybody')
    expect(misnamed(mesh.world)).toEqual([])
  })
})

describe('whoever withholds nothing', () => {
  /** A link so slow that much is always under way, for minutes. */
  const slow = (seed: string): Mesh => {
    const mesh = row(seed)
    const { world } = mesh
    const links = { base: { delayMs: 900, jitterMs: 500, loss: 0.4 } }
    const sides = [
      [READER, BETWEEN],
      [BETWEEN, AUTHOR],
    ]
    world.setLinks({ ...links, split: { sides, cut: 'blackhole' } })
    for (let i = 0; i < 60; i++) {
      say(mesh, AUTHOR, `text ${String(i)}`)
      later(mesh, 2_000)
    }
    return mesh
  }

  test('is named by nobody, however slow it is', () => {
    const mesh = slow('slow')
    expect(misnamed(mesh.world)).toEqual([])
    converge(mesh)
  })
})
