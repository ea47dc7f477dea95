// Worlds that ask how leaders get along: how long after a heal there is one epoch head again and how many
// epochs that took, and what flapping links, silence and long absence cost. Nobody is told who acts;
// beliefs about who is online are as wrong as the links make them.
import { SeededRandom } from '../../src/base/random.ts'
import { MessageType } from '../../src/core/message/type.ts'
import type { LinkRule } from '../../src/lab/world/links.ts'
import { messagesOf } from './bench.ts'
import { selfState } from './history-members.ts'
import { type Mesh, done, everyone, found, groupOf, meshWorld, say, later } from './mesh.ts'

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

/** All who run and know of nothing that ended their membership hold the same one head. */
export function oneHead(mesh: Mesh): boolean {
  const running = everyone(mesh).filter((node) => {
    const state = selfState(mesh, node)
    return state === 'active' || state === 'dormant'
  })
  const heads = running.map((node) => groupOf(mesh, node)?.epochHeads.join() ?? '')
  return new Set(heads).size === 1 && heads[0]?.length === 64
}

/** Leaders only, without what other members would add to the cost of the run. */
export function council(seed: string, leaders: number, delayMs: number): Mesh {
  const base = { delayMs, jitterMs: Math.floor(delayMs / 4) }
  const world = meshWorld({ seed, nodes: leaders, keepEvents: false })
  const mesh = found(world, leaders)
  world.setLinks({ base })
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

export interface FlapFigures {
  /** Epochs that somebody asked for by hand, on both sides of a split. */
  readonly asked: number
  /** All others. */
  readonly merges: number
}

/**
 * Links that come and go between two halves for half an hour. Every fifth time that they are down both
 * halves re-key, so that there is something to merge.
 */
export function flap(options: {
  readonly seed: string
  readonly leaders: number
  readonly upMs: number
  readonly downMs: number
  readonly minutes?: number
}): FlapFigures {
  const { seed, leaders, upMs, downMs, minutes = 30 } = options
  const mesh = council(seed, leaders, 20)
  const { world } = mesh
  const halves = [0, 1].map((half) => everyone(mesh).filter((node) => node % 2 === half))
  const before = epochs(mesh)
  const endMs = world.nowMs + minutes * 60_000
  let asked = 0
  for (let i = 0; world.nowMs < endMs; i++) {
    world.split(halves, 'blackhole')
    for (const [node = 0] of i % 5 === 0 ? halves : []) {
      world.command(node, { kind: 'rotate', group: mesh.group })
      asked += 1
    }
    later(mesh, downMs)
    world.heal()
    later(mesh, upMs)
  }
  if (!world.runUntil(() => oneHead(mesh), 3_600_000)) throw new Error('never one head')
  later(mesh, 60_000)
  return { asked, merges: epochs(mesh) - before - asked }
}

export interface DayFigures {
  /** Messages of each type that nobody asked for. */
  readonly epochs: number
  readonly prekeys: number
  readonly messages: number
  readonly members: number
}

/** A day without a word. */
export function idleDay(seed: string, leaders: number, members: number): DayFigures {
  const world = meshWorld({ seed, nodes: members, keepEvents: false })
  const mesh = found(world, leaders)
  later(mesh, 120_000)
  const counted = (): number[] => [
    epochs(mesh),
    heldOf(mesh, MessageType.prekey).size,
    groupOf(mesh, 0)?.messages ?? 0,
  ]
  const before = counted()
  later(mesh, 86_400_000)
  const [made = 0, prekeys = 0, messages = 0] = counted().map((n, i) => n - (before[i] ?? 0))
  return { epochs: made, prekeys, messages, members }
}

/** All leaders are away for a day in which members talk, one leaves and one complains; then all are back. */
export function leadersAway(seed: string, leaders: number): { epochs: number; mesh: Mesh } {
  const world = meshWorld({ seed, nodes: leaders + 3, keepEvents: false })
  const mesh = found(world, leaders)
  const members = everyone(mesh).slice(leaders)
  world.runUntil(() => oneHead(mesh), 600_000)
  later(mesh, 60_000)
  for (const node of members) say(mesh, node, 'used')
  later(mesh, 5_000)
  const before = epochs(mesh)
  for (let leader = 0; leader < leaders; leader++) world.stop(leader)
  later(mesh, 43_200_000)
  const [goes = 0] = members
  done(world, goes, { kind: 'leave-group', group: mesh.group, reason: '', last: false })
  later(mesh, 43_200_000)
  for (let leader = 0; leader < leaders; leader++) world.restart(leader)
  if (!world.runUntil(() => oneHead(mesh) && epochs(mesh) > before, 600_000)) {
    throw new Error('nobody re-keyed')
  }
  later(mesh, 600_000)
  return { epochs: epochs(mesh) - before, mesh }
}
