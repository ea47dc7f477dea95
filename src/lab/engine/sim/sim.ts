// The engine in virtual time: the protocol's machines under the real driver, over simulated ports. It
// founds the groups on calm links, then plays the events of the scenario at their instants. Weather
// begins anew with the run, so every protocol meets the same at the same time. Groups are worlds apart.

import { availableParallelism, freemem } from 'node:os'

import { protocols } from '../../protocol/registry.ts'
import type { FaultKind } from '../../scenario/materialised.ts'
import type { Capabilities, Engine, EngineReport, EngineRun } from '../engine.ts'
import { THREADS_MAX, runPopulations } from './crew/crew.ts'
import { populationsOf } from './crew/population.ts'
import { SimStage, setupOf } from './stage.ts'

/** What a node of the real core takes in memory, with its disk, in a group of a hundred. */
const NODE_BYTES = 13 * 1024 * 1024

export const sim: Engine = {
  name: 'sim',
  capabilities: () => Promise.resolve(capabilities()),
  run,
}

const faults: readonly FaultKind[] = [
  'split',
  'cut',
  'link',
  'crash',
  'offline',
  'skew',
  'disk',
  'pause',
  'slow',
  'byzantine',
]

function capabilities(): Capabilities {
  return {
    faults: new Set(faults),
    modes: new Set(['blackhole', 'reset', 'no-new', 'hold']),
    changes: new Set(['delayMs', 'jitterMs', 'jitterSigma', 'loss', 'duplicate', 'reorder']),
    crashes: new Set(['keep', 'lose', 'torn', 'silent']),
    protocols: undefined,
    nodesMax: Math.max(64, Math.floor(freemem() / NODE_BYTES)),
    groupsAtOnce: THREADS_MAX,
    virtual: true,
    reasons: {},
  }
}

async function run(run: EngineRun): Promise<EngineReport> {
  const populations = populationsOf(run.scenario)
  if (populations !== undefined) return runPopulations(run, populations, threadsFor(run))
  const stage = new SimStage(run, setupOf(run.scenario, run.use.with))
  try {
    await stage.found()
    await stage.play()
    await stage.quiesce()
  } finally {
    stage.close()
  }
  return { steps: stage.steps, delayProvider: 'virtual', notes: [] }
}

/** A protocol from elsewhere, such as a test plants, cannot be found again by another thread. */
function threadsFor({ protocol, use }: EngineRun): number {
  const known = protocols.find(({ name }) => name === use.use)
  return known === protocol ? Math.min(THREADS_MAX, availableParallelism()) : 0
}
