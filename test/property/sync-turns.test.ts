// How much talk it takes until two replicas hold the same: a few changes of direction, however much
// each of them lacks.
import { beforeAll, describe, expect, test } from 'vitest'
import { u32 } from '../../src/base/bytes.ts'
import { decode } from '../../src/codec/canonical.ts'
import type { GroupFrame } from '../../src/core/anti-entropy/frames.ts'
import { readGroupFrame } from '../../src/core/anti-entropy/frames.ts'
import type { Message } from '../../src/core/message/message.ts'
import { openRound, sendDigest } from '../../src/core/replica/sync.ts'
import { nextPlain, secretOf } from '../support/author.ts'
import { Bench, constitutionOf, messagesOf } from '../support/bench.ts'
import { found, meshWorld } from '../support/mesh.ts'

const seed = 'turns'
const EACH = 600

let constitution: Uint8Array
let shared: Message[]
/** What each of two authors wrote while they were apart. */
let own: [Message[], Message[]]

beforeAll(() => {
  const mesh = found(meshWorld({ seed, nodes: 2 }))
  constitution = constitutionOf(mesh)
  shared = messagesOf(mesh)
  const [first, second] = [...new Set(shared.map(({ member }) => member))]
  own = [chain(0, first ?? '', EACH, u32), chain(1, second ?? '', EACH, u32)]
})

/** What the author on a node wrote after everything shared. */
const chain = (
  node: number,
  member: string,
  count: number,
  body: (i: number) => Uint8Array,
): Message[] => {
  const device = secretOf(seed, node, 'device')
  let tip = shared.filter((one) => one.member === member).at(-1) as Message
  return Array.from({ length: count }, (_, i) => (tip = nextPlain(device, tip, body(i))))
}

const holding = (...messages: readonly Message[][]): Bench => {
  const bench = new Bench(constitution)
  for (const message of [...shared, ...messages.flat()]) bench.take(message)
  return bench
}

interface Pair {
  readonly a: Bench
  readonly b: Bench
  readonly kinds: string[][]
}

const kindOf = (frame: Uint8Array): GroupFrame['kind'] => {
  const value = decode(frame, { maxBytes: frame.length })
  const read = value.ok ? readGroupFrame(value.value) : value
  if (!read.ok) throw new Error(read.error)
  return read.value.kind
}

/** Lets both talk in turns until nothing is said: the kinds of frames of each turn. */
const talk = (a: Bench, b: Bench, open: (pair: { inA: Peer; inB: Peer }) => void): Pair => {
  const ends = { inA: a.peer(1), inB: b.peer(2) }
  const kinds: string[][] = []
  open(ends)
  const say = (from: Bench, to: Bench, end: Peer): boolean => {
    const frames = from.collect()
    if (frames.length > 0) kinds.push(frames.map(kindOf))
    for (const frame of frames) to.frame(end, frame)
    return frames.length > 0
  }
  while ([say(a, b, ends.inB), say(b, a, ends.inA)].includes(true));
  expect(a.root()).toBe(b.root())
  return { a, b, kinds }
}

type Peer = ReturnType<Bench['peer']>

describe('after the hello', () => {
  const opened = (a: Bench, b: Bench): string[][] =>
    talk(a, b, ({ inA }) => a.step((turn) => openRound(turn, a.replica, inA))).kinds

  test('two that hold the same say one frame each', () => {
    expect(opened(holding(), holding())).toEqual([['vector'], ['end']])
  })

  test('two that both lack something take four turns', () => {
    const kinds = opened(holding(own[0]), holding(own[1]))
    expect(kinds.flat()).toContain('batch')
    expect(kinds.length).toBeLessThanOrEqual(4)
  })

  test.each([0, 1])(
    'one that lacks something, whoever opens (%i), is not asked in vain',
    (rich) => {
      const pair = [holding(rich === 0 ? own[0] : []), holding(rich === 1 ? own[0] : [])] as const
      const kinds = opened(...pair)
      expect(kinds.flat().filter((kind) => kind === 'vector').length).toBeLessThanOrEqual(
        1 + +(rich === 0),
      )
      expect(kinds.length).toBeLessThanOrEqual(4)
    },
  )
})

describe('a round', () => {
  test('between equals is one digest each', () => {
    const [a, b] = [holding(), holding()]
    const { kinds } = talk(a, b, ({ inA }) =>
      a.step((turn) => sendDigest(turn, a.replica, inA, true)),
    )
    expect(kinds).toEqual([['digest'], ['digest']])
  })

  test('that both begin at once is one digest each', () => {
    const [a, b] = [holding(), holding()]
    const ask = (bench: Bench, peer: Peer): void =>
      bench.step((turn) => sendDigest(turn, bench.replica, peer, true))
    const ends = { inA: a.peer(1), inB: b.peer(2) }
    for (let round = 0; round < 3; round++) {
      ask(a, ends.inA)
      ask(b, ends.inB)
      const [toB, toA] = [a.collect(), b.collect()]
      for (const frame of toB) b.frame(ends.inB, frame)
      for (const frame of toA) a.frame(ends.inA, frame)
      expect([...a.collect(), ...b.collect()]).toEqual([])
      expect(ends.inA.syncedMs).toBe(a.nowMs)
    }
    // A question that comes later is answered as ever.
    ask(a, ends.inA)
    for (const frame of a.collect()) b.frame(ends.inB, frame)
    expect(b.collect().map(kindOf)).toEqual(['digest'])
  })
})

test('credit comes back in good parts, none of it after the end', () => {
  const large = chain(0, own[0].at(0)?.member ?? '', 40, () => new Uint8Array(60_000))
  const [a, b] = [holding(), holding(large)]
  const { kinds } = talk(a, b, ({ inA }) => a.step((turn) => openRound(turn, a.replica, inA)))
  const all = kinds.flat()
  const durables = all.filter((kind) => kind === 'durable').length
  expect(all.filter((kind) => kind === 'batch').length).toBeGreaterThanOrEqual(2 * durables)
  expect(durables).toBeGreaterThan(3)
  expect(all.lastIndexOf('durable')).toBeLessThan(all.indexOf('end'))
})
