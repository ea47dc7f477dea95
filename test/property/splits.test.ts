// A split is named by both sides within five seconds, outlives restarts and every detector, and its heal
// is recorded in figures; flapping links make no storm of attestations.
import { describe, expect, test } from 'vitest'
import { MessageType } from '../../src/core/message/type.ts'
import type { Event } from '../../src/core/event.ts'
import type { GroupReport } from '../../src/core/report.ts'
import { messagesOf } from '../support/bench.ts'
import { broken } from '../support/laws.ts'
import { converge, everyone, found, groupOf, meshWorld, say, skip, later } from '../support/mesh.ts'
import type { Mesh } from '../support/mesh.ts'

const left = [0, 1, 2]
const right = [3, 4, 5]

const setting = (seed: string, nodes = 6): Mesh => {
  const mesh = found(meshWorld({ seed, nodes }), 2)
  mesh.world.run(mesh.world.nowMs + 120_000)
  converge(mesh)
  return mesh
}

const of = (mesh: Mesh, node: number): GroupReport => {
  const group = groupOf(mesh, node)
  if (group === undefined) throw new Error('the group is gone')
  return group
}

const selves = (mesh: Mesh, nodes: readonly number[]): string[] =>
  nodes.map((node) => of(mesh, node).self).sort()

const heard = <K extends Event['kind']>(mesh: Mesh, node: number, kind: K) =>
  mesh.world
    .events(node)
    .filter((one) => one.event.kind === kind)
    .map(({ atMs, event }) => ({ atMs, event: event as Extract<Event, { kind: K }> }))

const talk = (mesh: Mesh, texts: number): void => {
  for (let i = 0; i < texts; i++) {
    for (const node of everyone(mesh)) say(mesh, node, `${String(i)} by ${String(node)}`)
    later(mesh, 200)
  }
}

/** Attestations that the first node holds of each, for whatever cause. */
const attestsOf = (mesh: Mesh): number[] => {
  const posted = messagesOf(mesh, 0).filter(({ header }) => header.type === MessageType.attest)
  return everyone(mesh).map(
    (node) => posted.filter(({ member }) => member === of(mesh, node).self).length,
  )
}

const attestedHeals = (mesh: Mesh): number[] =>
  everyone(mesh).map((node) => mesh.world.node(node).counts.get('attests_posted/healed') ?? 0)

describe('a silent cut of six into three and three', () => {
  let attested: number[] = []
  const mesh = setting('named')
  const cutMs = mesh.world.nowMs
  mesh.world.split([left, right])
  later(mesh, 5_000)

  test('is named by everybody within five seconds, with who is here and who is missing', () => {
    for (const node of everyone(mesh)) {
      const { partition } = of(mesh, node)
      const [mine, theirs] = left.includes(node) ? [left, right] : [right, left]
      expect(partition).toMatchObject({
        suspected: true,
        reachable: selves(mesh, mine).filter((one) => one !== of(mesh, node).self),
        missing: selves(mesh, theirs),
      })
      const [first] = heard(mesh, node, 'split')
      expect(first?.atMs).toBeGreaterThan(cutMs)
      expect(first?.atMs).toBeLessThanOrEqual(cutMs + 5_000)
    }
  })

  test('heals with figures: both ways, split into its parts, the data within three seconds', () => {
    talk(mesh, 20)
    later(mesh, 5_000)
    const before = everyone(mesh).map((node) => of(mesh, node).messages)
    const healMs = mesh.world.nowMs
    attested = attestsOf(mesh)
    mesh.world.heal()
    later(mesh, 3_000)
    for (const node of everyone(mesh)) {
      const { partition, lastHeal, messages } = of(mesh, node)
      expect(partition).toBeNull()
      expect(lastHeal).toMatchObject({
        returned: selves(mesh, left.includes(node) ? right : left),
        whole: true,
        certain: true,
      })
      if (lastHeal === null) throw new Error('no heal')
      const got = messages - (before[node] ?? 0)
      expect(got).toBeGreaterThanOrEqual(60)
      // Some of it came through its own side, which had it first.
      expect(lastHeal.received).toBeLessThanOrEqual(got)
      expect(lastHeal.splitMs).toBeGreaterThan(10_000)
      expect(lastHeal.dataMs).toBeLessThan(3_000)
      expect(lastHeal.healMs).toBeGreaterThanOrEqual(lastHeal.dataMs)
      expect(lastHeal.readMs).toBe(lastHeal.dataMs)
      const told = heard(mesh, node, 'heal').filter(({ atMs }) => atMs > healMs)
      expect(told.map(({ event }) => event.whole)).toEqual([true])
    }
    const sum = (field: 'received' | 'sent' | 'bytesIn' | 'bytesOut'): number =>
      everyone(mesh).reduce((all, node) => all + (of(mesh, node).lastHeal?.[field] ?? 0), 0)
    // Each side needs the other's texts at least once.
    expect(sum('received')).toBeGreaterThanOrEqual(120)
    expect(sum('sent')).toBeGreaterThanOrEqual(120)
    expect(sum('bytesIn')).toBeGreaterThan(60 * 100)
  })

  test('is attested by everybody who took something in, soon after, and once for the heal', () => {
    later(mesh, 7_000)
    // A leader may say so first for the final order: then the heal calls for no second one.
    attestsOf(mesh).forEach((count, node) => expect(count).toBeGreaterThan(attested[node] ?? 0))
    const healed = attestedHeals(mesh)
    healed.forEach((count, node) => expect(count).toBe([2, 3, 4, 5].includes(node) ? 1 : count))
    expect(Math.max(...healed)).toBe(1)
    later(mesh, 60_000)
    converge(mesh)
    expect(attestedHeals(mesh)).toEqual(healed)
    expect(broken(mesh)).toEqual([])
  })
})

