// Real nodes for tests: the built program (`npm run build` first), one process and one home each.
// Commands run as a person would type them. Every process ends with the test, also when the test is
// killed: daemons carry the leash of the demo, which ends them when their stdin closes.

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Status, TextReport } from '../../src/api/contract.ts'

export type GroupStatus = Status['groups'][number]
export type Answer = Record<string, unknown> & { error?: { code: string; hint: string } }

/** What one command line did. */
export interface Ran {
  readonly code: number | null
  /** Objects on stdout, one a line. */
  readonly rows: readonly Answer[]
  readonly stderr: string
}

const root = join(import.meta.dirname, '..', '..')
export const program = join(root, 'dist', 'cli', 'main.js')
const leash = pathToFileURL(join(root, 'dist', 'lab', 'demo', 'leash.js')).href

if (!existsSync(program)) throw new Error('The program is not built. Run: npm run build')

/** The environment without settings of whoever runs the tests. */
export const cleanEnv: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !name.startsWith('COTERIE_') && name !== 'NODE_OPTIONS' && name !== 'TMPDIR',
  ),
)

/** A directory for one file of tests. */
export function makeRoot(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'coterie-e2e-'))
}

export function removeRoot(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true, maxRetries: 5 })
}

/** Runs `coterie WORDS --json` to its end. */
export function coterie(words: readonly string[], stdin = ''): Promise<Ran> {
  const child = spawn(process.execPath, [program, ...words, '--json'], { env: cleanEnv })
  child.stdin.on('error', () => undefined)
  child.stdin.end(stdin)
  return ended(child)
}

function ended(child: ChildProcess): Promise<Ran> {
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, rows: rowsOf(stdout), stderr }))
  })
}

function rowsOf(stdout: string): readonly Answer[] {
  const lines = stdout.split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line) as Answer)
}

const running = new Set<TestNode>()

/** Ends every daemon that a test left running. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((node) => node.stop()))
}

/** One node: a home, and its daemon while it runs. */
export class TestNode {
  readonly name: string
  readonly home: string
  #child: ChildProcess | undefined
  #listen: readonly string[] = []
  #peerId = ''
  #api = ''
  #token = ''

  constructor(root: string, name: string) {
    this.name = name
    this.home = join(root, name)
  }

  get peerId(): string {
    return this.#peerId
  }

  /** Its address on loopback, with its peer id. */
  get address(): string {
    const own = this.#listen.find((address) => address.startsWith('/ip4/127.0.0.1/'))
    if (own === undefined) throw new Error(`${this.name} does not listen on loopback`)
    return own
  }

  /** Runs one command of this node. @throws Error when it fails */
  async run(words: readonly string[], stdin = ''): Promise<Answer> {
    const { code, rows, stderr } = await this.try(words, stdin)
    const [first = {}] = rows
    if (code === 0) return first
    throw new Error(`${this.name}: ${words.join(' ')}: ${code} ${JSON.stringify(first)} ${stderr}`)
  }

  /** Runs one command of this node, whatever comes of it. */
  try(words: readonly string[], stdin = ''): Promise<Ran> {
    return coterie(['--home', this.home, ...words], stdin)
  }

  async init(): Promise<void> {
    await this.run(['init', '--name', this.name])
  }

  /** Starts the daemon and waits until it is ready. @throws Error with what it said instead */
  async start(...flags: readonly string[]): Promise<void> {
    const words = ['--import', leash, program, '--home', this.home, 'daemon', '--json', ...flags]
    const child = spawn(process.execPath, words, { env: cleanEnv })
    this.#child = child
    running.add(this)
    const gone = ended(child).then((ran) => {
      throw new Error(`the daemon of ${this.name} ended: ${JSON.stringify(ran)}`)
    })
    const line = new Promise<Answer>((resolve) => {
      let said = ''
      child.stdout.on('data', (text: string) => {
        said += text
        if (said.includes('\n')) resolve(rowsOf(said)[0] ?? {})
      })
    })
    gone.catch(() => undefined)
    const ready = await Promise.race([line, gone])
    this.#peerId = ready['peerId'] as string
    this.#listen = ready['listen'] as string[]
    const note = JSON.parse(readFileSync(join(this.home, 'api.json'), 'utf8')) as {
      api: string
      token: string
    }
    this.#api = note.api
    this.#token = note.token
  }

