// The two shipped scenarios of drawn faults: the core as it ships holds at a handful of seeds each, and one
// that stalls in some kind of operation is caught in liveness mode by C11, whatever else it breaks.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { coterie } from '../../../../src/lab/protocol/coterie/coterie.ts'
import type { Protocol } from '../../../../src/lab/protocol/port.ts'
import { protocolOf } from '../../../../src/lab/protocol/registry.ts'
import { experiment } from '../../../../src/lab/run/experiment.ts'
import { replay } from '../../../../src/lab/run/lab.ts'
import { prepare } from '../../../../src/lab/run/prepare.ts'
import { shrink } from '../../../../src/lab/run/shrink.ts'
import { isShallow, sweep } from '../../../../src/lab/run/sweep.ts'
import { hearsNothing, opensNothing, putsOff } from './planted.ts'

/** More of them: `npm run lab:sweep`. */
const SEEDS = 3

let dir = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'modes-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const quietly = (out: string, planted?: Protocol) => ({
  out: join(dir, out),
  protocols: ['coterie'],
  signal: new AbortController().signal,
  progress: () => {},
  protocolOf: (name: string) => planted ?? protocolOf(name),
})

test.each(['safety', 'liveness'])(
  'the core as it ships holds: %s',
  async (name) => {
    const swept = await sweep(name, { ...quietly(name), seeds: SEEDS })
    expect(swept).toMatchObject({ ran: SEEDS, unknown: 0, failure: undefined })
    expect(isShallow(swept)).toBe(false)
    expect(swept.coverage['a fault in force']).toBe(SEEDS)
  },
  120_000,
)

test('a text that a crash kept, and cut off the word of, is told of when the node is back', async () => {
  // Node 2 falls in the instant in which it wrote a text of node 0.
  const seed = 'cap-2026/125'
  const swept = await sweep('liveness', { ...quietly('kept'), seed, seeds: 1 })
  expect(swept).toMatchObject({ ran: 1, unknown: 0, failure: undefined })
}, 60_000)

/** A seed whose core has a leader and somebody to be deaf, who is not the first to be asked. */
const SEED = 'stalls'

async function coreOf(): Promise<readonly number[]> {
  const { materialised } = await prepare('liveness', { seed: SEED })
  return materialised.core?.nodes ?? []
}

async function c11(planted: Protocol) {
  const { materialised: scenario, engine } = await prepare('liveness', { seed: SEED })
  const use = { use: coterie.name, as: coterie.name, with: {} }
  const about = { scenario, use, engine, level: 'digest', progress: () => {} } as const
  const { signal } = new AbortController()
  const one = await experiment({ ...about, signal, protocolOf: () => planted })
  return one.checks.find(({ id }) => id === 'C11')
}

test('a core that gets on is found to', async () => {
  expect(await c11(coterie)).toMatchObject({ held: 'true', note: '' })
}, 60_000)

test.each<[string, string, (core: readonly number[]) => Protocol]>([
  ['send', 'one of it hears nothing', (core) => hearsNothing(core.at(-1) ?? 0)],
  ['read', 'one of it opens nothing', (core) => opensNothing(core.at(-1) ?? 0)],
  ['rekey', 'new keys are put off', () => putsOff('rotate', false)],
  ['rekey', 'new keys are said to be there', () => putsOff('rotate', true)],
  ['kick', 'removals are put off', () => putsOff('remove-member', false)],
  ['kick', 'removals are said to be done', () => putsOff('remove-member', true)],
])(
  'a core that stalls is caught, %s: %s',
  async (kind, _, planted) => {
    const result = await c11(planted(await coreOf()))
    expect(result?.held).toBe('false')
    expect(result?.witnesses.map(({ what }) => what).join()).toContain(`for a ${kind}:`)
  },
  60_000,
)

test('a stall is found by a sweep, made small, and repeated from the file', async () => {
  const core = putsOff('rotate', true)
  const found = await sweep('liveness', { ...quietly('found', core), seed: SEED, seeds: 20 })
  expect(found.failure?.check).toBe('C11')
  const small = await shrink(found.failed?.dir ?? '', quietly('small', core))
  expect(small.after).toBeLessThanOrEqual(3)
  const again = await replay(small.smallest.dir, quietly('again', core))
  expect(again).toMatchObject({ same: true, verdict: 'fail' })
}, 180_000)
