// C11 in liveness mode: a core that gets on passes, and the same trace with one kind of operation stalled in it
// does not, with that operation as its witness. What nobody asked of the core is not known.

import { describe, expect, test } from 'vitest'

import type { OperationKind } from '../../../../src/lab/scenario/materialised.ts'
import type { Fact } from '../../../../src/lab/trace/event.ts'
import { type Told, judge, smallScenario, view } from '../../../support/told.ts'

const nodes = [0, 1, 2, 3]
const core = [0, 1, 2]

const scenario = smallScenario(4, 100_000, {
  labels: { core, outside: [3] },
  phases: ['chaos', 'core'],
  core: { nodes: core, fromMs: 20_000, boundMs: 30_000 },
})

const op = (s: number, n: number, id: number, f: OperationKind, more: object = {}): Told[] => [
  [s, n, { k: 'op', id, f, phase: 'invoke', g: 0, ...(f === 'kick' ? { target: 3 } : {}) }],
  [s, n, { k: 'op', id, f, phase: 'ok', g: 0, ...more }],
]

/** A text of a node of the core, which the others of the core have at once. */
const said = (s: number, n: number, id: number): Told[] => {
  const m = `m${id}`
  const about = { k: 'msg', m, g: 0, seq: id, text: true, epoch: 'e', parents: [] } as const
  const readers = core.filter((node) => node !== n)
  return [
    [s, n, { ...about, bytes: 9, aud: 'all' }],
    ...op(s, n, id, 'send', { m }),
    ...readers.flatMap((node): Told[] => [
      [s + 1, node, { k: 'rx', m, g: 0, how: 'push' }],
      [s + 1, node, { k: 'show', m, g: 0, pos: 0 }],
    ]),
  ]
}

const epoch = (s: number, n: number, head: string): Told => [
  s,
  n,
  { k: 'epoch', g: 0, heads: [head], sending: head },
]

/** 3 is cut off for ever from 20 s on; the core talks, reads, changes its keys and removes 3. */
function good(): Told[] {
  const cut = { splits: [{ sides: [core, [3]], cut: 'blackhole' }] } as const
  return [
    [0, -1, { k: 'links', matrix: {} }],
    [0, 0, { k: 'aud', id: 'all', g: 0, members: nodes }],
    ...nodes.flatMap((n): Told[] => [
      [0, n, { k: 'life', up: true }],
      view(0, n, nodes),
      epoch(0, n, 'e1'),
    ]),
    [20, -1, { k: 'fault', id: 'core', part: 0, state: 'requested', what: 'cut' }],
    [20, -1, { k: 'links', matrix: cut }],
    [20, -1, { k: 'fault', id: 'core', part: 0, state: 'verified', what: 'cut' }],
    ...said(25, 0, 1),
    ...said(26, 1, 2),
    ...op(60, 1, 10, 'read'),
    ...op(60, 2, 11, 'read'),
    ...op(40, 0, 20, 'rekey'),
    ...core.map((n) => epoch(41, n, 'e2')),
    ...op(50, 0, 30, 'kick'),
    ...core.map((n) => view(51, n, core)),
    ...nodes.map((n): Told => [100, n, digest(n)]),
    [101, -1, { k: 'end', why: 'quiet' }],
  ]
}

/** Outside, something else is held than inside: that is nobody's concern. */
const digest = (n: number): Fact => ({
  k: 'digest',
  g: 0,
  held: n === 3 ? 'less' : 'h',
  members: n === 3 ? '0 1 2 3' : '0 1 2',
  epochs: n === 3 ? 'e1' : 'e2',
  order: n === 3 ? 'short' : 'o',
})

const judged = (told: readonly Told[]) =>
  judge(
    scenario,
    [...told].sort((a, b) => a[0] - b[0]),
  )

const without = (drop: (told: Told) => boolean): Told[] => good().filter((one) => !drop(one))

/** One operation ends otherwise, and whatever it made was never made. */
const answered = (id: number, phase: 'fail' | 'info', reason: string): Told[] =>
  good().flatMap(([s, n, one]): Told[] => {
    if (one.k === 'msg' && one.m === `m${id}`) return []
    if (one.k !== 'op' || one.id !== id || one.phase === 'invoke') return [[s, n, one]]
    return [[s, n, { k: 'op', id, f: one.f, g: 0, phase, reason }]]
  })

test('a core that gets on passes, whatever is held outside', () => {
  const results = judged(good())
  expect(results.get('C11')).toMatchObject({ held: 'true', tested: 6, note: '' })
  for (const id of ['C1', 'C5', 'C6']) expect(results.get(id)?.held).not.toBe('false')
  expect(results.get('C5')?.held).toBe('true')
})

test('one of the core that all others removed, and never told, has not converged', () => {
  const told = good().map(([s, n, fact]): Told => {
    if (fact.k !== 'digest') return [s, n, fact]
    return [s, n, n === 2 ? { ...fact, members: '0 1 2' } : { ...fact, members: '0 1' }]
  })
  expect(judged(told).get('C5')?.held).toBe('false')
})

