// Runs the scenario of `repeats.test.ts` in a process of its own and prints the digest.
// Only the real core: it has the most that could differ.

import { sim } from '../../../../src/lab/engine/sim/sim.ts'
import { experiment } from '../../../../src/lab/run/experiment.ts'
import { materialise } from '../../../../src/lab/scenario/materialise.ts'
import { ScenarioSource } from '../../../../src/lab/scenario/source.ts'
import { text } from './short-split.ts'

const { materialised: scenario } = materialise(new ScenarioSource('repeats', text).parse())
const [use] = scenario.protocols
if (use === undefined) throw new Error('no protocol')
const { signal } = new AbortController()
const progress = () => {}
const { digest } = await experiment({
  scenario,
  use,
  engine: sim,
  level: 'digest',
  signal,
  progress,
})
console.log(digest)
