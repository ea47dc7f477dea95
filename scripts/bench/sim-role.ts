// A world of the simulator in a process of its own: its memory and its processor time are nobody else's.
// One group of the real core is founded, talks, is split in halves and heals, in virtual time.

import { sim } from '../../src/lab/engine/sim/sim.ts'
import { experiment } from '../../src/lab/run/experiment.ts'
import { materialise } from '../../src/lab/scenario/materialise.ts'
import { ScenarioSource } from '../../src/lab/scenario/source.ts'
import { bareEventsPerSecond } from './bare-loop.ts'
import { residentBytes, serve } from './serve.ts'

export interface SimFigures {
  /** Happenings of the world. */
  readonly steps: number
  readonly cpuSeconds: number
  /** The most memory that the process held, less what it held before. */
  readonly grownBytes: number
}

/** Everybody talks, is split for ten seconds, and heals. */
const scenario = (nodes: number): string => `lab: 1
name: bench
title: One group of ${String(nodes)}
group: { nodes: ${String(nodes)} }
network: { link: { latency: 40ms, jitter: 10ms, loss: 0.001 } }
protocols: [{ use: coterie }]
workload: [{ kind: chat, who: "*", perNodePerMinute: 2 }]
schedule: [{ at: 5s, id: p1, do: split, shape: halves, for: 10s }]
run: { warmup: 1s, duration: 25s, quiesce: 40s }
expect: [{ phase: after-p1, that: "converged && lost == 0 && undecryptable == 0" }]
`

async function run(nodes: number): Promise<SimFigures> {
  const { materialised } = materialise(new ScenarioSource('bench', scenario(nodes)).parse())
  const [use] = materialised.protocols
  if (use === undefined) throw new Error('no protocol')
  const before = residentBytes()
  const started = process.cpuUsage()
  const { expectations, checks, engine } = await experiment({
    scenario: materialised,
    use,
    engine: sim,
    level: 'digest',
    signal: new AbortController().signal,
    progress: () => undefined,
  })
  // What did not heal is no measure of anything. Small worlds put some checks to no test.
  const healed = expectations.every((one) => one.verdict === 'pass')
  if (!healed || checks.some(({ held }) => held === 'false')) {
    throw new Error(`the world of ${String(nodes)} did not heal`)
  }
  const { user, system } = process.cpuUsage(started)
  const most = process.resourceUsage().maxRSS * 1_024
  return { steps: engine.steps, cpuSeconds: (user + system) / 1e6, grownBytes: most - before }
}

serve({
  run,
  bare: ({ nodes, events }: { readonly nodes: number; readonly events: number }) =>
    bareEventsPerSecond(nodes, events),
  stop: () => undefined,
})
