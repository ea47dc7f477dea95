// Each lie that a scenario can name is told, and felt by somebody; honest members are whole all the same
// and accuse nobody who is honest.

import { expect, test } from 'vitest'

import type { Effect } from '../../../../src/core/effect.ts'
import type { Event } from '../../../../src/core/event.ts'
import type { Input } from '../../../../src/core/input.ts'
import type { NodeContext } from '../../../../src/lab/world/node.ts'
import { sim } from '../../../../src/lab/engine/sim/sim.ts'
import { experiment } from '../../../../src/lab/run/experiment.ts'
import { materialise } from '../../../../src/lab/scenario/materialise.ts'
import { ScenarioSource } from '../../../../src/lab/scenario/source.ts'
import type { TraceEvent } from '../../../../src/lab/trace/event.ts'
import { type Lie, lies } from '../../../../src/lab/world/lies.ts'
import { createDriver } from '../../../../src/node/driver.ts'
import { Liar } from '../../../../src/lab/world/liar.ts'
import { createWorld } from '../../../../src/lab/world/world.ts'

const LIAR = 1

/** The liar stands in the middle of a line: whatever goes from 0 to the others goes through it. */
const scenarioOf = (told: readonly Lie[], overlay: string, loss: number) => `
lab: 1
name: lies
title: A liar among honest members
seed: lies
group: { nodes: 4, roles: { leaders: "0,3" } }
network: { overlay: ${overlay}, link: { latency: 20ms, loss: ${loss} } }
protocols: [{ use: coterie }]
workload: [{ kind: chat, who: "*", perNodePerMinute: 20 }]
schedule: [{ at: 5s, id: p1, do: byzantine, target: "${LIAR}", lies: [${told.join(', ')}], for: 12s }]
run: { duration: 22s, quiesce: 60s }
`

function run(told: readonly Lie[], overlay = 'line') {
  // What is lost on the way has to be asked for: then it comes in frames, which can be changed.
  return runText(scenarioOf(told, overlay, told.includes('forge') ? 0.4 : 0))
}

async function runText(text: string) {
  const { materialised: scenario } = materialise(new ScenarioSource('lies', text).parse())
  const [use] = scenario.protocols
  if (use === undefined) throw new Error('no protocol')
  const blocks: string[] = []
  const { signal } = new AbortController()
  const write = (block: string) => void blocks.push(block)
  const one = await experiment({
    ...{ scenario, use, engine: sim, level: 'normal', signal, write },
    progress: () => {},
  })
  const lines = blocks.join('').split('\n').filter(Boolean)
  return { one, trace: lines.map((line) => JSON.parse(line) as TraceEvent) }
}

/** How often what a node sent once comes again. */
function replayed(): number {
  const came: string[] = []
  let liar: Liar | undefined
  const machine = ({ index }: NodeContext) => ({
    step: (input: Input): Effect[] => {
      if (input.kind === 'frame') came.push(String(input.frame[0]))
      if (input.kind === 'channel-open' && index === 1) {
        return [{ kind: 'send', channel: input.channel, frame: Uint8Array.of(7) }]
      }
      if (input.kind === 'start') return [{ kind: 'notify', event: { kind: 'ready' } as Event }]
      return input.kind === 'listening' && index === 1
        ? [{ kind: 'open', ref: 1, protocol: 'sync', peer: undefined, addresses: ['/memory/0'] }]
        : []
    },
  })
  const world = createWorld({
    seed: 'replay',
    nodes: 2,
    machine,
    driver: ({ index }, options) => {
      const one = new Liar({
        ...{ options, make: createDriver, carries: () => true, heard: () => {} },
        machine: () => ({ step: () => [] }),
        differently: (same) => same,
      })
      if (index === 1) liar = one
      return one.driver
    },
  })
  world.run(1_000)
  expect(came).toEqual(['7'])
  liar?.begin(['replay'])
  world.run(11_000)
  return came.length - 1
}

type Run = Awaited<ReturnType<typeof run>>

const within = ({ t }: TraceEvent): boolean => t > 6_000_000 && t < 17_000_000

