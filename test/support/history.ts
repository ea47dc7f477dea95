// A random life of a mesh, from one seed: texts, splits of every kind, bad weather, crashes at any
// write, restarts, newcomers on both sides of a split. At the end everything is healed and the laws
// are asked. The same seed gives the same history, so a failure is replayed by its seed alone.
import { SeededRandom } from '../../src/base/random.ts'
import type { CrashWrites } from '../../src/lab/world/disk.ts'
import type { CommandHandle } from '../../src/lab/world/node.ts'
import type { Cut } from '../../src/lab/world/links.ts'
import { govern, membersNow } from './history-members.ts'
import { broken, heldBy } from './laws.ts'
import { brokenMembership } from './membership-laws.ts'
import { messagesOf } from './bench.ts'
import { MessageType } from '../../src/core/message/type.ts'
import type { ClockFault } from '../../src/lab/world/clock.ts'
import {
  type Mesh,
  converge,
  done,
  everyone,
  found,
  groupOf,
  meshWorld,
  readAll,
  say,
} from './mesh.ts'

export interface HistoryOptions {
  readonly seed: string | number
  readonly nodes: number
  /** Faults, one after the other. Default: 4. */
  readonly rounds?: number
  /** Nodes that join only later, at a random leader. Default: none. */
  readonly late?: number
  /** Whether members are removed, leave and come back, and keys are renewed. Default: no. */
  readonly membership?: boolean
}

export interface History {
  readonly mesh: Mesh
  /** What happened, in words. */
  readonly log: string[]
  /** Broken laws; none if all is well. */
  readonly broken: string[]
  /** Texts that were acknowledged. */
  readonly acknowledged: number
}

type Sent = CommandHandle<Extract<CommandHandle['command'], { kind: 'send' }>>

interface Run {
  readonly mesh: Mesh
  readonly random: SeededRandom
  readonly log: string[]
  readonly sent: Sent[]
  readonly late: number[]
  readonly leaders: number
  readonly membership: boolean
  /** Nodes that somebody removed, or that left. */
  readonly goners: Set<number>
}

const cuts: readonly Exclude<Cut, 'none'>[] = ['blackhole', 'reset', 'no-new', 'hold']
const fates: readonly CrashWrites[] = ['kept', 'lost', 'torn']

const pick = <T>(random: SeededRandom, items: readonly T[]): T =>
  items[random.below(items.length)] as T

/** Runs a whole history. Throws only where the machinery fails, not where a law is broken. */
export function runHistory(options: HistoryOptions): History {
  const { nodes, rounds = 4, late = 0, membership = false } = options
  const random = new SeededRandom(options.seed).fork('history')
  const weather = pick(random, [0, 0.05, 0.3])
  const world = meshWorld({
    seed: options.seed,
    nodes,
    links: {
      base: {
        delayMs: pick(random, [1, 20, 150]),
        jitterMs: pick(random, [0, 30]),
        loss: weather,
        duplicate: weather,
        reorder: weather,
      },
    },
    ...(membership ? { clock: wrongClocks(random.fork('clocks')) } : {}),
  })
  const leaders = Math.min(nodes - late, 1 + random.below(3))
  const mesh = found(world, leaders, nodes - late)
  const newcomers = Array.from({ length: late }, (_, i) => nodes - late + i)
  const fresh = { log: [], sent: [], goners: new Set<number>() }
  const run: Run = { mesh, random, late: newcomers, leaders, membership, ...fresh }
  for (let round = 0; round < rounds; round++) upset(run)
  return settle(run)
}

/** Wall clocks up to ten hours wrong, in either direction, and a little fast or slow. */
const wrongClocks = (random: SeededRandom) => (): ClockFault => ({
  skewMs: pick(random, [0, 0, 90_000, -90_000, 36_000_000, -36_000_000]),
  driftPpm: pick(random, [0, 0, 200, -200]),
})

