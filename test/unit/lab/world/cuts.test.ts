// What each kind of cut does to channels, floods and dials: nothing leaks, and all of it heals.

import { describe, expect, it } from 'vitest'

import type { World } from '../../../../src/lab/world/world.ts'
import { heard, talker, talkers } from './toys.ts'

const halves = [
  [0, 1],
  [2, 3],
]
const across = [
  [0, 2],
  [0, 3],
  [1, 2],
  [1, 3],
  [2, 0],
  [2, 1],
  [3, 0],
  [3, 1],
] as const

/** Everything heard in a span, over the pairs given. */
const between = (
  world: World,
  pairs: readonly (readonly [number, number])[],
  span: [number, number],
) =>
  pairs.flatMap(([from, to]) =>
    (['frame', 'envelope'] as const).flatMap((how) =>
      heard(world, from, to, how)
        .filter(({ atMs }) => atMs > span[0] && atMs <= span[1])
        .map(({ number }) => `${from}>${to} ${how} ${number}`),
    ),
  )

const rising = (numbers: readonly number[]) =>
  numbers.every((n, i) => i === 0 || n > (numbers[i - 1] ?? 0))
const frames = (world: World, from: number, to: number) =>
  heard(world, from, to).map((each) => each.number)

describe.each(['blackhole', 'hold'] as const)('a %s', (cut) => {
  it('lets nothing across, not even what was under way, and leaves the sides alone', () => {
    const world = talkers(4)
    world.run(3_010)
    world.split(halves, cut)
    world.run(8_000)
    expect(between(world, across, [3_010, 8_000])).toEqual([])
    expect(between(world, [[0, 1]], [3_010, 8_000]).length).toBeGreaterThan(90)
    expect(talker(world, 0).log.filter((line) => line.startsWith('closed'))).toEqual([])
  })

  it('delivers every frame of an open channel after the heal, in order, once', () => {
    const world = talkers(4)
    world.run(3_010)
    world.split(halves, cut)
    world.run(8_000)
    world.heal()
    world.run(20_000)
    const said = talker(world, 0).said
    expect(frames(world, 0, 2)).toEqual(Array.from({ length: said - 1 }, (_, i) => i + 1))
  })

  it('may come again before the frames of the first are through, and still keeps their order', () => {
    const world = talkers(2, { links: { base: { delayMs: 40, jitterMs: 30 } } })
    for (let round = 1; round <= 40; round++) {
      world.run(round * 217)
      if (round % 2 === 1) world.split([[0], [1]], cut)
      else world.heal()
    }
    world.heal()
    world.run(40_000)
    expect(rising(frames(world, 0, 1))).toBe(true)
    expect(frames(world, 0, 1).length).toBeGreaterThan(380)
  })
})

describe('a cut shorter than the way across', () => {
  it('holds back frames behind one that met it, so that none overtakes', () => {
    const world = talkers(2, { links: { base: { delayMs: 300 } }, talker: { periodMs: 20 } })
    world.run(3_000)
    world.split([[0], [1]])
    world.run(3_050)
    world.heal()
    world.run(3_052)
    const before = frames(world, 0, 1).length
    world.run(3_150)
    expect(frames(world, 0, 1)).toHaveLength(before)
    world.run(6_000)
    const all = frames(world, 0, 1)
    expect(all).toEqual(all.map((_, i) => (all[0] ?? 0) + i))
    expect(all.length).toBeGreaterThan(before + 100)
  })
})

