/**
 * Redial in virtual time: who is dialled when, within which bounds, and who never.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  block,
  connected,
  deadline,
  lost,
  unreachable,
} from '../../../../src/core/presence/redial.ts'
import { World, busiestSecond, higher, self } from './redial-world.ts'

describe('missing members', () => {
  it.each([1, 2, 3, 7, 8, 11, 15, 16, 17, 40, 100])(
    '%i of them are dialled for ever: at most 8 a second, evenly, within the bounds',
    (count) => {
      const world = new World(count)
      world.want(higher(count))
      const start = 2_000 * Math.max(1, count / 8)
      world.pass(start + 60_000)
      expect(busiestSecond(world.made)).toBeLessThanOrEqual(8)
      const spacings = world.spacings()
      expect(Math.min(...spacings)).toBeGreaterThanOrEqual(1_000)
      expect(Math.max(...spacings)).toBeLessThanOrEqual(Math.max(2_000, count * 125))
      // Chance spreads the dials over the whole time between the bounds.
      const meanMs = spacings.reduce((sum, one) => sum + one, 0) / spacings.length
      if (count < 8) expect(Math.abs(meanMs - 1_500)).toBeLessThan(150)
      const counts = higher(count).map((peer) => world.times(peer).length)
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
      expect(Math.min(...counts)).toBeGreaterThanOrEqual(
        Math.floor(60_000 / Math.max(2_000, count * 125)),
      )
    },
  )

  it('are dialled in an order that chance decides', () => {
    const orders = [1, 2, 3].map((seed) => {
      const world = new World(seed)
      world.want(higher(20))
      world.pass(3_000)
      return world.made.map(({ key }) => key).join()
    })
    expect(new Set(orders).size).toBe(3)
  })

  it('are all dialled at once, at full speed, when one of them is back', () => {
    const world = new World()
    world.want(higher(6))
    world.pass(30_000)
    world.up.set('z003', 'z003')
    world.pass(2_000)
    const back = world.made.findLast(({ key }) => key === 'z003')?.atMs ?? 0
    const others = higher(6).filter((peer) => peer !== 'z003')
    for (const peer of others) {
      const next = world.times(peer).find((atMs) => atMs > back) ?? Infinity
      // Nobody is dialled twice within a second, not even now.
      const before = world.times(peer).findLast((atMs) => atMs <= back) ?? 0
      expect(next).toBeLessThanOrEqual(Math.max(before + 1_000, back) + 6 * 125)
    }
    expect(Math.min(...world.spacings())).toBeGreaterThanOrEqual(1_000)
  })

  it('count as unreachable after a first dial in vain, until they are linked', () => {
    const world = new World()
    world.want(['z1', 'z2'])
    expect(unreachable(world.redial)).toEqual(new Set())
    world.up.set('z2', 'z2')
    world.pass(1_000)
    expect(unreachable(world.redial)).toEqual(new Set(['z1']))
  })
})

describe('of a pair', () => {
  it('the lower peer id dials at once, the other after two seconds', () => {
    const world = new World()
    world.want(['a', 'z'])
    world.pass(5_000)
    expect(world.times('z')[0]).toBe(0)
    expect(world.times('a')[0]).toBeGreaterThanOrEqual(2_000)
    expect(world.times('a')[0]).toBeLessThanOrEqual(2_500)
  })

  it('the same holds when their link is lost', () => {
    const world = new World()
    connected(world.redial, 'a', world.env)
    connected(world.redial, 'z', world.env)
    world.want(['a', 'z'])
    world.pass(10_000)
    expect(world.made).toEqual([])
    lost(world.redial, 'a', world.env)
    lost(world.redial, 'z', world.env)
    world.pass(5_000)
    expect(world.times('z')[0]).toBe(10_000)
    expect(world.times('a')[0]).toBeGreaterThanOrEqual(12_000)
  })

  it('nobody dials who is linked already, whoever dialled', () => {
    const world = new World()
    world.want(['a'])
    world.pass(1_000)
    connected(world.redial, 'a', world.env)
    world.pass(60_000)
    expect(world.made).toEqual([])
    expect(deadline(world.redial)).toBeUndefined()
  })

  it('nobody dials itself', () => {
    const world = new World()
    world.want([self])
    expect(deadline(world.redial)).toBeUndefined()
  })
})

describe('a blocked peer', () => {
  it('is never dialled, and at once when it is let go', () => {
    const world = new World()
    world.want(['a', 'z1', 'z2'])
    world.pass(500)
    block(world.redial, new Set(['a', 'z1']), world.env)
    const before = world.made.length
    world.pass(60_000)
    expect(new Set(world.made.slice(before).map(({ key }) => key))).toEqual(new Set(['z2']))
    expect(unreachable(world.redial)).toEqual(new Set(['a', 'z1', 'z2']))
    block(world.redial, new Set(), world.env)
    world.pass(375)
    const after = world.made.filter(({ atMs }) => atMs >= 60_500).map(({ key }) => key)
    expect(after.slice(0, 2).toSorted()).toEqual(['a', 'z1'])
  })
})

describe('a link that flaps', () => {
  it('is dialled once a second, not faster', () => {
    const world = new World()
    world.up.set('z', 'z')
    world.want(['z', 'y'])
    for (let round = 0; round < 999; round++) {
      world.pass(10)
      lost(world.redial, 'z', world.env)
    }
    expect(world.times('z').length).toBeGreaterThanOrEqual(9)
    expect(world.times('z').length).toBeLessThanOrEqual(10)
  })
})

describe('a contact', () => {
  it('is dialled by address until somebody answers, then kept by peer id', () => {
    const world = new World()
    world.want([], ['/ip4/1'])
    world.pass(10_000)
    expect(world.made.length).toBeGreaterThanOrEqual(5)
    expect(new Set(world.made.map(({ key }) => key))).toEqual(new Set(['/ip4/1']))
    expect(Math.max(...world.spacings())).toBeLessThanOrEqual(2_000)

    world.up.set('/ip4/1', 'z')
    world.pass(5_000)
    const answered = world.made.length
    world.pass(60_000)
    expect(world.made.length).toBe(answered)

    lost(world.redial, 'z', world.env)
    world.want([], ['/ip4/1'])
    world.pass(900)
    expect(world.made.slice(answered)).toMatchObject([{ key: 'z', addresses: ['/ip4/1'] }])
  })

  it('that is a member too is dialled once, at all addresses known', () => {
    const world = new World()
    connected(world.redial, 'z', world.env, undefined)
    world.up.set('/ip4/1', 'z')
    world.want(['z'], ['/ip4/1'])
    world.pass(5_000)
    lost(world.redial, 'z', world.env)
    const before = world.made.length
    world.pass(100)
    expect(world.made.slice(before)).toMatchObject([{ key: 'z', addresses: ['/at/z', '/ip4/1'] }])
  })

  it('is forgotten with its peer when it is no longer given', () => {
    const world = new World()
    world.up.set('/ip4/1', 'z')
    world.want([], ['/ip4/1'])
    world.pass(1_000)
    lost(world.redial, 'z', world.env)
    world.want([])
    expect(deadline(world.redial)).toBeUndefined()
  })
})

describe('dials that hang', () => {
  it('are never more than 32, and the others wait without being forgotten', () => {
    const world = new World()
    world.answerMs = 20_000
    world.want(higher(60))
    let most = 0
    for (let second = 0; second < 120; second++) {
      world.pass(1_000)
      const under = world.made.filter(({ atMs }) => atMs > world.nowMs - 20_000).length
      most = Math.max(most, under)
    }
    expect(most).toBe(32)
    for (const peer of higher(60)) expect(world.times(peer).length).toBeGreaterThanOrEqual(2)
  })
})

describe('whatever happens', () => {
  const peers = ['a', 'b', 'c', 'x', 'y', 'z']
  const peer = fc.constantFrom(...peers)
  const happening = fc.oneof(
    fc.record({ kind: fc.constant('want' as const), peers: fc.subarray(peers) }),
    fc.record({ kind: fc.constant('block' as const), peers: fc.subarray(peers) }),
    fc.record({ kind: fc.constant('up' as const), peer }),
    fc.record({ kind: fc.constant('down' as const), peer }),
    fc.record({ kind: fc.constant('inbound' as const), peer }),
  )

  it('8 dials a second, 1 s apart, nobody linked or blocked, everybody missing within 4 s', () => {
    const history = fc.array(fc.tuple(happening, fc.nat(6_000)), { maxLength: 30 })
    fc.assert(
      fc.property(history, fc.nat(), (events, seed) => {
        const world = new World(seed)
        let blocked = new Set<string>()
        let wanted = new Set<string>()
        for (const [event, forMs] of events) {
          const sinceMs = world.nowMs
          const before = world.made.length
          const linked = new Set(world.redial.linked)
          if (event.kind === 'want') world.want([...(wanted = new Set(event.peers))])
          else if (event.kind === 'block') {
            blocked = new Set(event.peers)
            block(world.redial, blocked, world.env)
          } else if (event.kind === 'up') world.up.set(event.peer, event.peer)
          else if (event.kind === 'inbound') {
            linked.add(event.peer)
            connected(world.redial, event.peer, world.env)
          } else {
            linked.delete(event.peer)
            world.up.delete(event.peer)
            lost(world.redial, event.peer, world.env)
          }
          world.pass(forMs)
          const made = world.made.slice(before).map(({ key }) => key)
          for (const key of made) {
            expect(wanted.has(key) && !blocked.has(key) && !linked.has(key)).toBe(true)
          }
          if (world.nowMs - sinceMs < 4_001) continue
          for (const one of wanted) {
            if (!blocked.has(one) && !linked.has(one)) expect(made).toContain(one)
          }
        }
        expect(busiestSecond(world.made)).toBeLessThanOrEqual(8)
        expect(Math.min(1_000, ...world.spacings())).toBe(1_000)
      }),
      { numRuns: 300 },
    )
  })
})