/** One fault, with texts while it lasts. */
function upset(run: Run): void {
  const { mesh, random } = run
  const { world } = mesh
  const act = pick(random, [split, split, crash, isolate, oneWay])
  act(run)
  if (run.late.length > 0) newcomer(run)
  for (let part = 0; part < (run.membership ? 3 : 1); part++) {
    if (run.membership) govern(run)
    talk(run, 3 + random.below(run.membership ? 4 : 10))
  }
  if (random.below(3) > 0) {
    world.heal()
    run.log.push('heal')
    world.run(world.nowMs + random.below(6_000))
  }
  for (const node of everyone(mesh)) {
    if (!world.node(node).running && random.below(2) === 0) revive(run, node)
  }
}

function revive(run: Run, node: number): void {
  run.mesh.world.restart(node)
  run.log.push(`restart ${String(node)}`)
}

function split(run: Run): void {
  const { mesh, random } = run
  const order = random.shuffle(everyone(mesh))
  const at = 1 + random.below(order.length - 1)
  const sides = [order.slice(0, at), order.slice(at)]
  const cut = pick(random, cuts)
  run.log.push(`split ${JSON.stringify(sides)} by ${cut}`)
  mesh.world.split(sides, cut)
}

function oneWay(run: Run): void {
  const { mesh, random } = run
  const order = random.shuffle(everyone(mesh))
  const sides = [order.slice(0, 1), order.slice(1)]
  run.log.push(`one-way ${JSON.stringify(sides)}`)
  mesh.world.split(sides, 'blackhole', 'forward')
}

function isolate(run: Run): void {
  const { mesh, random } = run
  run.log.push('everybody alone')
  const alone = random.shuffle(everyone(mesh)).map((node) => [node])
  mesh.world.split(alone, pick(random, cuts))
}

function crash(run: Run): void {
  const { mesh, random } = run
  const { world } = mesh
  const node = random.below(world.size)
  if (!world.node(node).running) return
  const options = { writes: pick(random, fates), silent: random.below(2) === 0 }
  const nth = random.below(4)
  run.log.push(`crash ${String(node)} at write ${String(nth)}, ${JSON.stringify(options)}`)
  if (nth === 0) world.crash(node, options)
  else world.crashAtWrite(node, nth, options)
}

/** Somebody joins by a ticket of a leader that runs, wherever it stands. */
function newcomer(run: Run): void {
  const { mesh, random, late } = run
  const { world } = mesh
  const leader = random.below(run.leaders)
  const node = late[0]
  if (node === undefined || !world.node(leader).running) return
  if (!world.node(node).running || (groupOf(mesh, leader)?.epoch ?? null) === null) return
  late.shift()
  const asked = { expiresMs: 86_400_000, uses: 1, confirm: false, group: mesh.group }
  const invite = world.command(leader, { kind: 'invite', ...asked })
  if (!world.runUntil(() => invite.reply !== undefined, 5_000) || invite.reply?.ok !== true) {
    late.push(node)
    return
  }
  run.log.push(`node ${String(node)} joins at leader ${String(leader)}`)
  if (!world.node(node).running) return
  world.command(node, { kind: 'join', ticket: invite.reply.value.ticket, waitMs: 30_000 })
}

function talk(run: Run, texts: number): void {
  const { mesh, random, sent, log } = run
  for (let i = 0; i < texts; i++) {
    const node = random.below(mesh.world.size)
    if (mesh.world.node(node).running) {
      sent.push(say(mesh, node, `text ${String(sent.length)} by ${String(node)}`))
    }
    mesh.world.run(mesh.world.nowMs + random.below(1_500))
  }
  log.push(`${String(texts)} texts`)
}

