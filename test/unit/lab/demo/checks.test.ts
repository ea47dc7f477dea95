// Every check of the demo passes on a good ending and is seen to fail on the one fault it is for.

import { describe, expect, test } from 'vitest'
import type { TextReport } from '../../../../src/api/contract.ts'
import { type Evidence, type Sent, type Witness, judge } from '../../../../src/lab/demo/checks.ts'

const sent: readonly Sent[] = [
  { id: 'a0', number: '0000000a:1', text: 'before', place: 0 },
  { id: 'a1', number: '0000000a:2', text: 'here', place: 0 },
  { id: 'b1', number: '0000000b:1', text: 'there', place: 1 },
]

function row({ id, number, text }: Sent, more: Partial<TextReport> = {}): TextReport {
  return {
    number,
    id,
    author: number.slice(0, 8),
    name: 'ada',
    text,
    contentType: 'text/plain',
    sent: 1,
    lamport: 1,
    epoch: 'ee',
    final: false,
    state: 'ok',
    late: false,
    ...more,
  }
}

function witness(name: string, more: object = {}, rows = sent.map((text) => row(text))): Witness {
  const group = { root: 'rr', vector: { a: 2, b: 1 }, messages: 3, undecryptable: 0, pending: 0 }
  return { name, rows, group: { ...group, equivocators: [], ...more } as never }
}

const late = sent.map((text) => row(text, { late: true, final: true }))

const good: Evidence = {
  sent,
  nodes: [witness('ada'), witness('bob', {}, late)],
  apart: {
    sides: [[0], [1]],
    sent: sent.slice(1),
    held: [new Set(['a0', 'a1']), new Set(['a0', 'b1'])],
  },
}

function withBob(more: object, rows?: readonly TextReport[]): Evidence {
  return { ...good, nodes: [witness('ada'), witness('bob', more, rows ? [...rows] : undefined)] }
}

const rows = sent.map((text) => row(text))

const faults: readonly (readonly [check: string, what: string, evidence: Evidence])[] = [
  [
    'split-real',
    'a text crossed the cut',
    { ...good, apart: { ...good.apart, held: [new Set(['a0', 'a1', 'b1']), new Set(['b1'])] } },
  ],
  [
    'split-real',
    'a side did not hear itself',
    { ...good, apart: { ...good.apart, held: [new Set(['a0']), new Set(['b1'])] } },
  ],
  ['split-real', 'one side said nothing', { ...good, apart: { ...good.apart, sent: [sent[1]!] } }],
  ['roots-equal', 'a root differs', withBob({ root: 'r2' })],
  [
    'roots-equal',
    'a node has no group',
    { ...good, nodes: [{ ...witness('ada'), group: undefined }] },
  ],
  ['vectors-equal', 'a vector differs', withBob({ vector: { a: 2, b: 0 } })],
  ['order-equal', 'rows change places', withBob({}, [rows[0]!, rows[2]!, rows[1]!])],
  [
    'order-equal',
    'another sending time',
    withBob({}, [row(sent[0]!, { sent: 2 }), ...rows.slice(1)]),
  ],
  ['texts-once', 'a text stands twice', withBob({}, [...rows, rows[0]!])],
  ['texts-once', 'a number is used twice', withBob({}, [...rows, row({ ...sent[0]!, id: 'a9' })])],
  [
    'texts-once',
    'a text that nobody sent',
    withBob({}, [...rows, row({ ...sent[0]!, id: 'ff', number: 'f:1' })]),
  ],
  ['texts-all', 'a text is missing', withBob({}, rows.slice(1))],
  ['texts-all', 'nothing was sent', { ...good, sent: [] }],
  [
    'texts-open',
    'a text does not open',
    withBob({}, [row(sent[0]!, { state: 'undecryptable', text: null }), ...rows.slice(1)]),
  ],
  [
    'texts-open',
    'another text than was sent',
    withBob({}, [row(sent[0]!, { text: 'else' }), ...rows.slice(1)]),
  ],
  ['texts-open', 'a node counts undecryptable ones', withBob({ undecryptable: 1 })],
  ['no-fork', 'somebody forked', withBob({ equivocators: ['aa'] })],
  ['no-fork', 'messages wait for their past', withBob({ pending: 1 })],
]

test('a good ending passes every check', () => {
  expect(judge(good).filter(({ ok }) => !ok)).toEqual([])
})

describe('a check fails when', () => {
  test.each(faults)('%s: %s', (name, _what, evidence) => {
    expect(judge(evidence).find((check) => check.name === name)).toMatchObject({ ok: false })
  })

  test('and no check is left that was not seen to fail', () => {
    const seen = new Set(faults.map(([name]) => name))
    expect(judge(good).filter(({ name }) => !seen.has(name))).toEqual([])
  })
})
