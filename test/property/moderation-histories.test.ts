// Random histories: leaders name, mute, restrict and hide on all sides of splits, people come in, nodes
// crash. When all are back and there is one epoch head, everybody shows the same, whoever could open what.
import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import type { MetaWrite } from '../../src/core/command.ts'
import { acausal, heldBy, unequal } from '../support/laws.ts'
import {
  type Mesh,
  converge,
  everyone,
  found,
  groupOf,
  meshWorld,
  say,
  later,
} from '../support/mesh.ts'

const NODES = 7
const LEADERS = 3

function writeOf(mesh: Mesh, random: SeededRandom): MetaWrite {
  const on = random.below(2) === 1
  const word = String(random.below(1_000))
  const members = groupOf(mesh, 0)?.members ?? []
  const member = members[random.below(members.length)]?.member ?? ''
  const drawn: MetaWrite[] = [
    { kind: 'name', name: `name ${word}` },
    { kind: 'topic', topic: `topic ${word}` },
    { kind: 'mute', member, on },
    { kind: 'types', member: on ? member : '', types: [`a/x${word}`] },
    { kind: 'hide', message: word.padStart(64, '0'), on },
  ]
  return drawn[random.below(drawn.length)] as MetaWrite
}

/** Two sides, each with a leader; everybody who is not drawn is on the first. */
const sides = (random: SeededRandom): number[][] => {
  const right = new Set([1 + random.below(LEADERS - 1)])
  for (let node = LEADERS; node < NODES; node++) if (random.below(2) === 0) right.add(node)
  const all = Array.from({ length: NODES }, (_, node) => node)
  return [all.filter((node) => !right.has(node)), [...right]]
}

/** One random deed; what cannot be done just now is left out. */
function act(mesh: Mesh, random: SeededRandom, outside: number[], tickets: string[]): void {
  const { world } = mesh
  const node = random.below(NODES - outside.length)
  const leader = random.below(LEADERS)
  switch (random.below(9)) {
    case 0:
      return world.split(sides(random))
    case 1:
      return world.heal()
    case 2:
      if (node === 0 || !world.node(node).running) return
      world.crash(node)
      later(mesh, 300)
      return world.restart(node)
    case 3: {
      const newcomer = outside.shift()
      if (newcomer === undefined) return
      world.command(newcomer, { kind: 'join', ticket: tickets.pop() ?? '', waitMs: 60_000 })
      return
    }
    case 4:
      if (groupOf(mesh, node) !== undefined) say(mesh, node, `text ${String(world.nowMs)}`)
      return
    default:
      world.command(leader, {
        kind: 'set-meta',
        group: mesh.group,
        write: writeOf(mesh, random),
      })
  }
}

const shownAt = (mesh: Mesh, node: number): unknown => {
  const group = groupOf(mesh, node)
  const members = group?.members.map((one) => [one.member, one.muted, one.allowedTypes])
  return [group?.name, group?.topic, group?.allowedTypes, members]
}

/** Whether a history had what makes it hard. */
const seen = { newcomers: 0, metas: 0 }

describe.each(Array.from({ length: 12 }, (_, i) => `moderation ${String(i)}`))('%s', (seed) => {
  test('ends with the same for all', { timeout: 60_000 }, () => {
    const random = new SeededRandom(seed)
    const mesh = found(meshWorld({ seed, nodes: NODES }), LEADERS, NODES - 2)
    const { world, group } = mesh
    const outside = [NODES - 2, NODES - 1]
    const tickets = outside.map(() => {
      const asked = {
        kind: 'invite',
        group,
        expiresMs: 3_600_000,
        uses: 1,
        confirm: false,
      } as const
      const issuer = random.below(LEADERS)
      const handle = world.command(issuer, asked)
      later(mesh, 100)
      return handle.reply?.ok === true ? handle.reply.value.ticket : ''
    })
    for (let deed = 0; deed < 40; deed++) {
      act(mesh, random, outside, tickets)
      later(mesh, random.below(2_500))
    }
    world.heal()
    later(mesh, 60_000)
    const inside = everyone(mesh).filter((node) => groupOf(mesh, node) !== undefined)
    converge(mesh, inside)
    expect(groupOf(mesh, 0)?.epochHeads).toHaveLength(1)
    for (const node of inside) expect(shownAt(mesh, node)).toEqual(shownAt(mesh, 0))
    expect(unequal(mesh, inside)).toEqual([])
    const held = heldBy(mesh, 0)
    expect(acausal(held)).toEqual([])
    seen.newcomers += inside.length - (NODES - 2)
    seen.metas += [...held.values()].filter(({ header }) => header.type === 13).length
  })
})

test('the histories were hard enough', () => {
  expect(seen.newcomers).toBeGreaterThan(8)
  expect(seen.metas).toBeGreaterThan(100)
})
