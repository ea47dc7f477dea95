// A copied device: what its keys open of before, what they go on opening, and that only beginning anew
// ends it. Read from a run of the real core, whose disk was really copied.

import { expect, test } from 'vitest'

import { sim } from '../../../../src/lab/engine/sim/sim.ts'
import { experiment } from '../../../../src/lab/run/experiment.ts'
import { materialise } from '../../../../src/lab/scenario/materialise.ts'
import { ScenarioSource } from '../../../../src/lab/scenario/source.ts'
import { SeededRandom } from '../../../../src/base/random.ts'
import { Weather, exponentiated } from '../../../../src/lab/world/weather.ts'

const text = `
lab: 1
name: copied
title: A copied device
seed: copied
group: { nodes: 4, roles: { leaders: "0,3" } }
network: { link: { latency: 20ms, jitter: "lognormal(5ms, 0.5)" } }
protocols: [{ use: coterie }]
workload:
  - { kind: chat, who: "*", perNodePerMinute: 30 }
  - { kind: compromise, who: "2", at: 8s }
  - { kind: rekey, who: "0", at: 12s }
  - { kind: recover-device, who: "2", at: 16s }
run: { duration: 26s, quiesce: 30s }
`

async function run(scenarioText: string) {
  const { materialised, problems } = materialise(new ScenarioSource('copied', scenarioText).parse())
  expect(problems).toEqual([])
  const [use] = materialised.protocols
  if (use === undefined) throw new Error('no protocol')
  const { signal } = new AbortController()
  const options = { scenario: materialised, use, engine: sim, level: 'digest', signal } as const
  return experiment({ ...options, progress: () => {} })
}

test('a copy opens what is said until the device begins anew, whatever is re-keyed meanwhile', async () => {
  const { metrics, checks, series } = await run(text)
  expect(checks.filter(({ held }) => held === 'false')).toEqual([])
  const all = metrics['all'] ?? {}
  expect(all).toMatchObject({ thefts: 1, lost: 0, converged: 1 })
  expect(all['fs_texts']).toBeGreaterThan(5)
  expect(all['fs_age']).toBeGreaterThan(5_000)
  expect(all['pcs_texts']).toBeGreaterThan(5)
  expect(all['pcs_time']).toBeGreaterThan(5_000)
  expect(all['pcs_time']).toBeLessThan(10_000)
  const points = (name: string) => series.find((one) => one.name === name)?.points
  expect(points('pcs')).toEqual([
    [0, 1],
    [all['pcs_time'], 0],
  ])
  expect(points('fs')).toEqual([[expect.closeTo(8_000, -2), all['fs_texts']]])
})

test('without that it opens everything for ever', async () => {
  const { metrics, series } = await run(text.replace(/.*recover-device.*\n/, ''))
  expect(metrics['all']?.['pcs_time']).toBe(Number.POSITIVE_INFINITY)
  expect(series.find(({ name }) => name === 'pcs')?.points).toEqual([[0, 1]])
})

test('lognormal jitter has its median and its tail, the same on every machine', () => {
  const weather = new Weather(new SeededRandom('jitter').fork('net'))
  const draws = { from: 0, to: 1, bucket: -1, index: 0 }
  const drawn = Array.from({ length: 4_001 }, (_, k) => {
    weather.next(draws, k * 10_000)
    return weather.jitterUs(draws, { jitterMs: 10, jitterSigma: 0.5 }) / 1_000
  }).sort((a, b) => a - b)
  expect(drawn[2_000]).toBeCloseTo(10, 0)
  const tail = drawn.filter((ms) => ms > 10 * Math.exp(0.5 * 1.645)).length / drawn.length
  expect(tail).toBeGreaterThan(0.035)
  expect(tail).toBeLessThan(0.065)
  for (const power of [-3, -0.5, 0, 1, 2.5]) {
    expect(exponentiated(power)).toBeCloseTo(Math.exp(power), 9)
  }
})
