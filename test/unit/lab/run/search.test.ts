// A fault planted in the core is found by a sweep, made small, and repeated from the file; the core as it
// ships passes the same sweep.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { protocolOf } from '../../../../src/lab/protocol/registry.ts'
import type { Protocol } from '../../../../src/lab/protocol/port.ts'
import { replay } from '../../../../src/lab/run/lab.ts'
import { shrink } from '../../../../src/lab/run/shrink.ts'
import { sweep } from '../../../../src/lab/run/sweep.ts'
import type { Materialised } from '../../../../src/lab/scenario/materialised.ts'
import { breaksTies, checksNoSignature, sendsBeforeItKeeps } from './planted.ts'

const text = `
lab: 1
name: hunt
title: A split, a crash and a bad link under a chat
seed: hunt
group: { nodes: 4 }
network: { link: { latency: 30ms, jitter: 20ms, loss: 0.01 } }
protocols: [{ use: coterie }]
workload: [{ kind: chat, who: "*", perNodePerMinute: 40 }]
schedule:
  - { at: 4s, id: p1, do: split, shape: halves, for: 6s }
  - { at: 6s, id: p2, do: crash, target: "1", unsynced: lose, for: 2s }
  - { at: 12s, id: p3, do: link, latency: 300ms, for: 3s }
run: { duration: 18s, quiesce: 20s }
`

let dir = ''
let file = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'hunt-'))
  file = join(dir, 'hunt.yaml')
  writeFileSync(file, text)
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const quietly = (out: string, planted?: Protocol) => ({
  out: join(dir, out),
  signal: new AbortController().signal,
  progress: () => {},
  protocolOf: (name: string) => planted ?? protocolOf(name),
})

/** Somebody in it changes what it passes on. */
const lying = `
lab: 1
name: lying
title: A liar and a short split
seed: lying
group: { nodes: 4 }
network: { link: { latency: 30ms } }
protocols: [{ use: coterie }]
workload: [{ kind: chat, who: "*", perNodePerMinute: 40 }]
schedule:
  - { at: 1s, id: p1, do: byzantine, target: "3", lies: [forge], for: 9s }
  - { at: 3s, id: p2, do: split, shape: halves, for: 3s }
run: { duration: 11s, quiesce: 12s }
`

const planted = [
  ['breaks the tie-break', breaksTies, text, []],
  ['lets out what is not safe yet', sendsBeforeItKeeps, text, ['p2']],
  ['takes any signature', checksNoSignature, lying, ['p1', 'p2']],
] as const

test.each(planted)(
  'a core that %s is found, made small, repeated',
  async (name, core, scenario, faults) => {
    const own = join(dir, `${name}.yaml`)
    writeFileSync(own, scenario)
    const found = await sweep(own, { ...quietly(`${name} found`, core), seeds: 200 })
    expect(found.failure?.check).toBeDefined()
    const small = await shrink(found.failed?.dir ?? '', quietly(`${name} small`, core))
    expect(small.failure.check).toBe(found.failure?.check)
    expect(small.after).toBeLessThanOrEqual(10)
    expect(small.after).toBeLessThan(small.before / 2)
    const written = join(small.smallest.dir, 'materialised.json')
    const { events, phases } = JSON.parse(readFileSync(written, 'utf8')) as Materialised
    expect(events).toHaveLength(small.after)
    // Faults that have nothing to do with it are gone.
    expect(faults).toEqual(expect.arrayContaining([...phases]))
    const again = await replay(small.smallest.dir, quietly(`${name} again`, core))
    expect(again).toMatchObject({ same: true, verdict: 'fail' })
  },
  240_000,
)

test.each([
  ['hunt', text],
  ['lying', lying],
])(
  'the core as it ships fails at no seed: %s',
  async (name, scenario) => {
    const own = join(dir, `sound ${name}.yaml`)
    writeFileSync(own, scenario)
    const swept = await sweep(own, { ...quietly(`sound ${name}`), seeds: 8 })
    expect(swept).toMatchObject({ ran: 8, unknown: 0, failure: undefined, interrupted: false })
  },
  120_000,
)

test('a run that does not fail is nothing to shrink', async () => {
  const kept = await sweep(file, { ...quietly('kept', breaksTies), seeds: 50 })
  await expect(shrink(kept.failed?.dir ?? '', quietly('nothing'))).rejects.toThrow(/does not fail/)
}, 120_000)
