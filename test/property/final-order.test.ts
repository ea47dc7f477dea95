// The final order (SPEC, section 11): the core against its definition on random histories with lying,
// removed, leaving and absent people, and every plausible mistake in the definition is noticed.
import { describe, expect, test } from 'vitest'
import { MessageType } from '../../src/core/message/type.ts'
import type { FinalNode } from '../support/final-history.ts'
import { FinalHistory } from '../support/final-history.ts'
import { finalRun, optionsOf } from '../support/final-laws.ts'
import type { FinalMutant } from '../support/final-model.ts'
import { FinalModel } from '../support/final-model.ts'

describe('what is final', () => {
  test('never moves, is what the definition gives, and comes to an end, in 50 runs', () => {
    let finals = 0
    for (let i = 0; i < 50; i++) {
      const seed = `ci ${String(i)}`
      const run = finalRun(optionsOf(seed, i))
      expect(run.broken, seed).toEqual([])
      finals += run.finals
    }
    expect(finals).toBeGreaterThan(500)
  }, 120_000)

  test('is everything, once all leaders have said what they owe', () => {
    for (let i = 0; i < 10; i++) {
      const history = new FinalHistory({ seed: `all ${String(i)}`, leaders: 3, steps: 60 }).run()
      const leads = ({ name, gone }: FinalNode): boolean => history.leaders.includes(name) && !gone
      if (!history.nodes.some(leads)) continue
      history.nodes.find(leads)?.say(MessageType.text)
      expect(history.finish()).toBeLessThan(8)
      const model = new FinalModel(history.leaders)
      for (const { core } of history.nodes.filter(({ gone }) => !gone)) {
        const due = [...core.held.values()].filter(
          (word) => word.type === MessageType.text && model.counts(core.held, word),
        )
        expect(core.order().length).toBe(due.length)
      }
    }
  }, 60_000)

  test('waits for a leader that is away, and says for which', () => {
    const history = new FinalHistory({ seed: 'away', leaders: 3, members: 2, steps: 0 }).run()
    const [one, two, away] = history.nodes
    history.finish()
    const text = one?.say(MessageType.text)
    expect(history.finish(history.leaders.slice(2))).toBeLessThan(8)
    expect(two?.core.standpoint(text?.id ?? '')).toMatchObject({
      settled: false,
      waitsFor: [history.leaders[2]],
    })
    expect(two?.core.order()).toEqual([])
    expect(away?.core.held.has(text?.id ?? '')).toBe(false)
    history.finish()
    expect(two?.core.order().map(({ id }) => id)).toEqual([text?.id])
    expect(two?.core.standpoint(text?.id ?? '')).toMatchObject({ settled: true, waitsFor: [] })
  })

  test('is found again after a start with few reads', () => {
    const history = new FinalHistory({ seed: 'reads', leaders: 2, members: 1, steps: 400 }).run()
    history.finish()
    const [{ core }] = history.honest as [(typeof history.honest)[number]]
    core.restart()
    core.reads = 0
    core.settle()
    expect(core.replica.transcript.count).toBeGreaterThan(100)
    expect(core.reads).toBeLessThan(40)
  })
})

describe('a mistake is noticed', () => {
  const mutants: FinalMutant[] = [
    'a plain lamport watermark',
    'an accused leader is dropped from the maximum',
    'two branches do not matter',
    'nothing has to count',
  ]

  test.each(mutants)(
    '%s',
    (mutant) => {
      for (let i = 0; i < 2_000; i++) {
        const seed = `mistake ${String(i)}`
        const run = { seed, liar: 'leader', leaders: 2 + (i % 3), steps: 120 } as const
        if (finalRun(run, mutant).broken.length > 0) return
      }
      expect.fail('nothing told the mistake from the definition')
    },
    120_000,
  )
})
