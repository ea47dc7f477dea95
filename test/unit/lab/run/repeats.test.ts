// The same scenario and seed give the same digest, in one process and in two; another seed another one.
// And each protocol does what it claims: the bench tells them apart.

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { sim } from '../../../../src/lab/engine/sim/sim.ts'
import { type Experiment, experiment } from '../../../../src/lab/run/experiment.ts'
import { materialise } from '../../../../src/lab/scenario/materialise.ts'
import { ScenarioSource } from '../../../../src/lab/scenario/source.ts'
import { text } from './short-split.ts'

async function run(as: string, seed?: string): Promise<Experiment> {
  const { materialised } = materialise(new ScenarioSource('repeats', text).parse(), seed)
  const use = materialised.protocols.find((one) => one.as === as)
  if (use === undefined) throw new Error(as)
  const { signal } = new AbortController()
  const scenario = materialised
  return experiment({ scenario, use, engine: sim, level: 'digest', signal, progress: () => {} })
}

const four = ['coterie', 'ideal', 'managed', 'direct']

test.each(four)(
  '%s repeats itself, and another seed is another run',
  async (as) => {
    const [one, again, other] = [await run(as), await run(as), await run(as, 'two')]
    expect(again.digest).toBe(one.digest)
    expect(other.digest).not.toBe(one.digest)
  },
  120_000,
)

test('repeats itself in another process', async () => {
  const here = await run('coterie')
  const script = join(import.meta.dirname, 'repeats-child.ts')
  const there = execFileSync(process.execPath, ['--import', 'tsx', script], { encoding: 'utf8' })
  expect(there.trim()).toBe(here.digest)
}, 120_000)

test('each does under a split what it claims', async () => {
  const [coterie, ideal, managed, direct] = await Promise.all(four.map((as) => run(as)))
  for (const one of [coterie, ideal, managed, direct]) expect(one?.metrics['p1']?.['A_all']).toBe(1)
  for (const one of [coterie, ideal]) expect(one?.metrics['p1']?.['U_all']).toBe(1)
  expect(managed?.metrics['p1']?.['Hc_right']).toBeLessThan(0.2)
  for (const one of [coterie, ideal, managed]) {
    expect(one?.metrics['after-p1']).toMatchObject({ converged: 1, lost: 0, undecryptable: 0 })
  }
  expect(direct?.metrics['p1']?.['lost']).toBeGreaterThan(0)
  expect(direct?.metrics['after-p1']?.['converged']).toBe(0)
  expect(direct?.checks.find(({ id }) => id === 'C1')?.held).toBe('false')
}, 120_000)
