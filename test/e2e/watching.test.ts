// Watching real daemons: events as they happen, over a restart with the gap named, until Ctrl-C; and
// `check` in the words of each monitor, with exits to act on.
import { spawn } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Answer,
  type TestNode,
  cleanEnv,
  coterie,
  equal,
  gardenOfTwo,
  makeRoot,
  program,
  removeRoot,
  stopAll,
  until,
} from '../support/daemons.ts'

const WAIT_MS_MAX = 30_000
const TEST_MS_MAX = 120_000

let root = ''
let ada: TestNode
let bob: TestNode

beforeAll(async () => {
  root = await makeRoot()
  ;[ada, bob] = await gardenOfTwo(root)
  await until('both alike', WAIT_MS_MAX, () => equal([ada, bob]))
}, TEST_MS_MAX)

afterAll(async () => {
  await stopAll()
  await removeRoot(root)
})

interface Watched {
  readonly rows: Answer[]
  text(): string
  interrupt(): Promise<number | null>
}

function watching(node: TestNode, ...words: string[]): Watched {
  const child = spawn(process.execPath, [program, '--home', node.home, 'watch', ...words], {
    env: cleanEnv,
  })
  const rows: Answer[] = []
  let said = ''
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    if (words.includes('--json')) rows.push(...lines.map((line) => JSON.parse(line) as Answer))
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return {
    rows,
    text: () => said,
    interrupt() {
      child.kill('SIGINT')
      return ended
    },
  }
}

const eventsOf = (rows: readonly Answer[]) =>
  rows.flatMap(({ event }) => (event === undefined ? [] : [event as Record<string, unknown>]))

test(
  'events come as they happen, over a restart of the daemon, until Ctrl-C',
  { timeout: TEST_MS_MAX },
  async () => {
    const json = watching(bob, '--json')
    const people = watching(bob, 'garden')
    const heard = (number: unknown) => () =>
      Promise.resolve(eventsOf(json.rows).some((event) => event['number'] === number))
    // The first of several says that the watchers are there.
    let first: Answer = {}
    await until('a text is told', WAIT_MS_MAX, async () => {
      first = await ada.run(['send', 'garden', 'hello'])
      await new Promise((resolve) => setTimeout(resolve, 200))
      return people.text().includes('text') && (await heard(first['number'])())
    })
    expect(json.rows.every(({ v, ok }) => v === 1 && ok === true)).toBe(true)
    const seqs = json.rows.map(({ seq }) => seq as number)
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b))
    expect(people.text()).toMatch(/message {2}text [0-9a-f]{8}:\d+ by ada, (live|by sync)/)

    await bob.stop()
    await bob.start('--peer', ada.address)
    const { number } = await bob.run(['send', 'garden', 'back again'])
    await until('it goes on after the restart', WAIT_MS_MAX, heard(number))
    const gap = json.rows.find(({ kind }) => kind === 'gap')
    expect(gap?.['from']).toBe(
      1 + (json.rows.filter((_, i) => i < json.rows.indexOf(gap ?? {})).at(-1)?.['seq'] as number),
    )
    expect(await json.interrupt()).toBe(130)
    expect(await people.interrupt()).toBe(130)
    expect(people.text()).toContain('are gone')

    const { code, rows } = await bob.try(['watch', 'nothing'])
    expect([code, rows[0]?.error?.code]).toEqual([4, 'GROUP_UNKNOWN'])
    expect((await coterie(['--home', `${root}/nobody`, 'watch'])).code).toBe(3)
  },
)

test(
  'check says what status says, and its exit is what a monitor acts on',
  { timeout: TEST_MS_MAX },
  async () => {
    const nagios = (node: TestNode) => node.try(['check', '--format', 'nagios'])
    await until('healthy', WAIT_MS_MAX, async () => (await ada.try(['check'])).code === 0)
    expect((await ada.try(['check'])).rows[0]).toMatchObject({ level: 'ok', state: 'healthy' })
    expect((await nagios(ada)).code).toBe(0)
    expect((await ada.try(['check', '--format', 'prometheus'])).rows[0]?.['prometheus']).toContain(
      'coterie_up 1',
    )
    await bob.stop()
    await until('alone', WAIT_MS_MAX, async () => (await ada.try(['check'])).code === 6)
    const alone = await nagios(ada)
    expect([alone.code, alone.rows[0]?.['nagios']]).toEqual([
      2,
      expect.stringMatching(/^COTERIE CRITICAL - garden is alone: .* \| groups=1 /),
    ])
    const gone = await nagios(bob)
    expect([gone.code, gone.rows[0]?.['nagios']]).toEqual([
      3,
      expect.stringMatching(/^COTERIE UNKNOWN - /),
    ])
    expect((await bob.try(['check'])).code).toBe(3)
    expect((await ada.try(['check', '--format', 'xml'])).code).toBe(2)
  },
)
