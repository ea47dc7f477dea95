// What counts as having seen a lie: each is seen when it is told, and never where a node speaks the truth,
// where nobody could have heard it, or where nothing was said.

import { expect, test } from 'vitest'

import { BentPorts } from '../../../../src/lab/engine/bent/ports.ts'
import { bentIn, unfitLies } from '../../../../src/lab/engine/real/hands.ts'
import { type Sightings, isSeen } from '../../../../src/lab/engine/real/sightings.ts'
import type { Fault, FaultEvent, Materialised } from '../../../../src/lab/scenario/materialised.ts'
import { type Lie, lies } from '../../../../src/lab/world/lies.ts'
import { FrameKind } from '../../../../src/core/anti-entropy/frames.ts'
import type { Network, NetworkEvents } from '../../../../src/ports/network.ts'

const LIAR = 'liar'
const bent = lies.filter((lie) => lie !== 'equivocate')

/** Four could hear it, of whom 1 and 3 are shunned by one that is selective. */
const trial = (from: readonly (string | undefined)[], aheadMs = 3) => ({
  hearers: from.map((one, node) => ({ node, from: one })),
  aheadMs,
})

const honest: Sightings = {
  liar: LIAR,
  shunned: new Set([1, 3]),
  trials: [trial([LIAR, LIAR, LIAR, LIAR]), trial([LIAR, LIAR, 'other', LIAR])],
  others: { said: 4, taken: 4 },
  dropped: ['batch-gap', 'author-unknown'],
  repeated: 0,
}

const nobody = trial([undefined, undefined, undefined, undefined])
const some = trial([LIAR, 'other', 'other', undefined])

const told: Readonly<Record<Exclude<Lie, 'equivocate'>, Partial<Sightings>>> = {
  withhold: { trials: [nobody] },
  selective: { trials: [some, some] },
  replay: { repeated: 1 },
  stale: { others: { said: 2, taken: 0 } },
  forge: { dropped: ['batch-gap', 'signature'] },
  time: { trials: [trial([LIAR], 86_400_000)] },
}

test.each(bent)('%s is seen when it is told, and nothing else is', (lie) => {
  expect(isSeen(lie, honest)).toBe(false)
  const seen = { ...honest, ...told[lie] }
  expect(isSeen(lie, seen)).toBe(true)
  expect(bent.filter((other) => isSeen(other, seen))).toEqual([lie])
})

test.each<[Lie, Partial<Sightings>]>([
  ['withhold', { trials: [] }],
  ['withhold', { trials: [trial([])] }],
  ['withhold', { trials: [nobody, trial([undefined, 'other'])] }],
  ['selective', { trials: [some] }],
  ['selective', { trials: [some, trial([LIAR, LIAR, undefined, undefined])] }],
  ['selective', { trials: [nobody, nobody] }],
  ['selective', { trials: [trial([undefined, LIAR]), some, some] }],
  // Nobody whom it shuns could have heard it.
  ['selective', { trials: [some, trial([LIAR])] }],
  ['stale', { others: { said: 0, taken: 0 } }],
  ['stale', { others: { said: 3, taken: 1 } }],
  ['time', { trials: [] }],
  ['forge', { dropped: [] }],
])('%s is not seen where it could be chance: %j', (lie, seen) => {
  expect(isSeen(lie, { ...honest, ...seen })).toBe(false)
})

/** Ports over a network that remembers what leaves it. */
function portsOf() {
  const left: string[] = []
  const rings: (() => void)[] = []
  const clock = {
    nowMs: () => 0,
    wallMs: () => 1_000,
    alarm: (_: number, ring: () => void) => {
      rings.push(ring)
      return () => undefined
    },
  }
  let heard: NetworkEvents | undefined
  const prepared = {
    start(events: NetworkEvents): Network {
      heard = events
      return {
        peerId: 'me',
        open: () => undefined,
        close: () => undefined,
        reset: () => undefined,
        gate: () => undefined,
        subscribe: () => undefined,
        unsubscribe: () => undefined,
        send: (channel, frame) => void left.push(`${channel}: ${frame.join(' ')}`),
        broadcast: (topic) => void left.push(topic),
      }
    },
  }
  return {
    ports: new BentPorts(clock),
    prepared,
    left,
    ring: () => rings.shift()?.(),
    heard: () => heard,
  }
}

