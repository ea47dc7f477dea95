// Nodes in one process keep what all engines promise, and what is theirs alone: their dials go through the
// link shaper, a crash is heard at once, and nothing of them stays in this process.

import net from 'node:net'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'

import { marked, openWay } from '../../src/lab/engine/inproc/dials.ts'
import { inproc } from '../../src/lab/engine/inproc/inproc.ts'
import { withNodes } from '../../src/lab/engine/inproc/nodes.ts'
import { sim } from '../../src/lab/engine/sim/sim.ts'
import { prepare } from '../../src/lab/run/prepare.ts'
import type { TraceEvent } from '../../src/lab/trace/event.ts'
import { Hand } from '../../src/lab/world/hand.ts'
import { leftovers } from '../support/leftovers.ts'
import { agreement, engineContract, measured, runText, splitOfFour } from './engine.contract.ts'

const dial = net.connect
/** What is open in this process beside the pipes to whoever runs the tests. */
const open = () => resources().filter((name) => name.startsWith('TCP'))
const timers = () => resources().filter((name) => name === 'Timeout').length
const resources = () => process.getActiveResourcesInfo()

engineContract({
  engine: inproc,
  leftovers: () => [...leftovers(), ...open(), ...(net.connect === dial ? [] : ['the way'])],
})

test('they tell what the simulator tells', async () => {
  const { result } = await runText(sim, splitOfFour)
  expect([...measured.keys()]).toEqual(['inproc'])
  agreement(result.metrics, ['inproc'])
})

