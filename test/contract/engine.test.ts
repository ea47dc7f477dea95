// All engines keep the same promises.

import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'

import { expect, test } from 'vitest'

import { disagreements, isOfCounts } from '../../src/lab/check/engines.ts'
import { proc } from '../../src/lab/engine/proc/proc.ts'
import { sim } from '../../src/lab/engine/sim/sim.ts'
import { engineContract, measured } from './engine.contract.ts'

engineContract({ engine: sim, leftovers: () => [] })

const homesBefore = new Set(homes())

engineContract({ engine: proc, leftovers: () => [...daemons(), ...newHomes()] })

test('engines of real nodes tell what the simulator tells', () => {
  const model = measured.get('sim')
  expect(model).toBeDefined()
  const others = [...measured].filter(([name]) => name !== 'sim')
  expect(others.length).toBeGreaterThan(0)
  for (const [name, real] of others) {
    const found = disagreements(model ?? {}, real)
    for (const { phase, metric, model: one, real: other } of found) {
      // Times depend on how busy the machine is: they are shown, and bounded by what the run expects.
      process.stderr.write(`sim and ${name}: ${metric} of ${phase}: ${one} and ${other}\n`)
    }
    expect(found.filter(isOfCounts)).toEqual([])
  }
})

/** Folders of fleets. Those that were there before belong to somebody else. */
function homes(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('coterie-lab-'))
}

function newHomes(): string[] {
  return homes().filter((name) => !homesBefore.has(name))
}

/** Nodes that this process started. */
function daemons(): string[] {
  const table = execFileSync('ps', ['-eo', 'ppid=,pid=,args='], { encoding: 'utf8' })
  return table
    .split('\n')
    .filter((line) => line.trim().startsWith(`${process.pid} `) && line.includes(' daemon '))
}
