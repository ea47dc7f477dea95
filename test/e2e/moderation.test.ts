// Leaders name a group and say what of it is shown, on real daemons by the command line alone: everybody
// shows the same, whoever comes later too, and after a restart.
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

const WAIT_MS_MAX = 30_000
const TEST_MS_MAX = 90_000

let root = ''
let ada: TestNode
let bob: TestNode
let cyd: TestNode

beforeAll(async () => {
  root = await makeRoot()
  ;[ada, bob, cyd] = await homesOfThree(root)
  await ada.start()
  await Promise.all([bob, cyd].map((node) => node.start('--peer', ada.address)))
  await ada.run(['group', 'create', 'garden'])
  await join(bob, 'garden')
}, TEST_MS_MAX)

afterAll(async () => {
  await stopAll()
  await removeRoot(root)
})

async function join(node: TestNode, group: string): Promise<void> {
  const { ticket } = await ada.run(['invite', group])
  await node.run(['join', '-'], `${String(ticket)}\n`)
}

test(
  'what a leader says holds for all, also for who comes later',
  { timeout: TEST_MS_MAX },
  async () => {
    const { number } = await bob.run(['send', 'garden', 'look at this'])
    await bob.run(['send', 'garden', '# a heading', '--type', 'text/markdown'])
    await bob.run(['send', 'garden', 'and this'])
    await until('all of bob at ada', WAIT_MS_MAX, () => equal([ada, bob]))
    expect((await bob.try(['group', 'rename', 'garden', 'mine'])).code).toBe(5)

    expect(await ada.run(['group', 'rename', 'garden', 'orchard'])).toMatchObject({ changed: true })
    // Under its new name at once, and no longer under the old one.
    expect((await ada.try(['send', 'garden', 'where?'])).code).toBe(4)
    await ada.run(['group', 'topic', 'orchard', 'apples, mostly'])
    await ada.run(['hide', 'orchard', String(number)])
    await ada.run(['member', 'restrict', 'orchard', '--all', '--types', 'text/plain'])
    expect(await ada.run(['group', 'topic', 'orchard', 'apples, mostly'])).toMatchObject({
      changed: false,
    })
    await join(cyd, 'orchard')
    await until('three alike', WAIT_MS_MAX, () => equal([ada, bob, cyd]))
    await bob.run(['send', 'orchard', 'still here'])
    await ada.run(['member', 'mute', 'orchard', 'bob'])
    await until('three alike again', WAIT_MS_MAX, () => equal([ada, bob, cyd]))
    await cyd.stop()
    await cyd.start()
    for (const node of [ada, bob, cyd]) {
      const shown = await node.run(['group', 'show', 'orchard'])
      expect(shown).toMatchObject({ topic: 'apples, mostly', allowedTypes: ['text/plain'] })
      const { members } = await node.run(['member', 'list', 'orchard'])
      expect(members).toContainEqual(expect.objectContaining({ name: 'bob', muted: true }))
      const { rows } = await node.try(['read', 'orchard'])
      expect(rows.at(-1)).toMatchObject({ text: 'still here', state: 'muted' })
    }
    await ada.run(['member', 'unmute', 'orchard', 'bob'])
    const { rows } = await ada.try(['read', 'orchard'])
    expect(rows.map(({ state, hiddenBy }) => hiddenBy ?? state)).toEqual([
      'message',
      'content-type',
      'ok',
      'ok',
    ])
  },
)
