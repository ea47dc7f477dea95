// Faults on real nodes count when the probe found them, and only then; what nodes themselves tell of a
// cut that they should not have got through is told as a leak.

import { expect, test, vi } from 'vitest'

import { RealFaults } from '../../../../src/lab/engine/real/faults.ts'
import type { Mesh } from '../../../../src/lab/engine/real/mesh.ts'
import { disagreements } from '../../../../src/lab/engine/real/probe.ts'
import type { Witness } from '../../../../src/lab/engine/real/witness.ts'
import type { FaultEvent, NetworkPlan } from '../../../../src/lab/scenario/materialised.ts'
import type { Fact } from '../../../../src/lab/trace/event.ts'
import { LinkTable } from '../../../../src/lab/world/links.ts'

const network: NetworkPlan = {
  delayMs: 0,
  jitterMs: 0,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  absent: [],
  between: [],
}

const split: FaultEvent = {
  kind: 'fault',
  atMs: 0,
  id: 'p1',
  part: 0,
  fault: { do: 'split', sides: [[0], [1]], rest: false, mode: 'blackhole', direction: 'both' },
}

const pause: FaultEvent = { ...split, fault: { do: 'pause', nodes: [1] } }
const slow: FaultEvent = { ...split, part: 1, fault: { do: 'slow', nodes: [1], factor: 10 } }

/** @param obeys whether its links and nodes do what they are told @param then with the faults in force */
async function faultsOf(
  obeys: boolean,
  then: (faults: RealFaults) => void | Promise<void> = () => undefined,
  events: readonly FaultEvent[] = [split],
): Promise<Fact[]> {
  let links = new LinkTable(2)
  const told: Fact[] = []
  const speeds = [1, 1]
  const mesh: Mesh = {
    nodes: 2,
    signal: new AbortController().signal,
    member: () => expect.unreachable(),
    end: () => Promise.resolve(),
    isGone: () => false,
    setLinks(next) {
      if (obeys) links = next
      return Promise.resolve()
    },
    look: (meant) => {
      const echoes = [0, 1, 2, 3].map((pair) => (cut(links, pair) ? undefined : 1))
      return Promise.resolve(disagreements(echoes, meant, 2))
    },
    restart: () => Promise.resolve(),
    pacing: {
      set(node, speed) {
        if (obeys) speeds[node] = speed
        return Promise.resolve()
      },
      look: (node, speed) => Promise.resolve(speeds[node] === speed),
    },
    faces: {
      open: () => Promise.resolve(),
      close: () => Promise.resolve(),
      second: () => undefined,
      look: () => Promise.resolve(obeys),
    },
    passed: () => undefined,
    steps: 0,
  }
  const faults = new RealFaults({
    mesh,
    witness: {
      ask: () => undefined,
      deafen: () => undefined,
      restarted: () => Promise.resolve(),
    } as unknown as Witness,
    network,
    resolve: (ref) => Number(ref),
    tell: (_, fact) => void told.push(fact),
    tellAll: (facts) => void told.push(...facts.map(([, fact]) => fact)),
  })
  await faults.begin()
  for (const event of events) await faults.happen(event)
  await faults.looked()
  await then(faults)
  return told
}

const cut = (links: LinkTable, pair: number): boolean =>
  links.link(Math.floor(pair / 2), pair % 2).cut !== 'none'

const statesOf = (facts: readonly Fact[]): string[] =>
  facts.flatMap((fact) => (fact.k === 'fault' ? [fact.state] : []))

test('a fault that the probe finds is verified', async () => {
  expect(statesOf(await faultsOf(true))).toEqual(['requested', 'verified'])
})

test('a fault that never came about is unverified', async () => {
  expect(statesOf(await faultsOf(false))).toEqual(['requested', 'unverified'])
})

test('what a node heard over a cut is a leak, unless it may have come before', async () => {
  const clock = vi.spyOn(performance, 'now')
  const startMs = 1_000_000
  clock.mockReturnValue(startMs)
  const leaksOf = async (afterMs: number, withinMs?: number) => {
    clock.mockReturnValue(startMs)
    const facts = await faultsOf(true, (faults) => {
      clock.mockReturnValue(startMs + afterMs)
      faults.heardFrom(1, 0, withinMs)
    })
    return facts.filter(({ k }) => k === 'leak')
  }
  try {
    expect(await leaksOf(4_000)).toEqual([{ k: 'leak', from: 0 }])
    expect(await leaksOf(4_000, 2_000)).toHaveLength(1)
    // News may be a second late, and a session that began before the cut ends in it.
    expect(await leaksOf(1_000)).toEqual([])
    expect(await leaksOf(4_000, 3_000)).toEqual([])
  } finally {
    clock.mockRestore()
  }
})

test('who stands still is slow only once that is over, and goes on as it can after both', async () => {
  const both = [pause, slow]
  const told = await faultsOf(
    true,
    async (faults) => {
      expect([faults.isUp(1), faults.isAnswering(1), faults.isAnswering(0)]).toEqual([
        true,
        false,
        true,
      ])
      for (const { fault: _, ...over } of both) {
        expect(faults.isAnswering(1)).toBe(false)
        await faults.happen(over)
      }
      expect(faults.isAnswering(1)).toBe(true)
    },
    both,
  )
  expect(statesOf(told)).toEqual(['requested', 'verified', 'requested', 'verified', 'off', 'off'])
  expect(statesOf(await faultsOf(false, undefined, both))).toEqual([
    'requested',
    'unverified',
    'requested',
    'unverified',
  ])
})

test('who is to lie is named in the trace, and lies only once its faces are found apart', async () => {
  const lie: FaultEvent = {
    ...split,
    fault: { do: 'byzantine', nodes: [1], lies: ['equivocate'] },
  }
  const told = await faultsOf(true, (faults) => expect([...faults.liars]).toEqual([1]), [lie])
  expect(statesOf(told)).toEqual(['requested', 'verified'])
  expect(told.find(({ k }) => k === 'fault')).toMatchObject({ lies: ['equivocate'], nodes: [[1]] })
  expect(statesOf(await faultsOf(false, undefined, [lie]))).toEqual(['requested', 'unverified'])
})

test('who stood still during a cut may tell late of what came before it', async () => {
  const clock = vi.spyOn(performance, 'now')
  let nowMs = 1_000_000
  clock.mockImplementation(() => nowMs)
  try {
    const told = await faultsOf(
      true,
      async (faults) => {
        const tell = (afterMs: number) => {
          nowMs += afterMs
          faults.heardFrom(1, 0)
        }
        tell(4_000)
        const { fault: _, ...over } = pause
        await faults.happen({ ...over, part: 2 })
        tell(100)
        tell(2_000)
      },
      [split, { ...pause, part: 2 }],
    )
    expect(told.filter(({ k }) => k === 'leak')).toHaveLength(1)
  } finally {
    clock.mockRestore()
  }
})
