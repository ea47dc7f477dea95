// The engine in virtual time: the protocol's machines under the real driver, over simulated ports. It
// founds the groups on calm links, then plays the events of the scenario at their instants. Weather
// begins anew with the run, so every protocol meets the same at the same time.

import { freemem } from 'node:os'

import type { Setup } from '../../protocol/port.ts'
import type { Materialised } from '../../scenario/materialised.ts'
import type { Capabilities, Engine, EngineReport, EngineRun } from '../engine.ts'
import { SimStage } from './stage.ts'

/** What a node of the real core takes in memory, with its disk, in a group of a hundred. */
const NODE_BYTES = 6 * 1024 * 1024

export const sim: Engine = {
  name: 'sim',
  capabilities: () => Promise.resolve(capabilities()),
  run,
}

function capabilities(): Capabilities {
  return {
    faults: new Set(['split', 'cut', 'link', 'crash', 'offline', 'skew', 'disk']),
    modes: new Set(['blackhole', 'reset', 'no-new', 'hold']),
    changes: new Set(['delayMs', 'jitterMs', 'loss', 'duplicate', 'reorder']),
    crashes: new Set(['keep', 'lose', 'torn', 'silent']),
    protocols: undefined,
    nodesMax: Math.max(64, Math.floor(freemem() / NODE_BYTES)),
    virtual: true,
    reasons: {
      pause: 'the simulator has no processes to pause',
      slow: 'work takes no time in the simulator',
      byzantine: 'no machine here lies',
    },
  }
}

async function run(run: EngineRun): Promise<EngineReport> {
  const stage = new SimStage(run, setupOf(run.scenario, run.use.with))
  await stage.found()
  await stage.play()
  await stage.quiesce()
  return { steps: stage.steps, delayProvider: 'virtual', notes: [] }
}

export function setupOf(scenario: Materialised, given: Setup['with']): Setup {
  const { nodes, groups, seed, network } = scenario
  const absent = new Set(network.absent.flatMap(([a, b]) => [a * nodes + b, b * nodes + a]))
  return { nodes, groups, seed, with: given, absent }
}
