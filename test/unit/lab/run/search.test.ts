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
import { breaksTies } from './planted.ts'

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
run: { duration: 18s, quiesce: 40s }
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

const planted = [['breaks the tie-break', breaksTies, ['C5']]] as const

test.each(planted)(
  'a core that %s is found, made small, repeated',
  async (name, core, checks) => {
    const found = await sweep(file, { ...quietly(`${name} found`, core), seeds: 200 })
    expect(checks).toContain(found.failure?.check)
    const small = await shrink(found.failed?.dir ?? '', quietly(`${name} small`, core))
    expect(small.failure.check).toBe(found.failure?.check)
    expect(small.after).toBeLessThanOrEqual(10)
    expect(small.after).toBeLessThan(small.before / 4)
    const written = join(small.smallest.dir, 'materialised.json')
    const { events } = JSON.parse(readFileSync(written, 'utf8')) as Materialised
    expect(events).toHaveLength(small.after)
    expect(events.filter(({ kind }) => kind === 'fault')).toEqual([])
    const again = await replay(small.smallest.dir, quietly(`${name} again`, core))
    expect(again).toMatchObject({ same: true, verdict: 'fail' })
  },
  240_000,
)

test('the core as it ships fails at none of ten seeds', async () => {
  const swept = await sweep(file, { ...quietly('sound'), seeds: 10 })
  expect(swept).toMatchObject({ ran: 10, unknown: 0, failure: undefined, interrupted: false })
}, 120_000)

test('a run that does not fail is nothing to shrink', async () => {
  const kept = await sweep(file, { ...quietly('kept', breaksTies), seeds: 50 })
  await expect(shrink(kept.failed?.dir ?? '', quietly('nothing'))).rejects.toThrow(/does not fail/)
}, 120_000)
