// One person on two devices, by the command line alone: the account is exported, brought back on a new
// device, which joins as a member of its own; a removal of the account means both. Nodes with a
// passphrase start with it and not without.
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Answer,
  TestNode,
  coterie,
  equal,
  makeRoot,
  removeRoot,
  stopAll,
  until,
} from '../support/daemons.ts'

const TEST_MS = 120_000
const start = ['--listen', '/ip4/127.0.0.1/tcp/0', '--no-dht']
let root: string
let ada: TestNode
let bob: TestNode
let two: TestNode

beforeAll(async () => {
  root = await makeRoot()
  ada = new TestNode(root, 'ada')
  bob = new TestNode(root, 'bob')
  two = new TestNode(root, 'two')
  await writeFile(file('words'), 'six words drawn at random\n')
  await writeFile(file('other'), 'other words\n')
})

afterAll(async () => {
  await stopAll()
  await removeRoot(root)
})

const file = (name: string): string => join(root, name)
const codeOf = async (words: readonly string[], stdin = ''): Promise<string> => {
  const { rows } = await coterie(words, stdin)
  return rows[0]?.error?.code ?? 'done'
}

const join1 = async (node: TestNode, group = 'crew'): Promise<Answer> => {
  const { ticket } = await ada.run(['invite', group])
  return node.run(['join', '-'], ticket as string)
}

const membersOf = async (): Promise<Answer[]> =>
  (await ada.run(['member', 'list', 'crew']))['members'] as Answer[]

test(
  'an account goes to a new device, which is a member of its own',
  { timeout: TEST_MS },
  async () => {
    await ada.init()
    const made = await bob.run(['init', '--name', 'bob', '--passphrase-file', file('words')])
    await ada.start(...start)
    expect(await codeOf(['--home', bob.home, 'daemon', '--no-dht'])).toBe('PERMISSION')
    await bob.start(...start, '--passphrase-file', file('words'))
    await ada.run(['group', 'create', 'crew'])
    await join1(bob)

    // While its daemon runs, and under another passphrase than that of the node.
    const own = ['--passphrase-file', file('words'), '--account-passphrase-file', file('other')]
    await bob.run(['account', 'export', file('bob.account'), ...own])
    expect((await stat(file('bob.account'))).mode & 0o777).toBe(0o600)

    const brought = ['--account', file('bob.account'), '--account-passphrase-file', file('other')]
    const again = await two.run(['init', ...brought])
    expect(again['account']).toBe(made['account'])
    expect(again['name']).toBe('bob')
    expect(again['device']).not.toBe(made['device'])
    expect(again['peerId']).not.toBe(made['peerId'])
    await two.start(...start)
    await join1(two)
    await until('all three hold the same', 20_000, () => equal([ada, bob, two]))
    const members = (await membersOf()).filter(({ account }) => account === made['account'])
    expect(members).toHaveLength(2)
    expect(new Set(members.map(({ device }) => device)).size).toBe(2)
    await bob.run(['send', 'crew', 'from the first'])
    await two.run(['send', 'crew', 'from the second'])
    await until('ada reads both', 20_000, async () => {
      const texts = (await ada.read('crew')).map(({ text }) => text)
      return texts.includes('from the first') && texts.includes('from the second')
    })
  },
)

test('the removal of the account means both devices', { timeout: TEST_MS }, async () => {
  const [member] = (await membersOf()).filter(({ name }) => name === 'bob')
  await ada.run(['member', 'remove', 'crew', member?.['member'] as string, '--account'])
  const states = async (): Promise<unknown[]> =>
    (await membersOf()).filter(({ name }) => name === 'bob').map(({ state }) => state)
  expect(await states()).toEqual(['removed', 'removed'])
  for (const node of [bob, two]) {
    await until('it knows', 20_000, async () => (await node.group()).selfState === 'removed')
    const { rows, code } = await node.try(['send', 'crew', 'still there?'])
    expect([code, rows[0]?.error?.code]).toEqual([5, 'NOT_A_MEMBER'])
  }
})

test(
  'whoever was removed while it was off is told, and comes back',
  { timeout: TEST_MS },
  async () => {
    const joined = await join1(two)
    await two.stop()
    await ada.run(['member', 'remove', 'crew', joined['member'] as string])
    await two.start(...start, '--peer', ada.address)
    await until('it is told', 20_000, async () => (await two.group()).told !== null)
    expect((await two.group()).why).toMatch(/^told by ada: removed/)
    const again = await join1(two)
    expect(again['member']).not.toBe(joined['member'])
    await two.run(['send', 'crew', 'back'])
  },
)

test('what does not fit is refused, and says what to do', { timeout: TEST_MS }, async () => {
  const export_ = ['--home', ada.home, 'account', 'export']
  const words = ['--passphrase-file', file('words')]
  expect(await codeOf([...export_, file('ada.account')])).toBe('USAGE')
  expect(await codeOf([...export_, file('bob.account'), ...words])).toBe('USAGE')
  expect(await codeOf(['--home', file('none'), 'account', 'export', '-', ...words])).toBe(
    'NOT_INITIALISED',
  )
  // A locked node tells its account to nobody else.
  const other = ['--passphrase-file', file('other')]
  expect(await codeOf(['--home', bob.home, 'account', 'export', '-', ...other])).toBe('PERMISSION')

  const fresh = ['--home', file('fresh'), 'init', '--account']
  expect(await codeOf([...fresh, file('bob.account')])).toBe('USAGE')
  expect(await codeOf([...fresh, file('bob.account'), ...words])).toBe('PERMISSION')
  expect(await codeOf([...fresh, file('missing'), ...words])).toBe('PERMISSION')
  expect(await codeOf([...fresh, file('words'), ...words])).toBe('ARCHIVE_INVALID')
  const text = await readFile(file('bob.account'), 'utf8')
  expect(await codeOf([...fresh, '-', ...other], text.replace(/.{5}\n$/, ''))).toBe(
    'ARCHIVE_INVALID',
  )
  expect(await codeOf([...fresh, '-', ...other], text.replace('-1', '-7'))).toBe('FORMAT_TOO_NEW')
  expect(await codeOf(['--home', bob.home, 'init', '--account', '-', ...other], text)).toBe(
    'ALREADY_INITIALISED',
  )
  // Nothing of all that left a node behind; from stdin to a locked node, it works.
  const { rows } = await coterie([...fresh, '-', ...other], text)
  expect(rows[0]?.['name']).toBe('bob')
  expect(await codeOf(['--home', file('fresh'), 'account', 'export', '-', ...words])).toBe(
    'PERMISSION',
  )
  const back = await coterie(['--home', file('fresh'), 'account', 'export', '-', ...other])
  expect(back.rows[0]?.['account']).toMatch(/^coterie-account-1/)
})
