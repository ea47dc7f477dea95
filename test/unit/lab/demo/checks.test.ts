// Every check of the demo passes on a good ending and is seen to fail on the one fault it is for.

import { describe, expect, test } from 'vitest'
import type { TextReport } from '../../../../src/api/contract.ts'
import { judge } from '../../../../src/lab/demo/checks.ts'
import type { Evidence, Lie, Sent, Witness } from '../../../../src/lab/demo/evidence.ts'

const sent: readonly Sent[] = [
  { id: 'a0', number: '0000000a:1', text: 'before', place: 0, knew: false },
  { id: 'a1', number: '0000000a:2', text: 'here', place: 0, knew: true },
  { id: 'b1', number: '0000000b:1', text: 'there', place: 1, knew: false },
  { id: 'm1', number: '0000000d:1', text: 'yes', place: 5, knew: false },
  { id: 'm2', number: '0000000d:1', text: 'no', place: 6, knew: false },
  { id: 'a2', number: '0000000a:3', text: 'after', place: 0, knew: true },
]
const [before, here, there, yes, no] = sent as [Sent, Sent, Sent, Sent, Sent, Sent]

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

const people = ['ada', 'bob', 'cyd']

function witness(name: string, more: object = {}, rows = sent.map((text) => row(text))): Witness {
  const standings = { a: 'active', b: 'active', e: 'removed', m: 'removed' }
  const place = people.indexOf(name)
  const returned = ['a', 'c']
  // To the others only bob was missing.
  const lastHeal = name !== 'bob' ? null : { whole: true, start: 1_005, returned, healMs: 90 }
  const epochs = { epochHeads: ['e3'] }
  const group = {
    ...epochs,
    root: 'rr',
    vector: { a: 2, b: 1 },
    messages: 3,
    undecryptable: 0,
    pending: 0,
    lastHeal,
    equivocators: ['m'],
  }
  const member = name.charAt(0)
  return { name, place, member, rows, standings, group: { ...group, ...more } as never }
}

const late = sent.map((text) => row(text, { late: true, final: true }))

const lie: Lie = {
  ...{ name: 'mal', member: 'm', group: 'gg', said: [yes, no] },
  verified: { kind: 'proof', group: 'gg', member: 'm', number: '0000000d:1', ids: ['m2', 'm1'] },
}

const [near, far] = [new Set(['a0', 'a1', 'm1']), new Set(['a0', 'b1', 'm2'])]
/** By place: the liar is there twice, nobody else told on a place between. */
const heldApart = [near, far, near, new Set<string>(), new Set<string>(), near, far]

const good: Evidence = {
  sent,
  nodes: [witness('ada'), witness('bob', {}, late), witness('cyd')],
  lie,
  after: new Set(['a2']),
  healedAt: 1_000,
  outcast: { place: 4, member: 'e', node: witness('eli', {}, [row(before)]) },
  apart: {
    epochs: [['e1'], ['e2']],
    sides: [
      [0, 2, 5],
      [1, 6],
    ],
    sent: [here, there, yes, no],
    held: heldApart,
  },
}

function withBob(more: object, rows?: readonly TextReport[]): Evidence {
  return { ...good, nodes: [ada, witness('bob', more, rows ? [...rows] : undefined), cyd] }
}

const rows = sent.map((text) => row(text))
const [ada, cyd] = [witness('ada'), witness('cyd')]

function withLie(more: Partial<Lie>): Evidence {
  return { ...good, lie: { ...lie, ...more } }
}

function withHeal(more: object): Evidence {
  const { group } = witness('bob')
  return withBob({ lastHeal: { ...group?.lastHeal, ...more } })
}

const proof = lie.verified as NonNullable<Lie['verified']>
const without = (...ids: readonly string[]): TextReport[] =>
  rows.filter(({ id }) => !ids.includes(id))
const shut = (text: Sent): TextReport => row(text, { state: 'undecryptable', text: null })
const gone = (text: Sent): TextReport => row(text, { state: 'withdrawn', text: null })

function withStandings(standings: Record<string, string>): Evidence {
  return { ...good, nodes: [ada, { ...witness('bob'), standings }, cyd] }
}

function withEli(...shown: readonly TextReport[]): Evidence {
  return { ...good, outcast: { place: 4, member: 'e', node: witness('eli', {}, [...shown]) } }
}

const unheard: Sent = { id: 'e1', number: '0000000e:1', text: 'unheard', place: 4, knew: false }

/** Both show a text of the removed, sent during the split, in these states. */
function withUnheard(...states: readonly ('ok' | 'withdrawn' | 'undecryptable')[]): Evidence {
  const nodes = states.map((state, place) => {
    const shown = row(unheard, state === 'ok' ? {} : { state, text: null })
    return witness(people[place] ?? '', {}, [...rows, shown])
  })
  const apart = { ...good.apart, sent: [...good.apart.sent, unheard] }
  return { ...good, sent: [...sent, unheard], apart, nodes }
}

