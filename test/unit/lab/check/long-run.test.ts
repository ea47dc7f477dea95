// The checkers that need a longer run: a good trace of five minutes with a cut, a removal and new keys
// passes, and the same trace with one thing planted in it does not.

import { describe, expect, test } from 'vitest'

import type { Lie } from '../../../../src/lab/world/lies.ts'
import { type Told, judge, smallScenario, view } from '../../../support/told.ts'

const nodes = [0, 1, 2, 3]

const scenario = smallScenario(4, 300_000, { phases: ['p1'] })

const text = (s: number, n: number, m: string, seq: number, aud = 'all', epoch = 'e1'): Told => [
  s,
  n,
  { k: 'msg', m, g: 0, seq, text: true, epoch, parents: [], bytes: 9, aud },
]

const opened = (s: number, n: number, m: string): Told[] => [
  [s, n, { k: 'rx', m, g: 0, how: 'push' }],
  [s, n, { k: 'dec', m, g: 0 }],
  [s, n, { k: 'show', m, g: 0, pos: 0 }],
]

const epoch = (s: number, n: number, head: string): Told => [
  s,
  n,
  { k: 'epoch', g: 0, heads: [head], sending: head },
]

const kick = (s: number, target: number): Told[] => [
  [s, 0, { k: 'op', id: 900 + target, f: 'kick', phase: 'invoke', g: 0, target }],
  [s, 0, { k: 'op', id: 900 + target, f: 'kick', phase: 'ok', g: 0 }],
]

/** Node 0 says something every five seconds, and 1 and 2 have it at once. */
function talk(): Told[] {
  return Array.from({ length: 59 }, (_, k): Told[] => {
    const s = 1 + 5 * k
    const aud = s > 90 ? 'three' : 'all'
    const readers = s > 90 ? [1, 2] : [1, 2, 3]
    return [
      [s, 0, { k: 'op', id: k, f: 'send', phase: 'invoke', g: 0 }],
      text(s, 0, `m${k}`, k, aud, s > 90 ? 'e2' : 'e1'),
      [s, 0, { k: 'op', id: k, f: 'send', phase: 'ok', g: 0, m: `m${k}` }],
      ...readers.flatMap((n) => opened(s + 0.1, n, `m${k}`)),
    ]
  }).flat()
}

/** 3 is cut off from 60 s to 180 s, removed at 90 s, and hears of it at 181 s. */
function good(): Told[] {
  const told: Told[] = [
    [0, -1, { k: 'links', matrix: { base: { delayMs: 40 } } }],
    [0, 0, { k: 'aud', id: 'all', g: 0, members: nodes }],
    [0, 0, { k: 'aud', id: 'three', g: 0, members: [0, 1, 2] }],
    ...nodes.flatMap((n): Told[] => [view(0, n, nodes), epoch(0, n, 'e1')]),
    [60, -1, { k: 'fault', id: 'p1', part: 0, state: 'requested', what: 'split' }],
    [60, -1, { k: 'fault', id: 'p1', part: 0, state: 'verified', what: 'split' }],
    [
      60,
      -1,
      {
        k: 'links',
        matrix: { base: { delayMs: 40 }, splits: [{ sides: [[0, 1, 2], [3]], cut: 'blackhole' }] },
      },
    ],
    ...kick(90, 3),
    ...[0, 1, 2].flatMap((n): Told[] => [view(90.1, n, [0, 1, 2]), epoch(90.2, n, 'e2')]),
    [180, -1, { k: 'fault', id: 'p1', part: 0, state: 'off', what: 'split' }],
    [180, -1, { k: 'links', matrix: { base: { delayMs: 40 } } }],
    view(181, 3, [0, 1, 2]),
    ...[0, 1, 2].map((n): Told => [
      300,
      n,
      { k: 'digest', g: 0, held: 'h', members: '0 1 2', epochs: 'e2', order: 'o' },
    ]),
    [300, -1, { k: 'end', why: 'quiet' }],
  ]
  return inOrder([...told, ...talk()])
}

/** Stable by time; the end stays last. */
const inOrder = (told: readonly Told[]): Told[] =>
  [...told].sort((a, b) => a[0] - b[0] || Number(a[2].k === 'end') - Number(b[2].k === 'end'))

const withThese = (...planted: readonly Told[]): Told[] => inOrder([...good(), ...planted])

const judged = (told: readonly Told[]) => judge(scenario, told)

test('a good trace keeps them, and puts to the test what it can', () => {
  const results = judged(good())
  const held = ['C6', 'C7', 'C8', 'C9', 'C11', 'C12', 'C15', 'C16'].map(
    (id) => `${id} ${results.get(id)?.held}`,
  )
  // Nobody lied and nobody was accused: that is no test of whether liars are found.
  expect(held).toEqual([
    'C6 true',
    'C7 true',
    'C8 true',
    'C9 true',
    'C11 true',
    'C12 unknown',
    'C15 true',
    'C16 true',
  ])
})

const made = (s: number, node: number, lie: Lie = 'equivocate'): Told => {
  const about = { k: 'fault', id: 'p1', part: 1, state: 'requested', what: 'byzantine' } as const
  return [s, -1, { ...about, nodes: [[node]], lies: [lie] }]
}

const accused = (against: number): Told => [200, 1, { k: 'proof', g: 0, against }]

