// How many events a second the world does. Run alone: `npx tsx test/unit/lab/world/throughput.ts`.

import { bareEventsPerSecond } from '../../../../scripts/bench/bare-loop.ts'
import { talkers } from './toys.ts'

/** Happenings a second of nodes that write, send and flood through the real driver. */
export function worldEventsPerSecond(nodes: number, degree: number, forMs: number): number {
  const dials = (index: number) =>
    Array.from({ length: degree }, (_, i) => (index + i * i + 1) % nodes)
  const world = talkers(nodes, { talker: { dials, periodMs: 1_000 }, keepEvents: false })
  world.run(900)
  return perSecond(() => {
    const before = world.steps
    world.run(forMs)
    return world.steps - before
  })
}

function perSecond(run: () => number): number {
  const beganMs = performance.now()
  const count = run()
  return Math.round((count * 1_000) / (performance.now() - beganMs))
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  for (const nodes of [100, 1_000, 10_000]) {
    console.log(`bare, ${nodes} nodes: ${bareEventsPerSecond(nodes, 2_000_000)} events/s`)
  }
  for (const nodes of [10, 100, 1_000]) {
    const forMs = 1_000 + Math.max(1_000, 300_000 / nodes)
    console.log(`talkers, ${nodes} nodes: ${worldEventsPerSecond(nodes, 4, forMs)} events/s`)
  }
}
