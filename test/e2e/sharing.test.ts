// Keys from another member, on real daemons: somebody who was let in on one side of a split has no seal of
// what the other side said meanwhile. After the heal it asks, is answered by right, and reads; what was said
// before it was let in stays closed, and both ends keep a record of it.
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type TestNode,
  equal,
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
  await bob.start('--peer', ada.address)
  const { card } = await bob.run(['card'])
  await ada.run(['group', 'create', 'garden', '--leader', String(card)])
  const { ticket } = await ada.run(['invite', 'garden'])
  await bob.run(['join', '-'], `${String(ticket)}\n`)
  await bob.run(['send', 'garden', 'before'])
  await until('both hold it', WAIT_MS_MAX, () => equal([ada, bob]))
}, TEST_MS_MAX)

afterAll(async () => {
  await stopAll()
  await removeRoot(root)
})

interface Shares {
  readonly shares: readonly {
    readonly role: string
    readonly name: string
    readonly epochs: readonly { readonly right: string | null; readonly outcome: string }[]
  }[]
}

const sharesOf = async (node: TestNode): Promise<Shares['shares']> =>
  ((await node.run(['group', 'show', 'garden'])) as unknown as Shares).shares

const shownAt = async (node: TestNode, ...flags: string[]): Promise<unknown[]> =>
  (await node.try(['read', 'garden', ...flags])).rows.map(({ text, state }) => text ?? state)

test(
  'whoever was let in on one side asks for the keys of the other, and reads',
  { timeout: TEST_MS_MAX },
  async () => {
    await Promise.all([
      ada.post('/v1/peers/block', { peers: [bob.peerId] }),
      bob.post('/v1/peers/block', { peers: [ada.peerId] }),
    ])
    await bob.run(['rotate', 'garden'])
    await bob.run(['send', 'garden', 'on the other side'])
    await cyd.start('--peer', ada.address)
    const { ticket } = await ada.run(['invite', 'garden'])
    await cyd.run(['join', '-', '--wait', '60s'], `${String(ticket)}\n`)
    expect(await shownAt(cyd)).not.toContain('on the other side')
    expect(await sharesOf(cyd)).toEqual([])
    await Promise.all([
      ada.post('/v1/peers/unblock', { peers: [bob.peerId] }),
      bob.post('/v1/peers/unblock', { peers: [ada.peerId] }),
    ])
    await until('cyd reads it', WAIT_MS_MAX, async () =>
      (await shownAt(cyd)).includes('on the other side'),
    )
    expect(await shownAt(cyd, '--all')).toContain('sealed')
    expect(await shownAt(cyd)).not.toContain('before')
    const [asked] = await sharesOf(cyd)
    expect(asked).toMatchObject({ role: 'asked' })
    expect(asked?.epochs.map(({ right }) => right)).toContain('concurrent')
    const answered = [ada, bob].find((node) => node.name === asked?.name)
    if (answered === undefined) throw new Error('nobody answered')
    expect((await sharesOf(answered))[0]).toMatchObject({ role: 'answered', name: 'cyd' })
    expect((await cyd.group()).undecryptable).toBe(0)
  },
)
