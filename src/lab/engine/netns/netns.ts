// The engine of namespaces: one daemon of the built program in a network of its own for each node, joined by
// a bridge in another. Silence is made of packets that vanish; delays, losses, refusals and held bytes by a
// link shaper in each network, because a kernel without netem has none of them.

import { cpus, freemem } from 'node:os'
import { type Fleet, withFleet } from '../../demo/fleet.ts'
import type { Materialised } from '../../scenario/materialised.ts'
import { lies } from '../../world/lies.ts'
import type { Capabilities, Engine, EngineReport, EngineRun } from '../engine.ts'
import { NODE_VARIABLE, SHAPER_VARIABLE } from '../real/greeting.ts'
import type { Mesh } from '../real/mesh.ts'
import { bentIn, isBent, unfitLies } from '../real/hands.ts'
import { type Processes, withHand, withProcesses } from '../real/processes.ts'
import { faultReasons } from '../real/reasons.ts'
import { RealStage } from '../real/stage.ts'
import { findAble } from './able.ts'
import { type CutProvider, cutProviders } from './cuts.ts'
import { unfitForPorts } from './ports.ts'
import { sweep } from '../real/sweep.ts'
import { PLACES_MAX, SHAPER_PORT, addressOf, nodePortOf } from './words.ts'
import { type Yard, openYard } from './yard.ts'

/** What a daemon and the agent of its network take in memory. */
const NODE_BYTES = 170 * 1024 * 1024
/** More of them do not get their turn in time. */
const NODES_PER_CORE = 8

/** Names the way to cut packets. Default: the best that this machine has. */
const CUTS_VARIABLE = 'COTERIE_LAB_CUTS'

export const netns: Engine = { name: 'netns', capabilities, run }

/** How packets are cut here, or why they cannot be. */
async function wayToCut(): Promise<{ readonly cuts: CutProvider } | { readonly reason: string }> {
  const found = await findAble()
  if ('reason' in found) return found
  const wanted = process.env[CUTS_VARIABLE] ?? ''
  const [best = 'neighbours'] = found.able.cuts
  if (wanted === '') return { cuts: best }
  const cuts = cutProviders.find((one) => one === wanted)
  if (cuts === undefined) {
    return { reason: `${CUTS_VARIABLE} is "${wanted}" and none of ${cutProviders.join(', ')}` }
  }
  return found.able.cuts.includes(cuts) ? { cuts } : { reason: `there is no ${cuts} here` }
}

async function capabilities(): Promise<Capabilities> {
  const way = await wayToCut()
  const room = Math.min(cpus().length * NODES_PER_CORE, Math.floor(freemem() / NODE_BYTES))
  return {
    faults: new Set(['split', 'cut', 'link', 'crash', 'offline', 'pause', 'slow', 'byzantine']),
    lies: new Set(lies.filter(isBent)),
    modes: new Set(['blackhole', 'reset', 'no-new', 'hold']),
    changes: new Set(['delayMs', 'jitterMs', 'jitterSigma', 'loss']),
    crashes: new Set(['keep']),
    protocols: new Set(['coterie']),
    nodesMax: Math.min(PLACES_MAX, room),
    virtual: false,
    reasons: faultReasons,
    ...('reason' in way ? { missing: way.reason } : {}),
    unfit: (scenario) => [
      ...unfitLies(scenario),
      ...('cuts' in way && way.cuts === 'ports' ? unfitForPorts(scenario) : []),
    ],
  }
}

async function run(run: EngineRun): Promise<EngineReport> {
  const [found, way] = [await findAble(), await wayToCut()]
  if ('reason' in found) throw new Error(found.reason)
  if ('reason' in way) throw new Error(way.reason)
  sweep()
  const { rights } = found.able
  const { cuts } = way
  const { nodes, seed } = run.scenario
  const counted = { steps: 0, passed: (_from: number, _to: number) => {} }
  const failed = new AbortController()
  const signal = AbortSignal.any([run.signal, failed.signal])
  const delayProvider = 'link shaper in each namespace'
  const yard = await openYard({
    nodes,
    seed,
    rights,
    cuts,
    onPassed: (from, to) => {
      counted.steps += 1
      counted.passed(from, to)
    },
    onDeath: (error) => failed.abort(error),
  })
  try {
    return await withFleet(fleetOf(yard, run.scenario, signal), async (fleet) => {
      const played = await withProcesses(fleet, (processes) => {
        const mesh = meshOf({ fleet, processes, yard, nodes, counted })
        return new RealStage(run, mesh, 'netns').play()
      })
      const made = `packets vanish by ${cuts}, as ${rights}; the rest is the link shaper's`
      return { ...played, delayProvider, notes: [...played.notes, made] }
    })
  } catch (error) {
    // A run that is interrupted while its nodes start has nothing to tell.
    if (!run.signal.aborted) throw error
    return { steps: counted.steps, delayProvider, notes: [] }
  } finally {
    await yard.close()
  }
}

function fleetOf(yard: Yard, scenario: Materialised, signal: AbortSignal) {
  const { nodes } = scenario
  const bent = bentIn(scenario)
  return {
    names: Array.from({ length: nodes }, (_, node) => `n${node}`),
    keep: undefined,
    prefix: `coterie-lab-${process.pid}-`,
    signal,
    settings: (node: number) => {
      const own = {
        before: ['engine/real/through'],
        inside: yard.inside(node),
        env: { [SHAPER_VARIABLE]: String(SHAPER_PORT), [NODE_VARIABLE]: String(node) },
      }
      return bent.has(node) ? withHand(own) : own
    },
    where: (node: number, home: string) => ({
      listen: `/ip4/${addressOf(node)}/tcp/${nodePortOf(node)}`,
      apiAt: `unix:${home}/api.sock`,
    }),
  }
}

interface Parts {
  readonly fleet: Fleet
  readonly processes: Processes
  readonly yard: Yard
  readonly nodes: number
  readonly counted: { readonly steps: number; passed: (from: number, to: number) => void }
}

function meshOf({ fleet, processes, yard, nodes, counted }: Parts): Mesh {
  return {
    nodes,
    signal: fleet.signal,
    ...processes,
    setLinks: (links) => yard.set(links),
    look: (links) => yard.look(links),
    restart: (node) => fleet.restart(node),
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
