// Clocks, luck, cryptography and the guard: the parts of a world, one by one.
/* eslint-disable no-restricted-properties -- the guard is shown to stop exactly what the rule bans */

import { describe, expect, it } from 'vitest'

import { utf8 } from '../../../../src/base/bytes.ts'
import { SeededRandom } from '../../../../src/base/random.ts'
import { createNativeCrypto } from '../../../../src/crypto/native.ts'
import { NodeClock } from '../../../../src/lab/world/clock.ts'
import { WorldCrypto } from '../../../../src/lab/world/crypto.ts'
import { NondeterminismError, guarded } from '../../../../src/lab/world/guard.ts'
import { Timeline } from '../../../../src/lab/world/timeline.ts'
import { Trace } from '../../../../src/lab/world/trace.ts'
import { type Draws, Purpose, Weather } from '../../../../src/lab/world/weather.ts'
import { heard, talker, talkers } from './toys.ts'

describe('the clocks of a node', () => {
  /** Says when its alarms ring, by its own clock and by the world's. */
  const alarmed = (fault: { skewMs?: number; driftPpm?: number }, afterMs: number) => {
    const rang: { ownMs: number; wallMs: number; trueMs: number }[] = []
    let beganMs = 0
    const world = talkers(1, {
      clock: () => fault,
      machine: () => ({
        step: (input, env) => {
          if (input.kind === 'start') {
            beganMs = env.nowMs
            return [{ kind: 'set-timer', timer: 'a', atMs: env.nowMs + afterMs }]
          }
          rang.push({ ownMs: env.nowMs - beganMs, wallMs: env.wallMs, trueMs: world.nowMs })
          return []
        },
      }),
    })
    return { world, rang }
  }

  it('may be ahead, and fast: alarms ring by the own clock', () => {
    const { world, rang } = alarmed({ skewMs: 5_000, driftPpm: 100_000 }, 11_000)
    world.run(60_000)
    expect(rang).toEqual([{ ownMs: 11_000, wallMs: 1_735_689_600_000 + 16_000, trueMs: 10_000 }])
  })

  it('may be slow', () => {
    const { world, rang } = alarmed({ driftPpm: -100_000 }, 9_000)
    world.run(60_000)
    expect(rang[0]?.ownMs).toBe(9_000)
    expect(rang[0]?.trueMs).toBeCloseTo(10_000, 0)
  })

  it('may change while an alarm waits, which then still never rings early', () => {
    const { world, rang } = alarmed({ driftPpm: 100_000 }, 11_000)
    world.run(5_000)
    world.setClock(0, { driftPpm: -500_000, skewMs: -60_000 })
    world.run(60_000)
    expect(rang).toHaveLength(1)
    expect(rang[0]?.ownMs).toBe(11_000)
    expect(rang[0]?.trueMs).toBeCloseTo(16_000, 0)
  })
})

describe('the clock port of a node', () => {
  it('never rings early, also when the clock became slower, and not at all once cancelled', () => {
    const timeline = new Timeline(new Trace(createNativeCrypto()))
    const clock = new NodeClock({ timeline, node: 0, originMs: 500, wallStartMs: 0 })
    const life = { alive: true }
    const port = clock.port(life)
    const rang: number[] = []
    const dueMs = port.nowMs() + 10_000
    port.alarm(dueMs, () => rang.push(port.nowMs()))
    port.alarm(dueMs, () => rang.push(-1))()
    clock.set({ driftPpm: -500_000 })
    while (timeline.step(60_000_000));
    expect(rang).toEqual([dueMs])
    expect(timeline.nowUs).toBe(20_000_000)
    port.alarm(0, () => rang.push(-2))
    life.alive = false
    while (timeline.step(90_000_000));
    expect(rang).toHaveLength(1)
  })
})

describe('the weather', () => {
  const draws = (from: number, to: number): Draws => ({ from, to, bucket: -1, index: 0 })

  it('comes true as often as it should, and spreads evenly', () => {
    const weather = new Weather(new SeededRandom(5))
    const link = draws(0, 1)
    let lost = 0
    let sum = 0
    for (let i = 0; i < 20_000; i++) {
      weather.next(link, i * 1_000)
      if (weather.happens(link, Purpose.loss, 0.2)) lost++
      sum += weather.spreadUs(link, Purpose.jitter, 10)
    }
    expect(lost / 20_000).toBeGreaterThan(0.19)
    expect(lost / 20_000).toBeLessThan(0.21)
    expect(sum / 20_000).toBeGreaterThan(4_800)
    expect(sum / 20_000).toBeLessThan(5_200)
  })

  it('is the same on one link whatever was sent on another or before', () => {
    const fates = (before: number, elsewhere: number) => {
      const weather = new Weather(new SeededRandom(5))
      const [link, other] = [draws(3, 4), draws(4, 3)]
      for (let i = 0; i < elsewhere; i++) weather.next(other, i)
      for (let i = 0; i < before; i++) weather.next(link, i)
      return Array.from({ length: 50 }, (_, i) => {
        weather.next(link, 1_000_000 + i)
        return weather.happens(link, Purpose.loss, 0.5)
      })
    }
    expect(fates(0, 0)).toEqual(fates(17, 230))
  })

  it('loses and disorders envelopes, but no frame of a channel', () => {
    const base = { delayMs: 20, jitterMs: 30, loss: 0.3, duplicate: 0.2, reorder: 0.3 }
    const world = talkers(2, { links: { base }, talker: { periodMs: 20 } })
    world.run(30_000)
    const frames = heard(world, 0, 1).map(({ number }) => number)
    const floods = heard(world, 0, 1, 'envelope').map(({ number }) => number)
    expect(frames).toEqual(frames.map((_, i) => (frames[0] ?? 0) + i))
    expect(floods.length / frames.length).toBeGreaterThan(0.6)
    expect(floods.length / frames.length).toBeLessThan(0.8)
    expect(floods).not.toEqual(floods.toSorted((a, b) => a - b))
    expect(new Set(floods).size).toBe(floods.length)
  })

  it('hits frames too in a rough world', () => {
    const base = { delayMs: 20, loss: 0.1, duplicate: 0.1, reorder: 0.3 }
    const world = talkers(2, {
      links: { base },
      network: { rough: true },
      talker: { periodMs: 20 },
    })
    world.run(20_000)
    const frames = heard(world, 0, 1).map(({ number }) => number)
    expect(new Set(frames).size).toBeLessThan(talker(world, 0).said - 5)
    expect(frames.length).toBeGreaterThan(new Set(frames).size)
    expect(frames).not.toEqual(frames.toSorted((a, b) => a - b))
  })
})

