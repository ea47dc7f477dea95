/**
 * Link choice: everybody in small groups; in large ones few links that still hold the group
 * together, also while members and leaders are away, and alike on every node.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { SeededRandom } from '../../../../src/base/random.ts'
import {
  type LinkGroup,
  type LinkMember,
  chooseLinks,
  hourOf,
  preference,
  survivor,
} from '../../../../src/core/presence/links.ts'
import { createNativeCrypto } from '../../../../src/crypto/native.ts'

const crypto = createNativeCrypto()
const nobody: ReadonlySet<string> = new Set()

function membersOf(count: number, leaders: number, seed: string): LinkMember[] {
  const random = new SeededRandom(seed)
  return Array.from({ length: count }, (_, index) => ({
    member: random.bytes(32),
    peer: `peer-${seed}-${String(index).padStart(4, '0')}`,
    leader: index < leaders,
  }))
}

const seenBy = (members: readonly LinkMember[], index: number): LinkGroup => ({
  self: members[index]?.member ?? new Uint8Array(32),
  members,
})

/** Links from the first member to the farthest one, when all follow their choice. */
function longestWay(members: readonly LinkMember[]): number {
  const links = new Map(members.map(({ peer }) => [peer, new Set<string>()]))
  for (const [index, { peer }] of members.entries()) {
    for (const one of chooseLinks([seenBy(members, index)], 1, nobody, crypto)) {
      links.get(peer)?.add(one)
      links.get(one)?.add(peer)
    }
  }
  const seen = new Set<string>()
  let edge = members.slice(0, 1).map(({ peer }) => peer)
  for (let steps = 0; ; steps++) {
    for (const peer of edge) seen.add(peer)
    const next = new Set(edge.flatMap((peer) => [...(links.get(peer) ?? [])]))
    edge = [...next].filter((one) => !seen.has(one))
    if (edge.length === 0) return seen.size === members.length ? steps : Infinity
  }
}

/** Whether the peers online hold together, when each keeps to its links until nothing changes. */
function holdsTogether(members: readonly LinkMember[], hour: number, away: ReadonlySet<string>) {
  const online = members.filter(({ peer }) => !away.has(peer))
  const links = new Map(online.map(({ peer }) => [peer, new Set<string>()]))
  for (const { peer } of online) {
    const index = members.findIndex((one) => one.peer === peer)
    let missing = new Set<string>()
    for (let tried = -1; tried < missing.size;) {
      tried = missing.size
      const chosen = chooseLinks([seenBy(members, index)], hour, missing, crypto)
      for (const one of chosen) {
        if (!away.has(one)) links.get(peer)?.add(one)
        if (!away.has(one)) links.get(one)?.add(peer)
      }
      missing = new Set([...missing, ...chosen.filter((one) => away.has(one))])
    }
  }
  const reached = new Set<string>()
  const next = online.slice(0, 1).map(({ peer }) => peer)
  for (let peer = next.pop(); peer !== undefined; peer = next.pop()) {
    if (reached.has(peer)) continue
    reached.add(peer)
    next.push(...(links.get(peer) ?? []))
  }
  return reached.size === online.length
}

describe('a group of twelve or fewer', () => {
  it.each([1, 2, 12])('with %i members links everybody', (count) => {
    const members = membersOf(count, 1, 'small')
    const chosen = chooseLinks([seenBy(members, 0)], 1, nobody, crypto)
    expect(chosen).toEqual(members.slice(1).map(({ peer }) => peer))
  })

  it('does so also while some are missing', () => {
    const members = membersOf(12, 1, 'small')
    const missing = new Set(members.slice(2, 8).map(({ peer }) => peer))
    expect(chooseLinks([seenBy(members, 0)], 1, missing, crypto).length).toBe(11)
  })
})

