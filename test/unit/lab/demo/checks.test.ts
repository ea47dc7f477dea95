// Every check of the demo passes on a good ending and is seen to fail on the one fault it is for.

import { describe, expect, test } from 'vitest'
import type { TextReport } from '../../../../src/api/contract.ts'
import { type Evidence, type Sent, type Witness, judge } from '../../../../src/lab/demo/checks.ts'

const sent: readonly Sent[] = [
  { id: 'a0', number: '0000000a:1', text: 'before', place: 0, knew: false },
  { id: 'a1', number: '0000000a:2', text: 'here', place: 0, knew: true },
  { id: 'b1', number: '0000000b:1', text: 'there', place: 1, knew: false },
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
  const standings = { a: 'active', b: 'active', e: 'removed' }
  const epochs = { epochHeads: ['e3'] }
  const group = {
    ...epochs,
    root: 'rr',
    vector: { a: 2, b: 1 },
    messages: 3,
    undecryptable: 0,
    pending: 0,
  }
  return { name, rows, standings, group: { ...group, equivocators: [], ...more } as never }
}

const late = sent.map((text) => row(text, { late: true, final: true }))

const good: Evidence = {
  sent,
  nodes: [witness('ada'), witness('bob', {}, late)],
  outcast: { place: 4, member: 'e', node: witness('eli', {}, [row(sent[0]!)]) },
  apart: {
    epochs: [['e1'], ['e2']],
    sides: [[0], [1]],
    sent: sent.slice(1),
    held: [new Set(['a0', 'a1']), new Set(['a0', 'b1'])],
  },
}

function withBob(more: object, rows?: readonly TextReport[]): Evidence {
  return { ...good, nodes: [witness('ada'), witness('bob', more, rows ? [...rows] : undefined)] }
}

const rows = sent.map((text) => row(text))

function withStandings(standings: Record<string, string>): Evidence {
  return { ...good, nodes: [witness('ada'), { ...witness('bob'), standings }] }
}

function withEli(...shown: readonly TextReport[]): Evidence {
  return { ...good, outcast: { place: 4, member: 'e', node: witness('eli', {}, [...shown]) } }
}

const unheard: Sent = { id: 'e1', number: '0000000e:1', text: 'unheard', place: 4, knew: false }

/** Both show a text of the removed, sent during the split, in these states. */
function withUnheard(...states: readonly ('ok' | 'withdrawn' | 'undecryptable')[]): Evidence {
  const nodes = states.map((state, place) => {
    const shown = row(unheard, state === 'ok' ? {} : { state, text: null })
    return witness(`n${place}`, {}, [...rows, shown])
  })
  const apart = { ...good.apart, sent: [...good.apart.sent, unheard] }
  return { ...good, sent: [...sent, unheard], apart, nodes }
}

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
  ['texts-open', 'a text of the removed is lost', withUnheard('withdrawn', 'undecryptable')],
  [
    'texts-open',
    'a text of another is withdrawn',
    withBob({}, [row(sent[1]!, { state: 'withdrawn', text: null })]),
  ],
  ['order-equal', 'a text counts on one node only', withUnheard('withdrawn', 'ok')],
  ['members-equal', 'a node counts the removed in', withStandings({ a: 'active', e: 'active' })],
  ['members-equal', 'nobody lists the removed as such', withStandings({ e: 'removed' })],
  ['one-epoch', 'two heads are left', withBob({ epochHeads: ['e3', 'e4'] })],
  ['one-epoch', 'a node has another head', withBob({ epochHeads: ['e4'] })],
  [
    'one-epoch',
    'both sides had the same epoch',
    { ...good, apart: { ...good.apart, epochs: [['e1'], ['e1']] } },
  ],
  ['removed-out', 'the removed reads what was said without them', withEli(row(sent[1]!))],
  ['removed-out', 'nothing was said without them', { ...good, sent: [sent[0]!, sent[2]!] }],
]

test('a good ending passes every check', () => {
  expect(judge(good).filter(({ ok }) => !ok)).toEqual([])
})

test('what no leader had heard of the removed may be withdrawn everywhere, or count everywhere', () => {
  for (const evidence of [withUnheard('withdrawn', 'withdrawn'), withUnheard('ok', 'ok')]) {
    const failed = judge(evidence).filter(({ ok }) => !ok)
    // That text stayed on no side of this little story.
    expect(failed.map(({ name }) => name).filter((name) => name !== 'split-real')).toEqual([])
  }
})

test('nobody was removed where all are leaders', () => {
  const standings = { a: 'active', b: 'active' }
  const nodes = good.nodes.map((node) => ({ ...node, standings }))
  const checks = judge({ ...good, nodes, outcast: undefined })
  expect(checks.filter(({ ok }) => !ok)).toEqual([])
  expect(checks.map(({ name }) => name)).not.toContain('removed-out')
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