const shows = (node: number, m: string) => (told: Told) =>
  told[1] === node && told[2].k === 'show' && told[2].m === m

describe('finds what is planted:', () => {
  test.each<[OperationKind, string, Told[]]>([
    ['send', 'a text that one of the core never shows', without(shows(2, 'm2'))],
    ['send', 'a text without an answer', answered(1, 'info', 'no reply')],
    ['send', 'a text that waits for keys for ever', answered(1, 'info', 'held')],
    [
      'send',
      'the same, while its author says something else',
      [...answered(1, 'info', 'held'), ...said(27, 0, 3)],
    ],
    ['read', 'a read without an answer', answered(11, 'fail', 'TIMEOUT')],
    ['read', 'a read that does not find what was said', without(shows(1, 'm1'))],
    ['rekey', 'new keys that are refused', answered(20, 'fail', 'no leader among them')],
    [
      'rekey',
      'new keys that one does not take up',
      without(([s, n, { k }]) => s > 1 && n === 2 && k === 'epoch'),
    ],
    ['kick', 'a removal without an answer', answered(30, 'info', 'no reply')],
    [
      'kick',
      'a removal that one does not heed',
      without(([s, n, { k }]) => s > 1 && n === 1 && k === 'view'),
    ],
  ])('%s: %s', (kind, _, told) => {
    const result = judged(told).get('C11')
    expect(result?.held).toBe('false')
    const witness = result?.witnesses.find(({ what }) => what.includes(`for a ${kind}:`))
    expect(witness?.events.length).toBeGreaterThan(0)
    expect(witness?.events.length).toBeLessThanOrEqual(2)
  })
})

test('what nobody asked of the core is named; nothing asked at all is unknown', () => {
  const isOp = ({ 2: fact }: Told, ...kinds: string[]) => fact.k === 'op' && kinds.includes(fact.f)
  const quiet = judged(without((told) => isOp(told, 'kick', 'rekey'))).get('C11')
  expect(quiet).toMatchObject({ held: 'true', note: 'nobody asked the core for: rekey, kick' })
  const silent = judged(without((told) => isOp(told, 'kick', 'rekey', 'read', 'send'))).get('C11')
  expect(silent?.held).toBe('unknown')
})

test('what was withdrawn is excused to one who has come in anew since, and to nobody else', () => {
  const taken = without(shows(2, 'm2')).concat(
    [0, 2].map((n): Told => [28, n, { k: 'hide', m: 'm2', g: 0, reason: 'withdrawn' }]),
  )
  const about = {
    k: 'msg',
    m: 'again',
    g: 0,
    seq: 0,
    text: false,
    epoch: 'e',
    parents: [],
  } as const
  const anew: Told[] = [
    [29, 1, { k: 'op', id: 80, f: 'join', phase: 'invoke', g: 0 }],
    [30, 1, { ...about, bytes: 9, aud: 'all' }],
  ]
  expect(judged(taken).get('C11')?.held).toBe('false')
  expect(judged([...without(shows(2, 'm2')), ...anew]).get('C11')?.held).toBe('false')
  expect(judged([...taken, ...anew]).get('C11')?.held).toBe('true')
})

test('a core that was not in one piece can be blamed for nothing', () => {
  const split: Told = [
    30,
    -1,
    { k: 'links', matrix: { splits: [{ sides: [[0, 1], [2], [3]], cut: 'reset' }] } },
  ]
  const paused: Told = [
    30,
    -1,
    { k: 'fault', id: 'p', part: 0, state: 'requested', what: 'pause', nodes: [[1]] },
  ]
  for (const planted of [split, paused]) {
    const result = judged([...without(shows(2, 'm2')), planted]).get('C11')
    expect(result).toMatchObject({ held: 'unknown', note: 'the core was not in one piece' })
  }
})

test('what was said outside and never came in is not lost; what came in has to be everywhere', () => {
  const outside = (m: string, heard: readonly number[]): Told[] => {
    const about = { k: 'msg', m, g: 0, seq: 9, text: true, epoch: 'e', parents: [] } as const
    return [
      [19, 3, { ...about, bytes: 9, aud: 'all' }],
      [19, 3, { k: 'op', id: 90, f: 'send', phase: 'ok', g: 0, m }],
      ...heard.map((n): Told => [22, n, { k: 'rx', m, g: 0, how: 'sync' }]),
    ]
  }
  const kept = without(({ 2: fact }) => fact.k === 'view' && fact.members.length === 3)
  const all = kept.map(([s, n, fact]): Told =>
    fact.k === 'digest' ? [s, n, { ...fact, members: '0 1 2 3' }] : [s, n, fact],
  )
  expect(judged([...all, ...outside('x', [])]).get('C1')?.held).toBe('true')
  expect(judged([...all, ...outside('x', core)]).get('C1')?.held).toBe('true')
  expect(judged([...all, ...outside('x', [0, 1])]).get('C1')?.held).toBe('false')
})
