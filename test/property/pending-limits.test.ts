// I16: what waits for its past stays within its bounds, per peer and in all, in number, bytes and age,
// whatever peers send; and what is let go costs time, never a message.
import { describe, expect, test } from 'vitest'
import {
  PENDING_AGE_MS,
  PENDING_PER_PEER_BYTES_MAX,
  PENDING_PER_PEER_MAX,
  PENDING_TOTAL_MAX,
} from '../../src/base/limits.ts'
import { u32 } from '../../src/base/bytes.ts'
import { buildMessage } from '../../src/core/message/message.ts'
import type { Message } from '../../src/core/message/message.ts'
import type { Source } from '../../src/core/replica/intake.ts'
import { onReplicaTimer } from '../../src/core/replica.ts'
import { draftOf, nextPlain, secretOf } from '../support/author.ts'
import { Bench, constitutionOf, crypto, messagesOf } from '../support/bench.ts'
import { found, meshWorld } from '../support/mesh.ts'

const seed = 'pending'
const mesh = found(meshWorld({ seed, nodes: 1 }))
const messages = messagesOf(mesh)
const constitution = constitutionOf(mesh)
const founder = secretOf(seed, 0, 'device')
const last = messages.at(-1) as Message

const fresh = (): Bench => {
  const bench = new Bench(constitution)
  for (const message of messages) bench.take(message)
  return bench
}

const from = (peer: number): Source => ({
  how: 'push',
  from: `peer ${String(peer)}`,
  vouched: false,
  verified: false,
})

/** Somebody unknown says something that stands on something unknown. */
const stray = (number: number, bytes = 32): Message =>
  buildMessage(
    crypto,
    {
      ...draftOf(last),
      member: crypto.sha256(u32(number)),
      deps: [crypto.sha256(u32(number), u32(1))],
    },
    new Uint8Array(bytes),
    new Uint8Array(64),
  )

const bytesHeld = (bench: Bench): number =>
  [...bench.replica.pending.perPeer.values()].reduce((sum, load) => sum + load.bytes, 0)

/** The bounds that a bench is beyond. */
const beyond = ({ replica }: Bench): string[] => {
  const { waiting } = replica.pending
  const loads = new Map<string, { number: number; bytes: number }>()
  for (const { from: peer, message } of waiting.values()) {
    const load = loads.get(peer) ?? { number: 0, bytes: 0 }
    load.number += 1
    load.bytes += message.headerBytes.length + message.body.length
    loads.set(peer, load)
  }
  const all = [...loads.values()]
  return [
    ...(waiting.size > PENDING_TOTAL_MAX ? ['in all'] : []),
    ...(all.some(({ number }) => number > PENDING_PER_PEER_MAX) ? ['of a peer'] : []),
    ...(all.some(({ bytes }) => bytes > PENDING_PER_PEER_BYTES_MAX) ? ['bytes of a peer'] : []),
  ]
}

describe('the bounds can be broken', () => {
  /** A fault: what each peer has here is forgotten with every message. */
  const forgetful = (bench: Bench, message: Message, peer: number): void => {
    bench.take(message, from(peer))
    bench.replica.pending.perPeer.clear()
  }

  test('in number and in bytes, by a replica that does not count', () => {
    const [many, large] = [fresh(), fresh()]
    for (let i = 0; i < PENDING_PER_PEER_MAX + 10; i++) forgetful(many, stray(i), 1)
    for (let i = 0; i < 200; i++) forgetful(large, stray(i, 64 * 1_024), 1)
    expect(beyond(many)).toEqual(['of a peer'])
    expect(beyond(large)).toEqual(['bytes of a peer'])
  })

  test('over all peers, by a replica that lets go of what it does not have', () => {
    const bench = fresh()
    for (let i = 0; i < PENDING_TOTAL_MAX; i++) bench.take(stray(i), from(i % 20))
    expect(beyond(bench)).toEqual([])
    const [arrival] = bench.replica.pending.waiting.values()
    if (arrival === undefined) throw new Error('nothing waits')
    bench.replica.pending.waiting.set('one more', arrival)
    expect(beyond(bench)).toEqual(['in all'])
  })
})

