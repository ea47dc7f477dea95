// One seed, one run: the reason why a failure found once can be looked at for ever.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

import { WorldError } from '../../../../src/lab/world/world.ts'
import { eventful } from './eventful.ts'
import { heard, talkers } from './toys.ts'

describe('a world', () => {
  it('repeats itself to the last byte, in one process', () => {
    const [first, again] = [eventful('one'), eventful('one')]
    expect(first.lines).toEqual(again.lines)
    expect(first.hash).toBe(again.hash)
    expect(first.lines.length).toBeGreaterThan(5_000)
  })

  it('repeats itself in another process', async () => {
    const script = new URL('eventful-run.ts', import.meta.url).pathname
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--import',
      'tsx',
      script,
      'one',
    ])
    expect(stdout.trim()).toBe(eventful('one').hash)
  })

  it('is another one for another seed', () => {
    expect(eventful('one').hash).not.toBe(eventful('two').hash)
  })

  it('does not depend on how its time is cut into runs, nor on being looked at', () => {
    const whole = talkers(3)
    whole.run(4_000)
    const parts = talkers(3)
    for (let ms = 0; ms <= 4_000; ms += 7) {
      parts.run(ms)
      parts.traceHash()
    }
    parts.run(4_000)
    expect(parts.traceHash()).toBe(whole.traceHash())
    expect(parts.steps).toBe(whole.steps)
  })

  it('gives workload and faults streams that nothing else shifts', () => {
    const quiet = talkers(2, { talker: { periodMs: 0 } })
    const busy = talkers(5, { talker: { periodMs: 10 }, links: { base: { jitterMs: 30 } } })
    quiet.run(1_000)
    busy.run(1_000)
    expect(busy.random.workload.bytes(16)).toEqual(quiet.random.workload.bytes(16))
    expect(busy.random.faults.bytes(16)).toEqual(quiet.random.faults.bytes(16))
  })

  it('runs until a condition holds, or as long as allowed', () => {
    const world = talkers(2)
    world.run(0)
    expect(world.runUntil(() => heard(world, 0, 1).length >= 3, 10_000)).toBe(true)
    expect(world.nowMs).toBe(321)
    expect(world.runUntil(() => false, 500)).toBe(false)
    expect(world.nowMs).toBe(821)
  })

  it('does what was planned at its time, in the order it was planned', () => {
    const world = talkers(1)
    const done: string[] = []
    world.at(50, () => done.push(`b ${world.nowMs}`))
    world.at(20, () => done.push(`a ${world.nowMs}`))
    world.at(50, () => done.push(`c ${world.nowMs}`))
    world.run(100)
    expect(done).toEqual(['a 20', 'b 50', 'c 50'])
  })

  it('fails loudly when a machine throws, and says how to get there again', () => {
    const machine = () => ({
      step: () => {
        throw new TypeError('a defect')
      },
    })
    const world = talkers(2, { seed: 'bad', machine })
    expect(() => world.run(10)).toThrow(WorldError)
    const told = talkers(2, { seed: 'bad', machine })
    expect(() => told.run(10)).toThrow(/node 0 .*seed "bad", 2 nodes.*a defect/)
  })

  it('notices when something causes itself without end', () => {
    const world = talkers(1, { talker: { periodMs: 0 } })
    const again = () => world.at(0, again)
    again()
    expect(() => world.run(10)).toThrow(/stands still/)
  })
})