test('ports that can be bent are as they are until they are told, and again afterwards', () => {
  const { ports, prepared, left, ring, heard } = portsOf()
  expect(() => ports.do({ do: 'look' })).toThrow('as they are')
  const came: string[] = []
  const events: NetworkEvents = {
    channelOpen: ({ peer }) => void came.push(peer),
    openFailed: () => undefined,
    channelClosed: () => undefined,
    frame: (_, frame) => void came.push(frame.join(' ')),
    envelope: () => undefined,
    listening: () => undefined,
  }
  const network = ports.laidOn(prepared).start(events)
  const batch = Uint8Array.of(0x83, FrameKind.batch, 0)
  const say = () => {
    left.length = 0
    network.send(1, batch)
    network.send(2, batch)
    network.broadcast('flood', batch)
    return left.join(', ')
  }
  heard()?.channelOpen({ channel: 1, protocol: 'sync', peer: 'a', initiator: true })
  heard()?.channelOpen({ channel: 2, protocol: 'sync', peer: 'b', initiator: true })
  const all = '1: 131 18 0, 2: 131 18 0, flood'
  expect([say(), ports.clock.wallMs()]).toEqual([all, 1_000])

  ports.do({ do: 'begin', lies: ['selective', 'stale', 'time'], shunned: ['b'] })
  heard()?.frame(1, batch)
  expect([say(), ports.clock.wallMs()]).toEqual(['1: 131 18 0', 86_401_000])
  ports.do({ do: 'begin', lies: ['withhold'], shunned: [] })
  heard()?.frame(1, batch)
  expect([say(), ports.clock.wallMs()]).toEqual(['', 1_000])
  expect(came).toEqual(['a', 'b', '131 18 0'])

  expect(ports.do({ do: 'end' })).toEqual({ repeated: 0 })
  expect(say()).toBe(all)
  ports.do({ do: 'begin', lies: ['replay'], shunned: [] })
  for (let turn = 0; turn < 3; turn++) ring()
  say()
  expect(ports.do({ do: 'look' })).toEqual({ repeated: 3 })
  // What is withheld does not go out by being repeated.
  const kept = Uint8Array.of(0x83, FrameKind.batch, 1)
  ports.do({ do: 'begin', lies: ['replay', 'withhold'], shunned: [] })
  left.length = 0
  for (let times = 0; times < 64; times++) network.send(1, kept)
  for (let turn = 0; turn < 99; turn++) ring()
  expect(new Set(left)).toEqual(new Set(['1: 131 18 0', '2: 131 18 0', 'flood']))
  ports.do({ do: 'end' })
  left.length = 0
  ring()
  expect(left).toEqual([])
})

const byzantine = (fault: Fault, id: string): FaultEvent => ({
  kind: 'fault',
  atMs: 0,
  id,
  part: 0,
  fault,
})

test('only who may lie gets ports that can be bent, and of two lies none hides the other', () => {
  const scenario = {
    groups: [{ members: [0, 1, 2], leaders: [1, 2] }],
    events: [
      byzantine({ do: 'byzantine', nodes: [5], lies: ['equivocate'] }, 'p1'),
      byzantine({ do: 'byzantine', nodes: [4], lies: ['time', 'equivocate'] }, 'p2'),
      byzantine({ do: 'byzantine', nodes: [4], lies: ['forge', 'withhold'] }, 'p3'),
    ],
  } as unknown as Materialised
  expect([...bentIn(scenario)]).toEqual([4])
  expect(unfitLies(scenario)).toEqual([
    { id: 'p3', what: 'forge', why: expect.stringContaining('withholds') as string },
  ])
  const anyLeader = byzantine({ do: 'byzantine', nodes: [{ managerOf: 0 }], lies: ['time'] }, 'p4')
  expect([...bentIn({ ...scenario, events: [anyLeader] })]).toEqual([1, 2])
})
