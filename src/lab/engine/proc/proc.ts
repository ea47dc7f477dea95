// The engine of real processes: one daemon of the built program a node, on loopback, with everything that
// they say to each other going through the link shaper. Nothing stays behind: processes end by their own
// id, and by their leash when the bench itself is gone.

import { cpus, freemem } from 'node:os'
import { connect } from 'node:net'
import { SeededRandom } from '../../../base/random.ts'
import { type Fleet, withFleet } from '../../demo/fleet.ts'
import type { LinkTable } from '../../world/links.ts'
import type { Capabilities, Engine, EngineReport, EngineRun } from '../engine.ts'
import type { Mesh } from '../real/mesh.ts'
import { Probe, disagreements, slowestMs } from '../real/probe.ts'
import { processesOf } from '../real/processes.ts'
import { faultReasons } from '../real/reasons.ts'
import { RealStage } from '../real/stage.ts'
import { sweep } from '../real/sweep.ts'
import { NODE_VARIABLE, SHAPER_VARIABLE, greeting } from '../real/greeting.ts'
import { Shaper } from '../real/shaper.ts'

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
    faults: new Set(['split', 'cut', 'link', 'crash', 'offline']),
    modes: new Set(['blackhole', 'reset', 'no-new', 'hold']),
    changes: new Set(['delayMs', 'jitterMs', 'loss']),
    crashes: new Set(['keep']),
    protocols: new Set(['coterie']),
    nodesMax: Math.min(cpus().length * NODES_PER_CORE, Math.floor(freemem() / NODE_BYTES)),
    virtual: false,
    reasons: faultReasons,
  }
}

async function run(run: EngineRun): Promise<EngineReport> {
  const { nodes, seed } = run.scenario
  sweep()
  const random = new SeededRandom(seed).fork('shaper')
  const counted = { steps: 0, passed: (_from: number, _to: number) => {} }
  const shaper = new Shaper({
    nodes,
    random: () => random.float(),
    passed: (from, to) => {
      counted.steps += 1
      counted.passed(from, to)
    },
  })
  const port = await shaper.listen()
  const probe = new Probe({
    nodes,
    dial: (from, to) => {
      const socket = connect({ port, host: '127.0.0.1' })
      socket.write(greeting(from, to))
      return socket
    },
    placed: (place, node) => shaper.place(place, node, true),
  })
  try {
    await probe.open()
    const names = Array.from({ length: nodes }, (_, node) => `n${node}`)
    const { signal } = run
    const settings = (node: number) => ({
      before: ['engine/real/through'],
      env: { [SHAPER_VARIABLE]: String(port), [NODE_VARIABLE]: String(node) },
    })
    return await withFleet(
      { names, keep: undefined, prefix: `coterie-lab-${process.pid}-`, signal, settings },
      async (fleet) => {
        fleet.daemons.forEach((_, node) => place(shaper, fleet, node))
        const mesh = meshOf({ fleet, shaper, probe, nodes, counted })
        const played = await new RealStage(run, mesh, 'proc').play()
        return { ...played, delayProvider: 'link shaper on loopback' }
      },
    )
  } catch (error) {
    // A run that is interrupted while its nodes start has nothing to tell.
    if (!run.signal.aborted) throw error
    return { steps: counted.steps, delayProvider: 'link shaper on loopback', notes: [] }
  } finally {
    await probe.close()
    await shaper.close()
  }
}

interface Parts {
  readonly fleet: Fleet
  readonly shaper: Shaper
  readonly probe: Probe
  readonly nodes: number
  readonly counted: { readonly steps: number; passed: (from: number, to: number) => void }
}

function meshOf({ fleet, shaper, probe, nodes, counted }: Parts): Mesh {
  return {
    nodes,
    signal: fleet.signal,
    ...processesOf(fleet),
    setLinks(links: LinkTable) {
      shaper.set(links)
      return Promise.resolve()
    },
    look: async (links) => disagreements(await probe.look(slowestMs(links, nodes)), links, nodes),
    async restart(node) {
      await fleet.restart(node)
      place(shaper, fleet, node)
    },
    set passed(listener: (from: number, to: number) => void) {
      counted.passed = listener
    },
    get passed() {
      return counted.passed
    },
    get steps() {
      return counted.steps
    },
  }
}

/** Tells the shaper on which ports a node listens. */
function place(shaper: Shaper, fleet: Fleet, node: number): void {
  for (const address of fleet.daemons[node]?.listen ?? []) {
    const port = /\/tcp\/([0-9]+)/.exec(address)?.[1]
    if (port !== undefined) shaper.place(Number(port), node)
  }
}
