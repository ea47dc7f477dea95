// Makes a failing run smaller, as long as it fails in the same way: faults go first, then operations, in
// ever smaller chunks, then nodes; times are made round; all of it again until nothing more goes; then time
// at the end. What is left is a materialised scenario, so `replay` repeats it.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { CoterieError } from '../../base/error.ts'
import { engineOf } from '../engine/registry.ts'
import type { Materialised } from '../scenario/materialised.ts'
import { endingEarlier, keyOf, rounder, withoutEvents, withoutNode } from '../scenario/smaller.ts'
import { type Experiment, experiment } from './experiment.ts'
import { type Failure, failsAgain, failureOf } from './failure.ts'
import { makeFolder, readRun } from './folder.ts'
import { type LabResult, type RunOptions, runInto } from './lab.ts'
import { only } from './prepare.ts'

/** Runs that are tried at most. */
const TRIES_MAX = 500

export interface Shrunk {
  readonly failure: Failure
  /** Events before and after. */
  readonly before: number
  readonly after: number
  readonly tries: number
  readonly interrupted: boolean
  /** The smaller run, with its folder. */
  readonly smallest: LabResult
}

/** @throws CoterieError USAGE when the folder holds no run, or one that does not fail */
export async function shrink(run: string, options: RunOptions): Promise<Shrunk> {
  const { materialised, manifest } = readRun(run)
  const engine = engineOf(options.engine ?? manifest.engine)
  const { signal, protocolOf } = options
  let tries = 0
  const progress = () =>
    options.progress({ done: tries / TRIES_MAX, protocol: '', what: 'shrinking' })
  const attempt = (scenario: Materialised): Promise<Experiment[]> =>
    Promise.all(
      scenario.protocols.map((use) =>
        experiment({ scenario, use, engine, level: 'digest', signal, progress, protocolOf }),
      ),
    )
  const chosen = only(materialised, options.protocols ?? [])
  const failure = (await attempt(chosen)).map(failureOf).find((one) => one !== undefined)
  if (failure === undefined) {
    throw new CoterieError('USAGE', `The run in "${run}" does not fail.`, {
      hint: 'Give the folder of a failing run, such as `coterie lab sweep` leaves.',
    })
  }
  const fails = async (scenario: Materialised): Promise<boolean> => {
    if (tries >= TRIES_MAX || signal.aborted) return false
    tries += 1
    const [one] = await attempt(scenario)
    return one !== undefined && !signal.aborted && failsAgain(failure, one)
  }
  const smallest = await smaller(about(chosen, failure), fails)
  const dir = makeFolder(options.out, materialised.name)
  writeFileSync(join(dir, 'scenario.yaml'), readFileSync(join(run, 'scenario.yaml')))
  const capabilities = await engine.capabilities()
  const result = await runInto(dir, { materialised: smallest, engine, capabilities }, options)
  const [before, after] = [materialised.events.length, smallest.events.length]
  return { failure, before, after, tries, interrupted: signal.aborted, smallest: result }
}

/** Only the protocol that failed, and only the expectation. */
function about(scenario: Materialised, { protocol, expectation }: Failure): Materialised {
  const protocols = scenario.protocols.filter(({ as }) => as === protocol)
  return { ...scenario, protocols, expect: expectation === undefined ? [] : [expectation] }
}

type Fails = (scenario: Materialised) => Promise<boolean>

/** Times are made whole seconds, else tenths. */
const STEPS_MS = [1_000, 100] as const

async function smaller(scenario: Materialised, fails: Fails): Promise<Materialised> {
  let best = scenario
  for (let before = Infinity; best.events.length < before;) {
    before = best.events.length
    for (const kind of ['fault', 'operation'] as const) {
      const keys = [...new Set(best.events.filter((one) => one.kind === kind).map(keyOf))]
      best = await without(best, keys, fails)
    }
    best = await inRoundTimes(await amongFewer(best, fails), fails)
  }
  const shorter = endingEarlier(best)
  return shorter !== best && (await fails(shorter)) ? shorter : best
}

/** Leaves out nodes, the last ones first. */
async function amongFewer(scenario: Materialised, fails: Fails): Promise<Materialised> {
  let best = scenario
  for (let node = scenario.nodes - 1; node > 0; node--) {
    const fewer = withoutNode(best, node)
    if (fewer !== undefined && (await fails(fewer))) best = fewer
  }
  return best
}

/** Rounds all times at once, else one after the other. */
async function inRoundTimes(scenario: Materialised, fails: Fails): Promise<Materialised> {
  let best = scenario
  for (const stepMs of STEPS_MS) {
    const keys = [...new Set(best.events.map(keyOf))]
    const all = rounder(best, new Set(keys), stepMs)
    if (all === undefined) continue
    if (await fails(all)) return all
    for (const key of keys) {
      const one = rounder(best, new Set([key]), stepMs)
      if (one !== undefined && (await fails(one))) best = one
    }
  }
  return best
}

/** Leaves out chunks of these, from halves down to single ones, until no single one can go. */
async function without(
  scenario: Materialised,
  keys: readonly string[],
  fails: Fails,
): Promise<Materialised> {
  let [best, left] = [scenario, keys]
  let size = Math.max(1, left.length)
  while (size >= 1 && left.length > 0) {
    let gone = false
    for (let at = 0; at < left.length;) {
      const chunk = left.slice(at, at + size)
      const candidate = withoutEvents(best, new Set(chunk))
      if (await fails(candidate)) {
        best = candidate
        left = left.filter((key) => !chunk.includes(key))
        gone = true
      } else at += size
    }
    if (size === 1 && !gone) break
    size = size === 1 ? 1 : Math.ceil(size / 2)
  }
  return best
}
