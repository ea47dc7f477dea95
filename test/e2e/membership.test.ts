// Seven daemons with two leaders, cut in two more than once: people leave, are removed on both sides,
// keys are rotated on both sides, and after each heal there is one membership and one epoch head.
// Bounds are five times what is promised.

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

const MEET_MS_MAX = 30_000
/** A heal, then five quiet seconds, a slot and some luck until one leader merges. */
const MERGE_MS_MAX = 5 * 15_000
const TEST_MS_MAX = 180_000

const names = ['ada', 'bob', 'cyd', 'dee', 'eli', 'fay', 'gus'] as const
type Name = (typeof names)[number]

let root = ''
let nodes: Record<Name, TestNode>
let group = ''
const members = new Map<string, Name>()

const all = (...some: Name[]): TestNode[] => some.map((name) => nodes[name])

beforeAll(async () => {
  root = await makeRoot()
  nodes = Object.fromEntries(names.map((name) => [name, new TestNode(root, name)])) as typeof nodes
  const everybody = all(...names)
  await Promise.all(everybody.map((node) => node.init()))
  await nodes.ada.start('--no-dht')
  const peer = ['--no-dht', '--peer', nodes.ada.address]
  await Promise.all(everybody.slice(1).map((node) => node.start(...peer)))
  const { card } = await nodes.bob.run(['card'])
  const created = await nodes.ada.run(['group', 'create', 'garden', '--leader', String(card)])
  group = created['group'] as string
  const { ticket } = await nodes.ada.run(['invite', 'garden', '--uses', '6'])
  await Promise.all(
    everybody.slice(1).map((node) => node.run(['join', '-', '--wait', '60s'], String(ticket))),
  )
  await until('all linked', MEET_MS_MAX, () => linked(everybody))
  await until('all equal', MEET_MS_MAX, () => equal(everybody))
  const listed = await nodes.ada.run(['member', 'list', 'garden'])
  for (const { member, name } of listed['members'] as { member: string; name: Name }[]) {
    members.set(member, name)
  }
}, TEST_MS_MAX)

afterAll(async () => {
  await stopAll()
  await removeRoot(root)
})

/** Cuts all links between sides and allows all others, at those who are up. */
async function cut(...sides: readonly (readonly Name[])[]): Promise<void> {
  const everybody = sides.flat()
  const ids = (some: readonly Name[]) => some.map((name) => nodes[name].peerId)
  const told = sides.flatMap((side) => side.map((name) => ({ name, side })))
  const change = (word: 'block' | 'unblock', whom: (side: readonly Name[]) => readonly Name[]) =>
    Promise.all(
      told
        .filter(({ side }) => whom(side).length > 0)
        .map(({ name, side }) => nodes[name].post(`/v1/peers/${word}`, { peers: ids(whom(side)) })),
    )
  await change('block', (side) => everybody.filter((name) => !side.includes(name)))
  await change('unblock', (side) => side)
  for (const side of sides) {
    const here = (own: Name) => side.filter((name) => name !== own && !gone.has(name)).length
    const apart = side
      .filter((name) => !gone.has(name))
      .map((name) => async () => (await nodes[name].group()).reachable.length === here(name))
    const name = side.join(' ')
    await until(`only ${name}`, MEET_MS_MAX, async () => {
      const held = await Promise.all(apart.map((look) => look()))
      return held.every((one) => one)
    })
  }
}

/** Those that nobody links to any more. */
const gone = new Set<Name>()

async function say(name: Name, text: string): Promise<{ state: string; number: string | null }> {
  return (await nodes[name].run(['send', 'garden', text])) as { state: string; number: string }
}

async function oneHead(some: readonly TestNode[]): Promise<boolean> {
  const groups = await Promise.all(some.map((node) => node.group()))
  const heads = new Set(groups.flatMap(({ epochHeads }) => epochHeads))
  return heads.size === 1 && groups.every(({ held, epochDue }) => held === 0 && epochDue === null)
}

async function merged(...some: Name[]): Promise<number> {
  const here = all(...some)
  const what = 'equal, under one epoch'
  return until(what, MERGE_MS_MAX, async () => (await oneHead(here)) && (await equal(here)))
}

