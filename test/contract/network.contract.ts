// What every network promises, as tests that each adapter runs. See src/ports/network.ts.
// Nothing here looks at a clock: a network says how to let a little time pass, and every test waits
// for what it expects, or for long enough to believe that nothing comes.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { type Bytes, toHex, utf8 } from '../../src/base/bytes.ts'
import type { Verdict } from '../../src/core/effect.ts'
import type { ChannelId, PeerId, Protocol } from '../../src/core/input.ts'
import type { Network, NetworkEvents } from '../../src/ports/network.ts'

export interface NetworkPair {
  readonly a: Network
  readonly b: Network
  /** A well-formed peer id that nobody has. */
  readonly stranger: PeerId
  /** Lets a little time pass: a few milliseconds, or one virtual second. */
  wait(): Promise<void>
  close(): Promise<void>
}

/** Makes two networks that can dial each other and are not connected yet. */
export type MakeTwo = (events: { a: NetworkEvents; b: NetworkEvents }) => Promise<NetworkPair>

/** Waits before something that does not come is given up. */
const WAITS_MAX = 500
/** Waits after which what has not come is taken not to come. */
const WAITS_QUIET = 10

interface Opened {
  readonly channel: ChannelId
  readonly protocol: Protocol
  readonly peer: PeerId
  readonly initiator: boolean
  readonly ref?: number
}

/** Keeps everything a network says. */
class Recorder implements NetworkEvents {
  addresses: readonly string[] = []
  readonly opened: Opened[] = []
  readonly failed: { ref: number; reason: string }[] = []
  readonly closed: ChannelId[] = []
  readonly frames: { channel: ChannelId; frame: Bytes }[] = []
  readonly envelopes: { from: PeerId; topic: string; envelope: Bytes }[] = []
  verdict: Verdict = 'accept'

  listening(addresses: readonly string[]): void {
    this.addresses = addresses
  }
  channelOpen(open: Opened): void {
    this.opened.push(open)
  }
  openFailed(ref: number, reason: string): void {
    this.failed.push({ ref, reason })
  }
  channelClosed(channel: ChannelId): void {
    this.closed.push(channel)
  }
  frame(channel: ChannelId, frame: Bytes): void {
    this.frames.push({ channel, frame: frame.slice() })
  }
  envelope(from: PeerId, topic: string, envelope: Bytes, answer: (verdict: Verdict) => void): void {
    this.envelopes.push({ from, topic, envelope: envelope.slice() })
    answer(this.verdict)
  }

  framesOf(channel: ChannelId): string[] {
    return this.frames.filter((each) => each.channel === channel).map(({ frame }) => toHex(frame))
  }
}

