// What a person does wrong, or a machine: each a clear code, a hint and the exit number of the table,
// on the built program, with and without a daemon.

import { createServer } from 'node:net'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Ran,
  TestNode,
  coterie,
  makeRoot,
  removeRoot,
  stopAll,
  until,
} from '../support/daemons.ts'

const TEST_MS_MAX = 60_000
const loopback = ['--listen', '/ip4/127.0.0.1/tcp/0', '--no-dht']

let root = ''
let ada: TestNode
let bob: TestNode
let cyd: TestNode

beforeAll(async () => {
  root = await makeRoot()
  ada = new TestNode(root, 'ada')
  bob = new TestNode(root, 'bob')
  cyd = new TestNode(root, 'cyd')
  await Promise.all([ada, bob, cyd].map((node) => node.init()))
  await Promise.all([ada, bob, cyd].map((node) => node.start(...loopback)))
  await ada.run(['group', 'create', 'garden'])
}, TEST_MS_MAX)

afterAll(async () => {
  await stopAll()
  await removeRoot(root)
})

function expectError(ran: Ran, code: string, exit: number): void {
  expect(ran.rows).toEqual([
    {
      v: 1,
      ok: false,
      error: { code, message: expect.stringMatching(/./), hint: expect.stringMatching(/./) },
    },
  ])
  expect(ran.code).toBe(exit)
}

async function newHome(name: string): Promise<TestNode> {
  const node = new TestNode(root, name)
  await node.init()
  return node
}

describe('a daemon that cannot start says why', () => {
  test('another one uses the same home', async () => {
    expectError(await ada.try(['daemon']), 'DATA_DIR_LOCKED', 7)
    expect(await ada.run(['status'])).toMatchObject({ ok: true, name: 'ada' })
  })

  test(
    'its port for peers is taken',
    async () => {
      const node = await newHome('late')
      const server = createServer()
      const port = await new Promise<number>((resolve) => {
        server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
      })
      try {
        const listen = ['--listen', `/ip4/127.0.0.1/tcp/${port}`]
        expectError(await node.try(['daemon', ...listen]), 'PORT_IN_USE', 7)
        const api = ['--api', `127.0.0.1:${port}`]
        expectError(await node.try(['daemon', ...loopback, ...api]), 'PORT_IN_USE', 7)
      } finally {
        server.close()
      }
      await node.start(...loopback)
      await node.stop()
    },
    TEST_MS_MAX,
  )

  test('its data was written by a newer version, and stays as it was', async () => {
    const node = await newHome('old')
    const file = join(node.home, 'FORMAT')
    const newer = readFileSync(file, 'utf8').replace(/[0-9]+/, '99')
    writeFileSync(file, newer)
    expectError(await node.try(['daemon', ...loopback]), 'FORMAT_TOO_NEW', 7)
    expect(readFileSync(file, 'utf8')).toBe(newer)
  })

  test('there is no identity', async () => {
    const node = new TestNode(root, 'nobody')
    expectError(await node.try(['daemon', ...loopback]), 'NOT_INITIALISED', 7)
  })

  test('an address is none', async () => {
    const node = await newHome('lost')
    expectError(await node.try(['daemon', '--listen', 'here']), 'USAGE', 2)
    expectError(await node.try(['daemon', '--peer', '/ip4/nowhere/tcp/1']), 'USAGE', 2)
  })
})

describe('a command without a daemon', () => {
  test.each([['status'], ['group', 'list'], ['send', 'garden', 'hello'], ['read', 'garden']])(
    '%s %s says that none is running',
    async (...words) => {
      const node = new TestNode(root, 'silent')
      const ran = await node.try(words)
      expectError(ran, 'DAEMON_UNREACHABLE', 3)
      expect(ran.rows[0]?.error?.hint).toContain('coterie daemon')
    },
  )

  test(
    'is not misled by the note of one that was killed',
    async () => {
      const node = await newHome('gone')
      await node.start(...loopback)
      await node.kill()
      expectError(await node.try(['status']), 'DAEMON_UNREACHABLE', 3)
      await node.start(...loopback)
      expect(await node.run(['status'])).toMatchObject({ ok: true, name: 'gone' })
      await node.stop()
    },
    TEST_MS_MAX,
  )

  test('that makes a second identity is refused', async () => {
    expectError(await ada.try(['init', '--name', 'eve']), 'ALREADY_INITIALISED', 7)
  })
})

