// Four daemons on one machine, used by the command line alone: they meet through the first of them,
// are cut in two and healed, killed and started again, and must hold the same afterwards.
// Bounds are five times what is promised; the real figures are printed.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  TestNode,
  common,
  equal,
  linked,
  makeRoot,
  removeRoot,
  stopAll,
  until,
} from '../support/daemons.ts'

/** A heal takes 3 s at most. */
const HEAL_MS_MAX = 5 * 3_000
const MEET_MS_MAX = 30_000
const TEST_MS_MAX = 90_000

let root = ''
let nodes: TestNode[] = []
let group = ''
const [ada, bob, cyd, dee] = [0, 1, 2, 3].map((place) => () => nodes[place]!) as [
  () => TestNode,
  () => TestNode,
  () => TestNode,
  () => TestNode,
]

beforeAll(async () => {
  root = await makeRoot()
  nodes = ['ada', 'bob', 'cyd', 'dee'].map((name) => new TestNode(root, name))
  await Promise.all(nodes.map((node) => node.init()))
  await ada().start()
  await Promise.all(nodes.slice(1).map((node) => node.start('--peer', ada().address)))
  group = (await ada().run(['group', 'create', 'garden']))['group'] as string
  const { ticket } = await ada().run(['invite', 'garden', '--uses', '3'])
  await Promise.all(nodes.slice(1).map((node) => node.run(['join', '-'], `${String(ticket)}\n`)))
}, TEST_MS_MAX)

afterAll(async () => {
  await stopAll()
  await removeRoot(root)
})

async function say(node: TestNode, text: string): Promise<string> {
  return (await node.run(['send', 'garden', text]))['number'] as string
}

async function textsOf(node: TestNode): Promise<readonly (string | null)[]> {
  return (await node.read(group)).map((row) => row.text)
}

async function expectAlike(): Promise<void> {
  const reads = await Promise.all(nodes.map((node) => node.read(group)))
  for (const rows of reads) {
    expect(common(rows)).toEqual(common(reads[0]!))
    expect(rows.filter((row) => row.state !== 'ok')).toEqual([])
    expect(new Set(rows.map((row) => row.number)).size).toBe(rows.length)
  }
  for (const node of nodes) {
    expect(await node.group()).toMatchObject({ undecryptable: 0, pending: 0, equivocators: [] })
  }
}

