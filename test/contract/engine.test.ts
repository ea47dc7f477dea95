// All engines keep the same promises.

import { expect, test } from 'vitest'

import { proc } from '../../src/lab/engine/proc/proc.ts'
import { sim } from '../../src/lab/engine/sim/sim.ts'
import { agreement, engineContract, measured } from './engine.contract.ts'
import { leftovers } from '../support/leftovers.ts'

engineContract({ engine: sim, leftovers: () => [] })

engineContract({ engine: proc, leftovers })

test('engines of real nodes tell what the simulator tells', () => {
  const names = [...measured.keys()].filter((name) => name !== 'sim')
  expect(names).toEqual(['proc'])
  agreement(measured.get('sim'), names)
})