  /** Ends the daemon as Ctrl-C does. */
  stop(): Promise<void> {
    return this.#end('SIGTERM')
  }

  /** Ends the daemon without giving it another instruction. */
  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child
    this.#child = undefined
    running.delete(this)
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('close', resolve))
    child.kill(signal)
    const force = setTimeout(() => child.kill('SIGKILL'), 10_000)
    await gone
    clearTimeout(force)
  }

  /** One request to the local interface, for what is too quick for a command line. */
  async post(path: string, body: object): Promise<Answer> {
    const response = await fetch(`${this.#api}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return (await response.json()) as Answer
  }

  /** What the node says of its first group. */
  async group(): Promise<GroupStatus> {
    const headers = { authorization: `Bearer ${this.#token}` }
    const response = await fetch(`${this.#api}/v1/status`, { headers })
    const { groups } = (await response.json()) as Status
    const [group] = groups
    if (group === undefined) throw new Error(`${this.name} holds no group`)
    return group
  }

  /** The texts of a group, by `read --json`. */
  async read(group: string): Promise<readonly TextReport[]> {
    const { code, rows } = await this.try(['read', group])
    if (code !== 0) throw new Error(`${this.name}: read: ${JSON.stringify(rows)}`)
    return rows as unknown as readonly TextReport[]
  }
}

/** Waits until it holds, looking often. @returns how long that took in ms, whole */
export async function until(
  what: string,
  boundMs: number,
  holds: () => Promise<boolean>,
): Promise<number> {
  const startedMs = performance.now()
  for (;;) {
    const held = await holds()
    const ms = Math.round(performance.now() - startedMs)
    if (held) return ms
    if (ms > boundMs) throw new Error(`not within ${boundMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/** Whether all nodes hold the same. */
export async function equal(nodes: readonly TestNode[]): Promise<boolean> {
  const groups = await Promise.all(nodes.map((node) => node.group()))
  const held = groups.map(({ root, vector }) =>
    JSON.stringify([root, Object.entries(vector).sort()]),
  )
  return new Set(held).size === 1
}

/** Whether every node is linked to all the others. */
export async function linked(nodes: readonly TestNode[]): Promise<boolean> {
  const groups = await Promise.all(nodes.map((node) => node.group()))
  return groups.every(({ reachable }) => reachable.length === nodes.length - 1)
}

/** Rows without what is one node's own knowledge. */
export function common(rows: readonly TextReport[]): readonly object[] {
  return rows.map(({ final: _final, late: _late, ...same }) => same)
}

/** Homes of ada, bob and cyd, with keys; nobody runs yet. */
export async function homesOfThree(root: string): Promise<[TestNode, TestNode, TestNode]> {
  const [ada, bob, cyd] = [
    new TestNode(root, 'ada'),
    new TestNode(root, 'bob'),
    new TestNode(root, 'cyd'),
  ]
  await Promise.all([ada.init(), bob.init(), cyd.init()])
  return [ada, bob, cyd]
}

/** The daemons of ada, who founded the group `garden`, and of bob, who came in by her ticket. */
export async function gardenOfTwo(root: string): Promise<[TestNode, TestNode]> {
  const ada = new TestNode(root, 'ada')
  const bob = new TestNode(root, 'bob')
  await Promise.all([ada.init(), bob.init()])
  await ada.start()
  await bob.start('--peer', ada.address)
  await ada.run(['group', 'create', 'garden'])
  const { ticket } = await ada.run(['invite', 'garden'])
  await bob.run(['join', '-'], `${String(ticket)}\n`)
  return [ada, bob]
}
