// Worlds that ask how leaders get along: how long after a heal there is one epoch head again and how many
// epochs that took, and what flapping links, silence and long absence cost. Nobody is told who acts;
// beliefs about who is online are as wrong as the links make them.
import { SeededRandom } from '../../src/base/random.ts'
import { MessageType } from '../../src/core/message/type.ts'
import type { LinkRule } from '../../src/lab/world/links.ts'
import { messagesOf } from './bench.ts'
import { type Mesh, done, everyone, found, groupOf, meshWorld } from './mesh.ts'

export const later = (mesh: Mesh, ms: number): void => mesh.world.run(mesh.world.nowMs + ms)

/** Ids of messages of a type that anybody who runs holds. */
export function heldOf(mesh: Mesh, type: number): Set<string> {
  const running = everyone(mesh).filter((node) => mesh.world.node(node).running)
  return new Set(
    running.flatMap((node) =>
      messagesOf(mesh, node)
        .filter(({ header }) => header.type === type)
        .map(({ id }) => id),
    ),
  )
}

export const epochs = (mesh: Mesh): number => heldOf(mesh, MessageType.epoch).size

/** All who run hold the same one head. */
export function oneHead(mesh: Mesh): boolean {
  const running = everyone(mesh).filter((node) => mesh.world.node(node).running)
  const heads = running.map((node) => groupOf(mesh, node)?.epochHeads.join() ?? '')
  return new Set(heads).size === 1 && heads[0]?.length === 64
}

/** Leaders only, without what other members would add to the cost of the run. */
export function council(seed: string, leaders: number, delayMs: number): Mesh {
  const base = { delayMs, jitterMs: Math.floor(delayMs / 4) }
  const world = meshWorld({ seed, nodes: leaders, links: { base }, keepEvents: false })
  const mesh = found(world, leaders)
  world.runUntil(() => oneHead(mesh), 600_000)
  return mesh
}

export interface HealOptions {
  readonly seed: string
  readonly leaders: number
  /** One way, over one link. */
  readonly delayMs: number
  /** Part of the pairs that never have a link of their own, of 1. Default: none. */
  readonly unlinked?: number
  /** Leaders that fall silent at the heal, so that others go on believing in them. Default: none. */
  readonly crashes?: number
}

export interface HealFigures {
  /** From the heal until all hold the same one head. */
  readonly ms: number
  readonly epochs: number
}

const cutPairs = (random: SeededRandom, nodes: number, part: number): LinkRule[] => {
  const rules: LinkRule[] = []
  // A chain stays, so that everybody hears everything in the end.
  for (let from = 0; from < nodes; from++) {
    for (let to = from + 2; to < nodes; to++) {
      if (random.below(1_000) >= part * 1_000) continue
      const link = { cut: 'reset' } as const
      rules.push({ from, to, link }, { from: to, to: from, link })
    }
  }
  return rules
}

/** Two halves re-key apart and meet again. */
export function healOnce(options: HealOptions): HealFigures {
  const { seed, leaders, delayMs, unlinked = 0, crashes = 0 } = options
  const mesh = council(seed, leaders, delayMs)
  const { world } = mesh
  const random = new SeededRandom(seed).fork('heal')
  const order = random.shuffle(everyone(mesh))
  const half = Math.ceil(order.length / 2)
  const base = { delayMs, jitterMs: Math.floor(delayMs / 4) }
  const rules = cutPairs(random, leaders, unlinked)
  const sides = [order.slice(0, half), order.slice(half)]
  world.setLinks({ base, rules, split: { sides, cut: 'blackhole' } })
  later(mesh, 20_000)
  for (const [node = 0] of sides) done(world, node, { kind: 'rotate', group: mesh.group })
  later(mesh, 20_000 + 20 * delayMs)
  const before = heldOf(mesh, MessageType.epoch)
  world.setLinks({ base, rules })
  const healedMs = world.nowMs
  for (const node of order.slice(0, crashes)) world.crash(node, { silent: true })
  if (!world.runUntil(() => oneHead(mesh), 3_600_000)) throw new Error('never one head')
  const ms = world.nowMs - healedMs
  // What was under way comes out.
  later(mesh, 60_000)
  if (!world.runUntil(() => oneHead(mesh), 3_600_000)) throw new Error('never one head for good')
  const made = [...heldOf(mesh, MessageType.epoch)].filter((id) => !before.has(id))
  return { ms, epochs: made.length }
}

/** Links that come and go for half an hour between two halves; the epochs that this cost. */
export function flap(
  seed: string,
  leaders: number,
  upMs: number,
  downMs: number,
  minutes = 30,
): number {
  const mesh = council(seed, leaders, 20)
  const { world } = mesh
  const sides = [
    everyone(mesh).filter((n) => n % 2 === 0),
    everyone(mesh).filter((n) => n % 2 === 1),
  ]
  world.split(sides, 'blackhole')
  later(mesh, 10_000)
  for (const [node = 0] of sides) done(world, node, { kind: 'rotate', group: mesh.group })
  const before = epochs(mesh)
  const endMs = world.nowMs + minutes * 60_000
  while (world.nowMs < endMs) {
    world.heal()
    later(mesh, upMs)
    world.split(sides, 'blackhole')
    later(mesh, downMs)
  }
  world.heal()
  if (!world.runUntil(() => oneHead(mesh), 3_600_000)) throw new Error('never one head')
  return epochs(mesh) - before
}
