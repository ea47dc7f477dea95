// The engine of one process: real nodes, each a whole daemon over TCP on loopback, side by side in this very
// process, with the link shaper between them. It starts in a moment and needs no built program; what a
// process has only once (its clock, its death) it cannot give to one node alone, and refuses by name.

import { freemem } from 'node:os'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Capabilities, Engine, EngineReport, EngineRun } from '../engine.ts'
import { bentIn, unfitLies } from '../real/hands.ts'
import { onLoopback } from '../real/loopback.ts'
import { faultReasons } from '../real/reasons.ts'
import { RealStage } from '../real/stage.ts'
import { withNodes } from './nodes.ts'

/** What a node takes in memory. */
const NODE_BYTES = 60 * 1024 * 1024
/** All of them share one thread: more do not get their turn in time. */
const NODES_MAX = 8

export const inproc: Engine = {
  name: 'inproc',
  capabilities: () => Promise.resolve(capabilities()),
  run,
}

const ended = 'a node in this process is closed in order once its connections are gone'

function capabilities(): Capabilities {
  return {
    faults: new Set(['split', 'cut', 'link', 'crash', 'offline', 'byzantine']),
    unfit: unfitLies,
    modes: new Set(['blackhole', 'reset', 'no-new', 'hold']),
    changes: new Set(['delayMs', 'jitterMs', 'jitterSigma', 'loss']),
    crashes: new Set(['keep']),
    protocols: new Set(['coterie']),
    nodesMax: Math.min(NODES_MAX, Math.floor(freemem() / NODE_BYTES)),
    virtual: false,
    reasons: {
      ...faultReasons,
      skew: 'nodes in one process have one clock',
      pause: 'nodes in one process stand still together',
      slow: 'nodes in one process are slow together',
      lose: `${ended}: its store loses nothing`,
      torn: `${ended}: its store tears nothing`,
      silent: 'peers learn of it as of a killed process: its connections end',
    },
  }
}

async function run(run: EngineRun): Promise<EngineReport> {
  try {
    return await played(run)
  } finally {
    // Sockets that were closed are gone a turn later.
    await nextTurn()
    await nextTurn()
  }
}

function played(run: EngineRun): Promise<EngineReport> {
  const { scenario, signal } = run
  return onLoopback(run, ({ port, place, drop, mesh }) => {
    const options = {
      count: scenario.nodes,
      signal,
      through: port,
      onListen: place,
      onKill: drop,
      bent: bentIn(scenario),
    }
    return withNodes(options, async (nodes) => {
      const played = await new RealStage(run, mesh(nodes), 'inproc').play()
      const crashes = scenario.events.some(
        (event) => event.kind === 'fault' && event.fault?.do === 'crash',
      )
      return crashes ? { ...played, notes: [...played.notes, crashNote] } : played
    })
  })
}

const crashNote = `a crash is the loss of all connections in one instant; ${ended}`
