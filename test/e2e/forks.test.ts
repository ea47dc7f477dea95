// A daemon started twice, from a copied home, on the two sides of a split: every honest node catches it when
// the sides meet, what proves it goes into a file that a process without a home verifies, the group goes
// on, and the owner comes back as a new member. Bounds are many times what it takes on an idle machine.

import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Answer,
  TestNode,
  coterie,
  equal,
  linked,
  makeRoot,
  removeRoot,
  stopAll,
  until,
} from '../support/daemons.ts'

const WAIT_MS_MAX = 60_000
const TEST_MS_MAX = 180_000
const loopback = ['--listen', '/ip4/127.0.0.1/tcp/0', '--no-dht']

let root = ''
let ada: TestNode
let bob: TestNode
let cyd: TestNode
let copy: TestNode
let dee: TestNode
let proof = ''

const peersOf = (...nodes: TestNode[]): string[] => nodes.map((node) => node.peerId)

const block = (node: TestNode, ...others: TestNode[]) =>
  node.post('/v1/peers/block', { peers: peersOf(...others) })

const unblock = (node: TestNode, ...others: TestNode[]) =>
  node.post('/v1/peers/unblock', { peers: peersOf(...others) })

/** Whether each of them holds the text. */
async function heard(text: string, ...nodes: TestNode[]): Promise<boolean> {
  const reads = await Promise.all(nodes.map((node) => node.read('garden')))
  return reads.every((rows) => rows.some((row) => row.text === text))
}

async function say(node: TestNode, text: string): Promise<Answer> {
  return node.run(['send', 'garden', text])
}

beforeAll(async () => {
  root = await makeRoot()
  const made = ['ada', 'bob', 'cyd', 'dee', 'copy'].map((name) => new TestNode(root, name))
  ;[ada, bob, cyd, dee, copy] = made as [TestNode, TestNode, TestNode, TestNode, TestNode]
  await Promise.all([ada, bob, cyd, dee].map((node) => node.init()))
  await ada.start(...loopback)
  const peer = [...loopback, '--peer', ada.address]
  await Promise.all([bob, cyd, dee].map((node) => node.start(...peer)))
  const { card } = await bob.run(['card'])
  await ada.run(['group', 'create', 'garden', '--leader', String(card)])
  const { ticket } = await ada.run(['invite', 'garden', '--uses', '3'])
  for (const node of [bob, cyd, dee]) {
    await node.run(['join', '-', '--wait', '60s'], String(ticket))
  }
  const everybody = [ada, bob, cyd, dee]
  await until('all linked', WAIT_MS_MAX, () => linked(everybody))
  await say(cyd, 'before')
  await until('all equal', WAIT_MS_MAX, () => equal(everybody))
  // Cut off from everybody before it is copied, so that neither of the two meets the wrong side.
  await block(cyd, ada, bob, dee)
  await cyd.stop()
  await cp(cyd.home, copy.home, { recursive: true })
  await rm(join(copy.home, 'LOCK'), { force: true })
  await Promise.all([block(ada, bob, dee), block(bob, ada), block(dee, ada)])
}, TEST_MS_MAX)

afterAll(async () => {
  await stopAll()
  await removeRoot(root)
})