test('a crash ends connections at once, keeps what was written, and comes back', async () => {
  const text = splitOfFour
    .replace(/\{ at: 2s.*\}/, '{ at: 2s, id: p1, do: crash, target: 1, for: 3s }')
    .replace('duration: 10s', 'duration: 6s')
    .replace(/expect:[^]*/, '')
    .replace(/ {2}- \{ kind: rekey.*\n/, '')
  const timersBefore = timers()
  const { result, trace } = await runText(inproc, text)
  const states = trace.flatMap((event) => (event.k === 'fault' ? [event.state] : []))
  expect(states).toEqual(['requested', 'verified', 'off'])
  const lives = trace.flatMap((event) => (event.k === 'life' && event.n === 1 ? [event.up] : []))
  expect(lives).toEqual([true, false, true])
  expect(trace.filter((event) => event.k === 'forgot')).toEqual([])
  expect(result.metrics['after-p1']).toMatchObject({
    converged: 1,
    lost: 0,
    undecryptable: 0,
  })
  expect(result.verdict).toBe('pass')
  expect([...leftovers(), ...open()]).toEqual([])
  // Patience that nobody needs any more ends by itself, soon.
  for (let turn = 0; turn < 10 && timers() > timersBefore; turn++) await sleep(500)
  expect(timers()).toBeLessThanOrEqual(timersBefore)
}, 60_000)

const liars = `lab: 1
name: liars
title: Four members of eight lie at once, each in its own ways
group: { nodes: 8, labels: { honest: "1..4" }, roles: { manager: "0", leaders: "0,2,4" } }
network: { link: { latency: 10ms } }
protocols: [{ use: coterie }]
workload: [{ kind: chat, who: "label:honest,5", perNodePerMinute: 90 }]
schedule:
  - { at: 500ms, id: p1, do: byzantine, target: 0, lies: [replay, time, forge], for: 14s }
  - { at: 500ms, id: p2, do: byzantine, target: 6, lies: [selective, stale], for: 14s }
  - { at: 500ms, id: p3, do: byzantine, target: 7, lies: [withhold], for: 14s }
  - { at: 500ms, id: p4, do: byzantine, target: 5, lies: [equivocate], for: 14s }
run: { duration: 16s, quiesce: 20s }
real: { quiesce: 20s }
expect: [{ phase: after-p4, that: "converged && lost == 0 && undecryptable == 0" }]
`

const statesOf = (trace: readonly TraceEvent[], id: string) =>
  trace.flatMap((event) => (event.k === 'fault' && event.id === id ? [event.state] : []))

test('every lie is told by a real node, seen from outside and over again; the honest agree', async () => {
  const { result, trace } = await runText(inproc, liars)
  for (const id of ['p1', 'p2', 'p3', 'p4']) {
    expect([id, ...statesOf(trace, id)]).toEqual([id, 'requested', 'verified', 'off'])
  }
  const proofs = trace.flatMap((event) => (event.k === 'proof' ? [event.against] : []))
  expect(new Set(proofs)).toEqual(new Set([5]))
  expect(result.checks.filter(({ held }) => held === 'false')).toEqual([])
  expect(result.metrics['after-p4']).toMatchObject({ converged: 1, lost: 0, undecryptable: 0 })
  expect(result.verdict).toBe('pass')
  expect([...leftovers(), ...open()]).toEqual([])
}, 150_000)

test('a node that does not lie after all is not seen to', async () => {
  const begin = vi.spyOn(Hand.prototype, 'begin').mockReturnValue()
  try {
    const text = liars
      .replace('nodes: 8', 'nodes: 5')
      .replace('"1..4"', '"1..3"')
      .replace('honest,5', 'honest')
      .replace('"0,2,4"', '"0,2"')
      .replaceAll(/ {2}- .*id: p[34].*\n/g, '')
      .replace('target: 6, lies: [selective', 'target: 4, lies: [withhold')
      .replaceAll(/for: [0-9]+s/g, 'for: 4s')
      .replace('duration: 16s', 'duration: 5s')
      .replace(/expect:.*/, '')
    const { result, trace } = await runText(inproc, text)
    expect(begin).toHaveBeenCalledTimes(2)
    for (const id of ['p1', 'p2']) {
      expect([id, ...statesOf(trace, id)]).toEqual([id, 'requested', 'unverified', 'off'])
    }
    expect(result.engine.notes).toEqual([
      'node 0 was not seen to lie: replay, time, forge',
      'node 4 was not seen to lie: withhold, stale',
    ])
    expect(result.checks.find(({ id }) => id === 'C13')).toMatchObject({ held: 'unknown' })
    expect(result.verdict).toBe('unknown')
  } finally {
    begin.mockRestore()
  }
}, 60_000)

test('a kill takes the connections first, a stop does not; who answers is not gone', async () => {
  const told: string[] = []
  const options = {
    count: 1,
    signal: new AbortController().signal,
    through: 1,
    onListen: (node: number) => void told.push(`listens ${node}`),
    onKill: (node: number) => void told.push(`dropped ${node}`),
  }
  await withNodes(options, async (nodes) => {
    expect(nodes.isGone(0)).toBe(false)
    const { peerId } = nodes.member(0)
    await nodes.end(0, 'stop')
    expect(nodes.isGone(0)).toBe(true)
    expect(told).toEqual(['listens 0'])
    await nodes.restart(0)
    expect(nodes.isGone(0)).toBe(false)
    expect(nodes.member(0).peerId).toBe(peerId)
    const ended = nodes.end(0, 'kill')
    expect(told).toEqual(['listens 0', 'listens 0', 'dropped 0'])
    await ended
    expect(nodes.isGone(0)).toBe(true)
    expect(nodes.signal.aborted).toBe(false)
  })
  expect(leftovers()).toEqual([])
}, 30_000)

test('one that does not end as it should keeps none of the others, and nothing stays', async () => {
  const options = {
    count: 2,
    signal: new AbortController().signal,
    through: 1,
    onListen: () => undefined,
    onKill: () => undefined,
  }
  const failing = withNodes(options, (nodes) => {
    const first = nodes.member(0) as ReturnType<typeof nodes.member> & {
      stop: () => Promise<void>
    }
    const { stop } = first
    first.stop = async () => {
      await stop()
      throw new Error('it would not end')
    }
    return Promise.resolve()
  })
  await expect(failing).rejects.toThrow('it would not end')
  expect([...leftovers(), ...open()]).toEqual([])
  expect(net.connect).toBe(dial)
}, 30_000)

test('what one process cannot do is refused by name, and so are too many nodes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lab-inproc-'))
  const refusal = async (text: string) => {
    const file = join(folder, 'scenario.yaml')
    writeFileSync(file, text)
    return prepare(file, { engine: 'inproc' }).then(String, String)
  }
  try {
    const fault = (words: string) => splitOfFour.replace(/\{ at: 2s.*\}/, `{ at: 2s, ${words} }`)
    expect(await refusal(fault('id: p1, do: crash, target: 1, unsynced: lose, for: 5s'))).toContain(
      'cannot do lose: a node in this process is closed in order',
    )
    expect(await refusal(fault('id: p1, do: pause, target: 1, for: 5s'))).toContain(
      'cannot do pause: nodes in one process stand still together',
    )
    expect(await refusal(splitOfFour.replace('nodes: 4', 'nodes: 9'))).toMatch(/nodes/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a marked dial goes through the shaper, any other where it went before', async () => {
  const heard: string[] = []
  const listen = (name: string) =>
    new Promise<net.Server>((resolve) => {
      const server = net.createServer((socket) => {
        socket.once('data', (bytes) => {
          heard.push(`${name}: ${bytes.toString().trim()}`)
          socket.end()
        })
      })
      server.listen(0, '127.0.0.1', () => resolve(server))
    })
  const servers = [await listen('shaper'), await listen('node')]
  const [shaper = 0, node = 0] = servers.map((server) => (server.address() as net.AddressInfo).port)
  const [close, closeToo] = [openWay(), openWay()]
  const said = (options: object) =>
    new Promise<void>((resolve) => {
      const socket = net.connect({ host: '127.0.0.1', port: node, ...options })
      socket.end('me')
      socket.resume().once('close', () => resolve())
    })
  try {
    await said(marked(3, shaper))
    close()
    // Somebody else still needs the way.
    await said(marked(2, shaper))
    await said({})
    expect(heard).toEqual([
      expect.stringMatching(`^shaper: 3 ${node} *`),
      expect.stringMatching(`^shaper: 2 ${node} *`),
      'node: me',
    ])
  } finally {
    closeToo()
    servers.forEach((server) => server.close())
  }
  expect(net.connect).toBe(dial)
})
