// A random life of a group with one or two liars in it, from one seed: honest members who talk, part, meet,
// crash and come back; liars who run the real core with bent hands, twice at once if the dice say so, and
// say with their keys what no core would. The laws that hold of the honest are asked at every rest and at
// the end (byzantine-laws.ts). The same seed gives the same life.
import { SeededRandom } from '../../src/base/random.ts'
import { Endpoint } from '../../src/core/endpoint.ts'
import type { CrashWrites } from '../../src/lab/world/disk.ts'
import type { Cut } from '../../src/lab/world/links.ts'
import { secretOf } from './author.ts'
import { ByzantineLaws } from './byzantine-laws.ts'
import { Liar, habits } from './liar.ts'
import type { Hand } from './lies.ts'
import { lies } from './lies.ts'
import { type Mesh, found, groupOf, later, meshWorld, say } from './mesh.ts'
import { bytesOf } from '../../src/core/replica/state.ts'

export interface ByzantineOptions {
  readonly seed: string
  /** Faults, one after the other. Default: 2. */
  readonly rounds?: number
  /** How long the honest may take to become one in the end. Default: 2 minutes. */
  readonly patienceMs?: number
}

export interface ByzantineRun {
  /** What happened, in words. */
  readonly log: readonly string[]
  readonly broken: readonly string[]
  /** Liars against whom evidence was held in the end, and texts that were final. */
  readonly caught: number
  readonly finals: number
  /** What honest nodes counted as refused, by reason. */
  readonly refused: ReadonlySet<string>
}

/** One member with a bent hand, and the second machine on which its keys may run. */
interface Cheat {
  readonly node: number
  readonly twin: number
}

interface Life {
  readonly mesh: Mesh
  readonly seed: string
  readonly random: SeededRandom
  readonly honest: readonly number[]
  readonly cheats: readonly Cheat[]
  readonly log: string[]
  readonly laws: ByzantineLaws
  /** The sides of the split that is, or one with everybody. */
  sides: readonly (readonly number[])[]
}

const cuts: readonly Exclude<Cut, 'none'>[] = ['blackhole', 'reset', 'no-new', 'hold']
const fates: readonly CrashWrites[] = ['kept', 'lost', 'torn']

const pick = <T>(random: SeededRandom, items: readonly T[]): T =>
  items[random.below(items.length)] as T

/** Who is who: node 0 is an honest leader, the last nodes are the twins' machines. */
const castLife = (random: SeededRandom) => {
  const honest = 3 + random.below(2)
  const liars = 1 + random.below(2)
  const lyingLeader = random.below(2) === 0
  const members = honest + liars
  const first = lyingLeader ? 1 : honest
  const cheats = Array.from({ length: liars }, (_, i) => ({
    node: lyingLeader && i === 0 ? 1 : honest + i,
    twin: members + i,
  }))
  const lying = new Set(cheats.map(({ node }) => node))
  const leaders = lyingLeader ? 2 + random.below(2) : 1 + random.below(2)
  return {
    members,
    nodes: members + liars,
    leaders,
    cheats: first < members ? cheats : [],
    honest: Array.from({ length: members }, (_, i) => i).filter((node) => !lying.has(node)),
  }
}