/** What all of them show: the same texts in the same order, every one of them open, none lost. */
async function expectAlike(some: readonly Name[], texts: readonly string[]): Promise<void> {
  const reads = await Promise.all(all(...some).map((node) => node.read(group)))
  for (const rows of reads) {
    expect(common(rows)).toEqual(common(reads[0]!))
    expect(rows.filter(({ state }) => state !== 'ok')).toEqual([])
    expect(rows.map(({ text }) => text)).toEqual(expect.arrayContaining([...texts]))
  }
  for (const node of all(...some)) {
    expect(await node.group()).toMatchObject({ undecryptable: 0, pending: 0, equivocators: [] })
  }
}

/** Name and state of every member, as a node lists them. */
async function standings(name: Name): Promise<Record<string, string>> {
  const { members: listed } = await nodes[name].run(['member', 'list', 'garden'])
  const rows = listed as { name: string; state: string }[]
  return Object.fromEntries(rows.map((row) => [row.name, row.state]))
}

describe('a side without a leader', () => {
  test(
    'keeps talking, also after one of it left; the leaders re-key without who left',
    { timeout: TEST_MS_MAX },
    async () => {
      await cut(['ada', 'bob'], ['cyd', 'dee', 'eli', 'fay', 'gus'])
      expect((await nodes.cyd.group()).manager).toBeNull()
      expect(['ada', 'bob']).toContain((await nodes.ada.group()).managerName)
      await nodes.gus.run(['group', 'leave', 'garden', '--reason', 'moved away'])
      gone.add('gus')
      await until('gus left', MEET_MS_MAX, async () => (await standings('cyd')).gus === 'left')
      expect(await say('cyd', 'without gus')).toMatchObject({ state: 'stored' })
      expect(await say('dee', 'and without a leader')).toMatchObject({ state: 'stored' })
      await until('side equal', MEET_MS_MAX, () => equal(all('cyd', 'dee', 'eli', 'fay')))
      await expectAlike(['cyd', 'eli'], ['without gus', 'and without a leader'])
      expect(await nodes.ada.run(['rotate', 'garden'])).toMatchObject({ ok: true })
      expect((await nodes.bob.try(['send', 'garden', 'elsewhere'])).code).toBe(0)

      await cut(['ada', 'bob', 'cyd', 'dee', 'eli', 'fay'], ['gus'])
      const ms = await merged('ada', 'bob', 'cyd', 'dee', 'eli', 'fay')
      console.log(`one left in a split: one epoch without them ${ms} ms after the links`)
      const { lastEpoch } = await nodes.fay.group()
      expect(lastEpoch?.recipients).toBe(6)
      await expectAlike(
        ['ada', 'bob', 'cyd', 'dee', 'eli', 'fay'],
        ['without gus', 'and without a leader', 'elsewhere'],
      )
      const left = await nodes.gus.group()
      expect(left).toMatchObject({ selfState: 'left', state: 'healthy' })
      expect(left.why).toContain('left the group')
      const refused = await nodes.gus.try(['send', 'garden', 'still here?'])
      expect([refused.code, refused.rows[0]?.error?.code]).toEqual([5, 'NOT_A_MEMBER'])
      await nodes.gus.stop()
    },
  )
})

