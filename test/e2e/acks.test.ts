// Receipts, the final order and `why` on real daemons, by the command line alone: two leaders and a member, one
// leader cut off. What waits is named, what is not known exits 6, and after the heal all of it is there.
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Answer,
  type TestNode,
  homesOfThree,
  makeRoot,
  removeRoot,
  stopAll,
  until,
} from '../support/daemons.ts'

const WAIT_MS_MAX = 60_000
const TEST_MS_MAX = 180_000

let root = ''
let ada: TestNode
let bob: TestNode
let cyd: TestNode

beforeAll(async () => {
  root = await makeRoot()
  ;[ada, bob, cyd] = await homesOfThree(root)
  await ada.start()
  await Promise.all([bob, cyd].map((node) => node.start('--peer', ada.address)))
  const { card } = await bob.run(['card'])
  await ada.run(['group', 'create', 'garden', '--leader', String(card)])
  const { ticket } = await ada.run(['invite', 'garden', '--uses', '2'])
  await bob.run(['join', '-'], `${String(ticket)}\n`)
  await cyd.run(['join', '-'], `${String(ticket)}\n`)
}, TEST_MS_MAX)

afterAll(async () => {
  await stopAll()
  await removeRoot(root)
})

const ids = async (node: TestNode, ...flags: string[]): Promise<unknown[]> =>
  (await node.try(['read', 'garden', ...flags])).rows.map(({ id }) => id)

interface Why extends Answer {
  readonly stable: boolean
  readonly came: { readonly how: string | null; readonly name: string }
  readonly holders: readonly { readonly name: string; readonly has: boolean }[]
  readonly receipts: readonly { readonly name: string }[]
  readonly order: {
    readonly final: boolean
    readonly waitsFor: readonly { readonly name: string; readonly since: number | null }[]
  }
}

const why = async (node: TestNode, message: unknown): Promise<Why> =>
  (await node.run(['why', String(message)])) as Why

test(
  'acknowledged while most leaders answer, unknown in a split; the leader that is waited for is named',
  { timeout: TEST_MS_MAX },
  async () => {
    const asked = ['--ack', 'quorum', '--timeout']
    const heard = await cyd.run(['send', 'garden', 'hello', ...asked, '30s'])
    expect(heard).toMatchObject({ ack: 'quorum', state: 'acknowledged' })
    expect(heard['ackedBy']).toHaveLength(2)
    const told = await why(cyd, heard['id'])
    expect(told.came.how).toBe('own')
    expect(told.receipts.map(({ name }) => name).sort()).toEqual(['ada', 'bob'])
    expect(await why(ada, heard['number'])).toMatchObject({ id: heard['id'], shown: 'ok' })
    const sent = await ada.run(['send', 'garden', 'hello all', ...asked, '30s'])
    expect(sent).toMatchObject({ state: 'acknowledged' })
    await until('it is final', WAIT_MS_MAX, async () =>
      (await ids(cyd, '--final')).includes(sent['id']),
    )
    expect((await why(cyd, sent['id'])).order).toMatchObject({ final: true, waitsFor: [] })

    await bob.run(['peer', 'block', '--all'])
    const late = await ada.try(['send', 'garden', 'who hears?', ...asked, '3s'])
    expect(late.code).toBe(6)
    const [row = {}] = late.rows
    expect(row).toMatchObject({ ok: true, state: 'unknown' })
    expect(row['number']).toBeTruthy()
    await until('cyd has it', WAIT_MS_MAX, async () => (await ids(cyd)).includes(row['id']))
    await until('bob is waited for', WAIT_MS_MAX, async () => {
      const { order } = await why(cyd, row['id'])
      return order.waitsFor.length === 1 && order.waitsFor[0]?.name === 'bob'
    })
    const waiting = await why(cyd, row['id'])
    expect(waiting.order.waitsFor[0]?.since).toBeGreaterThan(0)
    expect(waiting).toMatchObject({ stable: false, order: { final: false } })
    expect(waiting.holders.find(({ name }) => name === 'bob')?.has).toBe(false)
    const group = await cyd.run(['group', 'show', 'garden'])
    expect(group).toMatchObject({ final: { waitsFor: [{ name: 'bob' }] } })
    expect(await ids(cyd, '--final')).not.toContain(row['id'])
    const lost = await bob.try(['why', String(row['id'])])
    expect([lost.code, lost.rows[0]?.error?.code]).toEqual([4, 'MESSAGE_UNKNOWN'])

    await bob.run(['peer', 'unblock', '--all'])
    for (const node of [ada, bob, cyd]) {
      await until('it is final everywhere', WAIT_MS_MAX, async () =>
        (await ids(node, '--final')).includes(row['id']),
      )
    }
    expect(await ids(bob, '--final')).toEqual(await ids(ada, '--final'))
    const came = (await why(bob, row['id'])).came
    expect(came.how).toMatch(/push|sync/)
    expect((await ada.try(['why', 'no-such-thing'])).code).toBe(2)
  },
)
