// Runs populations beside one another, on threads of their own where that is possible, one after
// another in each; what they told becomes one trace when all are done. Nothing of it depends on how
// many threads there are: each population is a world of its own, and the merge orders by time alone.

import { Worker } from 'node:worker_threads'

import { CoterieError } from '../../../../base/error.ts'
import type { EngineReport, EngineRun } from '../../engine.ts'
import type { ProtocolUse } from '../../../scenario/materialised.ts'
import { SimStage, setupOf } from '../stage.ts'
import { merge } from './merge.ts'
import type { Population } from './population.ts'
import { Spool, unspool } from './spool.ts'

/** More would need more memory at once than the largest scenario may take. */
export const THREADS_MAX = 2
/** What a thread may hold, in MiB: two of these, and what is measured, are within 8 GiB. */
const THREAD_OLD_MIB = 3_072
/** Room for what is soon forgotten, in MiB: most of what a step makes is. */
const THREAD_YOUNG_MIB = 96
/** The part of the work that is left when all populations have been run. */
const MERGE_SHARE = 0.04

/** What a thread is asked. */
export type Task =
  | { readonly kind: 'run'; readonly population: Population; readonly use: ProtocolUse }
  | { readonly kind: 'abort' }

/** What it says meanwhile. */
export type News =
  | { readonly kind: 'block'; readonly group: number; readonly block: Uint8Array }
  | { readonly kind: 'progress'; readonly group: number; readonly done: number; what: string }
  | { readonly kind: 'done'; readonly group: number; readonly steps: number }
  | { readonly kind: 'failed'; readonly message: string; readonly code: CoterieError['code'] }

/** Runs one population to its end. @returns how much happened in it */
export async function runPopulation(
  run: Omit<EngineRun, 'tell' | 'scenario' | 'frames'>,
  { group, nodes, scenario }: Population,
  keep: (block: Uint8Array) => void,
): Promise<number> {
  const spool = new Spool(keep)
  const tell: EngineRun['tell'] = (t, n, fact) =>
    spool.add(t, n, 'g' in fact ? { ...fact, g: group } : fact)
  const setup = setupOf(scenario, run.use.with)
  const stage = new SimStage({ ...run, scenario, tell, frames: false }, setup, nodes)
  try {
    await stage.found()
    await stage.play()
    await stage.quiesce()
  } finally {
    stage.close()
  }
  spool.seal()
  return stage.steps
}

/** Runs all populations. @param threads 0: here, one after another */
export async function runPopulations(
  run: EngineRun,
  populations: readonly Population[],
  threads: number,
): Promise<EngineReport> {
  const blocks: Uint8Array[][] = populations.map(() => [])
  const shares = populations.map(() => 0)
  const told = (group: number, done: number, what: string): void => {
    shares[group] = done
    const whole = shares.reduce((sum, share) => sum + share, 0) / shares.length
    const over = shares.filter((share) => share === 1).length
    run.progress({
      done: whole * (1 - MERGE_SHARE),
      protocol: run.use.as,
      what: `${what}, ${over} of ${shares.length} groups done`,
    })
  }
  const queue = [...populations]
  const crew = threads === 0 ? [local(run, blocks, told)] : hired(threads, run, blocks, told)
  try {
    const steps = await Promise.all(crew.map((one) => one.work(queue)))
    run.progress({ done: 1 - MERGE_SHARE, protocol: run.use.as, what: 'looking at what was told' })
    merge(run.scenario, blocks.map(unspool), run.tell)
    const notes = [`groups apart, ${threads === 0 ? 'one after another' : `${threads} threads`}`]
    return { steps: steps.reduce((sum, one) => sum + one, 0), delayProvider: 'virtual', notes }
  } finally {
    await Promise.all(crew.map((one) => one.end()))
  }
}

/** Takes populations from the queue until there are none. */
interface Hand {
  work(queue: Population[]): Promise<number>
  end(): Promise<void>
}

type Told = (group: number, done: number, what: string) => void

function local(run: EngineRun, blocks: readonly Uint8Array[][], told: Told): Hand {
  return {
    work: async (queue) => {
      let steps = 0
      for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
        if (run.signal.aborted) break
        const { group } = one
        const progress: EngineRun['progress'] = ({ done, what }) => told(group, done, what)
        steps += await runPopulation({ ...run, progress }, one, (b) => void blocks[group]?.push(b))
        told(group, 1, 'running')
      }
      return steps
    },
    end: () => Promise.resolve(),
  }
}

function hired(
  threads: number,
  run: EngineRun,
  blocks: readonly Uint8Array[][],
  told: Told,
): Hand[] {
  return Array.from({ length: threads }, () => new Thread(run, blocks, told))
}

/** What is run from its sources, as in a test, is translated in the thread too. */
const isSource = import.meta.url.endsWith('.ts')
const script = new URL(isSource ? './thread.ts' : './thread.js', import.meta.url)
const translated = `import('tsx/esm/api').then(({ register }) => {
  register()
  return import(${JSON.stringify(script.href)})
})`

class Thread implements Hand {
  readonly #run: EngineRun
  readonly #blocks: readonly Uint8Array[][]
  readonly #told: Told
  readonly #worker: Worker
  readonly #abort = (): void => this.#ask({ kind: 'abort' })
  #settle: { done: (steps: number) => void; fail: (error: Error) => void } | undefined

  constructor(run: EngineRun, blocks: readonly Uint8Array[][], told: Told) {
    this.#run = run
    this.#blocks = blocks
    this.#told = told
    this.#worker = new Worker(isSource ? translated : script, {
      eval: isSource,
      resourceLimits: {
        maxOldGenerationSizeMb: THREAD_OLD_MIB,
        maxYoungGenerationSizeMb: THREAD_YOUNG_MIB,
      },
    })
    this.#worker.on('message', (news: News) => this.#hear(news))
    this.#worker.on('error', (error) => this.#settle?.fail(error))
    run.signal.addEventListener('abort', this.#abort)
  }

  async work(queue: Population[]): Promise<number> {
    let steps = 0
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      if (this.#run.signal.aborted) break
      const population = one
      steps += await new Promise<number>((done, fail) => {
        this.#settle = { done, fail }
        this.#ask({ kind: 'run', population, use: this.#run.use })
      })
    }
    return steps
  }

  async end(): Promise<void> {
    this.#run.signal.removeEventListener('abort', this.#abort)
    await this.#worker.terminate()
  }

  #ask(task: Task): void {
    this.#worker.postMessage(task)
  }

  #hear(news: News): void {
    switch (news.kind) {
      case 'block':
        return void this.#blocks[news.group]?.push(news.block)
      case 'progress':
        return this.#told(news.group, news.done, news.what)
      case 'done':
        this.#told(news.group, 1, 'running')
        return this.#settle?.done(news.steps)
      case 'failed':
        return this.#settle?.fail(new CoterieError(news.code, news.message))
    }
  }
}
