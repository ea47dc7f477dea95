// Every fault, shape and overlay that a scenario can name does what it says on the simulator: it is found
// in force, and after it the product and the oracle are whole again. Where a fault must hurt somebody it
// is seen to: a fault that nobody feels would prove nothing.

import { describe, expect, test } from 'vitest'

import { sim } from '../../../../src/lab/engine/sim/sim.ts'
import { type Experiment, experiment } from '../../../../src/lab/run/experiment.ts'
import { materialise } from '../../../../src/lab/scenario/materialise.ts'
import { ScenarioSource } from '../../../../src/lab/scenario/source.ts'
import { cases, scenarioOf } from './cases.ts'

async function run(name: string, as: string): Promise<Experiment> {
  const { materialised, problems } = materialise(new ScenarioSource(name, scenarioOf(name)).parse())
  expect(problems).toEqual([])
  const use = materialised.protocols.find((one) => one.as === as)
  if (use === undefined) throw new Error(as)
  const { signal } = new AbortController()
  const scenario = materialised
  return experiment({ scenario, use, engine: sim, level: 'digest', signal, progress: () => {} })
}

describe.each(Object.keys(cases))('%s', (name) => {
  test.each(['coterie', 'ideal'])('%s is whole again', async (as) => {
    const one = await run(name, as)
    expect(one.checks.filter(({ held }) => held === 'false')).toEqual([])
    expect(one.checks.find(({ id }) => id === 'C13')).toMatchObject({ held: 'true', note: '' })
    expect(one.verdict).toBe('pass')
    expect(one.metrics['after-p1']).toMatchObject({ converged: 1, lost: 0, undecryptable: 0 })
  })
})

/** Faults under which sending once to whomever one reaches is not enough. */
const felt = [
  'crash, kept',
  'crash, lost',
  'crash, torn, silent',
  'offline',
  'disk',
  'cut both',
  'cut one way',
  'cut, reset',
  'halves',
  'halves, forward',
  'majority',
  'isolate one',
  'isolate manager',
  'bridge',
  'two-leaf',
  'ring',
  'random',
  'swizzle',
  'nested',
  'overlay ring',
  'several groups',
]

test.each(felt)('%s is felt by who never sends twice', async (name) => {
  const one = await run(name, 'direct')
  const [during, after] = [one.metrics['p1'], one.metrics['after-p1']]
  expect(after?.['converged'] === 0 || (during?.['lost'] ?? 0) > 0).toBe(true)
})

test('who joins late, after the deadline even, is told of as a member', async () => {
  for (const as of ['coterie', 'managed']) {
    const one = await run('join, leave, read', as)
    expect(one.checks.filter(({ held }) => held === 'false')).toEqual([])
    expect(one.metrics['all']).toMatchObject({ converged: 1, lost: 0, A_all: 1 })
  }
})