const foundLife = (seed: string, random: SeededRandom): Life => {
  const { members, nodes, leaders, cheats, honest } = castLife(random)
  const weather = pick(random, [0, 0.05, 0.2])
  const machines = new Map(
    cheats.flatMap(({ node, twin }) => [
      [node, node],
      [twin, node],
    ]),
  )
  const world = meshWorld({
    seed,
    nodes,
    startMs: (node) => (node < members ? 0 : undefined),
    links: {
      base: {
        delayMs: pick(random, [1, 20, 100]),
        jitterMs: pick(random, [0, 20]),
        loss: weather,
        duplicate: weather,
        reorder: weather,
      },
    },
    endpoint: (identity, provider, node) => {
      const whose = machines.get(node)
      if (whose === undefined) return new Endpoint(identity, provider)
      const { transportSeed } = identity
      const keys = {
        name: `n${String(whose)}`,
        accountSeed: secretOf(seed, whose, 'account'),
        deviceSeed: secretOf(seed, whose, 'device'),
        transportSeed,
      }
      return new Liar(keys, provider, new SeededRandom(`${seed} hand ${String(node)}`))
    },
  })
  const mesh = found(world, leaders, members)
  const selves = cheats.map(({ node }) => groupOf(mesh, node)?.self ?? '')
  const laws = new ByzantineLaws(mesh, honest, new Set(selves))
  return { mesh, seed, random, honest, cheats, log: [], laws, sides: [honest] }
}

/** Runs a whole life. Throws only where the machinery fails, not where a law is broken. */
export async function runByzantine(options: ByzantineOptions): Promise<ByzantineRun> {
  const { seed, rounds = 2, patienceMs = 120_000 } = options
  const life = foundLife(seed, new SeededRandom(seed).fork('byzantine'))
  const { mesh, honest, log, laws } = life
  for (const { node } of life.cheats) corrupt(life, node)
  for (let round = 0; round < rounds; round++) {
    upset(life)
    for (let part = 0; part < 2; part++) {
      talk(life)
      for (const cheat of life.cheats) lie(life, cheat)
      later(mesh, life.random.below(2_000))
    }
    if (life.random.below(3) > 0) heal(life)
    await laws.rest()
    for (const node of honest) if (!mesh.world.node(node).running) revive(life, node)
  }
  end(life)
  await laws.end(patienceMs)
  const { broken, caught, finals } = laws
  return { log, broken, caught, finals, refused: refusedBy(life) }
}

const refusedBy = ({ mesh, honest }: Life): ReadonlySet<string> =>
  new Set(
    honest
      .flatMap((node) => [...mesh.world.node(node).counts.keys()])
      .filter((name) => /_dropped|_reset|forks_unproven|retired/.test(name)),
  )

/** Gives a liar its habits, at random. */
const corrupt = (life: Life, node: number): void => {
  const { mesh, random, honest, log } = life
  const liar = liarAt(mesh, node)
  for (const habit of habits) if (random.below(3) === 0) liar.habits.add(habit)
  const victim = pick(random, honest)
  const shunned = honest.filter(() => random.below(2) === 0)
  const peers = new Set(shunned.map((one) => mesh.world.node(one).peerId))
  liar.shunned = (peer) => peers.has(peer)
  liar.victim = bytesOf(groupOf(mesh, victim)?.self ?? '')
  liar.own = bytesOf(groupOf(mesh, node)?.self ?? '')
  const words = [...liar.habits].join(', ')
  log.push(
    `node ${String(node)} lies: ${words}; shuns ${shunned.join(' ')}; keeps ${String(victim)} back`,
  )
}

const liarAt = ({ world }: Mesh, node: number): Liar => world.node(node).machine as Liar

/** A fault of the world among honest and lying members. */
const upset = (life: Life): void => {
  const { mesh, random, honest, log } = life
  const { world } = mesh
  if (random.below(4) === 0) {
    const node = pick(random, honest)
    const options = { writes: pick(random, fates), silent: random.below(2) === 0 }
    const nth = 1 + random.below(4)
    log.push(`crash ${String(node)} at write ${String(nth)}, ${JSON.stringify(options)}`)
    if (world.node(node).running) world.crashAtWrite(node, nth, options)
    return
  }
  const order = random.shuffle([...honest])
  const at = 1 + random.below(order.length - 1)
  const sides = [order.slice(0, at), order.slice(at)]
  for (const { node, twin } of life.cheats) {
    // A twin works where its first self does not, or somewhere.
    const side = random.below(2)
    sides[side]?.push(node)
    sides[random.below(3) === 0 ? side : 1 - side]?.push(twin)
  }
  const cut = pick(random, cuts)
  log.push(`split ${JSON.stringify(sides)} by ${cut}`)
  life.sides = sides
  world.split(sides, cut)
  for (const cheat of life.cheats) if (random.below(2) === 0) double(life, cheat)
}

