// What each reducer tells of a small trace that a person can follow: a split of 0 1 | 2 from 10 s to
// 20 s, in which 0 removes 2, who goes on reading what 1 sends; and what it tells when that is changed.

import { expect, test } from 'vitest'

import { Ledger } from '../../../../src/lab/measure/ledger.ts'
import type { Metrics } from '../../../../src/lab/measure/measure.ts'
import { collect, collectSeries, makeReducers } from '../../../../src/lab/measure/metrics.ts'
import type { Fact, TraceEvent } from '../../../../src/lab/trace/event.ts'
import type { LinkMatrix } from '../../../../src/lab/world/links.ts'
import { smallScenario } from '../../../support/told.ts'

type Told = readonly [ms: number, n: number, fact: Fact]

const scenario = smallScenario(3, 30_000, {
  labels: { left: [0, 1], right: [2] },
  phases: ['p1'],
})

const cut: LinkMatrix = { splits: [{ sides: [[0, 1], [2]], cut: 'blackhole' }] }

const said = (ms: number, n: number, m: string, aud = 'all'): Told => [
  ms,
  n,
  { k: 'msg', m, g: 0, seq: ms, text: true, epoch: 'e', parents: [], bytes: 100, aud },
]

const shown = (ms: number, n: number, m: string, pos = 0): Told[] => [
  [ms, n, { k: 'rx', m, g: 0, how: 'push' }],
  [ms, n, { k: 'show', m, g: 0, pos }],
]

const view = (ms: number, n: number, members: number[]): Told => [
  ms,
  n,
  { k: 'view', g: 0, id: members.join(), members },
]

const epoch = (ms: number, n: number, sending: string): Told => [
  ms,
  n,
  { k: 'epoch', g: 0, heads: [sending], sending },
]

const op = (ms: number, n: number, id: number, f: 'send' | 'kick', okMs?: number): Told[] => [
  [ms, n, { k: 'op', id, f, phase: 'invoke', g: 0, ...(f === 'kick' ? { target: 2 } : {}) }],
  okMs === undefined
    ? [ms + 1, n, { k: 'op', id, f, phase: 'fail', g: 0, reason: 'NOT_NOW' }]
    : [okMs, n, { k: 'op', id, f, phase: 'ok', g: 0 }],
]

function trace(): Told[] {
  const nodes = [0, 1, 2]
  return [
    [0, 0, { k: 'aud', id: 'all', g: 0, members: nodes }],
    ...nodes.flatMap((n): Told[] => [view(0, n, nodes), epoch(0, n, 'e1')]),
    [0, 0, { k: 'role', g: 0, manager: 0 }],
    [10_000, -1, { k: 'fault', id: 'p1', part: 0, state: 'verified' }],
    [10_000, -1, { k: 'links', matrix: cut }],
    ...op(11_000, 0, 1, 'send', 11_010),
    said(11_000, 0, 'a'),
    ...shown(11_000, 0, 'a'),
    ...shown(11_050, 1, 'a'),
    ...op(12_000, 2, 2, 'send'),
    ...op(13_000, 0, 3, 'kick', 13_200),
    view(13_200, 0, [0, 1]),
    epoch(13_200, 0, 'e2'),
    [13_300, 1, { k: 'role', g: 0, manager: 1 }],
    view(18_000, 1, [0, 1]),
    epoch(18_000, 1, 'e2'),
    [20_000, -1, { k: 'fault', id: 'p1', part: 0, state: 'off' }],
    [20_000, -1, { k: 'links', matrix: {} }],
    ...shown(20_300, 2, 'a', 4),
    said(25_000, 1, 'b'),
    ...shown(25_040, 0, 'b'),
    ...shown(25_050, 2, 'b'),
    ...nodes.map((n): Told => [
      30_000,
      n,
      { k: 'digest', g: 0, held: 'x', members: '0 1 2', epochs: 'e', order: 'o' },
    ]),
    [30_000, 0, { k: 'sent', frames: 12, bytes: 4_000 }],
    [30_000, 0, { k: 'cr', counts: { sign: 2, verify: 8 } }],
    [30_000, -1, { k: 'end', why: 'quiet' }],
  ]
}

function measured(told: readonly Told[]) {
  const ledger = new Ledger(scenario)
  const reducers = makeReducers(scenario, ledger)
  told.forEach(([ms, n, fact], i) => {
    const event: TraceEvent = { i, t: ms * 1_000, n, ...fact }
    for (const reader of [ledger, ...reducers]) reader.see(event)
  })
  const of = (phase: string): Metrics => collect(reducers, ledger)[phase] ?? {}
  return { of, series: collectSeries(reducers) }
}

test('each text has a dot of its own, also where two were said at once', () => {
  const both = [
    ...trace(),
    said(25_000, 2, 'c'),
    ...shown(25_060, 0, 'c'),
    ...shown(25_070, 1, 'c'),
  ]
  const { series } = measured(both.sort((a, b) => a[0] - b[0]))
  expect(series.find(({ name }) => name === 'age')?.points).toEqual([
    [11_000, 9_300],
    [25_000, 50],
    [25_000, 70],
  ])
})