describe('a blackhole', () => {
  it('loses floods, and delays the first frame after it as retransmission does', () => {
    const world = talkers(2)
    world.run(3_010)
    world.split([[0], [1]])
    world.run(7_010)
    world.heal()
    world.run(20_000)
    const first = heard(world, 0, 1).find(({ atMs }) => atMs > 3_010)?.atMs ?? 0
    expect(first - 7_010).toBeGreaterThan(1_000)
    expect(first - 7_010).toBeLessThan(4_000)
    const floods = heard(world, 0, 1, 'envelope').map(({ number }) => number)
    expect(floods).not.toContain(40)
    expect(floods).toContain(80)
  })

  it('makes a dial wait, and fail after the timeout with no answer', () => {
    const world = talkers(2, { startMs: (i) => i * 50 })
    world.split([[0], [1]])
    world.run(4_900)
    expect(talker(world, 0).log).toEqual([])
    world.run(5_400)
    expect(talker(world, 0).log).toEqual(['failed timed out'])
    world.heal()
    world.run(7_000)
    expect(talker(world, 0).log).toEqual(['failed timed out', 'open sim-1'])
  })

  it('lets a dial through that is tried again after the heal', () => {
    const world = talkers(2)
    world.split([[0], [1]])
    world.run(2_000)
    world.heal()
    world.run(4_000)
    expect(talker(world, 0).log).toEqual(['open sim-1'])
  })

  it('hides a reset: the other end stays open until its own bytes are refused', () => {
    const world = talkers(2, { talker: { deadMs: 1_000, dials: (i) => (i === 0 ? [1] : []) } })
    world.run(3_000)
    world.split([[0], [1]])
    const one = talker(world, 1)
    world.run(6_000)
    expect(talker(world, 0).log).toContain('closed sim-1')
    // Node 1 gave up too; what node 0 hears of that is nothing, either.
    expect(one.log).toEqual(['open sim-0', 'closed sim-0'])
    world.heal()
    world.run(12_000)
    expect(one.log.filter((line) => line === 'open sim-0')).toHaveLength(2)
    expect(frames(world, 0, 1).at(-1)).toBeGreaterThan(110)
  })
})

describe('a hold', () => {
  it('releases everything the moment it ends, floods too', () => {
    const world = talkers(2)
    world.run(3_010)
    world.split([[0], [1]], 'hold')
    world.run(7_010)
    world.heal()
    world.run(7_030)
    const expected = Array.from({ length: 70 }, (_, i) => i + 1)
    expect(frames(world, 0, 1)).toEqual(expected)
    expect(heard(world, 0, 1, 'envelope').map(({ number }) => number)).toEqual(expected)
  })
})

describe('bytes of a connection that was given up', () => {
  const abandoned = (drainAfterReset: boolean) => {
    // Only node 0 gives up: node 1 must keep its end open for the old bytes to arrive at.
    const world = talkers(2, {
      network: { drainAfterReset },
      talker: { dials: (i) => (i === 0 ? [1] : []) },
    })
    world.run(2_000)
    world.split([[0], [1]])
    world.run(3_500)
    const network = talker(world, 0)
    const opened = network.log.length
    world.node(0).machine.step = resetting(network)
    // Healed so that a new dial gets through well before the next retransmission of old bytes.
    world.run(5_300)
    world.heal()
    world.run(15_000)
    expect(network.log.length).toBeGreaterThan(opened)
    return frames(world, 0, 1)
  }

  /** Resets its peer once, with the next input, and then is as before. */
  const resetting = (machine: ReturnType<typeof talker>): typeof machine.step => {
    const original = Object.getPrototypeOf(machine).step as typeof machine.step
    let armed = true
    return (input, env) => {
      const effects = original.call(machine, input, env)
      if (!armed) return effects
      armed = false
      return [...effects, { kind: 'reset', peer: 'sim-1', reason: 'test' }]
    }
  }

  it('are lost', () => {
    const numbers = abandoned(false)
    expect(rising(numbers)).toBe(true)
    expect(numbers).not.toContain(25)
  })

  it('arrive behind newer ones where that fault is asked for', () => {
    const numbers = abandoned(true)
    expect(rising(numbers)).toBe(false)
    expect(numbers).toContain(25)
    expect(new Set(numbers).size).toBe(numbers.length)
  })
})

describe('a reset', () => {
  it('closes channels on both sides at once and refuses dials until the heal', () => {
    const world = talkers(2)
    world.run(3_010)
    world.split([[0], [1]], 'reset')
    world.run(3_010)
    for (const node of [0, 1]) expect(talker(world, node).log.at(-1)).toBe(`closed sim-${1 - node}`)
    world.run(5_000)
    expect(
      talker(world, 0)
        .log.slice(2)
        .every((line) => line === 'failed refused'),
    ).toBe(true)
    expect(talker(world, 0).log.length).toBeGreaterThan(4)
    expect(
      between(
        world,
        [
          [0, 1],
          [1, 0],
        ],
        [3_010, 5_000],
      ),
    ).toEqual([])
    world.heal()
    world.run(6_000)
    expect(talker(world, 0).log.at(-1)).toBe('open sim-1')
  })
})