describe('the cryptography of a world', () => {
  it('answers as the provider does, remembers across nodes, and counts for each', () => {
    const provider = createNativeCrypto()
    let verified = 0
    let agreed = 0
    const world = new WorldCrypto({
      ...provider,
      verify: (...given) => (verified++, provider.verify(...given)),
      xShared: (...given) => (agreed++, provider.xShared(...given)),
    })
    const [one, two] = [world.forNode(), world.forNode()]
    const seed = new Uint8Array(32).fill(7)
    const publicKey = one.crypto.edPublicKey(seed)
    const message = utf8('to all')
    const signature = one.crypto.sign(seed, message)
    for (const { crypto } of [one, two, two]) {
      expect(crypto.verify(publicKey, message, signature)).toBe(true)
      expect(crypto.verify(publicKey, utf8('other'), signature)).toBe(false)
      expect(crypto.verify(publicKey, message, signature.slice(1))).toBe(false)
      expect(crypto.xShared(seed, crypto.xPublicKey(seed))).toEqual(
        provider.xShared(seed, provider.xPublicKey(seed)),
      )
      expect(crypto.xShared(seed, new Uint8Array(32))).toBeUndefined()
    }
    // Of a wrong length nothing is remembered: three times asked, three times worked out.
    expect(verified).toBe(2 + 3)
    expect(agreed).toBe(2)
    expect(one.counts).toMatchObject({ verify: 3, sign: 1, xShared: 2, edPublicKey: 1 })
    expect(two.counts).toMatchObject({ verify: 6, sign: 0, xShared: 4 })
  })

  it('hands out bytes that a caller may overwrite', () => {
    const { crypto } = new WorldCrypto(createNativeCrypto()).forNode()
    const secret = new Uint8Array(32).fill(9)
    const publicKey = crypto.xPublicKey(secret)
    const first = crypto.xShared(secret, publicKey)
    const copy = first?.slice()
    first?.fill(0)
    crypto.xShared(secret, publicKey)?.fill(0)
    expect(crypto.xShared(secret, publicKey)).toEqual(copy)
  })
})

describe('the guard', () => {
  const reaches: readonly (readonly [string, () => unknown])[] = [
    ['Date.now', () => Date.now()],
    ['new Date()', () => new Date()],
    ['Date()', () => Date()],
    ['Math.random', () => Math.random()],
    ['performance.now', () => performance.now()],
    ['process.hrtime', () => process.hrtime()],
    ['setTimeout', () => setTimeout(() => {}, 1)],
    ['setInterval', () => setInterval(() => {}, 1)],
    ['setImmediate', () => setImmediate(() => {})],
    ['queueMicrotask', () => queueMicrotask(() => {})],
    ['crypto.getRandomValues', () => crypto.getRandomValues(new Uint8Array(1))],
    ['crypto.randomUUID', () => crypto.randomUUID()],
  ]

  it.each(reaches)('stops %s, with a stack, and only while it is up', (what, reach) => {
    expect(() => guarded(reach)).toThrow(NondeterminismError)
    expect(() => guarded(reach)).toThrow(what)
    try {
      guarded(reach)
    } catch (error) {
      expect((error as Error).stack).toContain('parts.test.ts')
    }
    const result = reach()
    if (what.startsWith('set')) clearTimeout(result as NodeJS.Timeout)
  })

  it('comes down after an error, and stays up inside a nested call', () => {
    expect(() =>
      guarded(() => {
        guarded(() => {})
        Math.random()
      }),
    ).toThrow(NondeterminismError)
    expect(Math.random()).toBeLessThan(1)
    expect(Object.getOwnPropertyNames(globalThis.crypto)).toEqual([])
  })

  it('leaves dates of a given time alone', () => {
    const iso = guarded(() => new Date(0).toISOString())
    expect(iso).toBe('1970-01-01T00:00:00.000Z')
    expect(guarded(() => new Date(5) instanceof Date)).toBe(true)
  })

  it('fails a run whose machine looks at the real clock', () => {
    const world = talkers(1, { machine: () => ({ step: () => (Date.now(), []) }) })
    expect(() => world.run(10)).toThrow(/Date.now was used inside the simulated world/)
  })

  it.each([
    ['a fault', (world: ReturnType<typeof talkers>) => world.restart(0)],
    ['a command', (world: ReturnType<typeof talkers>) => world.command(0, { kind: 'mint-card' })],
  ])('is up during %s between two runs as well', (_, act) => {
    let steps = 0
    const world = talkers(1, {
      machine: () => ({ step: () => (steps++ > 0 ? (performance.now(), []) : []) }),
    })
    world.run(1)
    if (_ === 'a fault') world.crash(0)
    expect(() => act(world)).toThrow(/performance.now/)
  })
})
