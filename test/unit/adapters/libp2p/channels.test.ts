// Frames over real streams: order, boundaries, flow, limits, endings.

import { afterEach, describe, expect, it } from 'vitest'
import type { Bytes } from '../../../../src/base/bytes.ts'
import { FRAME_BYTES_MAX, JOIN_STREAMS_MAX } from '../../../../src/adapters/libp2p/limits.ts'
import { link, loopback, memoryPlace, pause, startNode, stopAll, until } from './harness.ts'

afterEach(stopAll)

const KIBIBYTE = 1_024
const MEBIBYTE = 1_024 * KIBIBYTE

/** A frame whose every byte depends on its number and its place. */
function patterned(number: number, length: number): Bytes {
  const frame = new Uint8Array(length)
  for (let place = 0; place < length; place += 97) frame[place] = number * 31 + place
  return frame
}

function lengthOf(number: number): number {
  if (number % 97 === 0) return 300 * KIBIBYTE + number
  if (number % 13 === 0) return 0
  return number % 5 === 0 ? 20 * KIBIBYTE : 1 + ((number * 37) % 500)
}

describe.each([
  ['TCP', () => loopback],
  ['memory', memoryPlace],
])('a channel over %s', (_transport, place) => {
  it('carries a thousand frames of all sizes both ways, in order and whole', async () => {
    const [a, b] = await Promise.all([
      startNode({ listen: [place()] }),
      startNode({ listen: [place()] }),
    ])
    const [mine, theirs] = await link(a, b)
    const numbers = Array.from({ length: 1_000 }, (_, number) => number)
    for (const number of numbers) {
      a.network.send(mine, patterned(number, lengthOf(number)))
      b.network.send(theirs, patterned(number + 1, lengthOf(number)))
      if (number % 100 === 99) await pause(1)
    }
    await until(() => a.frames.length === 1_000 && b.frames.length === 1_000)
    for (const number of numbers) {
      const wanted = Buffer.from(patterned(number, lengthOf(number)))
      expect(wanted.equals(b.frames[number]!.frame)).toBe(true)
      const wantedBack = Buffer.from(patterned(number + 1, lengthOf(number)))
      expect(wantedBack.equals(a.frames[number]!.frame)).toBe(true)
    }
  })

  it('gives out what was sent before a close', async () => {
    const [a, b] = await Promise.all([
      startNode({ listen: [place()] }),
      startNode({ listen: [place()] }),
    ])
    const [mine, theirs] = await link(a, b)
    for (let number = 0; number < 40; number++) a.network.send(mine, new Uint8Array(100_000))
    a.network.close(mine)
    await until(() => a.closed.length === 1 && b.closed.length === 1)
    expect(b.frames.filter(({ channel }) => channel === theirs)).toHaveLength(40)
  })
})

describe('a large transfer to a slow reader', () => {
  it('needs little memory when the reader grants credit', async () => {
    const [a, b] = await Promise.all([startNode(), startNode()])
    const [mine, theirs] = await link(a, b)
    const frame = new Uint8Array(64 * KIBIBYTE)
    const framesTotal = (64 * MEBIBYTE) / frame.length
    let credit = 16
    let sent = 0
    const pump = (): void => {
      for (; credit > 0 && sent < framesTotal; credit--, sent++) a.network.send(mine, frame)
    }
    a.onFrame = () => {
      credit += 1
      pump()
    }
    const waiting: Bytes[] = []
    let read = 0
    b.onFrame = (_channel, arrived) => waiting.push(arrived)
    const reader = setInterval(() => {
      // Some 60 MiB/s: slower than the network, so that only credit holds the sender back.
      for (const each of waiting.splice(0, 4)) {
        read += each.length
        b.network.send(theirs, Uint8Array.of(1))
      }
    }, 1)
    const before = process.memoryUsage()
    let most = 0
    pump()
    await until(() => {
      const now = process.memoryUsage()
      most = Math.max(most, now.arrayBuffers + now.heapUsed - before.arrayBuffers - before.heapUsed)
      expect(waiting.length).toBeLessThanOrEqual(16)
      return read === 64 * MEBIBYTE
    })
    clearInterval(reader)
    expect(most).toBeLessThan(48 * MEBIBYTE)
  })
})

describe('the limits of channels', () => {
  it('a frame beyond the limit ends the channel, on the side that sends it', async () => {
    const [a, b] = await Promise.all([startNode(), startNode()])
    const [mine] = await link(a, b)
    a.network.send(mine, new Uint8Array(FRAME_BYTES_MAX))
    await until(() => b.frames.length === 1)
    a.network.send(mine, new Uint8Array(FRAME_BYTES_MAX + 1))
    await until(() => a.closed.length === 1 && b.closed.length === 1)
    expect(b.frames).toHaveLength(1)
    expect(a.counts.get('network_channels_aborted:frame-too-large')).toBe(1)
  })

  it('what waits for a reader that is away is bounded', async () => {
    const [a, b] = await Promise.all([startNode(), startNode()])
    const [mine] = await link(a, b)
    // In one turn nothing leaves, so everything waits.
    for (let number = 0; number < 40; number++) a.network.send(mine, new Uint8Array(MEBIBYTE))
    await until(() => a.closed.length === 1 && b.closed.length === 1)
    expect(a.counts.get('network_channels_aborted:queue-full')).toBe(1)
  })

  it('one peer gets few join channels, and closed ones do not count', async () => {
    const [a, b] = await Promise.all([startNode(), startNode()])
    const wanted = JOIN_STREAMS_MAX + 3
    await link(a, b)
    for (let ref = 100; ref < 100 + wanted; ref++) {
      a.network.open(ref, 'join', b.network.peerId, b.addresses)
    }
    const joins = () => b.opened.filter(({ protocol }) => protocol === 'join')
    const told = () => a.failed.length + a.closed.length
    await until(() => joins().length === JOIN_STREAMS_MAX && told() === wanted - JOIN_STREAMS_MAX)
    for (const { channel } of joins()) b.network.close(channel)
    await until(() => b.closed.length === JOIN_STREAMS_MAX)
    a.network.open(300, 'join', b.network.peerId, b.addresses)
    await until(() => joins().length === JOIN_STREAMS_MAX + 1)
  })
})
