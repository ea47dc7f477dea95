// What a workload is given and what it gives: one row for each figure, with what it was measured
// against and the goal that it has to meet.

import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { Worker } from './worker.ts'

/** How large everything is. */
export interface Sizes {
  /** Messages appended one by one. */
  readonly eachMessages: number
  readonly bulkMessages: number
  readonly authors: number
  /** Texts of each author in the history. */
  readonly texts: number
  /** Texts written on each side of a cut. */
  readonly cutTexts: number
  readonly talkSeconds: number
  readonly burstMessages: number
  /** How often each is measured; the median counts. */
  readonly rounds: number
}

export const fullSizes: Sizes = {
  eachMessages: 5_000,
  bulkMessages: 20_000,
  authors: 10,
  texts: 2_000,
  cutTexts: 200,
  talkSeconds: 10,
  burstMessages: 2_000,
  rounds: 3,
}

export const quickSizes: Sizes = {
  eachMessages: 1_000,
  bulkMessages: 4_000,
  authors: 10,
  texts: 200,
  cutTexts: 200,
  talkSeconds: 3,
  burstMessages: 500,
  rounds: 1,
}

/** Bytes of every body and text. */
export const BODY_BYTES = 200
/** Members of the group in W4. */
export const TALKERS = 5
/** Messages that one signature of the chain vouches for. */
export const CHAIN_RUN = 256

/** One figure. Where something was not measured there is nothing. */
export interface Row {
  readonly workload: string
  readonly name: string
  readonly unit: string
  readonly floor?: number | undefined
  readonly chain?: number | undefined
  readonly gossipsub?: number | undefined
  readonly coterie?: number | undefined
  readonly goal?: Goal | undefined
}

export interface Goal {
  /** The bound in the unit of the row. */
  readonly bound: number
  /** `least`: the figure must reach it; `most`: it must not exceed it. */
  readonly side: 'least' | 'most'
  /** Where the bound comes from. */
  readonly because: string
}

export const atLeast = (factor: number, of: number, what: string): Goal => ({
  bound: factor * of,
  side: 'least',
  because: `${trimmed(factor)} x ${what}`,
})

export const atMost = (factor: number, of: number, what: string): Goal => ({
  bound: factor * of,
  side: 'most',
  because: `${trimmed(factor)} x ${what}`,
})

const trimmed = (factor: number): string => String(Number(factor.toFixed(3)))

/** Whether a row meets its goal; undefined where it has none. */
export function isMet({ coterie, goal }: Row): boolean | undefined {
  if (goal === undefined || coterie === undefined) return undefined
  return goal.side === 'least' ? coterie >= goal.bound : coterie <= goal.bound
}

/** One run: where things lie, how large they are, and processes that end with their work. */
export class Bench {
  readonly sizes: Sizes
  /** A directory that is deleted at the end. */
  readonly directory: string
  /** Where profiles go, where they are wanted. */
  readonly #profiles: string | undefined
  readonly #compiled: string
  #names = 0

  constructor(sizes: Sizes, directory: string, compiled: string, profiles?: string) {
    this.#profiles = profiles
    this.sizes = sizes
    this.directory = directory
    this.#compiled = compiled
  }

  /** Runs with processes of one role, started as they are asked for; ends them whatever happens. */
  async with<T>(role: string, work: (spawn: () => Worker) => Promise<T>): Promise<T> {
    const workers: Worker[] = []
    const spawn = (): Worker => {
      const worker = new Worker(this.#compiled, role)
      workers.push(worker)
      return worker
    }
    try {
      return await work(spawn)
    } finally {
      await Promise.all(workers.map((worker) => worker.close()))
    }
  }

  /** Does something while a worker is under the profiler, if profiles were asked for. */
  async profiled<T>(name: string, worker: Worker, work: () => Promise<T>): Promise<T> {
    if (this.#profiles === undefined) return work()
    const file = join(this.#profiles, `${name}.cpuprofile`)
    await worker.call('profile')
    const result = await work()
    await writeFile(`${file}.txt`, await worker.call<string>('profiled', file))
    return result
  }

  /** A path for a new directory. */
  fresh(name: string): string {
    return join(this.directory, `${name}-${++this.#names}`)
  }

  /** A copy of a directory. */
  async copyOf(source: string): Promise<string> {
    const copy = this.fresh('copy')
    await mkdir(copy, { recursive: true, mode: 0o700 })
    await cp(source, copy, { recursive: true })
    return copy
  }
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

/** The value below which that part of all values lies. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  if (sorted.length === 0) return Number.NaN
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

/** Measures each thing once a round, in turn, and keeps what each gave in every round. */
export async function interleaved<K extends string, T>(
  rounds: number,
  measures: Readonly<Record<K, () => Promise<T>>>,
): Promise<Record<K, T[]>> {
  const names = Object.keys(measures) as K[]
  const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<K, T[]>
  for (let round = 0; round < rounds; round++) {
    for (const name of names) results[name].push(await measures[name]())
  }
  return results
}
