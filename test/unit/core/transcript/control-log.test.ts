// The frontier of several pasts, against its definition: of all that the pasts begin with, what is in
// the past of none of the others. On random DAGs, and fast enough for the many heads of a large group.

import { expect, test } from 'vitest'

import { SeededRandom } from '../../../../src/base/random.ts'
import {
  type ControlLog,
  type Frontier,
  appendControl,
  closureOf,
  createControlLog,
  has,
  mergeFrontiers,
  noFrontier,
  wholeFrontier,
} from '../../../../src/core/transcript/control-log.ts'

function append(log: ControlLog<undefined>, past: Frontier): void {
  const sequence = log.entries.length
  const about = { type: 0, member: '', line: 0, counter: 0, lamport: 0, info: undefined }
  appendControl(log, { sequence, id: `${sequence}`, past, ...about })
}

/** By the definition, pair by pair. */
function slowMerge(log: ControlLog<undefined>, frontiers: readonly Frontier[]): number[] {
  const candidates = [...new Set(frontiers.flat())].sort((a, b) => a - b)
  return candidates.filter((one) =>
    candidates.every((other) => other === one || !has(closureOf(log, [other]), one)),
  )
}

test('merges pasts as the definition does, on random DAGs', () => {
  const random = new SeededRandom('frontiers')
  let partly = 0
  for (let round = 0; round < 60; round++) {
    const log = createControlLog<undefined>()
    const frontiers: Frontier[] = [noFrontier]
    const pick = (): Frontier => frontiers[random.below(frontiers.length)] ?? noFrontier
    for (let step = 0; step < 70; step++) {
      const past = mergeFrontiers(log, [pick(), pick()])
      append(log, past)
      frontiers.push([log.entries.length - 1])
      const asked = Array.from({ length: 1 + random.below(6) }, pick)
      const merged = mergeFrontiers(log, asked)
      expect(merged).toEqual(slowMerge(log, asked))
      if (merged.length > 1 && merged.length < new Set(asked.flat()).size) partly++
    }
  }
  expect(partly).toBeGreaterThan(100)
})

test('what the whole log ends in follows from what it ended in before', () => {
  const random = new SeededRandom('whole')
  let heads = 0
  for (let round = 0; round < 40; round++) {
    const log = createControlLog<undefined>()
    const all: Frontier[] = []
    for (let step = 0; step < 60; step++) {
      const pick = (): Frontier => all[random.below(step + 1)] ?? noFrontier
      append(log, mergeFrontiers(log, [pick(), pick()]))
      all.push([step])
      // Asked for now and then, so that it goes on from one message or from several.
      if (random.below(3) === 0) expect(wholeFrontier(log)).toEqual(slowMerge(log, all))
    }
    heads += wholeFrontier(log).length
  }
  expect(heads).toBeGreaterThan(100)
})

test('a thousand heads beside each other take no pairwise look', () => {
  const log = createControlLog<undefined>()
  append(log, noFrontier)
  const root: Frontier = [0]
  for (let head = 0; head < 1_000; head++) append(log, root)
  const heads = Array.from({ length: 1_000 }, (_, head): Frontier => [head + 1])
  const began = process.cpuUsage().user
  for (let turn = 0; turn < 10; turn++) expect(mergeFrontiers(log, heads)).toHaveLength(1_000)
  expect((process.cpuUsage().user - began) / 1_000).toBeLessThan(2_000)
})