describe('four daemons, the last three told of the first only', () => {
  test('link each to each and hold the same', { timeout: TEST_MS_MAX }, async () => {
    const linkMs = await until('all linked', MEET_MS_MAX, () => linked(nodes))
    const equalMs = await until('all equal', MEET_MS_MAX, () => equal(nodes))
    console.log(`joined: all linked after ${linkMs} ms more, equal after ${equalMs} ms more`)
    const { members } = await dee().run(['member', 'list', 'garden'])
    expect((members as { name: string }[]).map(({ name }) => name).sort()).toEqual([
      'ada',
      'bob',
      'cyd',
      'dee',
    ])
  })

  test(
    'cut in two by one side alone, both sides talk on; joined, all hold the same',
    {
      timeout: TEST_MS_MAX,
    },
    async () => {
      await say(ada(), 'before the split')
      await until('the text everywhere', HEAL_MS_MAX, () => equal(nodes))
      for (const node of [ada(), bob()]) {
        await node.run(['peer', 'block', 'cyd'])
        await node.run(['peer', 'block', dee().peerId])
      }
      await until('two sides of two', HEAL_MS_MAX, async () => {
        const groups = await Promise.all(nodes.map((node) => node.group()))
        return groups.every(({ reachable }) => reachable.length === 1)
      })
      expect((await ada().group()).state).toBe('partitioned')
      for (const node of nodes) await say(node, `${node.name} on its side`)
      await until('side one equal', HEAL_MS_MAX, () => equal([ada(), bob()]))
      await until('side two equal', HEAL_MS_MAX, () => equal([cyd(), dee()]))
      expect(await textsOf(bob())).toContain('ada on its side')
      expect(await textsOf(bob())).not.toContain('cyd on its side')
      expect(await textsOf(dee())).not.toContain('ada on its side')

      const healing = [ada(), bob()].map((node) => node.run(['peer', 'unblock', '--all']))
      const dataMs = await until('all equal', HEAL_MS_MAX, () => equal(nodes))
      await Promise.all(healing)
      const linkMs = await until('all linked', HEAL_MS_MAX, () => linked(nodes))
      console.log(`healed 2|2: equal ${dataMs} ms after the commands, all links ${linkMs} ms later`)
      expect((await textsOf(dee())).length).toBe(5)
      await expectAlike()
    },
  )

  test('a text that came over the heal is marked late, elsewhere only', async () => {
    const late = async (node: TestNode) =>
      (await node.read(group)).filter((row) => row.late).map((row) => row.name)
    const both = [...(await late(ada())), ...(await late(dee()))]
    expect(both.length).toBeGreaterThan(0)
    for (const name of await late(ada())) expect(['cyd', 'dee']).toContain(name)
    for (const name of await late(dee())) expect(['ada', 'bob']).toContain(name)
  })

  test.each([5, 60, 200])(
    'killed after %i acknowledged texts of a burst, a node lost none and uses no number twice',
    { timeout: TEST_MS_MAX },
    async (enough) => {
      const acknowledged = new Map<string, string>()
      let killing: Promise<void> | undefined
      const burst = Array.from({ length: 400 }, (_, place) => place)
      const sending = burst.map(async (place) => {
        const text = `burst ${enough} ${place}`
        const answer = await bob().post(`/v1/groups/${group}/messages`, { text })
        if (answer['ok'] === true) acknowledged.set(answer['number'] as string, text)
        if (acknowledged.size === enough) killing ??= bob().kill()
      })
      await Promise.allSettled(sending)
      expect(killing).toBeDefined()
      await killing
      expect(acknowledged.size).toBeLessThan(burst.length)
      await say(ada(), `said while bob was away ${enough}`)

      const startedMs = performance.now()
      await bob().start()
      const readyMs = Math.round(performance.now() - startedMs)
      const equalMs = await until('all equal', MEET_MS_MAX, () => equal(nodes))
      const next = await say(bob(), `back ${enough}`)
      acknowledged.set(next, `back ${enough}`)
      await until('all equal again', MEET_MS_MAX, () => equal(nodes))
      const held = new Map((await bob().read(group)).map((row) => [row.number, row.text]))
      const lost = [...acknowledged].filter(([number, text]) => held.get(number) !== text)
      expect(lost).toEqual([])
      const counters = [...acknowledged.keys()].map((number) => Number(number.split(':')[1]))
      expect(Math.max(...counters)).toBe(Number(next.split(':')[1]))
      await expectAlike()
      const count = acknowledged.size - 1
      console.log(
        `killed with ${count} acknowledged: ready after ${readyMs} ms, equal ${equalMs} ms later`,
      )
    },
  )

  test(
    'killed outright it leaves its lock behind, which holds nobody back and nothing held',
    { timeout: TEST_MS_MAX },
    async () => {
      const lock = join(bob().home, 'LOCK')
      // While it lives the lock does its work.
      const second = await bob().try(['daemon'])
      expect([second.code, second.rows[0]?.error?.code]).toEqual([7, 'DATA_DIR_LOCKED'])
      for (let time = 0; time < 3; time++) {
        await bob().kill()
        expect(existsSync(lock)).toBe(true)
        await bob().start()
        // A crash is no restored backup: nothing waits for the word of another member.
        expect(await bob().group()).toMatchObject({ recovery: null, held: 0 })
        const sent = await bob().run(['send', 'garden', `up again ${time}`])
        expect(sent).toMatchObject({ state: 'stored', number: expect.stringMatching(/:[0-9]+$/) })
      }
      await bob().stop()
      expect(existsSync(lock)).toBe(false)
      await bob().start()
      await until('all equal', MEET_MS_MAX, () => equal(nodes))
      await expectAlike()
    },
  )

  test(
    'a node that was off during everything catches up from any one member',
    {
      timeout: TEST_MS_MAX,
    },
    async () => {
      await dee().stop()
      for (const node of [ada(), bob(), cyd()]) await say(node, `${node.name}, dee is off`)
      await until('the others equal', HEAL_MS_MAX, () => equal([ada(), bob(), cyd()]))
      await ada().stop()
      await bob().stop()
      await dee().start()
      const ms = await until('dee equal to cyd', MEET_MS_MAX, () => equal([cyd(), dee()]))
      console.log(`off during everything: equal to the one member that is up after ${ms} ms`)
      expect(await textsOf(dee())).toContain('ada, dee is off')
      await ada().start()
      await bob().start()
      await until('all equal', MEET_MS_MAX, () => equal(nodes))
      await expectAlike()
    },
  )

  test(
    'two that can never connect to each other converge through a third',
    {
      timeout: TEST_MS_MAX,
    },
    async () => {
      await bob().run(['peer', 'block', cyd().peerId])
      await cyd().run(['peer', 'block', bob().peerId])
      await dee().stop()
      await say(bob(), 'by way of ada')
      await say(cyd(), 'by way of ada, too')
      const three = [ada(), bob(), cyd()]
      const ms = await until('all three equal', HEAL_MS_MAX, () => equal(three))
      console.log(`through a third: equal after ${ms} ms`)
      expect(await textsOf(cyd())).toContain('by way of ada')
      expect(await textsOf(bob())).toContain('by way of ada, too')
      const { peers } = await bob().run(['peer', 'list'])
      expect(peers).toContainEqual(
        expect.objectContaining({ peerId: cyd().peerId, blocked: true, state: 'blocked' }),
      )
      await dee().start()
      await until('all four equal', MEET_MS_MAX, () => equal(nodes))
      await expectAlike()
    },
  )

  test('a cut survives a restart of who made it', { timeout: TEST_MS_MAX }, async () => {
    await bob().stop()
    await bob().start()
    await until('bob back', MEET_MS_MAX, async () => (await bob().group()).reachable.length === 2)
    const { peers } = await bob().run(['peer', 'list'])
    expect(peers).toContainEqual(
      expect.objectContaining({ peerId: cyd().peerId, blocked: true, state: 'blocked' }),
    )
  })
})
