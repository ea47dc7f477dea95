// News of real nodes come late and in any order; what is told of them is in an order that can have been.

import { expect, test } from 'vitest'

import { causality } from '../../../../src/lab/check/delivery.ts'
import { FactLog } from '../../../../src/lab/engine/real/fact-log.ts'
import { Ledger } from '../../../../src/lab/measure/ledger.ts'
import type { Materialised } from '../../../../src/lab/scenario/materialised.ts'
import type { Fact } from '../../../../src/lab/trace/event.ts'

const g = 0
const msg = (m: string, seq: number, parents: readonly string[] = []): Fact => {
  return { k: 'msg', m, g, seq, text: true, epoch: '', parents, bytes: 0, aud: 'x' }
}
const rx = (m: string): Fact => ({ k: 'rx', m, g, how: 'push' })
const show = (m: string): Fact => ({ k: 'show', m, g, pos: 0 })
const aud: Fact = { k: 'aud', id: 'x', g, members: [0, 1, 2] }

type News = readonly [at: number, n: number, fact: Fact]

function told(news: readonly News[]): [number, number, string][] {
  const log = new FactLog()
  for (const [at, n, fact] of news) log.add(at, n, fact)
  const all: [number, number, string][] = []
  log.flush((t, n, fact) => all.push([t, n, 'm' in fact ? `${fact.k} ${fact.m}` : fact.k]))
  return all
}

test('a message before its copies, and those before what is read of them', () => {
  const late = told([
    [10, 1, { k: 'dec', m: 'a', g }],
    [20, 1, rx('a')],
    [29, 0, aud],
    [30, 0, msg('a', 1)],
    [31, 1, rx('b')],
  ])
  expect(late).toEqual([
    [20, 0, 'aud'],
    [20, 0, 'msg a'],
    [20, 1, 'rx a'],
    [20, 1, 'dec a'],
    [31, 1, 'rx b'],
  ])
})

test('what a killed node told of only after it was started again is as old as the first sign of it', () => {
  const all = told([
    [5, 0, { k: 'op', id: 1, f: 'send', phase: 'ok', g, m: 'a' }],
    [6, 1, rx('b')],
    [900, 0, aud],
    [901, 0, msg('a', 1)],
    [902, 0, msg('b', 2, ['a'])],
  ])
  expect(all.map(([t, , what]) => `${t} ${what}`)).toEqual([
    '5 aud',
    '5 msg a',
    '5 op a',
    '6 msg b',
    '6 rx b',
  ])
})

/** What C4 says of these news. */
function causalityOf(news: readonly News[]) {
  const scenario = { nodes: 3, groups: [], phases: [], run: {} } as unknown as Materialised
  const ledger = new Ledger(scenario)
  const checker = causality(scenario, ledger)
  const log = new FactLog()
  for (const [at, n, fact] of news) log.add(at, n, fact)
  let i = 0
  log.flush((t, n, fact) => {
    const event = { i: i++, t, n, ...fact }
    ledger.see(event)
    checker.see(event)
  })
  return checker.result()
}

test('news that race each other break no causality; a node that shows too early does', () => {
  // Node 1 answers what node 0 said; node 2 has both, in that order. The news of node 0 come last.
  const race: News[] = [
    [10, 1, aud],
    [11, 1, rx('a')],
    [12, 1, msg('b', 1, ['a'])],
    [13, 2, show('b')],
    [14, 2, rx('a')],
    [15, 2, rx('b')],
    [16, 2, show('a')],
    [90, 0, msg('a', 1)],
  ]
  expect(causalityOf(race)).toMatchObject({ held: 'true', tested: 1 })
  const wrong = race.map(([at, n, fact]): News => (at === 14 ? [40, n, fact] : [at, n, fact]))
  const early = [...wrong].sort((a, b) => a[0] - b[0])
  expect(causalityOf(early)).toMatchObject({ held: 'false', violations: 1 })
})
