// The real part of a scenario: what real nodes run instead, in less time. Every shipped one that has such a
// part can be run on the engines of real nodes.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

import { proc } from '../../../../src/lab/engine/proc/proc.ts'
import { loadSource, shippedNames } from '../../../../src/lab/run/library.ts'
import { type Wishes, prepare } from '../../../../src/lab/run/prepare.ts'

const text = `lab: 1
name: two
title: One thing on the simulator, another on real nodes
group: { nodes: 4 }
protocols: [{ use: coterie }]
workload: [{ kind: chat, who: "*", perNodePerMinute: 6 }]
schedule:
  - { at: 20s, id: p1, do: skew, target: 1, ahead: 5m, for: 20s }
run: { duration: 60s, quiesce: 30s }
real:
  scale: 0.5
  workload: [{ kind: rekey, who: "0", at: 10s }]
  schedule:
    - { at: 30s, id: p2, do: crash, target: 1, for: 4s }
  expect: [{ phase: after-p2, that: "converged" }]
expect: [{ phase: after-p1, that: "lost == 0" }]
`

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lab-real-'))
})

afterAll(() => rmSync(folder, { recursive: true }))

async function drawn(wishes: Wishes, changed = text) {
  const file = join(folder, 'two.yaml')
  writeFileSync(file, changed)
  const { materialised } = await prepare(file, wishes)
  const faults = materialised.events.flatMap((event) => {
    return event.kind === 'fault' && event.fault ? [`${event.fault.do} ${event.atMs}`] : []
  })
  const operations = materialised.events.flatMap((event) => {
    return event.kind === 'operation' ? [event.operation] : []
  })
  const { phases, expect: expected } = materialised
  return { faults, operations: new Set(operations), phases, phase: expected[0]?.phase }
}

test('real nodes run what the real part says instead, and the simulator when it is compared', async () => {
  const real = {
    faults: ['crash 15000'],
    operations: new Set(['rekey']),
    phases: ['p2'],
    phase: 'after-p2',
  }
  expect(await drawn({ engine: 'proc' })).toEqual(real)
  expect(await drawn({ engine: 'sim', real: true })).toEqual(real)
  expect(await drawn({ engine: 'sim' })).toEqual({
    faults: ['skew 20000'],
    operations: new Set(['send']),
    phases: ['p1'],
    phase: 'after-p1',
  })
})

test('what is wrong with it is told where it stands', async () => {
  const wrong = text.replace('do: crash, target: 1', 'do: crash, target: 1, unsynced: torn')
  await expect(drawn({ engine: 'proc' }, wrong)).rejects.toThrow(
    /two\.yaml:14:\d+: real\.schedule\[0\]\.do: the engine proc cannot do torn/,
  )
  const nobody = text.replace('kind: rekey, who: "0"', 'kind: rekey, who: "9"')
  await expect(drawn({ engine: 'proc' }, nobody)).rejects.toThrow(
    /two\.yaml:12:\d+: real\.workload/,
  )
  expect((await drawn({ engine: 'sim' }, wrong)).faults).toEqual(['skew 20000'])
})

test('every shipped scenario with a real part can be run by processes', async () => {
  // Whatever memory is free where the tests run.
  const able = { ...(await proc.capabilities()), nodesMax: 16 }
  vi.spyOn(proc, 'capabilities').mockResolvedValue(able)
  const ran: string[] = []
  for (const name of shippedNames()) {
    if ((await loadSource(name)).parse().real === undefined) continue
    await prepare(name, { engine: 'proc' })
    ran.push(name)
  }
  vi.restoreAllMocks()
  expect(ran.length).toBeGreaterThan(10)
})
