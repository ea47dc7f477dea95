// What works where: every cell of the table is tried with real endpoints in a simulated split, and the
// document that people read is made from the same table.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { document, withTable } from '../../scripts/availability.ts'
import type { Cell, Operation, Outcome, Side } from '../../src/core/availability.ts'
import { availability, availabilityLines, cellOf, sides } from '../../src/core/availability.ts'
import { trials } from '../support/trials.ts'

const plain = (outcome: Outcome | Cell): string =>
  outcome.outcome === 'refused' ? outcome.code : outcome.outcome

/** The cells of an operation that a trial does not bear out. */
const untrue = (operation: Operation, tried: Record<Side, Outcome>): string[] =>
  sides
    .filter((side) => plain(tried[side]) !== plain(cellOf(operation, side)))
    .map((side) => `${operation}, ${side}: ${plain(tried[side])}`)

describe('the table says what happens', () => {
  test.each(Object.entries(trials))(
    'to: %s',
    async (operation, trial) => {
      expect(untrue(operation as Operation, await trial(`availability: ${operation}`))).toEqual([])
    },
    60_000,
  )

  test('with a trial for each operation, each in one row', () => {
    const operations = availability.flatMap((row) => row.operations)
    expect(operations.toSorted()).toEqual(Object.keys(trials).toSorted())
    expect(new Set(operations).size).toBe(operations.length)
  })

  test('and a cell that is wrong is seen', async () => {
    const tried = await trials.rotate('availability: wrong')
    expect(untrue('rotate', tried)).toEqual([])
    expect(untrue('send', tried)).toEqual([
      'send, leaderless: NOT_A_LEADER',
      'send, alone: NOT_A_LEADER',
    ])
    expect(untrue('join', { ...tried, leaderless: { outcome: 'waits' } })).toEqual([
      'join, alone: NOT_A_LEADER',
    ])
  })
})

describe('the document', () => {
  const text = readFileSync(document, 'utf8')

  test('has this table (else: npx tsx scripts/availability.ts)', () => {
    expect(text).toBe(withTable(text))
    expect(text).toContain(availabilityLines().join('\n'))
  })

  test('that says otherwise is seen, and mended', () => {
    const [, , row = ''] = availabilityLines()
    const changed = text.replace(row, row.replace('yes', 'no'))
    expect(changed).not.toBe(text)
    expect(withTable(changed)).toBe(text)
    expect(withTable(text.replace(`${row}\n`, ''))).toBe(text)
    expect(() => withTable('nothing')).toThrow('no table')
  })
})
