// The order of deeds: what effect.ts promises to the core, and what a crash could otherwise tear.

import { describe, expect, it } from 'vitest'

import type { Effect } from '../../../../src/core/effect.ts'
import { Rig, event, persist, send } from './rig.ts'

/** Answers every frame with a write and then a send of the same byte. */
const echo = (rig: Rig) =>
  rig.begin((input) =>
    input.kind === 'frame' ? [persist(input.frame[0] ?? 0), send(input.frame[0] ?? 0), event] : [],
  )

describe('the driver', () => {
  it('releases what has nothing to write at once', () => {
    const rig = new Rig().begin(() => [send(7), event])
    rig.frame(1)
    expect(rig.log).toEqual(['step frame', 'send 1 7', 'notify dropped'])
  })

  it('sends nothing before the writes of the step are durable', () => {
    const rig = echo(new Rig())
    rig.frame(1)
    expect(rig.log).toEqual(['step frame', 'write 1'])
    rig.durable()
    expect(rig.log.slice(2)).toEqual(['durable', 'send 1 1', 'notify dropped'])
  })

  it('writes a persist that comes after a send of the same step before that send too', () => {
    const rig = new Rig().begin(() => [send(1), persist(2)])
    rig.frame(1)
    expect(rig.log).toEqual(['step frame', 'write 1'])
    rig.durable()
    expect(rig.log.at(-1)).toBe('send 1 1')
  })

  it('steps what arrives during a write, and writes all of it as one next batch', () => {
    const rig = echo(new Rig())
    for (const byte of [1, 2, 3, 4]) rig.frame(byte)
    expect(rig.log).toEqual(['step frame', 'write 1', 'step frame', 'step frame', 'step frame'])
    rig.durable()
    expect(rig.log.slice(5)).toEqual(['durable', 'send 1 1', 'notify dropped', 'write 3'])
    rig.durable()
    expect(rig.log.filter((line) => line.startsWith('send'))).toEqual([
      'send 1 1',
      'send 1 2',
      'send 1 3',
      'send 1 4',
    ])
  })

  it('writes as one batch what was given together', () => {
    const rig = echo(new Rig())
    rig.driver.together(() => {
      for (const byte of [1, 2, 3]) rig.frame(byte)
      expect(rig.log).toEqual([])
    })
    expect(rig.log).toEqual(['step frame', 'step frame', 'step frame', 'write 3'])
  })

  it('holds back the sends of later steps that write nothing themselves', () => {
    const rig = new Rig().begin((input) =>
      input.kind === 'frame' && input.frame[0] === 1 ? [persist(1), send(1)] : [send(2)],
    )
    rig.frame(1)
    rig.frame(2)
    expect(rig.log).toEqual(['step frame', 'write 1', 'step frame'])
    rig.durable()
    expect(rig.log.slice(3)).toEqual(['durable', 'send 1 1', 'send 1 2'])
  })

  it('starts another batch at the bound, but never splits a step', () => {
    const rig = new Rig({ batch: { batchRowsMax: 3 } }).begin((input) =>
      input.kind === 'frame' ? [persist(input.frame[0] ?? 0), persist(100), send(0)] : [],
    )
    for (let byte = 0; byte < 6; byte++) rig.frame(byte)
    const batches: number[] = []
    while (rig.writes.length > 0) {
      batches.push(rig.writes[0]?.batch.length ?? 0)
      rig.durable()
    }
    expect(batches).toEqual([2, 4, 4, 2])
    expect(rig.log.filter((line) => line === 'send 1 0')).toHaveLength(6)
  })

  it('bounds a batch by bytes too', () => {
    const big: Effect = {
      kind: 'persist',
      puts: [{ key: Uint8Array.of(0x44), value: new Uint8Array(600) }],
    }
    const rig = new Rig({ batch: { batchBytesMax: 1_000 } }).begin(() => [big, send(0)])
    for (let byte = 0; byte < 6; byte++) rig.frame(byte)
    const batches: number[] = []
    while (rig.writes.length > 0) {
      batches.push(rig.writes[0]?.batch.length ?? 0)
      rig.durable()
    }
    expect(batches).toEqual([1, 2, 2, 1])
  })

  it('never steps re-entrantly: what a deed causes waits for the deeds before it', () => {
    const rig = new Rig()
    rig.driver.onEvent((heard) => {
      if (heard.kind === 'dropped' && rig.inputs.length === 1) rig.frame(2)
    })
    rig.begin((input) => (input.kind === 'frame' ? [event, send(input.frame[0] ?? 0)] : []))
    rig.frame(1)
    expect(rig.log).toEqual([
      'step frame',
      'notify dropped',
      'send 1 1',
      'step frame',
      'notify dropped',
      'send 1 2',
    ])
  })

  it('answers a load from a store that holds every earlier write', () => {
    const range = { from: Uint8Array.of(0x44), to: Uint8Array.of(0x45) }
    const rig = new Rig().begin((input) =>
      input.kind === 'frame'
        ? [persist(5, 6), { kind: 'load', ticket: 9, ranges: [range] }, persist(7, 8)]
        : [],
    )
    rig.frame(1)
    expect(rig.log).toEqual(['step frame', 'note 2'])
    rig.durable()
    rig.reads[0]?.()
    expect(rig.inputs.at(-1)).toEqual({
      kind: 'loaded',
      ticket: 9,
      results: [
        [
          { key: Uint8Array.of(0x44, 5), value: Uint8Array.of(6) },
          { key: Uint8Array.of(0x44, 7), value: Uint8Array.of(8) },
        ],
      ],
    })
  })

  it('counts after the writes, with one as the default', () => {
    const rig = new Rig().begin(() => [
      { kind: 'count', name: 'drops', label: 'late' },
      { kind: 'count', name: 'bytes', by: 12 },
      persist(1),
    ])
    rig.frame(1)
    expect(rig.log).toEqual(['step frame', 'note 1'])
    rig.durable()
    expect(rig.log.slice(3)).toEqual(['count drops late 1', 'count bytes - 12'])
  })

  it('releases nothing after a failed write, and ends for good', () => {
    const rig = echo(new Rig())
    rig.frame(1)
    rig.frame(2)
    rig.durable(new Error('EIO: broken'))
    rig.frame(3)
    rig.clock.advance(60_000)
    expect(rig.log).toEqual(['step frame', 'write 1', 'step frame', 'failed', 'fatal'])
    expect(rig.fatal).toHaveLength(1)
  })
})