export function networkContract(name: string, makeTwo: MakeTwo): void {
  describe(`the network ${name}`, () => {
    let a: Recorder
    let b: Recorder
    let pair: NetworkPair

    beforeEach(async () => {
      a = new Recorder()
      b = new Recorder()
      pair = await makeTwo({ a, b })
      await until(() => a.addresses.length > 0 && b.addresses.length > 0)
    })
    afterEach(() => pair.close())

    const until = async (condition: () => boolean): Promise<void> => {
      for (let waits = 0; waits < WAITS_MAX && !condition(); waits++) await pair.wait()
      expect(condition()).toBe(true)
    }
    const quiet = async (): Promise<void> => {
      for (let waits = 0; waits < WAITS_QUIET; waits++) await pair.wait()
    }
    /** Opens from a to b; the two ends. */
    const link = async (ref = 1, protocol: Protocol = 'sync'): Promise<[Opened, Opened]> => {
      const [mine, theirs] = [a.opened.length, b.opened.length]
      pair.a.open(ref, protocol, pair.b.peerId, b.addresses)
      await until(() => a.opened.length > mine && b.opened.length > theirs)
      return [a.opened[mine] as Opened, b.opened[theirs] as Opened]
    }

    it('tells its own addresses, each ending in its peer id', () => {
      expect(a.addresses.every((address) => address.endsWith(`/p2p/${pair.a.peerId}`))).toBe(true)
      expect(pair.a.peerId).not.toBe(pair.b.peerId)
    })

    it('opens a channel and tells both sides, the reference only to the one that asked', async () => {
      const [mine, theirs] = await link(41)
      expect(mine).toMatchObject({
        protocol: 'sync',
        peer: pair.b.peerId,
        initiator: true,
        ref: 41,
      })
      expect(theirs).toMatchObject({ protocol: 'sync', peer: pair.a.peerId, initiator: false })
      expect(theirs.ref).toBeUndefined()
    })

    it('opens to a bare address and learns who answers', async () => {
      const bare = b.addresses.map((address) => address.replace(/\/p2p\/[^/]+$/, ''))
      pair.a.open(7, 'join', undefined, bare)
      await until(() => a.opened.length === 1 && b.opened.length === 1)
      expect(a.opened[0]).toMatchObject({ protocol: 'join', peer: pair.b.peerId, ref: 7 })
      expect(b.opened[0]).toMatchObject({ protocol: 'join', peer: pair.a.peerId })
    })

    it('says when a dial fails: no address, nonsense, or another peer there', async () => {
      pair.a.open(1, 'sync', pair.b.peerId, [])
      pair.a.open(2, 'sync', pair.b.peerId, ['nonsense', ''])
      pair.a.open(3, 'sync', pair.stranger, b.addresses)
      await until(() => a.failed.length === 3)
      expect(a.failed.map(({ ref }) => ref).toSorted()).toEqual([1, 2, 3])
      expect(a.failed.every(({ reason }) => reason.length > 0)).toBe(true)
      expect([...a.opened, ...b.opened]).toEqual([])
    })

    it('keeps the order and the boundaries of frames, both ways, small and large', async () => {
      const [mine, theirs] = await link()
      const frames = Array.from({ length: 200 }, (_, i) =>
        new Uint8Array(i % 20 === 0 ? 100_000 + i : 1 + (i % 7)).fill(i),
      )
      for (const frame of frames) {
        pair.a.send(mine.channel, frame)
        pair.b.send(theirs.channel, frame)
      }
      await until(() => a.frames.length === frames.length && b.frames.length === frames.length)
      const sent = frames.map(toHex)
      expect(b.framesOf(theirs.channel)).toEqual(sent)
      expect(a.framesOf(mine.channel)).toEqual(sent)
    })

    it('lets the sender reuse its buffer', async () => {
      const [mine, theirs] = await link()
      const frame = utf8('first')
      pair.a.send(mine.channel, frame)
      frame.fill(0)
      await until(() => b.frames.length === 1)
      expect(b.framesOf(theirs.channel)).toEqual([toHex(utf8('first'))])
    })

    it('keeps channels apart, and one open when the other is closed', async () => {
      const [first, firstThere] = await link(1, 'sync')
      const [second, secondThere] = await link(2, 'join')
      expect(first.channel).not.toBe(second.channel)
      pair.a.send(first.channel, utf8('one'))
      pair.a.send(second.channel, utf8('two'))
      await until(() => b.frames.length === 2)
      expect(b.framesOf(firstThere.channel)).toEqual([toHex(utf8('one'))])
      expect(b.framesOf(secondThere.channel)).toEqual([toHex(utf8('two'))])
      pair.a.close(first.channel)
      await until(() => b.closed.length === 1)
      pair.b.send(secondThere.channel, utf8('still here'))
      await until(() => a.frames.length === 1)
      expect(a.framesOf(second.channel)).toEqual([toHex(utf8('still here'))])
    })

    it('delivers what was sent before a close, then tells both sides exactly once', async () => {
      const [mine, theirs] = await link()
      for (let i = 0; i < 50; i++) pair.a.send(mine.channel, Uint8Array.of(i))
      pair.a.close(mine.channel)
      await until(() => a.closed.length > 0 && b.closed.length > 0)
      expect(b.framesOf(theirs.channel)).toHaveLength(50)
      pair.a.send(mine.channel, utf8('late'))
      pair.b.send(theirs.channel, utf8('late'))
      pair.a.close(mine.channel)
      pair.b.close(theirs.channel)
      await quiet()
      expect(a.closed).toEqual([mine.channel])
      expect(b.closed).toEqual([theirs.channel])
      expect(b.frames).toHaveLength(50)
      expect(a.frames).toEqual([])
    })

    it('lets the side that was dialled close as well', async () => {
      const [mine, theirs] = await link()
      pair.b.send(theirs.channel, utf8('bye'))
      pair.b.close(theirs.channel)
      await until(() => a.closed.length > 0 && b.closed.length > 0)
      expect(a.framesOf(mine.channel)).toEqual([toHex(utf8('bye'))])
      expect([a.closed, b.closed]).toEqual([[mine.channel], [theirs.channel]])
    })

    it('closes every channel of a peer that is reset, and can be dialled again', async () => {
      const [first, firstThere] = await link(1)
      const [second, secondThere] = await link(2)
      pair.a.reset(pair.b.peerId)
      await until(() => a.closed.length >= 2 && b.closed.length >= 2)
      await quiet()
      expect(a.closed.toSorted()).toEqual([first.channel, second.channel].toSorted())
      expect(b.closed.toSorted()).toEqual([firstThere.channel, secondThere.channel].toSorted())
      const [again, againThere] = await link(3)
      expect([first.channel, second.channel]).not.toContain(again.channel)
      expect([firstThere.channel, secondThere.channel]).not.toContain(againThere.channel)
    })

    it('cuts gated peers off, both ways, until the gate is lifted', async () => {
      await link(1)
      pair.b.gate([pair.a.peerId])
      await until(() => a.closed.length === 1 && b.closed.length === 1)
      pair.b.open(2, 'sync', pair.a.peerId, a.addresses)
      await until(() => b.failed.length === 1)
      // The one that is shut out may get a channel for a moment, as its own side is not gated.
      pair.a.open(3, 'sync', pair.b.peerId, b.addresses)
      await until(() => a.failed.length === 1 || a.closed.length === 2)
      expect(b.opened).toHaveLength(1)
      pair.b.gate([])
      await link(4)
    })

    it('floods an envelope to subscribers of its topic, not back to its author', async () => {
      await link()
      pair.a.subscribe('tea')
      pair.b.subscribe('tea')
      pair.b.subscribe('unused')
      let tries = 0
      // A mesh may take a moment to notice subscribers, so each try is a new envelope.
      await until(() => {
        pair.a.broadcast('tea', utf8(`try ${tries++}`))
        return b.envelopes.length > 0
      })
      const [first] = b.envelopes
      expect(first).toMatchObject({ from: pair.a.peerId, topic: 'tea' })
      expect(new TextDecoder().decode(first?.envelope)).toMatch(/^try \d+$/)
      expect(a.envelopes).toEqual([])
    })

    it('delivers one envelope once, and none after unsubscribing', async () => {
      await link()
      pair.a.subscribe('tea')
      pair.b.subscribe('tea')
      let tries = 0
      await until(() => {
        pair.a.broadcast('tea', utf8(`try ${tries++}`))
        return b.envelopes.length > 0
      })
      await quiet()
      for (let i = 0; i < 3; i++) pair.a.broadcast('tea', utf8('the same'))
      const same = () =>
        b.envelopes.filter(({ envelope }) => toHex(envelope) === toHex(utf8('the same')))
      await until(() => same().length > 0)
      await quiet()
      expect(same()).toHaveLength(1)
      pair.b.unsubscribe('tea')
      await quiet()
      const before = b.envelopes.length
      pair.a.broadcast('tea', utf8('nobody listens'))
      await quiet()
      expect(b.envelopes).toHaveLength(before)
    })

    it('takes calls that mean nothing without throwing', async () => {
      pair.a.send(999, utf8('x'))
      pair.a.close(999)
      pair.a.reset(pair.stranger)
      pair.a.gate([pair.stranger, pair.stranger])
      pair.a.unsubscribe('never')
      pair.a.broadcast('never', utf8('x'))
      await quiet()
      expect([...a.closed, ...a.opened, ...a.failed]).toEqual([])
    })
  })
}
