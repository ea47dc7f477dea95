// Room that a peer gets back in fewer frames: none is lost, none waits beyond half a window.
import { describe, expect, test } from 'vitest'
import { gatherUpdates, thriftyYamux } from '../../../../src/adapters/libp2p/window-updates.ts'

const KIBIBYTE = 1_024

function recorder() {
  const sent: { type: number; flag: number; streamID: number; length: number }[] = []
  const send = gatherUpdates((head) => {
    sent.push(head)
    return false
  })
  return { sent, send }
}

const update = (streamID: number, length: number, flag = 0) => ({ type: 1, flag, streamID, length })

describe('window updates', () => {
  test('small ones wait and leave together, each stream for itself', () => {
    const { sent, send } = recorder()
    for (let each = 0; each < 127; each++) expect(send(update(3, KIBIBYTE))).toBe(true)
    expect(send(update(5, KIBIBYTE))).toBe(true)
    expect(sent).toEqual([])
    expect(send(update(3, KIBIBYTE))).toBe(false)
    expect(sent).toEqual([update(3, 128 * KIBIBYTE)])
  })

  test('the room that waits never reaches half of the first window, whatever comes', () => {
    const { sent, send } = recorder()
    let given = 0
    for (let each = 1; each < 2_000; each++) {
      send(update(1, each))
      given += each
      const passed = sent.reduce((sum, { length }) => sum + length, 0)
      expect(given - passed).toBeLessThan(128 * KIBIBYTE)
    }
  })

  test('a large one, one with a flag and every other frame pass at once', () => {
    const { sent, send } = recorder()
    const frames = [
      update(1, 256 * KIBIBYTE),
      update(1, 0, 2),
      { type: 0, flag: 0, streamID: 1, length: 10 },
      { type: 2, flag: 1, streamID: 0, length: 7 },
    ]
    for (const frame of frames) send(frame)
    expect(sent).toEqual(frames)
  })

  test('a stream that ends leaves nothing behind for a later one of its number', () => {
    const { sent, send } = recorder()
    send(update(1, 100 * KIBIBYTE))
    send(update(1, 0, 8))
    send(update(1, 100 * KIBIBYTE))
    expect(sent).toEqual([update(1, 0, 8)])
  })

  test('the multiplexer still has the method that is taken over', () => {
    const silent = () => undefined
    const log = Object.assign(() => undefined, { trace: silent, newScope: () => log })
    const connection = { addEventListener: silent, log, direction: 'inbound', status: 'open' }
    const factory = thriftyYamux()() as { createStreamMuxer: (connection: unknown) => object }
    const muxer = factory.createStreamMuxer(connection)
    const own = Object.getOwnPropertyDescriptor(muxer, 'sendFrame')
    expect(own).toBeDefined()
  })
})
