// What stays on the node may follow a write that is not synced; what leaves it never does.

import { describe, expect, it } from 'vitest'

import type { Effect } from '../../../../src/core/effect.ts'
import { Rig, event, persist, send } from './rig.ts'

/** A driver that answers frame n with the n-th list of effects. */
const scripted = (...answers: Effect[][]): Rig =>
  new Rig().begin((input) => (input.kind === 'frame' ? (answers[input.frame[0] ?? 0] ?? []) : []))

const verdict = (word: 'accept' | 'keep' | 'ignore'): Effect => ({
  kind: 'verdict',
  token: 1,
  verdict: word,
})

describe('a step of which nothing leaves', () => {
  it('is written without sync, and shown after that', () => {
    const rig = scripted([persist(1), event, verdict('keep')])
    rig.frame(0)
    expect(rig.log).toEqual(['step frame', 'note 1'])
    rig.durable()
    expect(rig.log.slice(2)).toEqual(['noted', 'notify dropped'])
  })

  it.each<[string, Effect]>([
    ['a frame', send(1)],
    ['a broadcast', { kind: 'broadcast', topic: 't', envelope: new Uint8Array(1) }],
    ['a reply', { kind: 'reply', ticket: 9, reply: { ok: true, value: 1 } }],
    ['an envelope passed on', verdict('accept')],
  ])('is not one with %s in it', (_, leaving) => {
    const rig = scripted([persist(1), event, leaving])
    rig.frame(0)
    expect(rig.log).toEqual(['step frame', 'write 1'])
  })

  it('is synced before anything leaves from a later step, though that writes nothing', () => {
    const rig = scripted([persist(1), event], [send(7)])
    rig.frame(0)
    rig.durable()
    rig.log.length = 0
    rig.frame(1)
    expect(rig.log).toEqual(['step frame', 'write 0'])
    rig.durable()
    expect(rig.log.slice(2)).toEqual(['durable', 'send 1 7'])
  })

  it('is synced once only: what leaves after that waits for nothing', () => {
    const rig = scripted([persist(1), event], [send(7)])
    rig.frame(0)
    rig.durable()
    rig.frame(1)
    rig.durable()
    rig.log.length = 0
    rig.frame(1)
    expect(rig.log).toEqual(['step frame', 'send 1 7'])
  })

  it('is synced with others into whose write it falls', () => {
    const rig = scripted([persist(1), send(1)], [persist(2), event], [persist(3), send(3)])
    rig.frame(0)
    rig.frame(1)
    rig.frame(2)
    rig.durable()
    expect(rig.log.at(-1)).toBe('write 2')
  })

  it('is synced within a tenth of a second', () => {
    const rig = scripted([persist(1), event])
    rig.frame(0)
    rig.durable()
    rig.log.length = 0
    rig.clock.advance(99)
    expect(rig.log).toEqual([])
    rig.clock.advance(1)
    expect(rig.log).toEqual(['write 0'])
    rig.durable()
    rig.clock.advance(1_000)
    expect(rig.log).toEqual(['write 0', 'durable'])
  })

  it('is not synced again because an older one was waited for, which went along with what left', () => {
    const rig = scripted([persist(1), event], [persist(2), send(2)])
    const say = (byte: number): void => {
      rig.frame(byte)
      rig.durable()
    }
    say(0)
    rig.clock.advance(50)
    say(1)
    rig.clock.advance(30)
    say(0)
    rig.log.length = 0
    rig.clock.advance(99)
    expect(rig.log).toEqual([])
    rig.clock.advance(1)
    expect(rig.log).toEqual(['write 0'])
  })

  it('is synced where too many of them have gathered', () => {
    const rig = scripted([persist(1), event])
    for (let nth = 0; nth < 257; nth++) {
      rig.frame(0)
      rig.durable()
    }
    expect(rig.log.filter((line) => line.startsWith('write'))).toEqual(['write 1'])
    expect(rig.log.at(-2)).toBe('durable')
  })

  it('is synced before the driver ends', () => {
    const rig = scripted([persist(1), event])
    rig.frame(0)
    rig.durable()
    let stopped = false
    rig.driver.stop(() => (stopped = true))
    expect([rig.log.at(-1), stopped]).toEqual(['write 0', false])
    rig.durable()
    expect(stopped).toBe(true)
  })
})
