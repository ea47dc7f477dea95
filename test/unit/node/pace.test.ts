// Portions: nothing is lost or overtaken, and others get their turn between them.
import { describe, expect, test } from 'vitest'
import { Pace } from '../../../src/node/pace.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('pace', () => {
  test('a few act at once', () => {
    const pace = new Pace()
    const acted: number[] = []
    for (let each = 0; each < 32; each++) pace.enter(() => acted.push(each))
    expect(acted).toHaveLength(32)
  })

  test('many act in order, a portion a turn', async () => {
    const pace = new Pace()
    const acted: number[] = []
    for (let each = 0; each < 100; each++) pace.enter(() => acted.push(each))
    const seen = [acted.length]
    while (acted.length < 100) {
      await turn()
      seen.push(acted.length)
    }
    expect(acted).toEqual(Array.from({ length: 100 }, (_, each) => each))
    expect(seen).toEqual([32, 64, 96, 100])
  })

  test('what comes while others wait does not overtake them', async () => {
    const pace = new Pace()
    const acted: number[] = []
    const enter = (each: number) => pace.enter(() => acted.push(each))
    for (let each = 0; each < 40; each++) enter(each)
    await turn()
    for (let each = 40; each < 90; each++) enter(each)
    while (acted.length < 90) await turn()
    expect(acted).toEqual(Array.from({ length: 90 }, (_, each) => each))
  })

  test('an act may enter another one', async () => {
    const pace = new Pace()
    let acted = 0
    const again = () => {
      acted += 1
      if (acted < 200) pace.enter(again)
    }
    pace.enter(again)
    expect(acted).toBe(32)
    while (acted < 200) await turn()
  })
})
