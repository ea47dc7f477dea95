// The drawing of the mesh: boxes whose edges meet, whatever stands in them.

import { expect, test } from 'vitest'
import { NODES_MAX, NODES_MIN, leaders, lineOf, sidesOf } from '../../../../src/lab/demo/people.ts'
import { type Side, picture } from '../../../../src/lab/demo/picture.ts'

const side: Side = {
  title: 'this side',
  style: 'warn',
  people: [
    { name: 'ada', leader: true },
    { name: 'bob', leader: false },
  ],
  held: '3 messages, root 12345678',
  epochs: [{ id: 'e'.repeat(64), style: 'first' }],
  texts: ['ada: hello', `bob: ${'a long story '.repeat(20)}`],
}

function drawn(sides: readonly Side[]): string[] {
  return picture(sides).map((line) =>
    line.map((piece) => (typeof piece === 'string' ? piece : piece.text)).join(''),
  )
}

test('one side is one box', () => {
  const lines = drawn([side])
  expect(new Set(lines.map((line) => line.length)).size).toBe(1)
  expect(lines[0]).toMatch(/^ {2}┌ this side ─+┐$/)
  expect(lines[1]).toMatch(/^ {2}│ ada\* {2}bob +│$/)
  expect(lines.at(-4)).toMatch(/^ {2}│ epoch ■ eeeeeeee +│$/)
  expect(lines.at(-2)).toMatch(/a long story.*… │$/)
  expect(lines.at(-1)).toMatch(/^ {2}└─+┘$/)
})

test('two sides are boxes of one height with the cut between them', () => {
  const lines = drawn([side, { ...side, texts: ['one'], people: crowd }])
  expect(new Set(lines.map((line) => line.length)).size).toBe(1)
  expect(lines.every((line) => line.split(' ╳ ').length === 2)).toBe(true)
})

const crowd = Array.from({ length: 12 }, (_, place) => ({
  name: `person${place}`,
  leader: place === 0,
}))

test.each(Array.from({ length: NODES_MAX - NODES_MIN + 1 }, (_, more) => NODES_MIN + more))(
  '%i nodes fall into two sides, a leader on each, the larger side first',
  (nodes) => {
    const [here, there] = sidesOf(nodes)
    expect([...here, ...there].toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: nodes }, (_, place) => place),
    )
    expect(here.length - there.length).toBe(nodes % 2)
    for (const one of [here, there]) expect(one.some((place) => leaders.includes(place))).toBe(true)
  },
)

test('nobody says the same thing twice in a row', () => {
  for (const moment of ['together', 'apart'] as const) {
    const said = [0, 1, 2, 3].map((turn) => lineOf(moment, 4, turn))
    expect(new Set(said).size).toBe(said.length)
  }
})
