/**
 * The keep-alive as timelines in virtual milliseconds: one end alone, and two ends with a delay.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { decode, encode } from '../../../../src/codec/canonical.ts'
import {
  type KeepAlive,
  createKeepAlive,
  deadline,
  heard,
  receive,
  tick,
} from '../../../../src/core/presence/keep-alive.ts'

const valueOf = (frame: Uint8Array | undefined): (number | Uint8Array)[] => {
  const read = decode(frame ?? new Uint8Array(0))
  return read.ok ? (read.value as number[]) : []
}

/** A dialler at time 0 that has measured already and heard the answer at time 10. */
const settled = (): KeepAlive => {
  const link = createKeepAlive(true, 0)
  tick(link, 0)
  heard(link, 10)
  receive(link, [7, 1], 10)
  return link
}

describe('a quiet link', () => {
  it('is measured as soon as it opens', () => {
    const link = createKeepAlive(true, 500)
    expect(deadline(link)).toBe(500)
    expect(tick(link, 500).frames.map(valueOf)).toEqual([[6, 1]])
    expect(link.rttMs).toBeNull()
    heard(link, 540)
    expect(receive(link, [7, 1], 540)).toEqual({ frames: [], dead: false })
    expect(link.rttMs).toBe(40)
  })

  it('is pinged after two seconds without a frame, once', () => {
    const link = settled()
    expect(deadline(link)).toBe(2_010)
    expect(tick(link, 2_009).frames).toEqual([])
    expect(tick(link, 2_010).frames.map(valueOf)).toEqual([[6, 2]])
    expect(tick(link, 2_011).frames).toEqual([])
  })

  it('is dead when two more seconds and a round trip bring nothing', () => {
    const link = settled()
    tick(link, 2_010)
    expect(deadline(link)).toBe(4_020)
    expect(tick(link, 4_019).dead).toBe(false)
    expect(tick(link, 4_020)).toEqual({ frames: [], dead: true })
  })

  it('lives on by any frame, not only by an answer', () => {
    const link = settled()
    tick(link, 2_010)
    heard(link, 4_000)
    expect(deadline(link)).toBe(6_000)
    expect(tick(link, 4_010)).toEqual({ frames: [], dead: false })
    expect(tick(link, 6_000).frames.map(valueOf)).toEqual([[6, 3]])
  })

  it('is asked again rather than given up when this side itself was asleep', () => {
    const link = settled()
    tick(link, 2_010)
    expect(tick(link, 9_000)).toEqual({ frames: [encode([6, 3])], dead: false })
    expect(deadline(link)).toBe(11_010)
    expect(tick(link, 11_010).dead).toBe(true)
  })
})

describe('a busy link', () => {
  it('is pinged only twice a minute, for a fresh round-trip time', () => {
    const link = createKeepAlive(true, 0)
    let pings = 0
    for (let nowMs = 0; nowMs < 600_000; nowMs += 100) {
      heard(link, nowMs)
      const { frames, dead } = tick(link, nowMs)
      pings += frames.length
      expect(dead).toBe(false)
    }
    expect(pings).toBe(20)
  })
})

describe('an answer', () => {
  it('carries the number of the ping', () => {
    const link = settled()
    expect(receive(link, [6, 77], 20)).toEqual({ frames: [encode([7, 77])], dead: false })
  })

  it('to another ping measures nothing, nor does a second one', () => {
    const link = settled()
    tick(link, 2_010)
    receive(link, [7, 1], 2_020)
    expect(link.rttMs).toBe(10)
    receive(link, [7, 2], 2_035)
    expect(link.rttMs).toBe(25)
    receive(link, [7, 2], 5_000)
    expect(link.rttMs).toBe(25)
  })

  it('that is malformed is refused by name and changes nothing', () => {
    for (const value of [
      [],
      [6],
      [8, 1],
      [6, 1, 1],
      [7, 2 ** 32],
      ['6', 1],
      6,
      new Uint8Array(2),
    ]) {
      const link = settled()
      const before = { ...link }
      expect(receive(link, value, 30).error).toBe('keep-alive-malformed')
      expect(link).toEqual(before)
    }
  })
})

/** Two ends over a wire with a delay; returns the frames and bytes sent in a time, or a death. */
function exchange(delayMs: number, untilMs: number, cutMs: number) {
  const ends = [createKeepAlive(true, 0), createKeepAlive(false, 0)] as const
  const wire: { atMs: number; to: 0 | 1; frame: Uint8Array }[] = []
  const tally = { frames: 0, bytes: 0, deaths: [] as number[] }
  const send = (nowMs: number, to: 0 | 1, frames: readonly Uint8Array[]): void => {
    for (const frame of frames) {
      tally.frames++
      tally.bytes += frame.length
      if (nowMs < cutMs) wire.push({ atMs: nowMs + delayMs, to, frame })
    }
  }
  for (let nowMs = 0; nowMs <= untilMs; nowMs += 5) {
    for (const { to, frame } of wire.filter(({ atMs }) => atMs === nowMs)) {
      heard(ends[to], nowMs)
      send(nowMs, to === 0 ? 1 : 0, receive(ends[to], valueOf(frame), nowMs).frames)
    }
    for (const side of [0, 1] as const) {
      if (tally.deaths[side] !== undefined) continue
      const step = tick(ends[side], nowMs)
      send(nowMs, side === 0 ? 1 : 0, step.frames)
      if (step.dead) tally.deaths[side] = nowMs
    }
  }
  return { ...tally, rtts: ends.map(({ rttMs }) => rttMs) }
}

describe('two ends of an idle link', () => {
  it('live on when an answer takes longer than the silence that kills a near link', () => {
    const { deaths, rtts } = exchange(3_000, 120_000, Infinity)
    expect(deaths).toEqual([])
    expect(rtts).toEqual([6_000, 6_000])
  })

  it.each([5, 50, 200])('ask in one direction only, at a delay of %i ms', (delayMs) => {
    const { frames, deaths, rtts } = exchange(delayMs, 60_000, Infinity)
    expect(deaths).toEqual([])
    expect(rtts).toEqual([2 * delayMs, 2 * delayMs])
    // A ping and an answer every two seconds, and a few more from opening and measuring.
    expect(frames).toBeLessThanOrEqual(2 * 30 + 10)
  })

  it('cost far less than 1 KiB a second even on 50 links at once', () => {
    const { frames, bytes } = exchange(20, 60_000, Infinity)
    // 34 bytes around each frame: its length, the stream header, the encryption.
    expect((50 * (bytes + 34 * frames)) / 2 / 60).toBeLessThan(1_024)
    expect((50 * bytes) / 60).toBeLessThan(256)
  })

  it('both notice a cut within four and a half seconds and a round trip of the last frame', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(10_000), (delay, cut) => {
        const cutMs = 5 * (1_000 + cut)
        const { deaths } = exchange(5 * delay, cutMs + 10_000, cutMs)
        for (const side of [0, 1]) {
          expect(deaths[side]).toBeGreaterThan(cutMs + 1_000)
          expect(deaths[side]).toBeLessThanOrEqual(cutMs + 3 * 5 * delay + 4_505)
        }
      }),
      { numRuns: 30 },
    )
  })
})
