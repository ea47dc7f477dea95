// W3, heal: two replicas that hold the same are cut, write on both sides, and are joined again.
// Measured from the moment the link is back until both know that they hold the same, durably.

import {
  type Bench,
  type Row,
  BODY_BYTES,
  CHAIN_RUN,
  atMost,
  interleaved,
  median,
} from './bench.ts'
import type { History } from './history.ts'
import type { LogAnswer } from './log-role.ts'
import type { LinkTimes } from './node-role.ts'
import type { Worker } from './worker.ts'

/** The time that hypercore takes for the same, against the floor. */
const HYPERCORE_TIME = 206 / 41

interface Heal {
  readonly ms: number
  /** From the moment the peers had proved themselves. */
  readonly provenMs: number
  /** Bytes both ways by those of the bodies that were missing. */
  readonly wire: number
  readonly turns: number
  /** Without those of the hello. */
  readonly provenTurns: number
}

export async function measureW3(bench: Bench, history: History): Promise<Row[]> {
  const results = await withPair(bench, history, (givers) =>
    interleaved(bench.sizes.rounds, {
      floor: () => log(bench, history.floor, 1),
      chain: () => log(bench, history.chain, CHAIN_RUN),
      coterie: () => coterie(bench, givers),
    }),
  )
  const row = (name: string, unit: string, field: keyof Heal): Row => {
    const of = (which: keyof typeof results): number =>
      median(results[which].map((one) => one[field]))
    return {
      workload: 'W3',
      name,
      unit,
      floor: of('floor'),
      chain: of('chain'),
      coterie: of('coterie'),
    }
  }
  const time = row('heal, from link up', 'ms', 'ms')
  const bound = atMost(0.7 * HYPERCORE_TIME, time.floor ?? 0, 'floor')
  return [
    { ...time, goal: bound },
    row('heal, from hello done', 'ms', 'provenMs'),
    { ...row('wire by missing bodies', 'x', 'wire'), goal: atMost(2, 1, 'missing') },
    { ...row('direction changes', '', 'turns') },
    { ...row('direction changes after hello', '', 'provenTurns'), goal: atMost(6, 1, 'one') },
  ]
}

async function log(bench: Bench, full: string, run: number): Promise<Heal> {
  const { cutTexts } = bench.sizes
  const directories = [await bench.copyOf(full), await bench.copyOf(full)]
  return bench.with('log-role', async (spawn) => {
    const [left, right] = [spawn(), spawn()]
    for (const [at, one] of [left, right].entries()) {
      await one.call('open', { directory: directories[at], run, bytes: BODY_BYTES })
      await one.call('appendAll', cutTexts)
    }
    const port = await left.call<number>('listen')
    await right.call('dial', port)
    // Both ask as soon as they have the link, as peers do.
    await Promise.all([left.call('ask'), right.call('ask')])
    const equalUs = Math.max(await left.call<number>('equal'), await right.call<number>('equal'))
    const { us, bytesIn, bytesOut, turns } = await right.call<LogAnswer>('link')
    const ms = (equalUs - us) / 1_000
    const wire = (bytesIn + bytesOut) / (2 * cutTexts * BODY_BYTES)
    return { ms, provenMs: ms, wire, turns, provenTurns: turns }
  })
}

interface Side {
  readonly worker: Worker
  readonly peerId: string
}

/** Two members of one group, each holding everything, linked. */
async function withPair<T>(
  bench: Bench,
  history: History,
  work: (sides: readonly [Side, Side]) => Promise<T>,
): Promise<T> {
  const [full, cold] = [await bench.copyOf(history.full), await bench.copyOf(history.cold)]
  return bench.with('node-role', async (spawn) => {
    const [left, right] = [spawn(), spawn()]
    const open = (worker: Worker, home: string, name: string) =>
      worker.call<{ peerId: string; address: string }>('open', { home, name, bytes: BODY_BYTES })
    const first = await open(left, full, 'author-0')
    const second = await open(right, cold, 'cold')
    await right.call('addPeer', first.address)
    await right.call('held', history.messages)
    return work([
      { worker: left, peerId: first.peerId },
      { worker: right, peerId: second.peerId },
    ])
  })
}

async function coterie(bench: Bench, [left, right]: readonly [Side, Side]): Promise<Heal> {
  const { cutTexts } = bench.sizes
  await Promise.all([
    left.worker.call('block', right.peerId),
    right.worker.call('block', left.peerId),
  ])
  const size = { count: cutTexts, inFlight: 64 }
  const before = await left.worker.call<number>('messages')
  for (const { worker } of [left, right]) await worker.call('appendAll', size)
  for (const { worker } of [left, right]) await worker.call('forget')
  await Promise.all([
    left.worker.call('unblock', right.peerId),
    right.worker.call('unblock', left.peerId),
  ])
  const all = before + 2 * cutTexts
  const [one, other] = await Promise.all([
    left.worker.call<LinkTimes>('equal', all),
    right.worker.call<LinkTimes>('equal', all),
  ])
  const endUs = Math.max(one.equalUs, other.equalUs)
  const { bytesIn, bytesOut, turns } = other.traffic
  return {
    ms: (endUs - Math.min(one.linkUs, other.linkUs)) / 1_000,
    provenMs: (endUs - Math.max(one.provenUs, other.provenUs)) / 1_000,
    wire: (bytesIn + bytesOut) / (2 * cutTexts * BODY_BYTES),
    turns,
    provenTurns: turns - other.hello.turns,
  }
}
