// The link matrix: one rule for all, sides, bridges, and the pairs that differ.

import { describe, expect, it } from 'vitest'

import { type LinkMatrix, LinkTable, linkDefaults } from '../../../../src/lab/world/links.ts'

/** Which directed pairs are cut, as `from>to`. */
const cuts = (nodes: number, matrix: LinkMatrix): string[] => {
  const table = new LinkTable(nodes, matrix)
  const found: string[] = []
  for (let from = 0; from < nodes; from++) {
    for (let to = 0; to < nodes; to++) {
      if (from !== to && table.link(from, to).cut !== 'none') found.push(`${from}>${to}`)
    }
  }
  return found
}

describe('a link matrix', () => {
  it('is one rule for every pair unless it says more', () => {
    const table = new LinkTable(1_000, { base: { delayMs: 5 } })
    expect(table.link(0, 999)).toEqual({ ...linkDefaults, delayMs: 5 })
    expect(table.link(0, 999)).toBe(table.link(500, 3))
  })

  it('parts sides from each other, in both directions', () => {
    const split = { sides: [[0, 1], [2]], cut: 'blackhole' } as const
    expect(cuts(3, { split })).toEqual(['0>2', '1>2', '2>0', '2>1'])
  })

  it('leaves nodes of no side alone', () => {
    const split = { sides: [[0], [1]], cut: 'reset' } as const
    expect(cuts(3, { split })).toEqual(['0>1', '1>0'])
  })

  it('lets a node of two sides be a bridge', () => {
    const sides = [
      [0, 1],
      [1, 2],
      [2, 3, 0],
    ]
    expect(cuts(4, { split: { sides, cut: 'hold' } })).toEqual(['1>3', '3>1'])
  })

  it('cuts one direction only when asked to', () => {
    const split = { sides: [[0], [1, 2]], cut: 'blackhole', direction: 'forward' } as const
    expect(cuts(3, { split })).toEqual(['0>1', '0>2'])
  })

  it('cuts nothing forward from a bridge that also belongs to the later side', () => {
    const sides = [
      [0, 1],
      [1, 2],
      [3, 4],
    ]
    const split = { sides, cut: 'blackhole', direction: 'forward' } as const
    expect(cuts(5, { split })).toEqual(['0>2', '0>3', '0>4', '1>3', '1>4', '2>3', '2>4'])
  })

  it('holds rules over the split, as far as they go', () => {
    const table = new LinkTable(3, {
      base: { delayMs: 7 },
      split: { sides: [[0], [1, 2]], cut: 'blackhole' },
      rules: [
        { from: 0, to: 1, link: { cut: 'none' } },
        { from: 0, to: 2, link: { delayMs: 100 } },
        { from: 0, to: 2, link: { loss: 0.5 } },
      ],
    })
    expect(table.link(0, 1)).toMatchObject({ cut: 'none', delayMs: 7 })
    expect(table.link(1, 0)).toMatchObject({ cut: 'blackhole' })
    expect(table.link(0, 2)).toMatchObject({ cut: 'blackhole', delayMs: 100, loss: 0.5 })
  })

  it('knows which nodes there are', () => {
    expect(() => cuts(2, { split: { sides: [[2]], cut: 'reset' } })).toThrow(RangeError)
    expect(() => cuts(2, { rules: [{ from: 0, to: -1, link: {} }] })).toThrow(RangeError)
  })
})