describe('a ticket', () => {
  async function ticketOf(...words: readonly string[]): Promise<string> {
    return (await ada.run(['invite', 'garden', ...words]))['ticket'] as string
  }

  test(
    'that is damaged is refused without asking anybody',
    async () => {
      const ticket = await ticketOf()
      const middle = Math.floor(ticket.length / 2)
      const other = ticket[middle] === 'A' ? 'B' : 'A'
      const turned = `${ticket.slice(0, middle)}${other}${ticket.slice(middle + 1)}`
      for (const bad of [turned, ticket.slice(0, -3), 'hello', `${ticket}AAAA`]) {
        expectError(await bob.try(['join', '-', '--wait', '5s'], bad), 'TICKET_INVALID', 5)
      }
      expectError(await bob.try(['join', '-'], ''), 'USAGE', 2)
    },
    TEST_MS_MAX,
  )

  test(
    'whose time is over is refused',
    async () => {
      const ticket = await ticketOf('--expires', '1s')
      await new Promise((resolve) => setTimeout(resolve, 1_100))
      expectError(await bob.try(['join', '-', '--wait', '10s'], ticket), 'TICKET_EXPIRED', 5)
    },
    TEST_MS_MAX,
  )

  test(
    'that was used as often as it allows is refused',
    async () => {
      const ticket = await ticketOf()
      expect(await bob.run(['join', '-'], ticket)).toMatchObject({ ok: true, name: 'garden' })
      expectError(await cyd.try(['join', '-', '--wait', '10s'], ticket), 'TICKET_USED', 5)
      expect(await bob.run(['join', '-'], ticket)).toMatchObject({ ok: true, name: 'garden' })
    },
    TEST_MS_MAX,
  )

  test(
    'comes from leaders only',
    async () => {
      await until(
        'bob is in',
        20_000,
        async () => (await bob.try(['group', 'show', 'garden'])).code === 0,
      )
      expectError(await bob.try(['invite', 'garden']), 'NOT_A_LEADER', 5)
    },
    TEST_MS_MAX,
  )

  test(
    'whose introducers are all away leaves the request waiting',
    async () => {
      const ticket = await ticketOf()
      await ada.stop()
      await bob.stop()
      const ran = await cyd.try(['join', '-', '--wait', '2s'], ticket)
      expect(ran.code).toBe(6)
      expect(ran.rows[0]).toMatchObject({ ok: false, error: { code: 'JOIN_PENDING' } })
      await ada.start(...loopback)
      await bob.start(...loopback)
    },
    TEST_MS_MAX,
  )
})

describe('what is not there', () => {
  test.each([
    ['GROUP_UNKNOWN', ['send', 'meadow', 'hello']],
    ['GROUP_UNKNOWN', ['read', 'meadow']],
    ['GROUP_UNKNOWN', ['group', 'show', 'meadow']],
    ['GROUP_UNKNOWN', ['invite', 'meadow']],
    ['GROUP_UNKNOWN', ['attest', 'meadow']],
    ['GROUP_UNKNOWN', ['sync', 'meadow']],
    ['GROUP_UNKNOWN', ['member', 'list', 'meadow']],
    ['PEER_UNKNOWN', ['peer', 'ping', 'eve']],
    ['PEER_UNKNOWN', ['peer', 'block', 'eve']],
    ['MESSAGE_UNKNOWN', ['read', 'garden', '--since', 'abcdef123456']],
  ] as const)('%s: %j', async (code, words) => {
    expectError(await ada.try([...words]), code, 4)
  })

  test('a text that is too large is refused whole', async () => {
    expectError(await ada.try(['send', 'garden'], 'x'.repeat(64 * 1_024)), 'TEXT_TOO_LARGE', 5)
  })

  test.each([[[]], [['fly']], [['send']], [['read', 'garden', '--limit', 'x']], [['--colour']]])(
    'the words %j',
    async (words) => {
      expectError(await coterie(['--home', ada.home, ...words]), 'USAGE', 2)
    },
  )
})
