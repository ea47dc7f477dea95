// What a dial costs: TCP's own round trip, then those of the handshake. What meets a cut on the way is sent
// again, and what takes too long fails.

import { describe, expect, it } from 'vitest'

import { talker, talkers } from './toys.ts'

const rounds = { handshakeRounds: 2 }

/** The world of two nodes with links of 50 ms, in which the first dials the second at once. */
const two = (network: { handshakeRounds?: number }) => {
  const world = talkers(2, { network })
  world.setLinks({ base: { delayMs: 50 } })
  return world
}

/** When node i had its channel: to the millisecond. */
const openedMs = (world: ReturnType<typeof two>, node: number): number => {
  world.run(10)
  const isOpen = () => talker(world, node).log.some((line) => line.startsWith('open '))
  expect(world.runUntil(isOpen, 20_000)).toBe(true)
  return Math.round(world.nowMs)
}

describe('a dial', () => {
  it('waits for one round trip, and for each of the handshake', () => {
    expect([openedMs(two({}), 0), openedMs(two({}), 1)]).toEqual([100, 150])
    expect([openedMs(two(rounds), 0), openedMs(two(rounds), 1)]).toEqual([300, 350])
  })

  it('brings the first bytes across with its handshake, and none over a link that is cut', () => {
    const came: string[] = []
    const onDelivery = (from: number, to: number) => void came.push(`${from}>${to}`)
    const world = talkers(2, { network: rounds, onDelivery })
    world.setLinks({ base: { delayMs: 50 } })
    world.run(299)
    expect(came).toEqual(['0>1', '1>0', '0>1'])
    const cut = talkers(2, { network: rounds, onDelivery: () => came.push('leak') })
    cut.split([[0], [1]], 'blackhole')
    cut.run(1_000)
    expect(came).not.toContain('leak')
  })

  it('goes on after a short cut in the middle of its handshake', () => {
    const world = two(rounds)
    world.run(220)
    world.split([[0], [1]], 'blackhole')
    world.run(1_000)
    expect(talker(world, 0).log.some((line) => line.startsWith('open '))).toBe(false)
    world.setLinks({ base: { delayMs: 50 } })
    expect(openedMs(world, 0)).toBeLessThan(3_000)
  })

  it('is refused when its connection is reset in the middle', () => {
    const world = two(rounds)
    world.run(220)
    world.split([[0], [1]], 'reset')
    world.run(1_000)
    expect(talker(world, 0).log.some((line) => line.startsWith('failed'))).toBe(true)
    expect(talker(world, 1).log.some((line) => line.startsWith('open '))).toBe(false)
  })
})
