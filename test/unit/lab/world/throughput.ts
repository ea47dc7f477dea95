// How many events a second the world does. Run alone: `npx tsx test/unit/lab/world/throughput.ts`.

import { createNativeCrypto } from '../../../../src/crypto/native.ts'
import { Timeline } from '../../../../src/lab/world/timeline.ts'
import { Trace } from '../../../../src/lab/world/trace.ts'
import { talkers } from './toys.ts'

/** Happenings a second that do nothing but plan the next one, trace hashed. */
export function bareEventsPerSecond(nodes: number, events: number): number {
  const timeline = new Timeline(new Trace(createNativeCrypto()))
  let state = 1
  const next = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0)
  for (let node = 0; node < nodes; node++) {
    const tick = () => void timeline.at(timeline.nowUs + (next() % 100_000), node, 'tick', '', tick)
    timeline.at(node, node, 'tick', '', tick)
  }
  return perSecond(() => {
    for (let done = 0; done < events; done++) timeline.step(Number.POSITIVE_INFINITY)
    return events
  })
}

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
