// Frames survive any cutting of the stream that carries them.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeFrame, FrameReader } from '../../../../src/adapters/libp2p/frames.ts'
import { type Bytes, concat, toHex } from '../../../../src/base/bytes.ts'

/** What a reader makes of a stream that arrives cut at these places. */
function read(stream: Bytes, cuts: readonly number[], bytesMax: number) {
  const frames: Bytes[] = []
  const reader = new FrameReader(bytesMax, (frame) => frames.push(frame))
  const places = [...new Set(cuts.map((cut) => cut % (stream.length + 1)))].sort((a, b) => a - b)
  let good = true
  let from = 0
  for (const to of [...places, stream.length]) {
    good = reader.push(stream.subarray(from, to))
    from = to
  }
  return { frames, good }
}

const frame = fc.uint8Array({ maxLength: 40 })

describe('a frame reader', () => {
  it('gives back what was framed, however the stream was cut', () => {
    fc.assert(
      fc.property(fc.array(frame), fc.array(fc.nat()), (frames, cuts) => {
        const { frames: got, good } = read(concat(...frames.map(encodeFrame)), cuts, 40)
        expect(good).toBe(true)
        expect(got.map(toHex)).toEqual(frames.map(toHex))
      }),
    )
  })

  it('stops for good at the first frame that is too long, and gives out those before it', () => {
    fc.assert(
      fc.property(fc.array(frame), fc.array(fc.nat()), fc.array(frame), (before, cuts, after) => {
        const stream = concat(...[...before, new Uint8Array(41), ...after].map(encodeFrame))
        const { frames: got, good } = read(stream, cuts, 40)
        expect(good).toBe(false)
        expect(got.map(toHex)).toEqual(before.map(toHex))
      }),
    )
  })

  it('refuses an absurd length without waiting for it', () => {
    const reader = new FrameReader(40, () => undefined)
    expect(reader.push(Uint8Array.of(0xff, 0xff, 0xff, 0xff))).toBe(false)
  })

  it('hands out frames of their own, not views of what came', () => {
    const [only] = read(Buffer.from(encodeFrame(Uint8Array.of(1, 2, 3))), [], 40).frames
    expect(only?.buffer.byteLength).toBe(3)
  })
})