/** Node 3 comes back uninvited. */
const undone = (): Told[] =>
  withThese([
    300,
    3,
    { k: 'digest', g: 0, held: 'h', members: '0 1 2 3', epochs: 'e2', order: 'o' },
  ]).map((one): Told =>
    one[2].k === 'digest' ? [one[0], one[1], { ...one[2], members: '0 1 2 3' }] : one,
  )

/** The same, and those who knew that it was removed see it among them again. */
const takenBack = inOrder([...undone(), ...[0, 1, 2].map((n) => view(182, n, nodes))])

/** Node 3 never hears that it was removed. */
const untold = good().filter(([s, n]) => n !== 3 || s < 90)

const storm = Array.from({ length: 40 }, (_, k) => epoch(240 + k, 1, k === 39 ? 'e2' : `x${k}`))

const chatter = Array.from({ length: 200 }, (_, k): Told => [
  215 + k * 0.4,
  1,
  {
    k: 'msg',
    m: `c${k}`,
    g: 0,
    seq: k,
    text: false,
    epoch: 'e2',
    parents: [],
    bytes: 1,
    aud: 'three',
  },
])

/** Nothing that node 0 says during the cut reaches anybody. */
const stuck = good().filter(
  ([s, n, { k }]) => !((k === 'rx' || k === 'dec' || k === 'show') && n > 0 && s > 60 && s < 180),
)

describe('finds what is planted:', () => {
  test.each<[string, string, Told[]]>([
    ['C6', 'somebody removed is a member in the end', undone()],
    ['C6', 'somebody removed is taken back by all, and never asked for it', takenBack],
    ['C7', 'somebody removed opens what was said later', withThese(...opened(250, 3, 'm40'))],
    [
      'C8',
      'a number is used twice under one epoch',
      withThese(text(250, 0, 'again', 40, 'all', 'e2')),
    ],
    [
      'C8',
      'a key is derived in two ways',
      withThese(
        [200, 0, { k: 'key', g: 0, id: 'k', action: 'derive', parents: ['a'] }],
        [201, 1, { k: 'key', g: 0, id: 'k', action: 'derive', parents: ['b'] }],
      ),
    ],
    ['C9', 'one stays on an old epoch within reach', withThese(epoch(200, 1, 'e1'))],
    ['C9', 'one is never told that it was removed, within reach', untold],
    ['C11', 'nothing gets through where all are linked', stuck],
    ['C12', 'an honest member is accused', withThese(accused(2))],
    ['C12', 'a liar is not found', withThese(made(100, 2))],
    ['C15', 'epochs without end', withThese(...storm)],
    ['C15', 'no calm after the heal', withThese(...chatter)],
  ])('%s: %s', (id, _, told) => {
    const result = judged(told).get(id)
    expect(result?.held).toBe('false')
    expect(result?.witnesses[0]?.events.length).toBeGreaterThan(0)
  })
})

test('who comes in anew is no reversal, and may read on', () => {
  const back: Told[] = [
    [190, 3, { k: 'op', id: 990, f: 'join', phase: 'invoke', g: 0 }],
    [191, 3, { k: 'op', id: 990, f: 'join', phase: 'ok', g: 0 }],
  ]
  expect(judged(inOrder([...undone(), ...back])).get('C6')?.held).toBe('true')
  expect(judged(withThese(...back, ...opened(250, 3, 'm40'))).get('C7')?.held).toBe('true')
})

test('a liar who is proven is no false accusation', () => {
  expect(judged(withThese(made(100, 2), accused(2))).get('C12')?.held).toBe('true')
  // Who only keeps silent leaves nothing to prove.
  expect(judged(withThese(made(100, 2, 'withhold'))).get('C12')?.held).not.toBe('false')
})

test('a short disagreement within reach is none', () => {
  expect(judged(withThese(epoch(200, 1, 'e1'), epoch(210, 1, 'e2'))).get('C9')?.held).toBe('true')
})

test('coverage names what was reached and what was not; nothing reached is unknown', () => {
  const note = judged(good()).get('C16')?.note
  expect(note).toContain(
    'reached: a fault in force, two epochs in a cut, a removal in a cut, a removal that its target could not hear of;',
  )
  expect(note).toMatch(/not reached: .*a lie proven/)
  expect(judged([[1, -1, { k: 'end', why: 'quiet' }]]).get('C16')?.held).toBe('unknown')
})

test('where nobody ever manages no part lacks a manager', () => {
  const role = (s: number, n: number, manager: number | null): Told => [
    s,
    n,
    { k: 'role', g: 0, manager },
  ]
  const reached = (...planted: Told[]) => judged(withThese(...planted)).get('C16')?.reached
  const alone = 'a part without a manager'
  expect(reached(role(70, 3, null))).not.toContain(alone)
  expect(reached(role(5, 3, 0), role(70, 3, null))).toContain(alone)
})

test('new keys just after a cut are none just after a heal', () => {
  const heal = 'new keys within a second of a heal'
  const reached = (...planted: Told[]) => judged(withThese(...planted)).get('C16')?.reached
  expect(reached(epoch(60.5, 1, 'e2'))).not.toContain(heal)
  expect(reached(epoch(180.5, 1, 'e3'))).toContain(heal)
})
