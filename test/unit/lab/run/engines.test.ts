// What two engines say of one scenario: counts must be the same, times of healing within a factor of two and
// whatever no clock tells; everything else is a disagreement with both figures. Nothing starts that one of
// the engines cannot do.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { agreementOf } from '../../../../src/lab/check/engines.ts'
import { compare, runOnEngines } from '../../../../src/lab/run/engines.ts'
import type { LabResult } from '../../../../src/lab/run/lab.ts'
import { runScenario } from '../../../../src/lab/run/lab.ts'

const figures = { lost: 0, undecryptable: 0, converged: 1, heal_read: 1_000, A_all: 1 }
const model = { 'after-p1': figures }
const real = (more: object) => ({ 'after-p1': { ...figures, ...more } })

test('what is the same, or within a factor of two, is agreed on', () => {
  expect(agreementOf(model, real({ heal_read: 2_000, A_all: 0.5 }))).toEqual({
    compared: 4,
    disagreements: [],
  })
  expect(agreementOf(model, real({ heal_read: 500 })).disagreements).toEqual([])
})

test.each([
  ['heal_read', 2_001],
  ['heal_read', 499],
  ['heal_read', Number.POSITIVE_INFINITY],
  ['lost', 1],
  ['undecryptable', 1],
  ['converged', 0],
])('%s of %d is not', (metric, value) => {
  const { disagreements } = agreementOf(model, real({ [metric]: value }))
  const before = figures[metric as keyof typeof figures]
  expect(disagreements).toEqual([{ phase: 'after-p1', metric, model: before, real: value }])
})

test('who holds what in the middle of talk is not compared, what was lost of it is', () => {
  const { compared, disagreements } = agreementOf(
    { before: figures },
    { before: { ...figures, converged: 0, lost: 1 } },
  )
  expect(compared).toBe(3)
  expect(disagreements.map(({ metric }) => metric)).toEqual(['lost'])
})

test('the first engine is compared to each other one', () => {
  const result = (engine: string, metrics: object) =>
    ({ engine, protocols: [{ protocol: 'coterie', metrics }] }) as unknown as LabResult
  const runs = [result('sim', model), result('proc', real({ lost: 2 })), result('netns', model)]
  expect(compare(runs)).toMatchObject([
    { protocol: 'coterie', model: 'sim', real: 'proc', disagreements: [{ metric: 'lost' }] },
    { protocol: 'coterie', model: 'sim', real: 'netns', disagreements: [] },
  ])
})

const text = (more: string) => `lab: 1
name: short
title: Two nodes apart
group: { nodes: 2 }
network: { link: { latency: 10ms } }
protocols: [{ use: coterie }]
workload: [{ kind: chat, who: "*", perNodePerMinute: 60 }]
schedule: [{ at: 2s, id: p1, do: split, shape: halves, for: 4s }]
run: { duration: 10s, quiesce: 20s }
${more}`

let folder = ''
const options = { signal: new AbortController().signal, progress: () => undefined }

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lab-engines-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

test('nothing starts when one engine cannot do it', async () => {
  const file = join(folder, 'short.yaml')
  writeFileSync(file, text(''))
  const out = join(folder, 'run')
  const run = runOnEngines(file, ['sim', 'proc'], { ...options, out })
  await expect(run).rejects.toThrow('the engine proc needs a `real:` part')
  expect(existsSync(out)).toBe(false)
})

test('the real part may be run on the simulator: the same events in less time', async () => {
  const file = join(folder, 'short.yaml')
  writeFileSync(file, text('real: { scale: 0.5, quiesce: 20s }\n'))
  const dir = join(folder, 'run')
  const result = await runScenario(file, { ...options, out: dir, real: true })
  expect(result.verdict).toBe('pass')
  const drawn = JSON.parse(readFileSync(join(dir, 'materialised.json'), 'utf8')) as {
    run: { durationMs: number }
  }
  expect(drawn.run.durationMs).toBe(5_000)
})
