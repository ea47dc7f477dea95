// W5, heal of a group: six members are cut three from three, every one writes, and all links come back.
// Measured from the first link across until the last member holds everything, and split into the parts
// that the nodes report themselves.

import type { HealReport } from '../../src/core/split-report.ts'
import {
  type Bench,
  type Row,
  BODY_BYTES,
  CHAIN_RUN,
  atMost,
  interleaved,
  median,
} from './bench.ts'
import type { LogAnswer } from './log-role.ts'
import type { LinkTimes } from './node-role.ts'
import { sleep } from './waiting.ts'
import type { Worker } from './worker.ts'

/** The time that automerge-repo takes for the same, against the floor. */
const AUTOMERGE_TIME = 428 / 214
const CHAIN_GOAL = 2
const SIDE = 3
/** Texts of each member. */
const TEXTS = 150
/** Long enough that both sides have noticed the cut, as they report heals of splits only. */
const APART_MS = 1_500

interface Heal {
  readonly ms: number
  /** The longest of what any node reports; not measured for logs. */
  readonly link: number
  readonly view: number
  readonly key: number
  readonly data: number
  readonly read: number
  /** Bytes of one node with those who came back, by the bodies that it lacked. */
  readonly wire: number
}

export async function measureW5(bench: Bench): Promise<Row[]> {
  const results = await interleaved(bench.sizes.rounds, {
    floor: () => log(bench, 1),
    chain: () => log(bench, CHAIN_RUN),
    coterie: () => coterie(bench),
  })
  const of = (which: keyof typeof results, field: keyof Heal): number =>
    median(results[which].map((one) => one[field]))
  const time: Row = {
    ...{ workload: 'W5', name: 'heal of 3|3, from link up', unit: 'ms' },
    ...{ floor: of('floor', 'ms'), chain: of('chain', 'ms'), coterie: of('coterie', 'ms') },
  }
  const part = (name: string, unit: string, field: keyof Heal): Row => ({
    ...{ workload: 'W5', name, unit, coterie: of('coterie', field) },
  })
  return [
    { ...time, goal: atMost(AUTOMERGE_TIME, time.floor ?? 0, 'floor (automerge)') },
    { ...part('heal of 3|3, the aim', 'x chain', 'ms'), ...aim(time) },
    part('all links back', 'ms', 'link'),
    part('membership', 'ms', 'view'),
    part('one epoch', 'ms', 'key'),
    part('all messages', 'ms', 'data'),
    part('all texts readable', 'ms', 'read'),
    part('wire by missing bodies', 'x', 'wire'),
  ]
}

/** Said as a ratio: the aim of later waves, no goal of this one. */
const aim = ({ coterie = 0, chain = 1 }: Row): Pick<Row, 'coterie' | 'chain'> => ({
  coterie: coterie / chain,
  chain: CHAIN_GOAL,
})

const sidesOf = <T>(all: readonly T[]): [T[], T[]] => [all.slice(0, SIDE), all.slice(SIDE)]

const noParts = { link: 0, view: 0, key: 0, data: 0, read: 0, wire: 0 }

async function log(bench: Bench, run: number): Promise<Heal> {
  return bench.with('log-role', async (spawn) => {
    const all = Array.from({ length: 2 * SIDE }, spawn)
    const ports = new Map<Worker, number>()
    for (const one of all) {
      await one.call('open', {
        directory: bench.fresh('log'),
        run,
        bytes: BODY_BYTES,
        ownOnly: true,
      })
      ports.set(one, await one.call<number>('listen'))
    }
    const sides = sidesOf(all)
    for (const side of sides) await meet(side, ports)
    for (const one of all) await one.call('forget')
    const [left, right] = sides
    const starts = await Promise.all(left.map((one) => dialAll(one, right, ports)))
    await Promise.all(all.map((one) => one.call('ask')))
    const ends = await Promise.all(all.map((one) => one.call<number>('arrived', SIDE * TEXTS)))
    return { ms: (Math.max(...ends) - Math.min(...starts)) / 1_000, ...noParts }
  })
}

