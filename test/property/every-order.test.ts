// Membership and the epoch DAG over every history of two leaders and a member, in every order and through
// every split, with the real reducers: whoever holds the same makes the same of it, and it is what the
// definitions say. Small here; `npm run sim:orders -- --operations 6` walks further.
import { describe, expect, test } from 'vitest'
import { isAccused } from '../../src/core/membership/roster.ts'
import { currentContext } from '../../src/core/replica/state.ts'
import type { Bounds } from '../support/every-order.ts'
import { EveryOrder, liarsIn, smallGroup, subjects } from '../support/every-order.ts'

const { cast, prelude } = smallGroup()

const bounds = (subject: keyof typeof subjects, operations: number): Bounds => ({
  cast,
  prelude,
  acts: subjects[subject](cast),
  liars: liarsIn[subject] ?? [],
  operations,
  withinMs: 120_000,
  nowMs: () => performance.now(),
})

describe('the same is made of the same messages, whatever their order', () => {
  test.each([
    ['going', 3],
    ['comingBack', 3],
    ['admission', 5],
    ['keys', 3],
    ['removalAndKeys', 3],
    ['accusing', 4],
    ['accusingLeader', 3],
  ] as const)(
    'of %s, all histories of up to %i operations',
    (subject, operations) => {
      const walk = new EveryOrder(bounds(subject, operations)).walk()
      expect(walk.broken).toEqual([])
      expect(walk.operations).toBe(operations)
      expect(walk.ways).toBeGreaterThan(walk.parts)
    },
    120_000,
  )
})

describe('the walk notices', () => {
  test('what depends on the order of arrival', () => {
    const spoil: Bounds['spoil'] = ({ replica }, derived) =>
      `${derived} ${replica.transcript.order.map(({ id }) => id).join()}`
    const { broken } = new EveryOrder({ ...bounds('keys', 2), spoil }).walk()
    expect(broken[0]).toContain('the order decides')
  })

  test('what differs from the definitions', () => {
    const [one, two, three] = subjects.going(cast)
    const forgetful: Bounds['spoil'] = (bench, derived) => {
      // A replica that forgets who is gone.
      bench.replica.departures.clear()
      return derived
    }
    const walk = new EveryOrder({
      ...bounds('going', 3),
      acts: [one, two, three].map((acts) => acts ?? []),
      spoil: forgetful,
    }).walk()
    expect(walk.broken[0]).toContain('not what the model makes of it')
  })

  test('evidence that counts for nothing', () => {
    const innocent: Bounds['spoil'] = ({ replica }, derived) => {
      for (const entry of currentContext(replica).roster.members.values()) {
        if (isAccused(currentContext(replica).roster, entry.facts.member)) {
          Object.assign(entry, { standing: 1 })
        }
      }
      return derived
    }
    const { broken } = new EveryOrder({ ...bounds('accusing', 3), spoil: innocent }).walk()
    expect(broken[0]).toContain('not what the model makes of it')
  })
})