describe('a larger group', () => {
  it('gives each member eight links, never to itself, the same at every call', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 13, max: 120 }),
        fc.nat(16),
        fc.nat(),
        (count, leaders, hour) => {
          const members = membersOf(count, leaders, `large ${count}`)
          const index = hour % count
          const group = seenBy(members, index)
          const chosen = chooseLinks([group], hour % 2 ** 32, nobody, crypto)
          expect(chosen.length).toBe(8)
          expect(chosen).not.toContain(members[index]?.peer)
          const shuffled = new SeededRandom(hour).shuffle(members)
          expect(chooseLinks([{ ...group, members: shuffled }], hour, nobody, crypto)).toEqual(
            chosen,
          )
        },
      ),
      { numRuns: 100 },
    )
  })

  it('puts leaders first: all of them up to four, four of them beyond', () => {
    for (const [leaders, linked] of [
      [1, 1],
      [4, 4],
      [16, 4],
    ] as const) {
      const members = membersOf(50, leaders, 'leaders')
      const order = preference(seenBy(members, 49), 7, crypto)
      expect(order.slice(0, linked).every(({ leader }) => leader)).toBe(true)
      expect(order.slice(0, 8).filter(({ leader }) => leader).length).toBeGreaterThanOrEqual(linked)
    }
  })

  it('ranks every other member exactly once', () => {
    const members = membersOf(200, 5, 'rank')
    const order = preference(seenBy(members, 3), 9, crypto).map(({ peer }) => peer)
    const others = members.filter((_, index) => index !== 3).map(({ peer }) => peer)
    expect(order.toSorted()).toEqual(others.toSorted())
  })

  it('holds together whoever is away, in every hour', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 13, max: 64 }),
        fc.nat(5),
        fc.nat(1_000),
        fc.integer({ min: 0, max: 95 }),
        (count, leaders, hour, percentAway) => {
          const members = membersOf(count, leaders, `whole ${count} ${hour}`)
          const random = new SeededRandom(`away ${count} ${hour} ${percentAway}`)
          const away = new Set(
            members.filter(() => random.below(100) < percentAway).map(({ peer }) => peer),
          )
          expect(holdsTogether(members, hour, away)).toBe(true)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('is a whole ring: the next member has this one before it', () => {
    const members = membersOf(300, 0, 'ring')
    for (const [index, { peer }] of members.entries()) {
      const [next] = preference(seenBy(members, index), 2, crypto)
      const at = members.findIndex((one) => one.peer === next?.peer)
      expect(preference(seenBy(members, at), 2, crypto)[1]?.peer).toBe(peer)
    }
  })

  it('is a few links wide, with or without leaders', () => {
    expect(longestWay(membersOf(256, 0, 'wide'))).toBeLessThanOrEqual(6)
    expect(longestWay(membersOf(256, 1, 'wide'))).toBeLessThanOrEqual(2)
  })

  it('keeps missing members wanted, so that they are taken back when they answer', () => {
    const members = membersOf(50, 2, 'missing')
    const group = seenBy(members, 10)
    const first = chooseLinks([group], 3, nobody, crypto)
    const missing = new Set(first.slice(0, 5))
    const more = chooseLinks([group], 3, missing, crypto)
    expect(more).toEqual(expect.arrayContaining(first))
    expect(more.filter((peer) => !missing.has(peer)).length).toBe(8)
  })

  it('changes few links when somebody is added, and most when the hour is over', () => {
    const members = membersOf(101, 1, 'churn')
    const without = members.slice(0, 100)
    let byMember = 0
    let byHour = 0
    for (let index = 0; index < 100; index++) {
      const chosen = new Set(chooseLinks([seenBy(without, index)], 5, nobody, crypto))
      const kept = (peers: string[]) => peers.filter((peer) => chosen.has(peer)).length
      byMember += 8 - kept(chooseLinks([seenBy(members, index)], 5, nobody, crypto))
      byHour += 8 - kept(chooseLinks([seenBy(without, index)], 6, nobody, crypto))
    }
    expect(byMember).toBeLessThan(40)
    expect(byHour).toBeGreaterThan(500)
  })
})

describe('several groups', () => {
  it('share their links: the union, each peer once, sorted', () => {
    const members = membersOf(10, 1, 'shared')
    const fewer = members.slice(0, 5)
    const groups = [seenBy(members, 0), seenBy(fewer, 0)]
    const chosen = chooseLinks(groups, 1, nobody, crypto)
    expect(chosen).toEqual(members.slice(1).map(({ peer }) => peer))
  })
})

describe('the hour', () => {
  it('is counted from the epoch and never negative', () => {
    expect([hourOf(-5), hourOf(3_599_999), hourOf(3_600_000)]).toEqual([0, 0, 1])
  })
})

describe('of two channels between the same peers', () => {
  it('both ends keep the same one', () => {
    const channel = fc.record({
      groups: fc.nat(3),
      dialler: fc.constantFrom('a', 'b'),
      nonce: fc.uint8Array({ minLength: 1, maxLength: 1 }),
    })
    fc.assert(
      fc.property(channel, channel, (a, b) => {
        expect(survivor(a, b)).toEqual(survivor(b, a))
      }),
    )
  })

  it('more groups count most, then the lower dialler, then the lower nonce', () => {
    const low = { groups: 1, dialler: 'a', nonce: Uint8Array.of(2) }
    expect(survivor(low, { ...low, dialler: 'b', groups: 2 }).groups).toBe(2)
    expect(survivor(low, { ...low, dialler: 'b' })).toBe(low)
    expect(survivor(low, { ...low, nonce: Uint8Array.of(3) })).toBe(low)
  })
})
