// The empty loop of a world: happenings that do nothing but plan the next one, each with its line in the
// hashed trace. What any simulation here takes at least.

import { createNativeCrypto } from '../../src/crypto/native.ts'
import { Timeline } from '../../src/lab/world/timeline.ts'
import { Trace } from '../../src/lab/world/trace.ts'

/** Happenings a second of processor time. */
export function bareEventsPerSecond(nodes: number, events: number): number {
  const timeline = new Timeline(new Trace(createNativeCrypto()))
  let state = 1
  const next = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0)
  for (let node = 0; node < nodes; node++) {
    const tick = () => void timeline.at(timeline.nowUs + (next() % 100_000), node, 'tick', '', tick)
    timeline.at(node, node, 'tick', '', tick)
  }
  const started = process.cpuUsage()
  for (let done = 0; done < events; done++) timeline.step(Number.POSITIVE_INFINITY)
  const { user, system } = process.cpuUsage(started)
  return Math.round((events * 1e6) / (user + system))
}
