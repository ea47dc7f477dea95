// What is told of splits and heals can be wrong, and is then noticed: one split and its heal is held against
// what everybody must be told of it, with each fault planted in turn in the watch over losses, in the
// record of the heal, and in what outlives a restart.
import { afterEach, describe, expect, test, vi } from 'vitest'
import type * as heal from '../../src/core/attestation/heal.ts'
import type * as partition from '../../src/core/attestation/partition.ts'
import type * as splits from '../../src/core/replica/splits.ts'
import {
  type Mesh,
  everyone,
  found,
  groupOf,
  later,
  meshWorld,
  readAll,
  say,
} from '../support/mesh.ts'

const fault = vi.hoisted(() => ({ name: '' }))

vi.mock('../../src/core/attestation/partition.ts', async (original) => {
  const real = await original<typeof partition>()
  const faulty: Partial<typeof real> = {
    lose: (...given) => void (fault.name === 'losses are not kept' || real.lose(...given)),
    regain: (...given) => void (fault.name === 'nobody ever comes back' || real.regain(...given)),
    showsSplit: (...given) => fault.name !== 'nothing is certain' && real.showsSplit(...given),
    missingOf: (watch, expected) =>
      fault.name === 'one of the missing is left out'
        ? real.missingOf(watch, expected).slice(1)
        : real.missingOf(watch, expected),
  }
  return { ...real, ...faulty }
})

vi.mock('../../src/core/attestation/heal.ts', async (original) => {
  const real = await original<typeof heal>()
  const faulty: Partial<typeof real> = {
    advance: (record, now) => {
      if (fault.name !== 'a heal is over when it begins') return real.advance(record, now)
      record.traffic ??= now.traffic()
      record.dataMs = record.readMs = record.keyMs = 0
      return { data: true, whole: true }
    },
    noteTaken: (...given) =>
      void (fault.name === 'what came is not counted' || real.noteTaken(...given)),
    addTraffic: (...given) =>
      void (fault.name === 'traffic is not added' || real.addTraffic(...given)),
  }
  return { ...real, ...faulty }
})

vi.mock('../../src/core/replica/splits.ts', async (original) => {
  const real = await original<typeof splits>()
  const parseSplit: typeof real.parseSplit = (saved) =>
    fault.name === 'a restart forgets' ? undefined : real.parseSplit(saved)
  return { ...real, parseSplit }
})

afterEach(() => {
  fault.name = ''
})

const LEFT = [0, 1]
const RIGHT = [2, 3]
const sideOf = (node: number): number[] => (LEFT.includes(node) ? RIGHT : LEFT)
const selves = (mesh: Mesh, nodes: readonly number[]): string[] =>
  nodes.map((node) => groupOf(mesh, node)?.self ?? '').sort()

/** A split of four, a restart in it, talk on both sides, and its heal: whatever is told wrongly. */
const wrongs = (): Set<string> => {
  const mesh = found(meshWorld({ seed: 'split faults', nodes: 4 }), 2)
  const { world } = mesh
  const wrong = new Set<string>()
  const must = (what: string, holds: boolean): void => void (holds || wrong.add(what))
  const names = (node: number, what: string): void => {
    const missing = groupOf(mesh, node)?.partition?.missing.join()
    must(what, missing === selves(mesh, sideOf(node)).join())
  }
  later(mesh, 80_000)
  world.split([LEFT, RIGHT])
  later(mesh, 5_000)
  for (const node of everyone(mesh)) names(node, 'everybody names the split within five seconds')
  world.stop(0)
  later(mesh, 1_000)
  world.restart(0)
  later(mesh, 1_000)
  names(0, 'a split is named over a restart')
  for (let i = 0; i < 10; i++) {
    for (const node of everyone(mesh)) say(mesh, node, `${String(i)} by ${String(node)}`)
    later(mesh, 1_000)
  }
  later(mesh, 8_000)
  const before = everyone(mesh).map((node) => world.events(node).length)
  const healed = (node: number): boolean =>
    world
      .events(node)
      .slice(before[node])
      .some(({ event }) => event.kind === 'heal')
  world.heal()
  world.runUntil(() => healed(3), 20_000)
  must('a heal is told', healed(3))
  must('a heal is told once all is here', readAll(mesh, 3).length === 40)
  later(mesh, 20_000)
  for (const node of everyone(mesh)) {
    const { partition: open, lastHeal } = groupOf(mesh, node) ?? {}
    must('a split is over after the heal', open === null)
    must(
      'a heal names who came back',
      lastHeal?.returned.join() === selves(mesh, sideOf(node)).join(),
    )
    must('a heal that was seen to be a split is certain', lastHeal?.certain === true)
    must('the data takes time', (lastHeal?.dataMs ?? 0) > 0)
    must('what crossed is counted', (lastHeal?.bytesIn ?? 0) > 1_000)
  }
  const attested = everyone(mesh).map((node) =>
    world.node(node).counts.get('attests_posted/healed'),
  )
  must(
    'a heal that brought something is attested',
    attested.some((count) => count !== undefined),
  )
  return wrong
}

test('everybody is told what happened', () => {
  expect([...wrongs()]).toEqual([])
}, 60_000)

describe('a fault is noticed', () => {
  test.each([
    ['losses are not kept', 'everybody names the split within five seconds'],
    ['one of the missing is left out', 'everybody names the split within five seconds'],
    ['a restart forgets', 'a split is named over a restart'],
    ['nobody ever comes back', 'a split is over after the heal'],
    ['nothing is certain', 'a heal that was seen to be a split is certain'],
    ['a heal is over when it begins', 'a heal is told once all is here'],
    ['what came is not counted', 'a heal that brought something is attested'],
    ['traffic is not added', 'what crossed is counted'],
  ])(
    '%s: not %s',
    (name, law) => {
      fault.name = name
      expect([...wrongs()]).toContain(law)
    },
    60_000,
  )
})
