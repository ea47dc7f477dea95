// Whoever comes in anew begins with its own numbers and owes nothing to, and is owed nothing as, who it was
// before: the checkers tell the two apart, and find the same faults under the new name.

import { describe, expect, test } from 'vitest'

import { type Told, judge, smallScenario, view } from '../../../support/told.ts'

const nodes = [0, 1, 2]

const scenario = smallScenario(3, 90_000)

const says = (s: number, n: number, m: string, seq: number, epoch = 'e1'): Told => [
  s,
  n,
  { k: 'msg', m, g: 0, seq, text: epoch !== '', epoch, parents: [], bytes: 9, aud: 'all' },
]

const takes = (s: number, n: number, m: string): Told[] => [
  [s, n, { k: 'rx', m, g: 0, how: 'sync' }],
  [s, n, { k: 'show', m, g: 0, pos: 0 }],
]

/** 2 speaks, leaves at 10 s, is back at 20 s under a new name, and is heard of by 0 at 25 s. */
function good(): Told[] {
  return [
    [0, 0, { k: 'aud', id: 'all', g: 0, members: nodes }],
    ...nodes.map((n) => view(0, n, nodes)),
    says(5, 2, 'a', 0),
    says(6, 2, 'b', 1),
    ...[0, 1].flatMap((n) => [...takes(7, n, 'a'), ...takes(7, n, 'b')]),
    [10, 2, { k: 'op', id: 1, f: 'leave', phase: 'invoke', g: 0 }],
    [10, 2, { k: 'op', id: 1, f: 'leave', phase: 'ok', g: 0 }],
    view(11, 1, [0, 1]),
    [20, 2, { k: 'op', id: 2, f: 'join', phase: 'invoke', g: 0 }],
    says(21, 2, 'hello', 0, ''),
    [25, 0, { k: 'rx', m: 'hello', g: 0, how: 'sync' }],
    ...nodes.map((n): Told => [
      90,
      n,
      { k: 'digest', g: 0, held: 'h', members: '0 1 2', epochs: 'e', order: 'o' },
    ]),
    [90, -1, { k: 'end', why: 'quiet' }],
  ]
}

function judged(...planted: readonly Told[]) {
  const told = [...good(), ...planted].sort((a, b) => a[0] - b[0])
  return new Map([...judge(scenario, told)].map(([id, { held }]) => [id, held]))
}

test('numbers begin again under the new name, and nothing is wrong', () => {
  const results = judged()
  for (const id of ['C1', 'C3', 'C8'] as const)
    expect(`${id} ${results.get(id)}`).toBe(`${id} true`)
  // What is said under no epoch is sealed under no key.
  expect(judged(says(30, 2, 'again', 1, ''), says(31, 2, 'c', 2)).get('C8')).toBe('true')
})

test('the same number twice under the new name is found', () => {
  const results = judged(says(30, 2, 'c', 1), ...takes(30.5, 0, 'c'), says(31, 2, 'd', 1))
  expect(results.get('C3')).toBe('false')
  expect(results.get('C8')).toBe('false')
  // What nobody had heard when a crash took it back was never said.
  expect(judged(says(30, 2, 'c', 1, ''), says(31, 2, 'd', 1, '')).get('C3')).toBe('true')
})

describe('a text that the one who came back never gets', () => {
  const text = (s: number) => [says(s, 0, 'x', 0), ...takes(s + 1, 1, 'x')]

  test('is not due, where its author had not heard of that', () => {
    expect(judged(...text(22)).get('C1')).toBe('true')
  })

  test('is lost, where it had', () => {
    expect(judged(...text(30)).get('C1')).toBe('false')
    expect(judged(...text(30), ...takes(40, 2, 'x')).get('C1')).toBe('true')
  })
})

describe('somebody gone who opens what is said later', () => {
  const opened: Told[] = [
    [29, 0, { k: 'aud', id: 'two', g: 0, members: [0, 1] }],
    [
      30,
      0,
      {
        k: 'msg',
        m: 'x',
        g: 0,
        seq: 0,
        text: true,
        epoch: 'e1',
        parents: [],
        bytes: 9,
        aud: 'two',
      },
    ],
    [31, 2, { k: 'dec', m: 'x', g: 0 }],
  ]

  test('is found', () => {
    expect(judged(...opened).get('C7')).toBe('false')
  })

  test('is a member again, where one who knew it was gone sees it as one, answered or not', () => {
    expect(judged(view(28, 1, nodes), ...opened).get('C7')).toBe('true')
    // Who never heard that it left says nothing by seeing it.
    expect(judged(view(28, 0, nodes), ...opened).get('C7')).toBe('false')
  })
})
