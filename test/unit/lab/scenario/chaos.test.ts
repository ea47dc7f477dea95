// What chaos draws, over many seeds: faults that do not contradict each other, all healed in time; or a core
// in one piece with nothing wrong inside and something for ever wrong outside. And what it refuses.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { proc } from '../../../../src/lab/engine/proc/proc.ts'
import { composeLinks } from '../../../../src/lab/engine/sim/compose.ts'
import { type ResolvedFault, resolveFault } from '../../../../src/lab/engine/sim/resolve.ts'
import { Components } from '../../../../src/lab/measure/components.ts'
import { prepare } from '../../../../src/lab/run/prepare.ts'
import { type Menu, shared } from '../../../../src/lab/scenario/chaos/menu.ts'
import { refuseConflicts } from '../../../../src/lab/scenario/conflicts.ts'
import { materialise } from '../../../../src/lab/scenario/materialise.ts'
import type { FaultEvent, Materialised } from '../../../../src/lab/scenario/materialised.ts'
import { ScenarioSource } from '../../../../src/lab/scenario/source.ts'
import { LinkTable } from '../../../../src/lab/world/links.ts'

const NODES = 6
const TO_MS = 40_000
const SEEDS = Array.from({ length: 80 }, (_, seed) => `chaos ${seed}`)

const text = (chaos: string, more = '', overlay = 'full') => `lab: 1
name: drawn
title: Drawn
group: { nodes: ${NODES}, roles: { leaders: "0,2" } }
network: { overlay: ${overlay} }
protocols: [{ use: coterie }]
workload: [{ kind: chat, who: "*", perNodePerMinute: 6 }]
${more}chaos: ${chaos}
run: { duration: 100s, quiesce: 30s }
`
const safety = '{ mode: safety, from: 5s, to: 40s, perMinute: 30, longest: 30s }'
const liveness = '{ mode: liveness, from: 5s, to: 40s, perMinute: 30, longest: 30s, bound: 30s }'

function drawn(chaos: string, seed: string, menu?: Menu, overlay?: string): Materialised {
  const source = new ScenarioSource('drawn', text(chaos, '', overlay))
  const { materialised, problems } = materialise(source.parse(), seed, menu)
  expect(problems).toEqual([])
  return materialised
}

const faultsOf = ({ events }: Materialised): FaultEvent[] =>
  events.filter((event) => event.kind === 'fault')

/** When each part begins and ends. */
function spans(scenario: Materialised) {
  const faults = faultsOf(scenario)
  return faults.flatMap((event) => {
    if (event.fault === undefined) return []
    const end = faults.find(
      ({ id, part, fault }) => fault === undefined && id === event.id && part === event.part,
    )
    const { id, part, fault, atMs: fromMs } = event
    return [{ id, part, fault, fromMs, toMs: end?.atMs ?? Infinity, path: [] }]
  })
}

/** Whatever is in force at a moment. */
const inForce = (scenario: Materialised, atMs: number): ResolvedFault[] =>
  spans(scenario)
    .filter(({ fromMs, toMs }) => fromMs <= atMs && toMs > atMs)
    .map(({ fault }) => resolveFault(fault, NODES, (ref) => (typeof ref === 'number' ? ref : 0)))

test('a seed draws the same faults again, and another seed others', () => {
  const [one, same, other] = ['a', 'a', 'b'].map((seed) => faultsOf(drawn(safety, seed)))
  expect(one).toEqual(same)
  expect(one).not.toEqual(other)
})

test('the workload is the same, whatever befalls it', () => {
  const operations = (chaos: string) =>
    drawn(chaos, 'a').events.filter(({ kind }) => kind === 'operation')
  expect(operations(safety)).toEqual(operations(liveness))
})

test('safety: everything ends in time, nothing contradicts anything, and seeds differ in kinds', () => {
  const kinds = new Set<string>()
  for (const seed of SEEDS) {
    const scenario = drawn(safety, seed)
    const all = spans(scenario)
    expect(scenario.phases).toEqual(['chaos'])
    expect(all.length).toBeGreaterThan(0)
    for (const { fromMs, toMs } of all) {
      expect(fromMs).toBeGreaterThanOrEqual(5_000)
      expect(toMs).toBeGreaterThan(fromMs)
      expect(toMs).toBeLessThanOrEqual(TO_MS)
    }
    refuseConflicts(all, NODES, (_, message) => expect.fail(`${seed}: ${message}`))
    const drawnKinds = [...new Set(all.map(({ fault }) => fault.do))].sort().join()
    kinds.add(drawnKinds)
  }
  expect(kinds.size).toBeGreaterThan(SEEDS.length / 4)
})