test('who is not in yet asks for nothing that it could be refused', () => {
  const pending = (reason: string): Told[] => [
    [14_000, 2, { k: 'op', id: 9, f: 'send', phase: 'invoke', g: 0 }],
    [14_001, 2, { k: 'op', id: 9, f: 'send', phase: 'fail', g: 0, reason }],
  ]
  const accepted = (...more: Told[]) =>
    measured([...trace(), view(13_000, 2, [0, 1]), ...more].sort((a, b) => a[0] - b[0])).of('p1')[
      'A_all'
    ]
  expect(accepted()).toBe(1 / 2)
  expect(accepted(...pending('JOIN_PENDING'))).toBe(1 / 2)
  expect(accepted(...pending('NO_QUORUM'))).toBe(1 / 3)
  // Who is in, and has no keys, is.
  expect(accepted(...pending('JOIN_PENDING'), view(13_900, 2, [0, 1, 2]))).toBe(1 / 3)
})

test('operations: by kind, and on the side where the least was accepted', () => {
  const during = measured(trace()).of('p1')
  expect(during).toMatchObject({ n_send: 2, ok_send: 0.5, worst_send: 0, n_kick: 1, ok_kick: 1 })
  expect(during['wait_kick']).toBe(200)
})

test('age: what a cut forces on everybody is told apart from what the protocol adds', () => {
  const during = measured(trace()).of('p1')
  expect(during['stale_p95']).toBe(9_300)
  expect(during['extra_p95']).toBe(300)
  expect(during['behind_own']).toBe(0)
  const slow = trace().filter(([ms, n]) => !(ms === 11_050 && n === 1))
  const late = measured([...slow.slice(0, -5), ...shown(26_000, 1, 'a'), ...slow.slice(-5)]).of(
    'p1',
  )
  expect(late['behind_own']).toBeCloseTo(0.8, 2)
})

test('age: how far each node is behind, and what came in above other rows', () => {
  const { of, series } = measured(trace())
  expect(of('after-p1')).toMatchObject({ inserted: 1, insert_depth: 4 })
  const behind = series.find(({ name }) => name === 'behind_2')?.points
  expect(behind?.find(([ms]) => ms === 15_000)?.[1]).toBe(1)
  expect(behind?.find(([ms]) => ms === 25_000)?.[1]).toBe(0)
})

test('disagreement: of all, and of those within reach of each other', () => {
  const during = measured(trace()).of('p1')
  // Looked at each second: somebody differs from 14 s to 19 s, 0 and 1 until 17 s.
  expect(during['apart_view']).toBeCloseTo(0.6, 5)
  expect(during['own_view']).toBeCloseTo(0.4, 5)
  expect(during).toMatchObject({ apart_key: during['apart_view'], own_key: during['own_view'] })
  expect(during).toMatchObject({ forks: 2, managers: 2 })
  expect(during['split_brain']).toBeCloseTo(0.6, 5)
})

test('removals: what the removed read, and what of it could have been avoided', () => {
  expect(measured(trace()).of('p1')).toMatchObject({
    kick_leak: 1,
    kick_leak_avoidable: 1,
    kick_effect: 11_800,
  })
  const heeded = trace().filter(([ms, n]) => !(ms === 25_050 && n === 2))
  expect(measured(heeded).of('p1')).toMatchObject({ kick_leak: 0, kick_leak_avoidable: 0 })
  // Node 2 could not be told of its own removal by then, nor could 1 if the cut ran between 0 and 1.
  const apart = trace().map((one): Told =>
    one[2].k === 'links' ? [one[0], -1, { k: 'links', matrix: alone }] : one,
  )
  expect(measured(apart).of('p1')).toMatchObject({ kick_leak: 1, kick_leak_avoidable: 0 })
})

/** Node 0 reaches nobody. */
const alone: LinkMatrix = { splits: [{ sides: [[0], [1, 2]], cut: 'blackhole' }] }

test('cost: for each copy that came to somebody else, told of the whole run only', () => {
  const { of } = measured(trace())
  expect(of('all')).toMatchObject({
    bytes_per_copy: 1_000,
    frames_per_text: 6,
    amplification: 10,
    signs_per_text: 1,
    verifies_per_copy: 2,
  })
  expect(of('p1')['bytes_per_copy']).toBeUndefined()
})

test('order: how much two members first read the other way round, and who they are', () => {
  const calm = measured(trace())
  expect(calm.of('all')['inverted']).toBe(0)
  // 1 said it before it heard of the text of the other side; 2 had that one first.
  const crossed = trace().flatMap((told): Told[] =>
    told[0] === 25_000
      ? [said(11_010, 1, 'b')]
      : told[0] === 25_050
        ? shown(20_100, 2, 'b')
        : [told],
  )
  const told = crossed.sort((one, other) => one[0] - other[0])
  const { of, series } = measured(told)
  // 1 read its own at 11.01 s and a at 11.05 s; 2 read b at 20.1 s and a at 20.3 s; 0 read a first.
  expect(of('all')['inverted']).toBe(1)
  const row = (node: number) => series.find(({ name }) => name === `inverted_${node}`)?.points
  expect(row(1)).toEqual([
    [0, 1],
    [1, 0],
    [2, 0],
  ])
  expect(row(0)).toEqual([
    [0, 0],
    [1, 1],
    [2, 1],
  ])
})
