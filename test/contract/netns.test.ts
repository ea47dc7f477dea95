// The engine of namespaces keeps the promises of all engines; its links are as they are set for each way of
// cutting packets and each kind of rights that this machine has; and nothing of it outlives its owner. What
// cannot run here is skipped with the reason, and the last line says how many ran.

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { agentProgram } from '../../src/lab/engine/netns/agent-handle.ts'
import { findAble } from '../../src/lab/engine/netns/able.ts'
import { netns } from '../../src/lab/engine/netns/netns.ts'
import { ownerTag, sweep } from '../../src/lab/engine/real/sweep.ts'
import { apart, run } from '../../src/lab/engine/netns/tools.ts'
import { type Yard, openYard } from '../../src/lab/engine/netns/yard.ts'
import { sim } from '../../src/lab/engine/sim/sim.ts'
import { prepare } from '../../src/lab/run/prepare.ts'
import { type LinkMatrix, LinkTable } from '../../src/lab/world/links.ts'
import { leftovers } from '../support/leftovers.ts'
import {
  agreement,
  engineContract,
  processContract,
  runText,
  splitOfFour,
} from './engine.contract.ts'

const found = await findAble()
const missing = 'reason' in found ? found.reason : undefined
const ran = { yes: 0, no: 0 }

beforeEach((context) => {
  ran.no += 1
  if (missing !== undefined) context.skip(missing)
})

/** A test that came so far was not skipped. */
function runs(): void {
  ran.no -= 1
  ran.yes += 1
}

afterAll(() => {
  const why = ran.no === 0 ? '' : `: ${missing ?? 'see each test'}`
  process.stderr.write(`netns: ran ${ran.yes}, skipped ${ran.no}${why}\n`)
})

engineContract({ engine: netns, missing, leftovers, onRun: runs })

processContract({ engine: netns, missing, leftovers, onRun: runs })

test('namespaces tell what the simulator tells', async () => {
  runs()
  const { result } = await runText(sim, splitOfFour)
  agreement(result.metrics, ['netns'])
})

