// Each checker finds what it is there for: a good trace passes, and the same trace with one thing
// planted in it does not.

import { describe, expect, test } from 'vitest'

import type { CheckResult } from '../../../../src/lab/check/checker.ts'
import { makeCheckers } from '../../../../src/lab/check/checkers.ts'
import { Ledger } from '../../../../src/lab/measure/ledger.ts'
import type { Fact, TraceEvent } from '../../../../src/lab/trace/event.ts'
import { smallScenario } from '../../../support/told.ts'

type Told = readonly [t: number, n: number, fact: Fact]

const scenario = smallScenario(3, 1_000, { phases: ['p1'] })

const message = (m: string, seq: number, parents: readonly string[]): Fact => ({
  k: 'msg',
  m,
  g: 0,
  seq,
  text: true,
  epoch: 'e',
  parents,
  bytes: 1,
  aud: 'all',
})

const digest = (held = 'same'): Fact => ({
  k: 'digest',
  g: 0,
  held,
  members: '0 1 2',
  epochs: 'e',
  order: 'o',
})

/** Node 0 says `a` and then `b`; a fault comes and goes; node 1 crashes and comes back. */
function good(): Told[] {
  const asked = Array.from({ length: 12 }, (_, id): Told[] => [
    [id, 0, { k: 'op', id, f: 'read', phase: 'invoke', g: 0 }],
    [id, 0, { k: 'op', id, f: 'read', phase: 'ok', g: 0 }],
  ])
  const heard = (m: string, t: number): Told[] =>
    [1, 2].flatMap((n): Told[] => [
      [t, n, { k: 'rx', m, g: 0, how: 'push' }],
      [t, n, { k: 'dec', m, g: 0 }],
      [t, n, { k: 'show', m, g: 0, pos: 0 }],
    ])
  return [
    [0, 0, { k: 'aud', id: 'all', g: 0, members: [0, 1, 2] }],
    ...asked.flat(),
    [100, -1, { k: 'fault', id: 'p1', part: 0, state: 'requested' }],
    [100, -1, { k: 'fault', id: 'p1', part: 0, state: 'verified' }],
    [110, 0, message('a', 0, [])],
    [110, 0, { k: 'op', id: 20, f: 'send', phase: 'ok', g: 0, m: 'a' }],
    ...heard('a', 120),
    [130, 0, message('b', 1, ['a'])],
    ...heard('b', 140),
    [150, 0, { k: 'life', up: false }],
    [160, 0, { k: 'life', up: true }],
    [200, -1, { k: 'fault', id: 'p1', part: 0, state: 'off' }],
    ...[0, 1, 2].map((n): Told => [300, n, digest()]),
    [300, -1, { k: 'end', why: 'quiet' }],
  ]
}

function judged(told: readonly Told[]): Map<string, CheckResult> {
  const ledger = new Ledger(scenario)
  const checkers = makeCheckers(scenario, ledger)
  told.forEach(([t, n, fact], i) => {
    const event: TraceEvent = { i, t, n, ...fact }
    for (const reader of [ledger, ...checkers]) reader.see(event)
  })
  return new Map(checkers.map((checker) => checker.result()).map((one) => [one.id, one]))
}

const isRx = (node: number, m: string) => (told: Told) =>
  told[1] === node && told[2].k !== 'msg' && 'm' in told[2] && told[2].m === m

/** The good trace with something put in before the fact of that kind. */
function before(kind: Fact['k'], ...planted: readonly Told[]): Told[] {
  const told = good()
  const at = told.findLastIndex(([, , fact]) => fact.k === kind)
  return [...told.slice(0, at), ...planted, ...told.slice(at)]
}

test('a good trace keeps every invariant, and puts each to the test', () => {
  const results = judged(good())
  const short = ['C1', 'C2', 'C3', 'C4', 'C5', 'C10', 'C13']
  expect(short.map((id) => `${id} ${results.get(id)?.held}`)).toEqual(
    short.map((id) => `${id} true`),
  )
  expect([...results.values()].filter(({ held }) => held === 'false')).toEqual([])
})

describe('finds what is planted:', () => {
  const shown: Told = [290, 2, { k: 'show', m: 'b', g: 0, pos: 0 }]
  const invented: Told = [290, 2, { k: 'show', m: 'z', g: 0, pos: 0 }]
  test.each<[string, string, Told[]]>([
    ['C1', 'a member never gets a text', good().filter((one) => !isRx(2, 'b')(one))],
    ['C2', 'a text is shown twice', before('end', shown)],
    ['C2', 'a text is shown that nobody sent', before('end', invented)],
    ['C3', 'a number is used again', before('end', [290, 0, message('c', 1, ['b'])])],
    ['C3', 'a gap in what an author said', gap()],
    ['C4', 'a text is shown without what it builds on', good().filter((one) => !isRx(2, 'a')(one))],
    [
      'C5',
      'members end with different messages',
      good().map((one) =>
        one[1] === 2 && one[2].k === 'digest' ? [300, 2, digest('other')] : one,
      ),
    ],
    [
      'C10',
      'what was acknowledged is forgotten',
      before('end', [160, 0, { k: 'forgot', m: 'a', g: 0 }]),
    ],
    ['C13', 'something crosses a cut', before('end', [150, 1, { k: 'leak', from: 0 }])],
  ])('%s: %s', (id, _, told) => {
    const result = judged(told).get(id)
    expect(result?.held).toBe('false')
    expect(result?.witnesses[0]?.events.length).toBeGreaterThan(0)
  })

  /** Node 1 takes the second message of node 0 and then none of the third, but the fourth. */
  function gap(): Told[] {
    return before(
      'end',
      [280, 0, message('c', 2, ['b'])],
      [281, 0, message('d', 3, ['c'])],
      [290, 1, { k: 'rx', m: 'd', g: 0, how: 'push' }],
    )
  }
})

test('a fault that was not found in force makes the run unknown', () => {
  const told = good().map(([t, n, fact]): Told =>
    fact.k === 'fault' && fact.state === 'verified'
      ? [t, n, { ...fact, state: 'unverified' }]
      : [t, n, fact],
  )
  expect(judged(told).get('C13')?.held).toBe('unknown')
})
