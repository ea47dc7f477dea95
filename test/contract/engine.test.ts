// All engines keep the same promises.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

import { proc } from '../../src/lab/engine/proc/proc.ts'
import { sim } from '../../src/lab/engine/sim/sim.ts'
import {
  agreement,
  engineContract,
  measured,
  processContract,
  runText,
  splitOfFour,
} from './engine.contract.ts'
import { cleanEnv, program, until } from '../support/daemons.ts'
import { leftovers, processTable } from '../support/leftovers.ts'
import { sweep } from '../../src/lab/engine/real/sweep.ts'

engineContract({ engine: sim, leftovers: () => [] })

engineContract({ engine: proc, leftovers })

processContract({ engine: sim, leftovers: () => [] })

processContract({ engine: proc, leftovers })

test('a node that stands still ends too when the run is killed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lab-killed-'))
  const file = join(folder, 'scenario.yaml')
  const pause = '{ at: 500ms, id: p1, do: pause, target: "1,2", for: 9s }'
  writeFileSync(file, splitOfFour.replace(/\{ at: 2s.*\}/, pause).replace(/expect:[^]*/, ''))
  const words = ['lab', 'run', file, '--engine', 'proc', '--out', join(folder, 'out')]
  const bench = spawn(process.execPath, [program, ...words], { env: cleanEnv, stdio: 'ignore' })
  try {
    const nodes = () => processTable().filter((line) => line.includes(`/coterie-lab-${bench.pid}-`))
    const still = () => nodes().filter((line) => / T/.test(line.slice(0, 24)))
    await until('two stand still', 60_000, () => Promise.resolve(still().length === 2))
    expect(leftovers(bench.pid).length).toBeGreaterThan(4)
    bench.kill('SIGKILL')
    // By themselves: nobody sweeps meanwhile.
    await until('all are gone', 30_000, () => Promise.resolve(nodes().length === 0))
    expect(leftovers(bench.pid)).toEqual([expect.stringContaining(`coterie-lab-${bench.pid}-`)])
    sweep()
    expect(leftovers(bench.pid)).toEqual([])
  } finally {
    bench.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  }
}, 100_000)

test('a node that stands still with nobody left to let it go is swept, another is not', async () => {
  const sleeper = 'console.log(1); setInterval(() => undefined, 1_000)'
  const start = (owner: number) => {
    const home = join(tmpdir(), `coterie-lab-${owner}-test`, 'n0')
    const words = ['-e', sleeper, '/nowhere/cli/main.js', '--home', home]
    return spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  }
  const [lost, kept] = [start(999_999_999), start(process.pid)]
  try {
    await Promise.all(
      [lost, kept].map((one) => new Promise((resolve) => one.stdout.once('data', resolve))),
    )
    lost.kill('SIGSTOP')
    const gone = new Promise((resolve) => lost.once('close', resolve))
    const swept = sweep()
    expect(swept).toContain(String(lost.pid))
    // Its end would be heard of later only.
    expect(swept).not.toContain(String(kept.pid))
    await gone
    expect([kept.exitCode, kept.signalCode]).toEqual([null, null])
  } finally {
    for (const one of [lost, kept]) one.kill('SIGKILL')
  }
})

const twoFaced = `lab: 1
name: two-faced
title: A member says two things under one number, another says what is old
group: { nodes: 5, roles: { manager: "0", leaders: "0,2" } }
network: { link: { latency: 10ms } }
protocols: [{ use: coterie }]
workload: [{ kind: chat, who: "*", perNodePerMinute: 60 }]
schedule:
  - { at: 500ms, id: p2, do: byzantine, target: 0, lies: [replay, withhold, stale], for: 10s }
  - { at: 1s, id: p1, do: byzantine, target: 3, lies: [equivocate, time], for: 10s }
run: { duration: 12s, quiesce: 20s }
real: { quiesce: 20s }
expect: [{ phase: after-p1, that: "converged && lost == 0" }]
`

test('a real node that shows two faces is proven to lie by everybody, and nobody else is', async () => {
  const { result, trace } = await runText(proc, twoFaced)
  for (const id of ['p1', 'p2']) {
    const states = trace.flatMap((one) => (one.k === 'fault' && one.id === id ? [one.state] : []))
    expect([id, ...states]).toEqual([id, 'requested', 'verified', 'off'])
  }
  const proofs = trace.flatMap((event) => (event.k === 'proof' ? [event] : []))
  expect(new Set(proofs.map(({ against }) => against))).toEqual(new Set([3]))
  expect(new Set(proofs.map(({ n }) => n).filter((n) => n !== 3))).toEqual(new Set([0, 1, 2, 4]))
  const said = trace.flatMap((event) => (event.k === 'msg' && event.n === 3 ? [event.seq] : []))
  expect(new Set(said).size).toBeLessThan(said.length)
  expect(result.checks.find(({ id }) => id === 'C12')).toMatchObject({ held: 'true' })
  expect(result.verdict).toBe('pass')
  expect(leftovers()).toEqual([])
}, 150_000)

test('engines of real nodes tell what the simulator tells', () => {
  const names = [...measured.keys()].filter((name) => name !== 'sim')
  expect(names).toEqual(['proc'])
  agreement(measured.get('sim'), names)
})
