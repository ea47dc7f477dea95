// Timers: one alarm for a name, never before the step that set it is durable, never once replaced.

import { describe, expect, it } from 'vitest'

import type { Effect } from '../../../../src/core/effect.ts'
import { Rig, persist, send } from './rig.ts'

const set = (timer: string, atMs: number): Effect => ({ kind: 'set-timer', timer, atMs })
const early = (timer: string): Effect => ({ kind: 'set-timer', timer, atMs: 0, early: true })
const cancel = (timer: string): Effect => ({ kind: 'cancel-timer', timer })

/** A rig whose n-th frame is answered with the n-th list. */
const scripted = (...answers: Effect[][]): Rig =>
  new Rig().begin((input) => (input.kind === 'frame' ? (answers[input.frame[0] ?? 0] ?? []) : []))

const fired = (rig: Rig): string[] => rig.log.filter((line) => line.startsWith('step timer'))

describe('a timer', () => {
  it('fires once, at its time', () => {
    const rig = scripted([set('a', 1_500)])
    rig.frame(0)
    rig.clock.advance(499)
    expect(fired(rig)).toEqual([])
    rig.clock.advance(1)
    rig.clock.advance(9_999)
    expect(fired(rig)).toEqual(['step timer a'])
  })

  it('that is past fires after the writes of its step, behind its other deeds', () => {
    const rig = scripted([set('now', 0), persist(1), send(1)])
    rig.frame(0)
    expect(rig.log).toEqual(['step frame', 'write 1'])
    rig.clock.advance(50)
    expect(fired(rig)).toEqual([])
    rig.durable()
    expect(rig.log.slice(2)).toEqual(['durable', 'send 1 1', 'step timer now'])
  })

  it('that is past waits for writes of earlier steps, which is how a core batches', () => {
    const rig = scripted([persist(1)], [set('now', 0)], [persist(2)])
    rig.frame(0)
    rig.frame(1)
    rig.frame(2)
    expect(fired(rig)).toEqual([])
    rig.durable()
    expect(fired(rig)).toEqual([])
    rig.durable()
    expect(fired(rig)).toEqual(['step timer now'])
  })

  it('whose time comes during the write fires right after it', () => {
    const rig = scripted([set('a', 1_010), persist(1)])
    rig.frame(0)
    rig.clock.advance(20)
    expect(fired(rig)).toEqual([])
    rig.durable()
    expect(fired(rig)).toEqual(['step timer a'])
  })

  it('of the same name replaces: only the last time counts, earlier or later', () => {
    const rig = scripted([set('a', 1_100)], [set('a', 1_300)], [set('b', 2_000)], [set('b', 1_400)])
    for (const byte of [0, 1, 2, 3]) rig.frame(byte)
    rig.clock.advance(299)
    expect(fired(rig)).toEqual([])
    rig.clock.advance(1)
    expect(fired(rig)).toEqual(['step timer a'])
    rig.clock.advance(100)
    expect(fired(rig)).toEqual(['step timer a', 'step timer b'])
    rig.clock.advance(10_000)
    expect(fired(rig)).toHaveLength(2)
  })

  it('that is put off again and again keeps one alarm', () => {
    const rig = new Rig().begin((input) =>
      input.kind === 'frame' ? [set('idle', rig.clock.nowMs() + 100)] : [],
    )
    const before = rig.clock.armed
    for (let i = 0; i < 50; i++) {
      rig.frame(0)
      rig.clock.advance(10)
    }
    expect(fired(rig)).toEqual([])
    expect(rig.clock.waiting).toBe(1)
    expect(rig.clock.armed - before).toBeLessThan(10)
    rig.clock.advance(100)
    expect(fired(rig)).toHaveLength(1)
  })

  it('that was cancelled does not fire', () => {
    const rig = scripted([set('a', 1_100), set('b', 1_200)], [cancel('a')], [cancel('nothing')])
    for (const byte of [0, 1, 2]) rig.frame(byte)
    rig.clock.advance(1_000)
    expect(fired(rig)).toEqual(['step timer b'])
  })

  it('that rang does not fire when the step before it cancels it', () => {
    const rig = new Rig().begin((input) => {
      if (input.kind === 'frame') return [set('a', 0), set('b', 0), set('c', 0)]
      if (input.kind === 'timer' && input.timer === 'a') return [cancel('b'), persist(1)]
      return []
    })
    rig.frame(0)
    expect(fired(rig)).toEqual(['step timer a', 'step timer c'])
  })

  it('that rang fires at its new time when the step before it replaces it', () => {
    const rig = new Rig().begin((input) => {
      if (input.kind === 'frame') return [set('a', 0), set('b', 0)]
      if (input.kind === 'timer' && input.timer === 'a') return [set('b', 1_500)]
      return []
    })
    rig.frame(0)
    expect(fired(rig)).toEqual(['step timer a'])
    rig.clock.advance(500)
    expect(fired(rig)).toEqual(['step timer a', 'step timer b'])
  })

  it('set and cancelled in one step does not fire, and set after a cancel does', () => {
    const rig = scripted([set('a', 0), cancel('a'), cancel('b'), set('b', 0)])
    rig.frame(0)
    rig.clock.advance(100)
    expect(fired(rig)).toEqual(['step timer b'])
  })

  it('may set itself again for the past without blocking other inputs for ever', () => {
    let left = 5
    const rig = new Rig().begin((input) =>
      input.kind === 'frame' || (input.kind === 'timer' && left-- > 0) ? [set('again', 0)] : [],
    )
    rig.frame(0)
    expect(fired(rig)).toHaveLength(6)
  })
})

describe('a timer that is set early', () => {
  /** Frames are written; what the timer makes is sent. */
  const pushing = (): Rig =>
    new Rig().begin((input) => {
      if (input.kind === 'timer') return [send(100)]
      return input.kind === 'frame' ? [persist(1), early('push'), send(input.frame[0] ?? 0)] : []
    })

  it('fires while its write goes on; what comes of it leaves after that, behind what was asked before', () => {
    const rig = pushing()
    rig.frame(1)
    expect(rig.log).toEqual(['step frame', 'write 1', 'step timer push'])
    rig.durable()
    expect(rig.log.slice(3)).toEqual(['durable', 'send 1 1', 'send 1 100'])
  })

  it('does not wait for writes of later steps', () => {
    const rig = pushing()
    rig.frame(1)
    rig.frame(2)
    rig.durable()
    expect(rig.log.slice(4)).toEqual([
      ...['durable', 'send 1 1', 'send 1 100'],
      ...['write 1', 'step timer push'],
    ])
  })

  it('fires once for all steps of one write', () => {
    const rig = pushing()
    rig.driver.together(() => {
      for (const byte of [1, 2, 3]) rig.frame(byte)
    })
    expect(rig.log.slice(3)).toEqual(['write 3', 'step timer push'])
  })

  it('sends nothing where the write fails', () => {
    const rig = pushing()
    rig.frame(1)
    rig.durable(new Error('EIO: broken'))
    expect(rig.log.slice(3)).toEqual(['failed', 'fatal'])
  })

  it('fires at once where nothing is written', () => {
    const rig = scripted([early('now'), send(1)])
    rig.frame(0)
    expect(rig.log).toEqual(['step frame', 'send 1 1', 'step timer now'])
  })

  it('does not fire once it was cancelled, and waits where it was replaced', () => {
    const rig = scripted([early('a'), early('b'), persist(1), cancel('a'), set('b', 0)])
    rig.frame(0)
    expect(fired(rig)).toEqual([])
    rig.durable()
    expect(fired(rig)).toEqual(['step timer b'])
  })
})
