// W1, appending on one replica. One by one: the next only once the last is answered. In bulk: as
// many as 64 under way. A coterie node answers when the message is on the disk, synced.

import {
  type Bench,
  type Row,
  BODY_BYTES,
  CHAIN_RUN,
  atLeast,
  interleaved,
  median,
} from './bench.ts'

const IN_FLIGHT = 64

/** Parts of the one-by-one runs: a disk is fast in one second and slow in the next. */
const PARTS = 10

interface Rates {
  readonly each: number
  readonly bulk: number
  /** Synced puts, in turn with `each`. */
  readonly synced: number
}

export async function measureW1(bench: Bench): Promise<Row[]> {
  const { sizes } = bench
  const results = await interleaved(sizes.rounds, {
    floor: () => log(bench, 1),
    chain: () => log(bench, CHAIN_RUN),
    coterie: () => coterie(bench),
  })
  const of = (name: keyof typeof results, rate: keyof Rates): number =>
    median(results[name].map((one) => one[rate]))
  const syncedPuts = of('coterie', 'synced')
  return [
    { workload: 'W1', name: 'Level put, each synced', unit: 'msg/s', floor: syncedPuts },
    {
      workload: 'W1',
      name: 'append one by one',
      unit: 'msg/s',
      floor: of('floor', 'each'),
      chain: of('chain', 'each'),
      coterie: of('coterie', 'each'),
      goal: atLeast(0.5, syncedPuts, 'synced put'),
    },
    {
      workload: 'W1',
      name: 'append in bulk',
      unit: 'msg/s',
      floor: of('floor', 'bulk'),
      chain: of('chain', 'bulk'),
      coterie: of('coterie', 'bulk'),
      goal: atLeast(0.4, of('floor', 'bulk'), 'floor'),
    },
  ]
}

function log(bench: Bench, run: number): Promise<Rates> {
  const { eachMessages, bulkMessages } = bench.sizes
  return bench.with('log-role', async (spawn) => {
    const one = spawn()
    await one.call('open', { directory: bench.fresh('log'), run, bytes: BODY_BYTES })
    const each = await one.call<number>('appendEach', eachMessages)
    const bulk = await one.call<number>('appendAll', bulkMessages)
    return { each, bulk, synced: 0 }
  })
}

async function coterie(bench: Bench): Promise<Rates> {
  const { eachMessages, bulkMessages } = bench.sizes
  const part = eachMessages / PARTS
  const directory = bench.fresh('puts')
  return bench.with('node-role', (spawn) =>
    bench.with('log-role', async (spawnLog) => {
      const [one, disk] = [spawn(), spawnLog()]
      await one.call('open', { home: bench.fresh('node'), name: 'one', bytes: BODY_BYTES })
      await one.call('create', 0)
      const rates: number[] = []
      const synced: number[] = []
      await bench.profiled('w1-each', one, async () => {
        for (let each = 0; each < PARTS; each++) {
          synced.push(await disk.call<number>('syncedPuts', { directory, count: part }))
          rates.push(await one.call<number>('appendEach', part))
        }
      })
      const size = { count: bulkMessages, inFlight: IN_FLIGHT }
      const bulk = await bench.profiled('w1-bulk', one, () => one.call<number>('appendAll', size))
      return { each: median(rates), bulk, synced: median(synced) }
    }),
  )
}