describe.each(['full', 'ring', 'star'])('liveness on an overlay that is %s', (overlay) => {
  test('the core is in one piece, nothing inside is broken, something outside is for ever', () => {
    for (const seed of SEEDS) {
      const scenario = drawn(liveness, seed, undefined, overlay)
      const { core, labels, network, phases } = scenario
      if (core === undefined) return expect.fail('no core')
      expect(phases).toEqual(['chaos', 'core'])
      expect([...(labels['core'] ?? []), ...(labels['outside'] ?? [])].sort()).toEqual([
        0, 1, 2, 3, 4, 5,
      ])
      expect(core.nodes.length).toBeGreaterThanOrEqual(2)
      expect(core.nodes.length).toBeLessThan(NODES)
      refuseConflicts(spans(scenario), NODES, (_, message) => expect.fail(`${seed}: ${message}`))
      for (const atMs of [TO_MS, TO_MS + 1_000, 70_000, 99_000]) {
        const active = inForce(scenario, atMs)
        const struck = active.flatMap((fault) => ('nodes' in fault ? fault.nodes : []))
        expect(struck.filter((node) => core.nodes.includes(node))).toEqual([])
        const components = new Components(NODES, { sure: true })
        const matrix = composeLinks(NODES, network, active)
        components.links(0, matrix)
        expect(components.isWhole(new Set(core.nodes))).toBe(true)
        const links = new LinkTable(NODES, matrix)
        for (const a of core.nodes) {
          for (const b of core.nodes) {
            if (a !== b) expect(links.link(a, b)).toMatchObject({ delayMs: 20, loss: 0 })
          }
        }
      }
      const forever = spans(scenario).filter(({ toMs }) => toMs === Infinity)
      expect(forever.length).toBeGreaterThan(0)
    }
  })
})

test.each(['majority', 'leader', 'manager', 'random'])('a core by the policy %s', (policy) => {
  const chosen = SEEDS.map((seed) =>
    drawn(liveness.replace('bound', `core: ${policy}, bound`), seed),
  )
  const cores = chosen.map(({ core }) => core?.nodes ?? [])
  if (policy === 'majority') expect(Math.min(...cores.map((core) => core.length))).toBe(4)
  if (policy === 'manager') expect(cores.every((core) => core.includes(0))).toBe(true)
  const led = cores.filter((core) => core.some((node) => [0, 2].includes(node)))
  if (policy === 'leader') expect(led).toHaveLength(cores.length)
  if (policy === 'random') expect(led.length).toBeLessThan(cores.length)
})

test('links inside the core: all of them, or only enough', () => {
  const cuts = (links: string) =>
    SEEDS.map((seed) => drawn(liveness.replace('bound', `links: ${links}, bound`), seed)).filter(
      ({ core, ...scenario }) =>
        inForce(scenario, TO_MS).some(
          (fault) =>
            fault.do === 'cut' &&
            fault.from.some((node) => core?.nodes.includes(node)) &&
            fault.to.some((node) => core?.nodes.includes(node)),
        ),
    ).length
  expect(cuts('all')).toBe(0)
  expect(cuts('some')).toBeGreaterThan(SEEDS.length / 4)
})

test('only what an engine can do is drawn', async () => {
  const able = await proc.capabilities()
  const menu = shared([able])
  for (const seed of SEEDS) {
    for (const chaos of [safety, liveness]) {
      for (const { fault } of spans(drawn(chaos, seed, menu))) {
        expect(able.faults).toContain(fault.do)
        if ('mode' in fault) expect(able.modes).toContain(fault.mode)
        if (fault.do === 'crash') expect(able.crashes).toContain(fault.unsynced)
        if (fault.do === 'crash') expect(fault.silent).toBe(false)
        if (fault.do === 'link') {
          for (const name of Object.keys(fault.change)) expect(able.changes).toContain(name)
        }
      }
    }
  }
})

describe('refused, with its place:', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lab-chaos-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const script = 'schedule: [{ at: 1s, id: p1, do: split, shape: halves, for: 1s }]\n'
  const named = 'faults: [skew], bound'
  test.each<[string, string, string, RegExp, string?]>([
    [
      'a kind that there is not',
      safety.replace('longest', 'faults: [rain], longest'),
      '',
      /8:67: .*one of "split"/,
    ],
    ['a core without liveness', safety.replace('longest', 'core: any, longest'), '', /no such key/],
    ['no mode', '{ from: 1s, to: 9s }', '', /chaos\.mode/],
    ['a script beside it', safety, script, /9:8: chaos: .*either a `schedule` or `chaos`/],
    ['an end before its beginning', safety.replace('40s', '4s'), '', /chaos\.to: leaves no time/],
    ['an end after the run', safety.replace('40s', '200s'), '', /chaos\.to: is after the end/],
    ['a core without time', liveness.replace('30s }', '70s }'), '', /chaos\.bound: is over after/],
    [
      'a fault of which the engine knows nothing',
      liveness.replace('bound', named),
      '',
      /proc cannot do skew/,
      'proc',
    ],
  ])('%s', async (_, chaos, more, message, engine) => {
    const file = join(folder, 'scenario.yaml')
    const real = engine === undefined ? '' : 'real: { scale: 0.4 }\n'
    writeFileSync(file, text(chaos, more) + real)
    await expect(prepare(file, { engine })).rejects.toThrow(message)
  })

  test('what was drawn and the engine cannot make as it is', async () => {
    const file = join(folder, 'scenario.yaml')
    writeFileSync(file, `${text(safety)}real: { scale: 0.4 }\n`)
    const able = await proc.capabilities()
    const unfit = () => [{ id: 'chaos', what: 'blackhole', why: 'it has another shape' }]
    vi.spyOn(proc, 'capabilities').mockResolvedValue({ ...able, unfit, nodesMax: NODES })
    await expect(prepare(file, { engine: 'proc' }))
      .rejects.toThrow(/chaos: the engine proc cannot do blackhole as it is here: it has another/)
      .finally(() => vi.restoreAllMocks())
  })

  test('a phase after faults that never heal', async () => {
    const file = join(folder, 'scenario.yaml')
    writeFileSync(file, `${text(liveness)}expect: [{ phase: after-core, that: converged }]\n`)
    await expect(prepare(file)).rejects.toThrow(/no phase "after-core"; .*all, before, chaos, core/)
  })
})
