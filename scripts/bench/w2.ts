// W2, backfill: a cold replica takes in everything from one that holds it, until it is durable. And
// W6, what that leaves behind in memory and on disk. Times are the taker's own, from the moment its
// link is up; bytes are counted where they come in.

import {
  type Bench,
  type Row,
  BODY_BYTES,
  CHAIN_RUN,
  atLeast,
  atMost,
  interleaved,
  median,
} from './bench.ts'
import type { History } from './history.ts'
import type { LogAnswer } from './log-role.ts'
import type { LinkTimes } from './node-role.ts'

/** What hypercore keeps of the same backfill, against the floor: bytes of memory, and on disk. */
const HYPERCORE_MEMORY = 64 / 24
const HYPERCORE_DISK = 678 / 341

interface Backfill {
  /** From the link, and from the moment the peer had proved itself. */
  readonly rate: number
  readonly provenRate: number
  readonly wireBytes: number
  /** Processor time of the taker for each message, in microseconds. */
  readonly cpu: number
  readonly giverCpu: number
  readonly grownMiB: number
  readonly diskBytes: number
}

export async function measureW2(bench: Bench, history: History): Promise<Row[]> {
  const results = await interleaved(bench.sizes.rounds, {
    floor: () => log(bench, history.floor, 1),
    chain: () => log(bench, history.chain, CHAIN_RUN),
    coterie: () => coterie(bench, history),
  })
  const row = (name: string, unit: string, field: keyof Backfill, workload = 'W2'): Row => {
    const of = (which: keyof typeof results): number =>
      median(results[which].map((one) => one[field]))
    return { workload, name, unit, floor: of('floor'), chain: of('chain'), coterie: of('coterie') }
  }
  const rate = row('backfill, from link up', 'msg/s', 'rate')
  const memory = row('memory grown by', 'MiB', 'grownMiB', 'W6')
  const disk = row('disk a message', 'B', 'diskBytes', 'W6')
  return [
    { ...rate, goal: atLeast(2, rate.floor ?? 0, 'floor') },
    row('backfill, from hello done', 'msg/s', 'provenRate'),
    row('processor of the taker a message', 'µs', 'cpu'),
    row('processor of the giver a message', 'µs', 'giverCpu'),
    {
      ...row('wire a message', 'B', 'wireBytes'),
      goal: atMost(1.8, BODY_BYTES, 'body'),
    },
    { ...memory, goal: atMost(HYPERCORE_MEMORY, memory.floor ?? 0, 'floor') },
    { ...disk, goal: atMost(HYPERCORE_DISK, disk.floor ?? 0, 'floor') },
  ]
}

async function log(bench: Bench, full: string, run: number): Promise<Backfill> {
  const directory = await bench.copyOf(full)
  return bench.with('log-role', async (spawn) => {
    const [giver, taker] = [spawn(), spawn()]
    await giver.call('open', { directory, run, bytes: BODY_BYTES })
    await taker.call('open', { directory: bench.fresh('log'), run, bytes: BODY_BYTES })
    const port = await giver.call<number>('listen')
    const empty = await taker.call<number>('resident')
    const idleUs = await taker.call<number>('cpuUs')
    const busyUs = await giver.call<number>('cpuUs')
    await taker.call('dial', port)
    await taker.call('ask')
    const endUs = await taker.call<number>('ended')
    const { us, bytesIn, count } = await taker.call<LogAnswer>('link')
    const cpuUs = (await taker.call<number>('cpuUs')) - idleUs
    const resident = await taker.call<number>('resident')
    const giverUs = (await giver.call<number>('cpuUs')) - busyUs
    const rate = (count * 1e6) / (endUs - us)
    return {
      rate,
      provenRate: rate,
      wireBytes: bytesIn / count,
      cpu: cpuUs / count,
      giverCpu: giverUs / count,
      grownMiB: (resident - empty) / 2 ** 20,
      diskBytes: (await taker.call<number>('close')) / count,
    }
  })
}

async function coterie(bench: Bench, history: History): Promise<Backfill> {
  const [full, cold] = [await bench.copyOf(history.full), await bench.copyOf(history.cold)]
  return bench.with('node-role', async (spawn) => {
    const [giver, taker] = [spawn(), spawn()]
    const open = { bytes: BODY_BYTES }
    const { address } = await giver.call<{ address: string }>('open', {
      ...open,
      home: full,
      name: 'author-0',
    })
    await taker.call('open', { ...open, home: cold, name: 'cold' })
    await taker.call('forget')
    const empty = await taker.call<number>('resident')
    const idleUs = await taker.call<number>('cpuUs')
    const busyUs = await giver.call<number>('cpuUs')
    const times = await bench.profiled('w2-giver', giver, () =>
      bench.profiled('w2-taker', taker, async () => {
        await taker.call('addPeer', address)
        return taker.call<LinkTimes>('held', history.messages)
      }),
    )
    const giverUs = (await giver.call<number>('cpuUs')) - busyUs
    const cpuUs = (await taker.call<number>('cpuUs')) - idleUs
    const resident = await taker.call<number>('resident')
    const count = times.messages
    return {
      rate: (count * 1e6) / (times.lastUs - times.linkUs),
      provenRate: (count * 1e6) / (times.lastUs - times.provenUs),
      wireBytes: times.traffic.bytesIn / count,
      cpu: cpuUs / count,
      giverCpu: giverUs / count,
      grownMiB: (resident - empty) / 2 ** 20,
      diskBytes: (await taker.call<number>('close')) / count,
    }
  })
}