/** The liar's keys begin to run on a second machine, from a copy of what the first holds. */
const double = (life: Life, { node, twin }: Cheat): void => {
  const { world } = life.mesh
  if (world.node(twin).running || !world.node(node).running) return
  world.node(twin).rows.apply(world.node(node).rows.all())
  world.restart(twin)
  life.log.push(`node ${String(twin)} runs as ${String(node)}`)
}

const talk = (life: Life): void => {
  const { mesh, random } = life
  const { world } = mesh
  const speakers = [...life.honest, ...life.cheats.flatMap(({ node, twin }) => [node, twin])]
  for (let i = 0; i < 5; i++) {
    const node = pick(random, speakers)
    if (world.node(node).running) say(mesh, node, `text ${String(world.nowMs)}`)
    later(mesh, random.below(900))
  }
}

/** One of the things that only a liar does. */
const lie = (life: Life, { node, twin }: Cheat): void => {
  const { mesh, random, seed, log, sides } = life
  const { world } = mesh
  const from = world.node(twin).running && random.below(2) === 0 ? twin : node
  if (!world.node(from).running || groupOf(mesh, from) === undefined) return
  const what = random.below(lies.length + 3)
  const by = `node ${String(from)}`
  const told = lies[what]
  if (told !== undefined) {
    const hand: Hand = { mesh, node: from, device: secretOf(seed, node, 'device'), random }
    const words = told(hand, sides)
    if (words !== undefined) log.push(`${by}: ${words}`)
  } else if (what === lies.length) {
    const skewMs = pick(random, [-1e12, 1e12, 3_600_000])
    world.setClock(from, { skewMs })
    log.push(`${by}: its clock is off by ${String(skewMs)}`)
  } else {
    stale(life, from)
  }
}

/** Hears nothing for a while, and then governs as if nothing had happened. */
const stale = (life: Life, node: number): void => {
  const { mesh, log, random } = life
  const { world, group } = mesh
  const liar = liarAt(mesh, node)
  if (!liar.deaf) {
    liar.deaf = true
    log.push(`node ${String(node)} hears nothing`)
    return
  }
  const other = pick(random, life.cheats).node
  const target = groupOf(mesh, other)?.self ?? ''
  if (other !== node && random.below(2) === 0) {
    world.command(node, { kind: 'remove-member', group, scope: 'member', target })
    log.push(`node ${String(node)} removes ${String(other)} on what it knew`)
  } else {
    world.command(node, { kind: 'rotate', group })
    log.push(`node ${String(node)} re-keys on what it knew`)
  }
  liar.deaf = false
}

const heal = (life: Life): void => {
  const { mesh, random, log } = life
  mesh.world.heal()
  life.sides = [life.honest]
  log.push('heal')
  later(mesh, 500 + random.below(6_000))
}

const revive = ({ mesh, log }: Life, node: number): void => {
  mesh.world.node(node).disk.onWrite = undefined
  mesh.world.restart(node)
  log.push(`restart ${String(node)}`)
}

/** Everything up and one. The liars lie no more with their keys; their habits they keep. */
const end = (life: Life): void => {
  const { mesh, random, honest, cheats, log, laws } = life
  const { world } = mesh
  for (const node of honest) {
    world.node(node).disk.onWrite = undefined
    if (!world.node(node).running) revive(life, node)
  }
  if (random.below(3) === 0) {
    for (const { node, twin } of cheats) {
      for (const one of [node, twin]) if (world.node(one).running) world.stop(one)
    }
    log.push('the liars go')
  }
  laws.beforeHeal()
  world.heal()
  log.push('all up')
}
