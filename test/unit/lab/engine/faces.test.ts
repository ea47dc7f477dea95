// The links of a node that shows two faces: each of the others meets one of them, and what befell the node's
// links befalls both.

import { expect, test } from 'vitest'

import { type Face, faced, halfOf, reaches } from '../../../../src/lab/engine/real/faces.ts'
import { LinkTable } from '../../../../src/lab/world/links.ts'

const nodes = 5
const place = 6
const face: Face = { node: 2, place, deceived: halfOf(nodes, 2) }

test('half of the others are deceived, never the liar itself', () => {
  expect([...halfOf(nodes, 2)]).toEqual([1, 4])
  expect([...halfOf(2, 0)]).toEqual([])
})

test('each meets one face, by the links that the node has', () => {
  const links = new LinkTable(nodes, {
    base: { delayMs: 7 },
    rules: [{ from: 2, to: 4, link: { cut: 'blackhole' } }],
  })
  expect(faced(links, nodes, [])).toBe(links)
  const table = faced(links, nodes, [face])
  const cuts = (from: number) => {
    return [0, 1, 2, 3, 4].filter((to) => to !== 2).map((to) => table.link(from, to).cut)
  }
  expect(cuts(2)).toEqual(['none', 'reset', 'none', 'reset'])
  expect(cuts(place)).toEqual(['reset', 'none', 'reset', 'blackhole'])
  expect([0, 1].map((from) => table.link(from, place).cut)).toEqual(['reset', 'none'])
  expect(table.link(1, 4)).toEqual(links.link(1, 4))
  // A number that is nobody's reaches nobody.
  expect(table.link(5, 0).cut).toBe('reset')
  expect([0, 1, 3, 4].map((other) => reaches(face, other, links))).toEqual([
    false,
    true,
    false,
    false,
  ])
})