const faults: readonly (readonly [check: string, what: string, evidence: Evidence])[] = [
  [
    'split-real',
    'a text crossed the cut',
    { ...good, apart: { ...good.apart, held: [new Set([...near, 'b1']), ...heldApart.slice(1)] } },
  ],
  [
    'split-real',
    'a side did not hear itself',
    { ...good, apart: { ...good.apart, held: [new Set(['a0']), ...heldApart.slice(1)] } },
  ],
  ['split-real', 'one side said nothing', { ...good, apart: { ...good.apart, sent: [here] } }],
  ['roots-equal', 'a root differs', withBob({ root: 'r2' })],
  [
    'roots-equal',
    'a node has no group',
    { ...good, nodes: [{ ...witness('ada'), group: undefined }] },
  ],
  ['vectors-equal', 'a vector differs', withBob({ vector: { a: 2, b: 0 } })],
  [
    'order-equal',
    'rows change places',
    withBob({}, [rows[0]!, rows[2]!, rows[1]!, ...rows.slice(3)]),
  ],
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
  ['lie-told', 'it was said under two numbers', withLie({ said: [yes, here] })],
  ['lie-told', 'only one thing was said', withLie({ said: [yes] })],
  ['lie-shown', 'a node lacks one of the two', withBob({}, without('m2'))],
  ['lie-shown', 'neither opens', withBob({}, [...without('m1', 'm2'), shut(yes), shut(no)])],
  ['lie-shown', 'one does not open', withBob({}, [...without('m1'), shut(yes)])],
  ['lie-shown', 'one of the two is withdrawn', withBob({}, [...without('m2'), gone(no)])],
  ['lie-shown', 'it says something else', withBob({}, [...without('m2'), row(no, { text: 'x' })])],
  ['liar-named', 'a node names nobody', withBob({ equivocators: [] })],
  ['liar-named', 'a node names somebody honest too', withBob({ equivocators: ['a', 'm'] })],
  ['liar-named', 'messages wait for their past', withBob({ pending: 1 })],
  ['lie-proven', 'nobody verified anything', withLie({ verified: undefined })],
  ['lie-proven', 'it is about somebody else', withLie({ verified: { ...proof, member: 'a' } })],
  ['lie-proven', 'it is of another group', withLie({ verified: { ...proof, group: 'hh' } })],
  ['lie-proven', 'it is about another number', withLie({ verified: { ...proof, number: 'd:2' } })],
  ['lie-proven', 'it shows other messages', withLie({ verified: { ...proof, ids: ['m1', 'zz'] } })],
  ['lie-proven', 'it is no proof', withLie({ verified: { ...proof, kind: 'archive' } })],
  ['goes-on', 'nothing was said since', { ...good, after: new Set() }],
  ['goes-on', 'a node lacks what was said since', withBob({}, without('a2'))],
  ['heal-told', 'a node tells of no heal', withBob({ lastHeal: null })],
  ['heal-told', 'a part of it is open', withHeal({ whole: false })],
  ['heal-told', 'it tells of an earlier one', withHeal({ start: 999 })],
  ['heal-told', 'nobody of the other side came back', withHeal({ returned: ['m'] })],
  ['texts-open', 'a text of the removed is lost', withUnheard('withdrawn', 'undecryptable')],
  [
    'texts-open',
    'a text of another is withdrawn',
    withBob({}, [row(sent[1]!, { state: 'withdrawn', text: null })]),
  ],
  ['order-equal', 'a text counts on one node only', withUnheard('withdrawn', 'ok')],
  [
    'members-equal',
    'a node counts the removed in',
    withStandings({ a: 'active', e: 'active', m: 'removed' }),
  ],
  ['members-equal', 'the liar is still in', withStandings({ a: 'active', m: 'active' })],
  [
    'members-equal',
    'nobody lists the removed as such',
    withStandings({ e: 'removed', m: 'removed' }),
  ],
  ['one-epoch', 'two heads are left', withBob({ epochHeads: ['e3', 'e4'] })],
  ['one-epoch', 'a node has another head', withBob({ epochHeads: ['e4'] })],
  [
    'one-epoch',
    'both sides had the same epoch',
    { ...good, apart: { ...good.apart, epochs: [['e1'], ['e1']] } },
  ],
  ['removed-out', 'the removed reads what was said without them', withEli(row(sent[1]!))],
  ['removed-out', 'nothing was said without them', { ...good, sent: [before, there] }],
]

test('a good ending passes every check', () => {
  expect(judge(good).filter(({ ok }) => !ok)).toEqual([])
})

test('what no leader had heard of the removed may be withdrawn everywhere, or count everywhere', () => {
  for (const evidence of [
    withUnheard('withdrawn', 'withdrawn', 'withdrawn'),
    withUnheard('ok', 'ok', 'ok'),
  ]) {
    const failed = judge(evidence).filter(({ ok }) => !ok)
    // That text stayed on no side of this little story.
    expect(failed.map(({ name }) => name).filter((name) => name !== 'split-real')).toEqual([])
  }
})

test('nobody was removed where all are leaders', () => {
  const standings = { a: 'active', b: 'active', m: 'removed' }
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
