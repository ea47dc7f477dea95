// The formulas of `expect`.

import { describe, expect, test } from 'vitest'

import {
  FormulaError,
  evaluate,
  namesOf,
  parseFormula,
} from '../../../../src/lab/scenario/formula.ts'

const valueOf = (text: string, names: Record<string, number> = {}): number =>
  evaluate(parseFormula(text), (name) => names[name] ?? Number.NaN)

describe('a formula', () => {
  test.each([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['8 / 2 / 2', 2],
    ['-1 + 2', 1],
    ['1 < 2 && 2 <= 2 && 3 > 2 && 2 >= 2', 1],
    ['1 == 1 && 1 != 2', 1],
    ['true || false && false', 1],
    ['!converged', 0, { converged: 1 }],
    ['heal_read <= 10s', 1, { heal_read: 9_999 }],
    ['heal_read <= 1.5m', 0, { heal_read: 90_001 }],
    ['heal_read < 1d', 0, { heal_read: Number.POSITIVE_INFINITY }],
    ['A_large >= 0.95 && A_small >= 0.95', 0, { A_large: 1, A_small: 0.94 }],
  ] as [string, number, Record<string, number>?][])('%s is %d', (text, value, names) => {
    expect(valueOf(text, names)).toBe(value)
  })

  test('is unknown where it needs what was not measured, and only there', () => {
    expect(valueOf('x > 1')).toBeNaN()
    expect(valueOf('!x')).toBeNaN()
    expect(valueOf('x > 1 && true')).toBeNaN()
    expect(valueOf('x > 1 && false')).toBe(0)
    expect(valueOf('x > 1 || true')).toBe(1)
    expect(valueOf('x > 1 || false')).toBeNaN()
  })

  test.each([
    ['1 +', 3],
    ['(1', 2],
    ['1 2', 2],
    ['a $ b', 2],
    ['', 0],
    ['10x < 2', 0],
    ['a && && b', 5],
  ])('%s cannot be read, and it says where', (text, at) => {
    const error = caught(() => parseFormula(text))
    expect(error).toBeInstanceOf(FormulaError)
    expect((error as FormulaError).at).toBe(at)
  })

  test('tells its names with their places', () => {
    const found = namesOf(parseFormula('A_x > 1 && !b')).map(({ name, at }) => [name, at])
    expect(found).toEqual([
      ['A_x', 0],
      ['b', 12],
    ])
  })
})

function caught(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  return undefined
}
