// How much of a trace is kept: at level `full` every frame is told of, sent, arrived or lost, and nothing
// else changes, not even the digest.

import { expect, test } from 'vitest'

import { sim } from '../../../../src/lab/engine/sim/sim.ts'
import { experiment } from '../../../../src/lab/run/experiment.ts'
import { materialise } from '../../../../src/lab/scenario/materialise.ts'
import { ScenarioSource } from '../../../../src/lab/scenario/source.ts'
import type { TraceEvent, TraceLevel } from '../../../../src/lab/trace/event.ts'

const text = `lab: 1
name: levels
title: A bad link
seed: levels
group: { nodes: 3 }
network: { link: { latency: 20ms, loss: 0.1 } }
protocols: [{ use: coterie }]
workload: [{ kind: chat, who: "*", perNodePerMinute: 30 }]
schedule: [{ at: 2s, id: p1, do: split, sides: ["0", "1,2"], for: 3s }]
run: { duration: 8s, quiesce: 10s }
`

async function run(level: TraceLevel) {
  const { materialised: scenario } = materialise(new ScenarioSource('levels', text).parse())
  const [use] = scenario.protocols
  if (use === undefined) throw new Error('no protocol')
  const blocks: string[] = []
  const { signal } = new AbortController()
  const about = { scenario, use, engine: sim, level, signal } as const
  const write = (block: string) => void blocks.push(block)
  const { digest } = await experiment({ ...about, write, progress: () => {} })
  const lines = blocks.join('').split('\n').filter(Boolean)
  return { digest, events: lines.map((line) => JSON.parse(line) as TraceEvent) }
}

test('frames are told of at level full only, and change nothing else', async () => {
  const [normal, full] = [await run('normal'), await run('full')]
  expect(full.digest).toBe(normal.digest)
  expect(full.events.filter(({ k }) => k !== 'net')).toEqual(normal.events)
  expect((await run('digest')).events).toEqual([])
  const net = full.events.flatMap((event) => (event.k === 'net' ? [event] : []))
  expect(new Set(net.map(({ d, c }) => `${d} ${c}`))).toEqual(
    new Set(['tx sync', 'rx sync', 'tx flood', 'rx flood', 'drop flood']),
  )
  // What arrives was sent, by whom it came from.
  const waiting = new Map<string, number>()
  const name = (from: number, to: number, c: string, bytes: number) => `${from} ${to} ${c} ${bytes}`
  for (const { d, n, peer, c, bytes, t } of net) {
    const way = d === 'tx' ? name(n, peer, c, bytes) : name(peer, n, c, bytes)
    const left = (waiting.get(way) ?? 0) + (d === 'tx' ? 1 : -1)
    waiting.set(way, left)
    // Some were under way as the run began.
    if (t > 1_000_000) expect(left).toBeGreaterThanOrEqual(-2)
  }
  // Nothing crosses the cut while it lasts.
  const crossed = net.filter(
    ({ d, n, peer, t }) =>
      d === 'rx' && t > 2_000_000 && t < 5_000_000 && (n === 0) !== (peer === 0),
  )
  expect(crossed).toEqual([])
})