describe('a home that was copied', () => {
  test('runs on both sides of a split, and says two things', { timeout: TEST_MS_MAX }, async () => {
    await cyd.start(...loopback)
    // It lies elsewhere than it did: it holds its tongue, also over a restart, until told otherwise.
    for (const flags of [[], [], ['--restored']]) {
      await copy.start(...loopback, ...flags)
      expect(await copy.group()).toMatchObject({ recovery: 'held', state: 'alone' })
      await copy.stop()
    }
    await copy.start(...loopback)
    expect(await say(copy, 'from a copy')).toMatchObject({ state: 'held', number: null })
    await copy.stop()
    await copy.start(...loopback, '--alone')
    expect(await cyd.group()).toMatchObject({ recovery: null })
    expect(await copy.group()).toMatchObject({ recovery: null })
    await unblock(cyd, ada)
    await unblock(copy, bob, dee)
    const [left, right] = await Promise.all([say(cyd, 'to ada'), say(copy, 'to bob and dee')])

    expect([left['state'], right['state']]).toEqual(['stored', 'stored'])
    expect(left['id']).not.toBe(right['id'])
    await until('ada heard', WAIT_MS_MAX, () => heard('to ada', ada))
    await until('bob, dee heard', WAIT_MS_MAX, () => heard('to bob and dee', bob, dee))
    for (const node of [ada, bob, dee]) {
      expect(await node.group()).toMatchObject({ equivocators: [] })
    }
  })

  test('is caught by every honest node when they meet', { timeout: TEST_MS_MAX }, async () => {
    await Promise.all([unblock(ada, bob, dee), unblock(bob, ada), unblock(dee, ada)])
    const honest = [ada, bob, dee]
    await until('all forked', WAIT_MS_MAX, async () => {
      const groups = await Promise.all(honest.map((node) => node.group()))
      return groups.every(
        ({ state, equivocators }) => state === 'forked' && equivocators.length > 0,
      )
    })
    await until('all equal', WAIT_MS_MAX, () => equal(honest))
    const { members } = await dee.run(['member', 'list', 'garden'])
    const one = (members as { name: string; member: string }[]).find(({ name }) => name === 'cyd')
    for (const node of honest) {
      expect((await node.group()).equivocators).toEqual([one?.member])
      const texts = (await node.read('garden')).map(({ text }) => text)
      expect(texts).toEqual(expect.arrayContaining(['before']))
    }
  })

  test('is proven to somebody who has nothing but a file', { timeout: TEST_MS_MAX }, async () => {
    proof = join(root, 'cyd.proof')
    const told = await dee.run(['member', 'why', 'garden', 'cyd', '--proof', proof])
    expect(told).toMatchObject({ name: 'cyd', proof: { file: proof } })
    const { number, ids } = told['proof'] as { number: string; ids: string[] }
    // No home is named, and there is none.
    const verified = await coterie(['verify', proof, '--home', join(root, 'nowhere')])
    expect(verified.code).toBe(0)
    const { group } = await dee.group()
    expect(verified.rows).toMatchObject([
      { ok: true, kind: 'proof', group, groupName: 'garden', name: 'cyd', number, ids },
    ])
    expect(new Set(ids).size).toBe(2)
    const again = await dee.try(['member', 'why', 'garden', 'cyd', '--proof', proof])
    expect([again.code, again.rows[0]?.error?.code]).toEqual([2, 'USAGE'])
  })

  test('the honest are not, and a changed proof says where', { timeout: TEST_MS_MAX }, async () => {
    const none = await dee.try(['member', 'why', 'garden', 'ada', '--proof', join(root, 'x')])
    expect([none.code, none.rows[0]?.error?.code]).toEqual([4, 'MESSAGE_UNKNOWN'])
    const bytes = await readFile(proof)
    const verdict = async (content: Uint8Array): Promise<unknown[]> => {
      const file = join(root, 'changed.proof')
      await writeFile(file, content)
      const { code, rows } = await coterie(['verify', file])
      const error = rows[0]?.error as { code: string; message: string } | undefined
      return [code, error?.code, error?.message]
    }
    const flipped = Uint8Array.from(bytes, (byte, i) => (i === bytes.length - 3 ? byte ^ 1 : byte))
    const invalid = [5, 'ARCHIVE_INVALID']
    expect(await verdict(flipped)).toEqual([...invalid, expect.stringMatching(/did not sign/)])
    const cut = bytes.subarray(0, bytes.length - 9)
    expect(await verdict(cut)).toEqual([...invalid, expect.stringMatching(/damaged or cut short/)])
    expect((await verdict(new Uint8Array()))[1]).toBe('ARCHIVE_INVALID')
  })

  test('its owner comes back, and the group goes on', { timeout: TEST_MS_MAX }, async () => {
    await copy.stop()
    await unblock(cyd, bob, dee)
    const { ticket } = await ada.run(['invite', 'garden'])
    await cyd.run(['join', '-', '--wait', '60s'], String(ticket))
    await say(cyd, 'it is me again')
    await say(bob, 'good to have you')
    const everybody = [ada, bob, cyd, dee]
    await until('all equal', WAIT_MS_MAX, () => equal(everybody))
    expect(await heard('it is me again', ...everybody)).toBe(true)
    expect(await heard('good to have you', ...everybody)).toBe(true)
  })
})