/** One side writes and is equal in itself. */
async function meet(side: readonly Worker[], ports: ReadonlyMap<Worker, number>): Promise<void> {
  for (const one of side) await one.call('appendAll', TEXTS)
  for (const [at, one] of side.entries()) await dialAll(one, side.slice(at + 1), ports)
  await Promise.all(side.map((one) => one.call('ask')))
  for (const one of side) await one.call('arrived', (SIDE - 1) * TEXTS)
}

/** @returns when the first of the links was up, or 0 where there are none */
async function dialAll(
  one: Worker,
  others: readonly Worker[],
  ports: ReadonlyMap<Worker, number>,
): Promise<number> {
  let firstUs = 0
  for (const other of others) {
    await one.call('dial', ports.get(other))
    if (firstUs === 0) firstUs = (await one.call<LogAnswer>('link')).us
  }
  return firstUs
}

async function coterie(bench: Bench): Promise<Heal> {
  return bench.with('node-role', async (spawn) => {
    const all = Array.from({ length: 2 * SIDE }, spawn)
    const peers = new Map<Worker, string>()
    for (const [at, one] of all.entries()) {
      const home = bench.fresh('node')
      const open = { home, name: `member-${String(at)}`, bytes: BODY_BYTES }
      peers.set(one, (await one.call<{ peerId: string }>('open', open)).peerId)
    }
    const [founder, ...others] = all
    const ticket = await founder?.call<string>('create', others.length)
    for (const one of others) await one.call('join', ticket)
    for (const one of all) await one.call('meshed', all.length - 1)
    const before = await equalAmong(all)
    const sides = sidesOf(all)
    await cut('block', sides, peers)
    await sleep(APART_MS)
    const size = { count: TEXTS, inFlight: 64 }
    await Promise.all(all.map((one) => one.call('appendAll', size)))
    const held = await Promise.all(sides.map(equalAmong))
    for (const one of all) await one.call('forget')
    await cut('unblock', sides, peers)
    const needed = held.reduce((sum, messages) => sum + messages - before, before)
    const times = await Promise.all(all.map((one) => one.call<LinkTimes>('held', needed)))
    const endUs = Math.max(...times.map(({ lastUs }) => lastUs))
    const startUs = Math.min(...times.map(({ linkUs }) => linkUs).filter((us) => us > 0))
    return { ms: (endUs - startUs) / 1_000, ...partsOf(await Promise.all(all.map(healOf))) }
  })
}

/** One side does it to each of the other: that is enough to cut, and to let in again. */
async function cut(
  act: 'block' | 'unblock',
  [left, right]: readonly [Worker[], Worker[]],
  peers: ReadonlyMap<Worker, string>,
): Promise<void> {
  const others = right.map((one) => peers.get(one) ?? '')
  await Promise.all(left.map((one) => one.call(`${act}All`, others)))
}

/** Until all of these hold the same. @returns how many messages that is */
async function equalAmong(workers: readonly Worker[]): Promise<number> {
  for (;;) {
    const held = await Promise.all(
      workers.map((one) => one.call<{ root: string; messages: number }>('holding')),
    )
    const [first] = held
    if (first !== undefined && held.every(({ root }) => root === first.root)) return first.messages
    await sleep(50)
  }
}

async function healOf(worker: Worker): Promise<HealReport> {
  return worker.call<HealReport>('healed')
}

const partsOf = (heals: readonly HealReport[]): Omit<Heal, 'ms'> => {
  const most = (of: (heal: HealReport) => number | null): number =>
    Math.max(...heals.map((heal) => of(heal) ?? 0))
  return {
    link: most(({ linkMs }) => linkMs),
    view: most(({ viewMs }) => viewMs),
    key: most(({ keyMs }) => keyMs),
    data: most(({ dataMs }) => dataMs),
    read: most(({ readMs }) => readMs),
    wire: most(({ bytesIn, bytesOut }) => (bytesIn + bytesOut) / (SIDE * TEXTS * BODY_BYTES)),
  }
}