describe('what waits for its past', () => {
  test('is bounded in number for each peer', () => {
    const bench = fresh()
    for (let i = 0; i < PENDING_PER_PEER_MAX + 500; i++) bench.take(stray(i), from(1))
    expect(bench.replica.pending.waiting.size).toBe(PENDING_PER_PEER_MAX)
    expect(bench.counts.get('messages_dropped/pending-full')).toBe(500)
    expect(beyond(bench)).toEqual([])
    // Another peer is not kept out by it.
    bench.take(stray(1_000_000), from(2))
    expect(bench.replica.pending.waiting.size).toBe(PENDING_PER_PEER_MAX + 1)
  })

  test('is bounded in bytes for each peer', () => {
    const bench = fresh()
    for (let i = 0; i < 200; i++) bench.take(stray(i, 64 * 1_024), from(1))
    expect(bytesHeld(bench)).toBeLessThanOrEqual(PENDING_PER_PEER_BYTES_MAX)
    expect(bytesHeld(bench)).toBeGreaterThan(PENDING_PER_PEER_BYTES_MAX - 128 * 1_024)
  })

  test('is bounded over all peers', () => {
    const bench = fresh()
    for (let i = 0; i < PENDING_TOTAL_MAX + 1_000; i++) bench.take(stray(i), from(i % 20))
    expect(bench.replica.pending.waiting.size).toBe(PENDING_TOTAL_MAX)
    expect(bench.counts.get('messages_dropped/pending-full')).toBe(1_000)
    expect(beyond(bench)).toEqual([])
  })

  test('is let go after ten minutes, and its peer may send again', () => {
    const bench = fresh()
    for (let i = 0; i < PENDING_PER_PEER_MAX; i++) bench.take(stray(i), from(1))
    bench.nowMs += PENDING_AGE_MS - 1
    bench.step((turn) => onReplicaTimer(turn, bench.replica, 'pending'))
    expect(bench.replica.pending.waiting.size).toBe(PENDING_PER_PEER_MAX)
    bench.nowMs += 1
    bench.step((turn) => onReplicaTimer(turn, bench.replica, 'pending'))
    expect(bench.replica.pending.waiting.size).toBe(0)
    expect(bench.replica.pending.perPeer.size).toBe(0)
    expect(bench.replica.pending.awaited.size).toBe(0)
    expect(bench.counts.get('messages_dropped/pending-expired')).toBe(PENDING_PER_PEER_MAX)
    expect(bench.take(stray(5), from(1))?.kind).toBe('pending')
  })

  test('is not kept where a known author did not sign it', () => {
    const bench = fresh()
    const ahead = nextPlain(founder, nextPlain(founder, last, new Uint8Array()), new Uint8Array())
    const forged = { ...ahead, signature: new Uint8Array(64) }
    expect(bench.take(forged, from(1))).toEqual({ kind: 'rejected', reason: 'signature' })
    expect(bench.take(ahead, from(1))).toEqual({ kind: 'pending' })
  })

  test('is taken up in one go, however long the chain and in whatever order it came', () => {
    const chain: Message[] = []
    for (let i = 0, tip = last; i < PENDING_TOTAL_MAX; i++) {
      tip = nextPlain(founder, tip, u32(i))
      chain.push(tip)
    }
    const bench = fresh()
    chain.toReversed().forEach((message, i) => bench.take(message, from(i % 8)))
    expect(bench.held().size).toBe(messages.length + chain.length)
    expect(bench.replica.pending.waiting.size).toBe(0)
  })

  test('leaves nothing behind once it was taken up another way', () => {
    const bench = fresh()
    const one = nextPlain(founder, last, u32(1))
    const two = nextPlain(founder, one, u32(2))
    bench.take(two, from(1))
    bench.take(one, from(2))
    expect(bench.held().has(two.id)).toBe(true)
    expect(bench.replica.pending.waiting.size + bench.replica.pending.perPeer.size).toBe(0)
    expect(bench.replica.taking.size + bench.replica.freed.length).toBe(0)
  })
})