describe('two sides with a leader each', () => {
  const kept = ['ada', 'bob', 'cyd', 'dee'] as const

  test('each remove somebody and rotate, and talk on', { timeout: TEST_MS_MAX }, async () => {
    await cut(['ada', 'cyd'], ['bob', 'dee', 'eli', 'fay'])
    const away = [...members].find(([, name]) => name === 'bob')?.[0]
    const asked = await nodes.ada.run(['member', 'remove', 'garden', 'eli', '--dry-run'])
    expect(asked).toMatchObject({ number: null, unaskedLeaders: [away], askedLeaders: [] })
    const removed = await nodes.ada.run(['member', 'remove', 'garden', 'eli'])
    expect(removed).toMatchObject({ withdraws: 0, unaskedLeaders: [away], askedLeaders: [] })
    expect(removed['epoch']).toMatch(/^[0-9a-f]{64}$/)
    await nodes.bob.run(['rotate', 'garden'])
    await say('eli', 'in the hearing of bob')
    await until('heard', MEET_MS_MAX, () => equal(all('bob', 'dee', 'eli', 'fay')))
    await nodes.bob.run(['member', 'remove', 'garden', 'fay'])
    gone.add('fay')
    await nodes.ada.run(['rotate', 'garden'])
    const knows = (name: Name, whom: Name) =>
      until(`${name} knows`, MEET_MS_MAX, async () => (await standings(name))[whom] === 'removed')
    await Promise.all([knows('cyd', 'eli'), knows('dee', 'fay'), knows('fay', 'fay')])
    expect((await nodes.fay.group()).why).toContain('removed')
    await say('cyd', 'not for eli')
    await say('dee', 'not for fay')
    await until('sides equal', MEET_MS_MAX, async () =>
      [await equal(all('ada', 'cyd')), await equal(all('bob', 'dee'))].every((one) => one),
    )
    gone.add('eli')
    const twice = await nodes.ada.try(['member', 'remove', 'garden', 'eli'])
    expect([twice.code, twice.rows[0]?.error?.code]).toEqual([4, 'MEMBER_UNKNOWN'])
    for (const [name, words, code] of [
      ['cyd', ['member', 'remove', 'garden', 'dee'], 'NOT_A_LEADER'],
      ['cyd', ['rotate', 'garden'], 'NOT_A_LEADER'],
      ['ada', ['member', 'remove', 'garden', 'bob'], 'USAGE'],
      ['ada', ['member', 'why', 'garden', 'zoe'], 'MEMBER_UNKNOWN'],
    ] as const) {
      expect((await nodes[name].try([...words])).rows[0]?.error?.code).toBe(code)
    }
  })

  test(
    'their members meet without them: neither epoch will do, so texts are held',
    { timeout: TEST_MS_MAX },
    async () => {
      await cut(['ada'], ['bob'], ['cyd', 'dee'], ['eli'], ['fay'])
      await until('both removals known', MEET_MS_MAX, () => equal(all('cyd', 'dee')))
      expect(await say('cyd', 'first held')).toMatchObject({ state: 'held', number: null })
      expect(await say('cyd', 'second held')).toMatchObject({ state: 'held', number: null })
      const rows = (await nodes.cyd.try(['read', 'garden'])).rows
      expect(rows.slice(-2)).toMatchObject([
        { state: 'held', number: null, id: null, text: 'first held' },
        { state: 'held', number: null, id: null, text: 'second held' },
      ])
      expect(await nodes.cyd.group()).toMatchObject({ held: 2, epochDue: 'merge' })
    },
  )

  test(
    'joined: one epoch, one membership; held texts are sent, and the removed open nothing new',
    { timeout: TEST_MS_MAX },
    async () => {
      await cut(['ada', 'bob', 'cyd', 'dee', 'eli', 'fay'])
      const ms = await merged(...kept)
      console.log(`both sides removed and rotated: one epoch ${ms} ms after the links`)
      await say('bob', 'among four')
      await until('all four equal', MEET_MS_MAX, () => equal(all(...kept)))
      const texts = ['in the hearing of bob', 'not for eli', 'not for fay', 'among four']
      await expectAlike(kept, [...texts, 'first held', 'second held'])
      const expected = { ada: 'active', bob: 'active', cyd: 'active', dee: 'active' }
      const ends = { eli: 'removed', fay: 'removed', gus: 'left' }
      for (const name of kept) expect(await standings(name)).toEqual({ ...expected, ...ends })
      const opened = async (name: Name) =>
        (await nodes[name].read(group)).filter(({ state }) => state === 'ok').map((row) => row.text)
      const forbidden = ['not for eli', 'first held', 'second held', 'among four']
      const eli = await opened('eli')
      expect(eli).toContain('in the hearing of bob')
      expect(eli.filter((text) => forbidden.includes(text ?? ''))).toEqual([])
      const fay = await opened('fay')
      expect(
        fay.filter((text) => text === 'not for fay' || forbidden.includes(text ?? '')),
      ).toEqual([])
      const why = await nodes.dee.run(['member', 'why', 'garden', 'eli'])
      const causes = why['causes'] as { kind: string; name: string; holds: boolean }[]
      expect(causes.map(({ kind }) => kind)).toEqual(['add', 'join', 'remove'])
      expect(causes.at(-1)).toMatchObject({ name: 'ada', holds: true })
      expect(why).toMatchObject({ state: 'removed' })
      // An attestation of it may have been heard by nobody; its texts were.
      const rows = await nodes.dee.read(group)
      expect(rows.filter(({ state }) => state === 'withdrawn')).toEqual([])
    },
  )
})
