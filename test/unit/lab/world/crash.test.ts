// Crashes: what survives, who notices, and that nothing was said which a restart forgets.

import { describe, expect, it } from 'vitest'

import { readU32 } from '../../../../src/base/bytes.ts'
import type { CrashWrites } from '../../../../src/lab/world/disk.ts'
import type { World } from '../../../../src/lab/world/world.ts'
import { heard, talker, talkers } from './toys.ts'

/** The number that lies on the disk. */
const stored = (world: World, index: number): number => {
  const [row] = world.node(index).rows.all()
  // The first byte is the driver's marker.
  return row === undefined ? 0 : readU32(row.value.subarray(1), 0)
}

const numbers = (world: World, from: number, to: number) =>
  heard(world, from, to).map(({ number }) => number)

describe('a crash', () => {
  it.each<CrashWrites>(['kept', 'lost', 'torn'])(
    'at any write (%s) never leaves a number said that the disk does not hold',
    (writes) => {
      for (let nth = 1; nth <= 12; nth++) {
        const world = talkers(2, { seed: `${writes} ${nth}` })
        world.crashAtWrite(0, nth, { writes })
        world.run(3_000)
        expect(world.node(0).running).toBe(false)
        const said = numbers(world, 0, 1).at(-1) ?? 0
        expect(said).toBe(nth - 1)
        expect(stored(world, 0)).toBeGreaterThanOrEqual(said)
        world.restart(0)
        world.run(6_000)
        const all = numbers(world, 0, 1)
        expect(all.length).toBeGreaterThan(20)
        expect(new Set(all).size).toBe(all.length)
      }
    },
  )

  it('keeps the write under way, or loses it, as asked', () => {
    const after = (writes: CrashWrites) => {
      const world = talkers(2)
      world.crashAtWrite(0, 5, { writes })
      world.run(2_000)
      return stored(world, 0)
    }
    expect(after('kept')).toBe(5)
    expect(after('lost')).toBe(4)
    const torn = Array.from({ length: 12 }, (_, i) => {
      const world = talkers(2, { seed: i })
      world.crashAtWrite(0, 5, { writes: 'torn' })
      world.run(2_000)
      return stored(world, 0)
    })
    expect(new Set(torn)).toEqual(new Set([4, 5]))
  })

  it('loses a write that was asked for and not confirmed, also between two events', () => {
    const world = talkers(2, { disk: { writeMs: 50 } })
    world.run(120)
    world.crash(0, { writes: 'lost' })
    world.run(1_000)
    expect(stored(world, 0)).toBe(0)
    expect(numbers(world, 0, 1)).toEqual([])
  })

  it('of the process is told to peers, of the machine is not', () => {
    const logs = [false, true].map((silent) => {
      const world = talkers(2, { talker: { dials: (i) => (i === 1 ? [0] : []) } })
      world.run(1_000)
      world.crash(0, { silent })
      world.run(4_900)
      return talker(world, 1).log
    })
    expect(logs[0]?.slice(0, 3)).toEqual(['open sim-0', 'closed sim-0', 'failed refused'])
    expect(logs[1]).toEqual(['open sim-0'])
  })

  it('that was silent shows when the restarted machine refuses the old connection', () => {
    const world = talkers(2, { talker: { dials: (i) => (i === 1 ? [0] : []) } })
    world.run(1_000)
    world.crash(0, { silent: true })
    world.run(1_050)
    world.restart(0)
    world.run(6_000)
    expect(talker(world, 1).log).toEqual(['open sim-0', 'closed sim-0', 'open sim-0'])
    expect(numbers(world, 1, 0).at(-1)).toBeGreaterThan(50)
  })

  it('leaves open commands without an answer, and a stopped node refuses new ones', () => {
    const world = talkers(2, { disk: { writeMs: 50 } })
    world.run(1_000)
    const answered = world.command(0, { kind: 'mint-card' })
    world.run(1_180)
    const open = world.command(0, { kind: 'mint-card' })
    world.crash(0)
    const late = world.command(0, { kind: 'mint-card' })
    world.run(2_000)
    expect(answered.reply?.ok).toBe(true)
    expect(answered.repliedMs).toBeGreaterThanOrEqual(1_050)
    expect(open.reply).toBeUndefined()
    expect(late.reply).toMatchObject({ ok: false, error: { code: 'DAEMON_UNREACHABLE' } })
  })

  it('from inside a listener silences the node at once', () => {
    const world: World = talkers(2, {
      onEvent: (node, { event }) => {
        if (node === 1 && event.kind === 'dropped') world.crash(1)
      },
    })
    world.run(2_000)
    expect(world.node(1).running).toBe(false)
    expect(world.events(1)).toHaveLength(2)
  })
})

describe('a restart', () => {
  it('gives the same secrets, fresh randomness and a new life', () => {
    const seen: string[] = []
    const world = talkers(1, {
      machine: ({ secret, life }) => ({
        step: (_, env) => {
          seen.push(`${life} ${secret('device').join()} ${env.random(8).join()}`)
          return []
        },
      }),
    })
    world.run(10)
    world.crash(0)
    world.restart(0)
    const [first, second] = seen.map((line) => line.split(' '))
    expect([first?.[0], second?.[0]]).toEqual(['1', '2'])
    expect(first?.[1]).toBe(second?.[1])
    expect(first?.[2]).not.toBe(second?.[2])
  })

  it('is refused while the node runs, and a crash while it does not', () => {
    const world = talkers(1)
    world.run(10)
    expect(() => world.restart(0)).toThrow(/runs already/)
    world.crash(0)
    expect(() => world.crash(0)).toThrow(/not running/)
    expect(() => world.node(7)).toThrow(RangeError)
  })
})

describe('an orderly stop', () => {
  it('lets what was stepped become durable first', () => {
    const world = talkers(2, { disk: { writeMs: 30 } })
    world.run(1_000)
    const handle = world.command(0, { kind: 'mint-card' })
    world.stop(0)
    world.run(2_000)
    expect(handle.reply?.ok).toBe(true)
    expect(world.node(0).running).toBe(false)
    expect(stored(world, 0)).toBe(numbers(world, 0, 1).at(-1))
    expect(talker(world, 1).log.at(-1)).toBe('closed sim-0')
  })
})

describe('a full disk', () => {
  it('ends the node with its code, and it runs again once there is room', () => {
    const errors: Error[] = []
    const world = talkers(2, { onFatal: (_, error) => errors.push(error) })
    world.run(1_000)
    world.fillDisk(0)
    world.run(1_500)
    expect(errors).toMatchObject([{ code: 'DISK_FULL' }])
    expect(world.node(0).running).toBe(false)
    expect(stored(world, 0)).toBe(numbers(world, 0, 1).at(-1))
    world.fillDisk(0, false)
    world.restart(0)
    world.run(4_000)
    expect(numbers(world, 0, 1).at(-1)).toBeGreaterThan(30)
  })
})
