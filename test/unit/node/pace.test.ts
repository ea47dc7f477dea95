// Portions: nothing is lost or overtaken, and others get their turn between them.
import { describe, expect, test } from 'vitest'
import { Pace } from '../../../src/node/pace.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** A pace whose acts are noted, with `|` before each portion. */
function recorder() {
  const acted: (number | '|')[] = []
  const pace = new Pace((give) => {
    acted.push('|')
    give()
  })
  const enter = (...numbers: readonly number[]) => {
    for (const each of numbers) pace.enter(() => acted.push(each))
  }
  return { pace, acted, enter }
}

const upTo = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at)

describe('pace', () => {
  test('the first of a turn acts at once, the others share the next', async () => {
    const { acted, enter } = recorder()
    enter(1, 2, 3)
    expect(acted).toEqual([1])
    await turn()
    expect(acted).toEqual([1, '|', 2, 3])
    await turn()
    enter(4)
    expect(acted).toEqual([1, '|', 2, 3, 4])
  })

  test('many act in order, a portion a turn', async () => {
    const { acted, enter } = recorder()
    enter(...upTo(0, 100))
    const seen = [acted.length]
    for (let turns = 0; turns < 4; turns++) {
      await turn()
      seen.push(acted.filter((each) => each !== '|').length)
    }
    expect(acted.filter((each) => each !== '|')).toEqual(upTo(0, 100))
    expect(seen).toEqual([1, 33, 65, 97, 100])
  })

  test('what comes while others wait does not overtake them', async () => {
    const { acted, enter } = recorder()
    enter(...upTo(0, 40))
    await turn()
    enter(...upTo(40, 90))
    for (let turns = 0; turns < 4; turns++) await turn()
    expect(acted.filter((each) => each !== '|')).toEqual(upTo(0, 90))
  })

  test('an act may enter another one', async () => {
    const { pace } = recorder()
    let acted = 0
    const again = () => {
      acted += 1
      if (acted < 50) pace.enter(again)
    }
    pace.enter(again)
    while (acted < 50) await turn()
    expect(acted).toBe(50)
  })
})
