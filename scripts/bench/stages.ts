// Where a text's time goes, from its writing to its reading by somebody else, stage by stage: once
// with nothing else going on, so that whatever takes long is a wait and not a queue for the processor,
// and once under the load of W4. Has no goals; explains W4's figures.

import { type Bench, BODY_BYTES, TALKERS, percentile } from './bench.ts'
import type { Stage, Trace } from './tracer.ts'
import { sleep } from './waiting.ts'
import type { Worker } from './worker.ts'

/** Texts one after another, and the pause between two of them. */
const LONE_TEXTS = 100
const LONE_EVERY_MS = 50
const WARM_TEXTS = 200
const TEXTS_PER_SECOND = 20

type Side = 'author' | 'reader'

/** From one mark to the next: what happens in between. */
const stages: readonly (readonly [Side, Stage, Side, Stage, string])[] = [
  ['author', 'asked', 'author', 'step', 'send called to step'],
  ['author', 'step', 'author', 'stepped', 'author: step'],
  ['author', 'stepped', 'author', 'write', 'author: step to write'],
  ['author', 'write', 'author', 'written', 'author: synced write'],
  ['author', 'written', 'author', 'push', 'written to flush'],
  ['author', 'push', 'author', 'broadcast', 'author: seal the envelope'],
  ['author', 'broadcast', 'reader', 'arrived', 'gossipsub, streams, sockets'],
  ['reader', 'arrived', 'reader', 'take', 'arrived to step'],
  ['reader', 'take', 'reader', 'taken', 'reader: step'],
  ['reader', 'taken', 'reader', 'write', 'reader: step to write'],
  ['reader', 'write', 'reader', 'written', 'reader: unsynced write'],
  ['reader', 'written', 'reader', 'told', 'written to event'],
  ['reader', 'told', 'reader', 'read', 'event to read'],
  ['reader', 'read', 'reader', 'shown', 'reader: store read, opened'],
  ['author', 'asked', 'reader', 'shown', 'all'],
]

export async function measureStages(bench: Bench): Promise<void> {
  await bench.with('node-role', async (spawn) => {
    const workers = Array.from({ length: TALKERS }, spawn)
    const everyone = <T>(name: string, argument?: unknown): Promise<T[]> =>
      Promise.all(workers.map((worker) => worker.call<T>(name, argument)))
    for (const [at, worker] of workers.entries()) {
      const home = bench.fresh('node')
      await worker.call('open', { home, name: `talker-${at}`, bytes: BODY_BYTES, traced: true })
    }
    const [founder, second, ...others] = workers
    if (founder === undefined || second === undefined) throw new Error('nobody talks')
    const ticket = await founder.call<string>('create', workers.length - 1)
    for (const worker of [second, ...others]) await worker.call('join', ticket)
    await everyone('meshed', workers.length - 1)
    await everyone('follow')
    await everyone('talk', { count: WARM_TEXTS, everyMs: 1_000 / TEXTS_PER_SECOND })
    await sleep(3_000)

    await measured('one at a time', LONE_TEXTS, workers, () =>
      bench.profiled('stages-lone', second, async () => {
        for (let said = 0; said < LONE_TEXTS; said++) {
          await workers[said % workers.length]?.call('talk', { count: 1, everyMs: LONE_EVERY_MS })
        }
      }),
    )
    const count = TEXTS_PER_SECOND * bench.sizes.talkSeconds
    await measured('all at once, as in W4', count * workers.length, workers, async () => {
      await everyone('talk', { count, everyMs: 1_000 / TEXTS_PER_SECOND })
      await sleep(500)
    })
  })
}

async function measured(
  name: string,
  texts: number,
  workers: readonly Worker[],
  work: () => Promise<unknown>,
): Promise<void> {
  const everyone = <T>(call: string): Promise<T[]> =>
    Promise.all(workers.map((worker) => worker.call<T>(call)))
  const cpuUs = async (): Promise<number> =>
    (await everyone<number>('cpuUs')).reduce((sum, one) => sum + one, 0)
  await everyone('trace')
  const beforeUs = await cpuUs()
  await work()
  const usedUs = (await cpuUs()) - beforeUs
  const traces = await everyone<Trace>('trace')
  console.log(`\n${name}: ${texts} texts`)
  console.log(`processor a text and member, µs: ${(usedUs / texts / workers.length).toFixed(0)}`)
  console.log('µs from the stage before          median     mean  99 of 100   texts')
  for (const [stage, values] of table(traces)) {
    const mean = values.reduce((sum, one) => sum + one, 0) / values.length
    const figures = [percentile(values, 0.5), mean, percentile(values, 0.99)].map((one) =>
      one.toFixed(0).padStart(9),
    )
    console.log(`${stage.padEnd(30)}${figures.join('')} ${String(values.length).padStart(8)}`)
  }
  const tally = new Map<string, number>()
  for (const trace of traces) {
    for (const [what, times] of Object.entries(trace.tally)) {
      tally.set(what, (tally.get(what) ?? 0) + times)
    }
  }
  const often = [...tally].map(([what, times]) => `${what} ${(times / texts).toFixed(2)}`)
  console.log(`a text, over all members: ${often.sort().join(', ')}`)
}

/** The durations of every stage, over all texts and readers. */
function table(traces: readonly Trace[]): Map<string, number[]> {
  const nodes = traces.map(timesOf)
  const envelopes = new Map(traces.flatMap(({ held }) => held.map(([name, id]) => [id, name])))
  const rows = new Map(stages.map(([, , , , name]) => [name, [] as number[]]))
  for (const author of nodes) {
    for (const id of author.get('asked')?.keys() ?? []) {
      const envelope = envelopes.get(id)
      for (const reader of nodes) {
        if (reader === author || reader.get('shown')?.get(id) === undefined) continue
        const at = (side: Side, stage: Stage): number | undefined => {
          const marks = (side === 'author' ? author : reader).get(stage)
          return marks?.get(id) ?? (envelope === undefined ? undefined : marks?.get(envelope))
        }
        for (const [from, first, to, last, name] of stages) {
          const [startUs, endUs] = [at(from, first), at(to, last)]
          if (startUs !== undefined && endUs !== undefined) rows.get(name)?.push(endUs - startUs)
        }
      }
    }
  }
  return rows
}

/** When each stage of each key was first reached. */
function timesOf({ marks }: Trace): Map<Stage, Map<string, number>> {
  const times = new Map<Stage, Map<string, number>>()
  for (const { stage, key, us } of marks) {
    const of = times.get(stage) ?? new Map<string, number>()
    if (!of.has(key)) of.set(key, us)
    times.set(stage, of)
  }
  return times
}