test('one home is not lived in twice: that lie is refused by name', async () => {
  runs()
  const folder = mkdtempSync(join(tmpdir(), 'lab-netns-'))
  try {
    const file = join(folder, 'scenario.yaml')
    const fault = '{ at: 2s, id: p1, do: byzantine, target: 1, lies: [time, equivocate], for: 5s }'
    writeFileSync(file, splitOfFour.replace(/\{ at: 2s.*\}/, fault))
    const said = await prepare(file, { engine: 'netns' }).then(String, String)
    expect(said).toContain('cannot do equivocate: a second daemon')
    expect(said).not.toContain('cannot do time')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

const nodes = 3
const table = (matrix: LinkMatrix) => new LinkTable(nodes, { base: { delayMs: 5 }, ...matrix })
const parted = (cut: 'blackhole' | 'reset' | 'hold' | 'no-new', direction?: 'forward') =>
  table({
    split: { sides: [[0, 1], [2]], cut, ...(direction === undefined ? {} : { direction }) },
  })

describe.each([
  ['root', 'neighbours'],
  ['root', 'nft'],
  ['user', 'neighbours'],
  ['user', 'nft'],
  ['root', 'ports'],
  ['user', 'ports'],
] as const)('links of namespaces, as %s, by %s', (rights, cuts) => {
  let yard: Yard | undefined

  beforeEach(async (context) => {
    const able = 'able' in found ? found.able : undefined
    if (able?.cuts.includes(cuts) === false) context.skip(`there is no ${cuts} here`)
    const { problem } = await run([...apart(rights), 'true'])
    if (problem !== '') context.skip(`not as ${rights}: ${problem}`)
    runs()
    yard = await openYard({
      nodes,
      seed: 'one',
      rights,
      cuts,
      onPassed: () => undefined,
      onDeath: (error) => expect.unreachable(error.message),
    })
  })

  afterEach(async () => {
    await yard?.close()
    yard = undefined
    expect(leftovers()).toEqual([])
  })

  test('are as they are set, by a look that asks no node, and the look finds what is not', async () => {
    const open = table({})
    const slow = table({ rules: [{ from: 0, to: 2, link: { delayMs: 150 } }] })
    const [cut, oneWay] = [parted('blackhole'), parted('blackhole', 'forward')]
    const alone = table({ split: { sides: [[0], [1], [2]], cut: 'blackhole' } })
    const bridge = table({
      split: {
        sides: [
          [0, 1],
          [1, 2],
        ],
        cut: 'blackhole',
      },
    })
    const others = [open, cut, oneWay, bridge, parted('reset'), parted('no-new'), slow, open]
    for (const links of cuts === 'ports' ? [open, cut, alone, cut, slow, open] : others) {
      await yard?.set(links)
      expect(await yard?.look(links)).toEqual([])
    }
    if (cuts === 'ports') {
      for (const links of [oneWay, bridge]) {
        await expect(yard?.set(links)).rejects.toThrow(
          'part whole sides from each other, both ways',
        )
      }
    }
    // Nothing was set: each pair that should be cut is named, by its packets and by its echo.
    const pairs = ['0>2', '1>2', '2>0', '2>1']
    expect((await yard?.look(cut))?.filter((pair) => !pair.includes('packets'))).toEqual(pairs)
    expect((await yard?.look(cut))?.filter((pair) => pair.includes('packets'))).toHaveLength(4)
    const packets = ['0>2 (packets)', '1>2 (packets)']
    expect((await yard?.look(oneWay))?.filter((pair) => pair.includes('packets'))).toEqual(packets)
    expect(await yard?.look(slow)).toEqual(['0>2', '2>0'])
  }, 30_000)
})

test('the network of this process is not entered', async () => {
  runs()
  const before = await run(['ip', '-o', 'link'])
  const yard = await openYard({
    nodes: 2,
    seed: 'one',
    rights: 'able' in found ? found.able.rights : 'root',
    cuts: 'neighbours',
    onPassed: () => undefined,
    onDeath: (error) => expect.unreachable(error.message),
  })
  try {
    const during = await run(['ip', '-o', 'link'])
    expect(namesIn(during.output)).toEqual(namesIn(before.output))
    const networks = [[], yard.inside(0), yard.inside(1)].map(async (inside) => {
      return (await run([...inside, 'readlink', '/proc/self/ns/net'])).output.trim()
    })
    const [own, ...others] = await Promise.all(networks)
    expect(own).toBe(readlinkSync('/proc/self/ns/net'))
    expect(new Set([own, ...others]).size).toBe(3)
  } finally {
    await yard.close()
  }
})

test('what outlives its owner is swept, and what has an owner is not', async () => {
  runs()
  const folder = join(tmpdir(), 'coterie-lab-999999999-swept')
  mkdirSync(folder)
  const setup = JSON.stringify({ node: 0, nodes: 1, seed: 'one' })
  const start = (tag: string) => spawn(process.execPath, [agentProgram, setup, tag])
  // The second had an owner of our number before us.
  const orphans = [start('coterie-lab-owner=999999999:1'), start(`${ownerTag()}0`)]
  const kept = start(ownerTag())
  try {
    await Promise.all([...orphans, kept].map(said))
    const gone = orphans.map((orphan) => new Promise((resolve) => orphan.once('close', resolve)))
    const swept = sweep()
    expect(swept).toEqual(expect.arrayContaining(orphans.map(({ pid }) => String(pid))))
    expect(swept).not.toContain(String(kept.pid))
    expect(existsSync(folder)).toBe(false)
    await Promise.all(gone)
    expect(kept.exitCode).toBeNull()
    expect(kept.signalCode).toBeNull()
  } finally {
    for (const child of [...orphans, kept]) child.kill('SIGKILL')
  }
})

test('a way to cut can be named, and what it cannot do is refused by name', async () => {
  runs()
  const refusal = (scenario: string) => prepare(scenario, { engine: 'netns' }).then(String, String)
  try {
    vi.stubEnv('COTERIE_LAB_CUTS', 'ports')
    for (const scenario of ['one-way', 'bridge']) {
      expect(await refusal(scenario)).toMatch(
        /cannot do blackhole as it is here: bridge ports part whole sides/,
      )
    }
    // Whoever the manager is, and sides of any number.
    for (const scenario of ['manager-in-minority', 'swizzle', 'calm-and-slow']) {
      const { materialised, capabilities } = await prepare(scenario, { engine: 'netns' })
      expect(capabilities.unfit?.(materialised)).toEqual([])
    }
    vi.stubEnv('COTERIE_LAB_CUTS', 'scissors')
    expect(await refusal('one-way')).toContain(
      'COTERIE_LAB_CUTS is "scissors" and none of nft, neighbours, ports',
    )
    vi.stubEnv('COTERIE_LAB_CUTS', '')
    expect((await prepare('one-way', { engine: 'netns' })).capabilities.missing).toBeUndefined()
  } finally {
    vi.unstubAllEnvs()
  }
})

test('an engine that cannot run here is refused with the reason', async () => {
  runs()
  const able = await netns.capabilities()
  expect(able.missing).toBeUndefined()
  const reason = 'there is no ip command here'
  const asked = vi.spyOn(netns, 'capabilities').mockResolvedValue({ ...able, missing: reason })
  try {
    await expect(prepare('manager-in-minority', { engine: 'netns' })).rejects.toThrow(
      `the engine netns cannot run here: ${reason}`,
    )
  } finally {
    asked.mockRestore()
  }
})

const namesIn = (text: string): string[] =>
  text.split('\n').map((line) => line.split(':')[1]?.trim() ?? '')

const said = (child: ChildProcess) => new Promise((resolve) => child.stdout?.once('data', resolve))