test('a heal with two epochs is told when the data is here, and again when one epoch is left', () => {
  const mesh = setting('two epochs')
  mesh.world.split([
    [0, 2, 4],
    [1, 3, 5],
  ])
  later(mesh, 6_000)
  for (const leader of [0, 1]) mesh.world.command(leader, { kind: 'rotate', group: mesh.group })
  later(mesh, 1_000)
  talk(mesh, 3)
  mesh.world.heal()
  later(mesh, 4_000)
  expect(of(mesh, 0).lastHeal).toMatchObject({ whole: false, keyMs: null })
  later(mesh, 30_000)
  for (const node of everyone(mesh)) {
    const { lastHeal } = of(mesh, node)
    expect(lastHeal?.whole).toBe(true)
    expect(lastHeal?.keyMs).toBeGreaterThan(4_000)
    expect(lastHeal?.healMs).toBe(lastHeal?.keyMs)
    expect(heard(mesh, node, 'heal').map(({ event }) => event.whole)).toEqual([false, true])
  }
})

test('a split outlives restarts and half a year: it is still named, and it still heals', () => {
  const mesh = setting('long', 5)
  mesh.world.split([
    [0, 1],
    [2, 3, 4],
  ])
  later(mesh, 6_000)
  const { partition: before } = of(mesh, 0)
  skip(mesh, 180 * 86_400_000)
  expect(of(mesh, 0).partition).toEqual(before)
  expect(of(mesh, 3).partition?.missing).toEqual(selves(mesh, [0, 1]))
  talk(mesh, 2)
  mesh.world.heal()
  later(mesh, 6_000)
  expect(everyone(mesh).map((node) => of(mesh, node).partition)).toEqual(Array(5).fill(null))
  expect(of(mesh, 0).lastHeal?.splitMs).toBeGreaterThan(180 * 86_400_000)
  converge(mesh)
})

test('one member that is away is absent: no split, and no heal when it is back', () => {
  const mesh = setting('absent', 4)
  mesh.world.split([[0, 1, 2], [3]])
  later(mesh, 20_000)
  expect(of(mesh, 0).partition).toBeNull()
  expect(of(mesh, 3).partition?.missing).toEqual(selves(mesh, [0, 1, 2]))
  mesh.world.heal()
  later(mesh, 10_000)
  expect(of(mesh, 0).lastHeal).toBeNull()
  expect(of(mesh, 3).lastHeal?.returned).toEqual(selves(mesh, [0, 1, 2]))
})

test('a member that is heard through others is not missing, links or no links', () => {
  const mesh = setting('bridged', 5)
  // 0 and 1 cannot meet 3 and 4; 2 meets everybody.
  const pairs = [0, 1].flatMap((one) => [3, 4].map((other) => [one, other] as const))
  const link = { cut: 'blackhole' } as const
  mesh.world.setLinks({
    rules: pairs.flatMap(([one, other]) => [
      { from: one, to: other, link },
      { from: other, to: one, link },
    ]),
  })
  later(mesh, 6_000)
  expect(of(mesh, 0).partition?.missing).toEqual(selves(mesh, [3, 4]))
  say(mesh, 3, 'still here')
  later(mesh, 2_000)
  expect(of(mesh, 0).partition).toBeNull()
})

test('links that flap make at most one attestation a member for each heal that brought something', () => {
  const mesh = setting('flapping')
  const posted = (): number =>
    everyone(mesh)
      .map((node) => mesh.world.node(node).counts.get('attests_posted/healed') ?? 0)
      .reduce((a, b) => a + b, 0)
  const messages = of(mesh, 0).messages
  for (let i = 0; i < 10; i++) {
    mesh.world.split([left, right])
    later(mesh, 6_000)
    mesh.world.heal()
    later(mesh, 4_000)
  }
  later(mesh, 20_000)
  // Nobody said anything: nothing is posted, and every state is as before.
  expect(posted()).toBe(0)
  expect(of(mesh, 0).messages).toBe(messages)
  for (let i = 0; i < 5; i++) {
    mesh.world.split([left, right])
    later(mesh, 6_000)
    say(mesh, 0, 'from the left')
    mesh.world.heal()
    later(mesh, 8_000)
  }
  later(mesh, 70_000)
  expect(posted()).toBeGreaterThan(0)
  expect(posted()).toBeLessThanOrEqual(5 * 6)
  expect(everyone(mesh).map((node) => of(mesh, node).partition)).toEqual(Array(6).fill(null))
  converge(mesh)
})