/** The end: everything up, everybody in, the same everywhere; then the laws. */
function settle(run: Run): History {
  const { mesh, log } = run
  const { world } = mesh
  world.heal()
  for (let node = 0; node < world.size; node++) {
    const { disk } = world.node(node)
    disk.onWrite = undefined
    if (!world.node(node).running) revive(run, node)
  }
  log.push('all up')
  const before = epochsHeld(mesh)
  world.run(world.nowMs + 20_000)
  const members = membersNow(mesh)
  const trouble: string[] = []
  try {
    converge(mesh, members)
    world.runUntil(() => oneEpoch(mesh, members), 240_000)
    converge(mesh, members)
    if (!oneEpoch(mesh, members)) trouble.push('the epoch heads are not merged')
    trouble.push(...lastWord(run, members))
    // An attestation may be under way just now.
    converge(mesh, members)
    trouble.push(...broken(mesh, members), ...forgotten(run, members))
    trouble.push(...sentOnce(run, members))
    if (run.membership) trouble.push(...brokenMembership(mesh, members))
    const made = [...epochsHeld(mesh)].filter((id) => !before.has(id)).length
    if (made > EPOCHS_AFTER_HEAL) trouble.push(`${String(made)} epochs after the heal (I26)`)
  } catch (error) {
    trouble.push(String(error))
  }
  const acknowledged = run.sent.filter(({ reply }) => reply?.ok === true).length
  return { mesh, log, broken: trouble, acknowledged }
}

/** I26: so many epochs at most until there is one head, in any world. */
const EPOCHS_AFTER_HEAL = 16

/** Every epoch that anybody holds. */
const epochsHeld = (mesh: Mesh): Set<string> =>
  new Set(
    everyone(mesh).flatMap((node) =>
      groupOf(mesh, node) === undefined
        ? []
        : messagesOf(mesh, node)
            .filter(({ header }) => header.type === MessageType.epoch)
            .map(({ id }) => id),
    ),
  )

/** A live leader folds all epoch heads into one. */
const oneEpoch = (mesh: Mesh, members: readonly number[]): boolean =>
  members.every((node) => groupOf(mesh, node)?.epochHeads.length === 1)

/** What is sent once all is well is opened by everybody. */
function lastWord(run: Run, members: readonly number[]): string[] {
  const { mesh } = run
  const words = members.map((node) => {
    const payload = new TextEncoder().encode(`last word of ${String(node)}`)
    const command = { kind: 'send', group: mesh.group, contentType: 'text/plain', payload } as const
    return done(mesh.world, node, command).id ?? 'held'
  })
  converge(mesh, members)
  return members.flatMap((node) => unopened(mesh, node, words))
}

function unopened(mesh: Mesh, node: number, words: readonly string[]): string[] {
  const open = new Set(
    readAll(mesh, node)
      .filter(({ state }) => state === 'ok')
      .map(({ id }) => id),
  )
  return words.filter((id) => !open.has(id)).map((id) => `node ${String(node)} cannot open ${id}`)
}

/** Nothing acknowledged is lost, of whoever was never gone. */
function forgotten(run: Run, members: readonly number[]): string[] {
  const held = heldBy(run.mesh, members[0] ?? 0)
  return run.sent.flatMap(({ reply, node }) =>
    reply?.ok === true &&
    reply.value.id !== null &&
    !run.goners.has(node) &&
    members.includes(node) &&
    !held.has(reply.value.id)
      ? [`a text of node ${String(node)} was acknowledged and is lost`]
      : [],
  )
}

/** What was held is sent, once. */
function sentOnce(run: Run, members: readonly number[]): string[] {
  const seen = new Map<string, number>()
  for (const node of members) {
    // A reader knows its own texts, held or not, whoever else may read them.
    for (const { text, author } of readAll(run.mesh, node)) {
      if (text === null || author !== groupOf(run.mesh, node)?.self) continue
      seen.set(text, (seen.get(text) ?? 0) + 1)
    }
  }
  return run.sent.flatMap(({ command, reply, node }) => {
    const text = new TextDecoder().decode(command.payload)
    const times = seen.get(text) ?? 0
    if (times > 1) return [`'${text}' was sent ${String(times)} times`]
    const due = reply?.ok === true && members.includes(node) && !run.goners.has(node)
    return due && times === 0 ? [`'${text}' of node ${String(node)} was never sent`] : []
  })
}
