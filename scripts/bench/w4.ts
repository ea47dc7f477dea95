// W4, live: five members, each in its own process, who all talk for a while; then one says very much
// at once. Latency goes from the moment a text is written to the moment another member can read it;
// the burst ends when all five hold everything.

import {
  type Bench,
  type Row,
  BODY_BYTES,
  CHAIN_RUN,
  TALKERS,
  atLeast,
  atMost,
  interleaved,
  median,
  percentile,
} from './bench.ts'
import type { Worker } from './worker.ts'

/** What hypercore manages of a burst, against the floor. */
const HYPERCORE_BURST = 900 / 3_400
/** Texts a second of each member. */
const TEXTS_PER_SECOND = 20
/** What leaves first, to warm up links and code; not counted. */
const WARM_TEXTS = 20
const WAIT_MS = 60_000

interface Live {
  readonly p50: number
  readonly p99: number
  /** Processor time of each member for each text, its own included, in microseconds. */
  readonly cpu: number
  readonly burst: number
}

export async function measureW4(bench: Bench): Promise<Row[]> {
  const results = await interleaved(bench.sizes.rounds, {
    floor: () => log(bench, 1),
    chain: () => log(bench, CHAIN_RUN),
    gossipsub: () => gossipsub(bench, 'gossipsub'),
    durable: () => gossipsub(bench, 'durable'),
    coterie: () => coterie(bench),
  })
  const row = (name: string, unit: string, field: keyof Live): Row => {
    const of = (which: keyof typeof results): number =>
      median(results[which].map((one) => one[field]))
    return {
      ...{ workload: 'W4', name, unit, floor: of('floor'), chain: of('chain') },
      ...{ gossipsub: of('gossipsub'), coterie: of('coterie') },
    }
  }
  const p50 = row('latency, median', 'ms', 'p50')
  const p99 = row('latency, 99 of 100', 'ms', 'p99')
  /** Beside gossipsub that signs and syncs: no goal, but what the goal leaves out. */
  const durable = (name: string, field: keyof Live): Row => ({
    ...{ workload: 'W4', name: `${name}, gossipsub signed and synced`, unit: 'ms' },
    gossipsub: median(results.durable.map((one) => one[field])),
    coterie: median(results.coterie.map((one) => one[field])),
  })
  const burst = row('burst to all five', 'msg/s', 'burst')
  return [
    { ...p50, goal: atMost(1.5, p50.gossipsub ?? 0, 'gossipsub') },
    { ...p99, goal: atMost(1.5, p99.gossipsub ?? 0, 'gossipsub') },
    durable('median', 'p50'),
    durable('99 of 100', 'p99'),
    row('processor a text and member', 'µs', 'cpu'),
    { ...burst, goal: atLeast(HYPERCORE_BURST, burst.floor ?? 0, 'floor') },
  ]
}

/** The same for everybody, once all are linked with all. */
async function live(bench: Bench, name: string, workers: readonly Worker[]): Promise<Live> {
  const { talkSeconds, burstMessages } = bench.sizes
  const everyone = <T>(name: string, argument?: unknown): Promise<T[]> =>
    Promise.all(workers.map((worker) => worker.call<T>(name, argument)))
  const others = TALKERS - 1
  const everyMs = 1_000 / TEXTS_PER_SECOND
  await everyone('talk', { count: WARM_TEXTS, everyMs })
  await everyone('arrived', others * WARM_TEXTS)
  await everyone('forget')
  const count = TEXTS_PER_SECOND * talkSeconds
  const [first, second, ...rest] = workers
  if (first === undefined || second === undefined) throw new Error('nobody talks')
  const cpuUs = async (): Promise<number> =>
    (await everyone<number>('cpuUs')).reduce((sum, one) => sum + one, 0)
  const idleUs = await cpuUs()
  await bench.profiled(`w4-talk-${name}`, second, async () => {
    await everyone('talk', { count, everyMs })
    await everyone('arrived', others * count)
  })
  const talkUs = (await cpuUs()) - idleUs
  const latencies = (await everyone<number[]>('latencies')).flat()
  await everyone('forget')
  const [startedUs, ...ends] = await bench.profiled(`w4-burst-${name}`, second, () => {
    const readers = [second, ...rest].map((one) => one.call<number>('arrived', burstMessages))
    return Promise.all([first.call<number>('burst', burstMessages, WAIT_MS), ...readers])
  })
  const endUs = Math.max(...ends)
  return {
    p50: percentile(latencies, 0.5) / 1_000,
    p99: percentile(latencies, 0.99) / 1_000,
    cpu: talkUs / (count * TALKERS * TALKERS),
    burst: (burstMessages * 1e6) / (endUs - startedUs),
  }
}

function log(bench: Bench, run: number): Promise<Live> {
  return bench.with('log-role', async (spawn) => {
    const workers = Array.from({ length: TALKERS }, spawn)
    const ports: number[] = []
    for (const worker of workers) {
      await worker.call('open', { directory: bench.fresh('log'), run, bytes: BODY_BYTES })
      for (const port of ports) await worker.call('dial', port)
      ports.push(await worker.call<number>('listen'))
    }
    return live(bench, `log-${run}`, workers)
  })
}

function gossipsub(bench: Bench, name: 'gossipsub' | 'durable'): Promise<Live> {
  return bench.with('gossip-role', async (spawn) => {
    const workers = Array.from({ length: TALKERS }, spawn)
    const addresses: string[] = []
    for (const worker of workers) {
      const address = await worker.call<string>('open', {
        bytes: BODY_BYTES,
        directory: name === 'durable' ? bench.fresh('gossip') : undefined,
      })
      for (const other of addresses) await worker.call('dial', other)
      addresses.push(address)
    }
    for (const worker of workers) await worker.call('meshed', TALKERS - 1)
    return live(bench, name, workers)
  })
}

function coterie(bench: Bench): Promise<Live> {
  return bench.with('node-role', async (spawn) => {
    const workers = Array.from({ length: TALKERS }, spawn)
    for (const [at, worker] of workers.entries()) {
      const home = bench.fresh('node')
      await worker.call('open', { home, name: `talker-${at}`, bytes: BODY_BYTES })
    }
    const [founder, ...others] = workers
    const ticket = await founder?.call<string>('create', others.length)
    for (const worker of others) await worker.call('join', ticket)
    for (const worker of workers) await worker.call('meshed', TALKERS - 1)
    for (const worker of workers) await worker.call('forget')
    for (const worker of workers) await worker.call('follow')
    return live(bench, 'coterie', workers)
  })
}
