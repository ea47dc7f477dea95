// Groups that share no node are run as worlds apart: on how many threads, in which order and beside whom
// changes nothing of the trace. One world with all of them gives the same outcomes; not the same moments,
// because there all begin when the last group is founded, under another hour's weather.

import { expect, test } from 'vitest'

import type { Engine, EngineRun } from '../../../../src/lab/engine/engine.ts'
import { runPopulations } from '../../../../src/lab/engine/sim/crew/crew.ts'
import { merge } from '../../../../src/lab/engine/sim/crew/merge.ts'
import { populationsOf } from '../../../../src/lab/engine/sim/crew/population.ts'
import { Spool, type Told, unspool } from '../../../../src/lab/engine/sim/crew/spool.ts'
import { sim } from '../../../../src/lab/engine/sim/sim.ts'
import { SimStage, setupOf } from '../../../../src/lab/engine/sim/stage.ts'
import { type Experiment, experiment } from '../../../../src/lab/run/experiment.ts'
import { materialise } from '../../../../src/lab/scenario/materialise.ts'
import type { Materialised } from '../../../../src/lab/scenario/materialised.ts'
import { ScenarioSource } from '../../../../src/lab/scenario/source.ts'
import type { Fact } from '../../../../src/lab/trace/event.ts'

const text = `lab: 1
name: groups
title: Three groups of four, apart for four seconds, one node down meanwhile
group: { nodes: 12, count: 3 }
network: { link: { latency: 10ms, jitter: 5ms, loss: 0.01 } }
protocols: [{ use: coterie }, { use: ideal }]
workload: [{ kind: chat, who: "*", perNodePerMinute: 20 }]
schedule:
  - { at: 2s, id: p1, do: split, shape: halves, for: 4s }
  - { at: 3s, id: c1, do: crash, target: "5", for: 2s }
run: { duration: 8s, quiesce: 30s }
`

/** What became of operations and texts, whenever. */
const OUTCOMES = 'ops n_send ok_send A_all U_all lost undecryptable converged heads'.split(' ')

const drawn = (changed = text): Materialised =>
  materialise(new ScenarioSource('groups', changed).parse()).materialised

const engineOn = (run: Engine['run']): Engine => ({ ...sim, run })

const apart = (threads: number): Engine =>
  engineOn((run) => runPopulations(run, populationsOf(run.scenario) ?? [], threads))

const together = engineOn(async (run: EngineRun) => {
  const stage = new SimStage(run, setupOf(run.scenario, run.use.with))
  await stage.found()
  await stage.play()
  await stage.quiesce()
  return { steps: stage.steps, delayProvider: 'virtual', notes: [] }
})

async function measured(engine: Engine, as: string): Promise<Experiment> {
  const scenario = drawn()
  const use = scenario.protocols.find((one) => one.as === as)
  if (use === undefined) throw new Error(as)
  const { signal } = new AbortController()
  return experiment({ scenario, use, engine, level: 'digest', signal, progress: () => {} })
}

test('any number of threads gives the same digest, and one world the same outcomes', async () => {
  const one = await measured(apart(0), 'coterie')
  expect(one.metrics['after-p1']).toMatchObject({ converged: 1, lost: 0, undecryptable: 0 })
  expect(one.checks.filter(({ held }) => held === 'false')).toEqual([])
  for (const threads of [1, 2]) {
    expect((await measured(apart(threads), 'coterie')).digest).toBe(one.digest)
  }
  const whole = await measured(together, 'coterie')
  for (const phase of ['before', 'p1', 'c1', 'after-p1']) {
    for (const name of OUTCOMES) {
      expect([phase, name, whole.metrics[phase]?.[name]]).toEqual([
        phase,
        name,
        one.metrics[phase]?.[name],
      ])
    }
  }
}, 120_000)

test('a model is run apart as well', async () => {
  const [one, two] = [await measured(apart(0), 'ideal'), await measured(apart(2), 'ideal')]
  expect(two.digest).toBe(one.digest)
}, 120_000)

test('one group is not parted, nor where whoever manages each is struck at once', () => {
  expect(populationsOf(drawn())?.map(({ nodes }) => nodes)).toEqual([
    [0, 1, 2, 3],
    [4, 5, 6, 7],
    [8, 9, 10, 11],
  ])
  expect(populationsOf(drawn(text.replace('count: 3', 'count: 1')))).toBeUndefined()
  const struck = text.replace('target: "5"', 'target: "role:manager"')
  expect(populationsOf(drawn(struck))).toBeUndefined()
})

test('a population has the operations of its group only, and every fault', () => {
  const scenario = drawn()
  const parts = populationsOf(scenario) ?? []
  const operations = parts.flatMap((part) =>
    part.scenario.events.flatMap((event) => (event.kind === 'operation' ? [event.id] : [])),
  )
  const all = scenario.events.flatMap((event) => (event.kind === 'operation' ? [event.id] : []))
  expect(operations.sort((a, b) => a - b)).toEqual(all.sort((a, b) => a - b))
  for (const { scenario: own } of parts) {
    expect(own.events.filter(({ kind }) => kind === 'fault')).toHaveLength(4)
  }
})

// --- The merge ---------------------------------------------------------------------------------

const fault = (state: 'requested' | 'verified' | 'unverified'): Fact => {
  return { k: 'fault', id: 'p1', part: 0, state }
}
const life = (up: boolean): Fact => ({ k: 'life', up })
const at = (t: number, n: number, fact: Fact): Told => ({ t, n, fact })
const sent: Fact = { k: 'sent', frames: 1, bytes: 1 }
const end = (why: 'quiet' | 'bound' | 'interrupted'): Fact => ({ k: 'end', why, world: '' })

function merged(...streams: readonly (readonly Told[])[]): (readonly [number, number, string])[] {
  const told: (readonly [number, number, string])[] = []
  const say = (fact: Fact): string =>
    fact.k === 'fault' ? fact.state : fact.k === 'end' ? `end ${fact.why}` : fact.k
  const packed = streams.map((stream) => {
    const blocks: Uint8Array[] = []
    const spool = new Spool((block) => void blocks.push(block))
    for (const { t, n, fact } of stream) spool.add(t, n, fact)
    spool.seal()
    return unspool(blocks)
  })
  merge(drawn(), packed, (t, n, fact) => void told.push([t, n, say(fact)]))
  return told
}

test('what the run tells comes once, after what nodes told before it, and doubt of one is doubt', () => {
  const one = [at(5, 0, life(true)), at(5, -1, fault('requested')), at(5, -1, fault('verified'))]
  const other = [
    at(5, 4, life(true)),
    at(5, -1, fault('requested')),
    at(5, -1, fault('unverified')),
  ]
  const quiet = at(6, -1, { k: 'quiesce' })
  const story = merged(
    [...one, quiet, at(7, 0, sent), at(7, -1, end('quiet'))],
    [at(4, 4, life(false)), ...other, quiet, at(9, 4, sent), at(9, -1, end('bound'))],
  )
  expect(story).toEqual([
    [4, 4, 'life'],
    [5, 0, 'life'],
    [5, 4, 'life'],
    [5, -1, 'requested'],
    [5, -1, 'unverified'],
    [6, -1, 'quiesce'],
    [9, 0, 'sent'],
    [9, 4, 'sent'],
    [9, -1, 'end bound'],
  ])
})

test('a population that was never begun makes the run an interrupted one', () => {
  expect(merged([at(1, 0, life(true)), at(2, -1, end('quiet'))], [])).toEqual([
    [1, 0, 'life'],
    [2, -1, 'end interrupted'],
  ])
})
