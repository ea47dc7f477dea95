// The engine of real processes: one daemon of the built program a node, on loopback, with everything that
// they say to each other going through the link shaper. Nothing stays behind: processes end by their own
// id, and by their leash when the bench itself is gone.

import { cpus, freemem } from 'node:os'
import { withFleet } from '../../demo/fleet.ts'
import type { Capabilities, Engine, EngineReport, EngineRun } from '../engine.ts'
import { NODE_VARIABLE, SHAPER_VARIABLE } from '../real/greeting.ts'
import { bentIn, unfitLies } from '../real/hands.ts'
import { onLoopback } from '../real/loopback.ts'
import { withHand, withProcesses } from '../real/processes.ts'
import { faultReasons } from '../real/reasons.ts'
import { RealStage } from '../real/stage.ts'

/** What a daemon takes in memory. */
const NODE_BYTES = 120 * 1024 * 1024
/** More of them do not get their turn in time. */
const NODES_PER_CORE = 8

export const proc: Engine = {
  name: 'proc',
  capabilities: () => Promise.resolve(capabilities()),
  run,
}

function capabilities(): Capabilities {
  return {
    faults: new Set(['split', 'cut', 'link', 'crash', 'offline', 'pause', 'slow', 'byzantine']),
    unfit: unfitLies,
    modes: new Set(['blackhole', 'reset', 'no-new', 'hold']),
    changes: new Set(['delayMs', 'jitterMs', 'jitterSigma', 'loss']),
    crashes: new Set(['keep']),
    protocols: new Set(['coterie']),
    nodesMax: Math.min(cpus().length * NODES_PER_CORE, Math.floor(freemem() / NODE_BYTES)),
    virtual: false,
    reasons: faultReasons,
  }
}

function run(run: EngineRun): Promise<EngineReport> {
  const { scenario, signal } = run
  const names = Array.from({ length: scenario.nodes }, (_, node) => `n${node}`)
  return onLoopback(run, ({ port, place, mesh }) => {
    const bent = bentIn(scenario)
    const settings = (node: number) => {
      const own = {
        before: ['engine/real/through'],
        env: { [SHAPER_VARIABLE]: String(port), [NODE_VARIABLE]: String(node) },
      }
      return bent.has(node) ? withHand(own) : own
    }
    const prefix = `coterie-lab-${process.pid}-`
    return withFleet({ names, keep: undefined, prefix, signal, settings }, (fleet) => {
      const placeAt = (node: number) => place(node, fleet.daemons[node]?.listen ?? [])
      names.forEach((_, node) => placeAt(node))
      const restart = async (node: number) => {
        await fleet.restart(node)
        placeAt(node)
      }
      return withProcesses(fleet, (processes) => {
        const copy = async (node: number, copyPlace: number) => {
          await fleet.copy(node, `n${node}-${copyPlace}`, ['--alone'])
          placeAt(node)
          placeAt(copyPlace)
        }
        const nodes = { signal: fleet.signal, ...processes, restart, copy }
        return new RealStage(run, mesh(nodes), 'proc').play()
      })
    })
  })
}