describe('no-new', () => {
  it('keeps what is open and refuses what is new, only in its direction', () => {
    const world = talkers(3, { startMs: (i) => (i === 2 ? undefined : 0) })
    world.run(1_100)
    world.setLinks({
      rules: [
        { from: 0, to: 1, link: { cut: 'no-new' } },
        { from: 0, to: 2, link: { cut: 'no-new' } },
      ],
    })
    world.restart(2)
    world.run(3_000)
    expect(between(world, [[0, 1]], [1_100, 3_000]).length).toBeGreaterThan(30)
    expect(talker(world, 0).log).toContain('failed refused')
    expect(talker(world, 2).log).toEqual(['open sim-1'])
  })

  it('does not stop the other side from dialling', () => {
    const world = talkers(2, { talker: { dials: (i) => [1 - i] } })
    world.setLinks({ rules: [{ from: 0, to: 1, link: { cut: 'no-new' } }] })
    world.run(1_000)
    expect(talker(world, 1).log).toContain('open sim-0')
  })
})

describe('a one-way cut', () => {
  it('of packets becomes a silence in both directions, after some strays', () => {
    const world = talkers(2)
    world.run(3_000)
    world.split([[0], [1]], 'blackhole', 'forward')
    world.run(13_000)
    expect(between(world, [[0, 1]], [3_020, 13_000])).toEqual([])
    const strays = between(world, [[1, 0]], [3_020, 13_000])
    expect(strays.length).toBeGreaterThan(5)
    expect(strays.length).toBeLessThanOrEqual(13)
    world.heal()
    world.run(40_000)
    expect(rising(frames(world, 1, 0))).toBe(true)
    expect(frames(world, 1, 0).length).toBeGreaterThanOrEqual(talker(world, 1).said - 1)
  })

  it('of messages goes on for ever in the open direction', () => {
    const world = talkers(2, { network: { strayFrames: Number.POSITIVE_INFINITY } })
    world.run(3_000)
    world.split([[0], [1]], 'blackhole', 'forward')
    world.run(13_000)
    expect(between(world, [[0, 1]], [3_020, 13_000])).toEqual([])
    expect(between(world, [[1, 0]], [3_020, 13_000]).length).toBeGreaterThan(190)
  })
})

describe('what is under way when a cut begins', () => {
  it('is stopped, or delivered where the world says so', () => {
    const run = (inFlight: 'drop' | 'deliver') => {
      const world = talkers(2, { network: { inFlight }, links: { base: { delayMs: 50 } } })
      world.run(3_020)
      world.split([[0], [1]])
      world.run(4_000)
      return between(world, [[0, 1]], [3_020, 4_000])
    }
    expect(run('drop')).toEqual([])
    expect(run('deliver')).toEqual(['0>1 frame 30', '0>1 envelope 30'])
  })
})

describe('a flood', () => {
  const line = (index: number) => [index + 1]

  it('reaches subscribers hop by hop, each hop after the verdict', () => {
    const world = talkers(4, { talker: { dials: line } })
    world.run(2_000)
    const [first] = heard(world, 2, 3, 'envelope')
    expect(first).toBeDefined()
    const from0 = talker(world, 3).received.filter(({ how }) => how === 'envelope').length
    expect(from0).toBeGreaterThan(50)
  })

  it('stops at a node that does not accept it', () => {
    const world = talkers(3, { talker: { dials: line, accept: false } })
    world.run(2_000)
    const at2 = world
      .events(2)
      .filter(({ event }) => 'reason' in event && event.reason === 'node 0')
    expect(at2).toEqual([])
    expect(heard(world, 1, 2, 'envelope').length).toBeGreaterThan(10)
  })

  it('passes a bridge and nothing else', () => {
    const world = talkers(3)
    world.run(1_000)
    world.split([
      [0, 1],
      [1, 2],
    ])
    world.run(3_000)
    const late = world.events(2).filter(({ atMs }) => atMs > 1_100)
    const authors = late.map(({ event }) => ('reason' in event ? event.reason : ''))
    expect(authors).toContain('node 0')
    expect(heard(world, 0, 2).filter(({ atMs }) => atMs > 1_020)).toEqual([])
  })
})