const felt: Readonly<Record<Lie, (run: Run) => void>> = {
  equivocate({ trace }) {
    const proofs = trace.filter((event) => event.k === 'proof' && event.against === LIAR)
    expect(new Set(proofs.map(({ n }) => n)).size).toBeGreaterThanOrEqual(2)
    const numbers = trace.flatMap((one) => (one.k === 'msg' && one.n === LIAR ? [one.seq] : []))
    expect(new Set(numbers).size).toBeLessThan(numbers.length)
  },
  withhold: ({ one }) => expect(one.metrics['p1']?.['U_all']).toBeLessThan(0.5),
  selective: ({ one }) => expect(one.metrics['p1']?.['U_all']).toBeLessThan(0.9),
  replay: () => expect(replayed()).toBeGreaterThan(3),
  stale({ trace }) {
    expect(trace.filter((event) => event.k === 'rx' && event.n === LIAR && within(event))).toEqual(
      [],
    )
  },
  forge: ({ one }) => expect(one.metrics['p1']?.['U_all']).toBeLessThan(1),
  time: ({ one }) => expect(one.metrics['p1']?.['A_all']).toBe(1),
}

test.each(lies)('%s', async (lie) => {
  const done = await run([lie], lie === 'equivocate' ? 'full' : 'line')
  const { one } = done
  expect(one.checks.filter(({ held }) => held === 'false')).toEqual([])
  expect(one.checks.find(({ id }) => id === 'C13')).toMatchObject({ held: 'true', note: '' })
  expect(one.metrics['after-p1']).toMatchObject({ converged: 1, lost: 0, undecryptable: 0 })
  felt[lie](done)
})

/** The manager speaks to both sides of a split, with a face for each. */
const split = `
lab: 1
name: split-faces
title: A manager with two faces between two sides
seed: s1
group: { nodes: 4, roles: { manager: "0", leaders: "0,3" } }
network: { link: { latency: 20ms } }
protocols: [{ use: coterie }]
workload: [{ kind: chat, who: "*", perNodePerMinute: 60 }]
schedule:
  - { at: 3s, id: p1, do: split, sides: ["1", "2,3"], for: 12s }
  - { at: 5s, id: p2, do: byzantine, target: "0", lies: [equivocate], for: 6s }
run: { duration: 17s, quiesce: 60s }
`

test('what the second face said is shown by the first when it came there, and once', async () => {
  const { one, trace } = await runText(split)
  expect(one.checks.filter(({ held }) => held === 'false')).toEqual([])
  const seconds = trace.flatMap((event) =>
    event.k === 'msg' && event.n === 0 && event.epoch === '' ? [event.m] : [],
  )
  expect(seconds.length).toBeGreaterThan(0)
  const shown = trace.filter(
    (event) => event.k === 'show' && event.n === 0 && seconds.includes(event.m),
  )
  for (const show of shown) {
    const came = trace.find(
      (event) => event.k === 'rx' && event.n === 0 && 'm' in show && event.m === show.m,
    )
    expect(came?.i).toBeLessThan(show.i)
  }
})

test('repeats itself, whatever is told', async () => {
  const [one, again] = [await run(lies, 'full'), await run(lies, 'full')]
  expect(again.one.digest).toBe(one.one.digest)
  expect(one.one.checks.filter(({ held }) => held === 'false')).toEqual([])
})

test('a time of its own is on its clock, and off it again', () => {
  const walls: number[] = []
  let liar: Liar | undefined
  const machine = () => ({
    step: (input: { kind: string }, env: { wallMs: number }) => {
      if (input.kind === 'command') walls.push(env.wallMs)
      return []
    },
  })
  const world = createWorld({
    seed: 'time',
    nodes: 1,
    machine,
    driver: (_, options) => {
      const make = createDriver
      const heard = () => {}
      const carries = () => true
      liar = new Liar({ options, machine, make, carries, heard, differently: (same) => same })
      return liar.driver
    },
  })
  const ask = (atMs: number) => {
    world.run(atMs)
    world.command(0, { kind: 'mint-card' })
  }
  ask(1_000)
  liar?.begin(['time'])
  ask(2_000)
  liar?.end()
  ask(3_000)
  const [before = 0, during = 0, after = 0] = walls
  expect([during - before, after - before]).toEqual([86_401_000, 2_000])
})
