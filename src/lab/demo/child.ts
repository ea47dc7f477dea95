// One process of the built program. It ends with the demo, whatever happens: asked first, killed if
// it does not listen, and by its leash when the demo is gone and can do neither. Only processes that
// were started here are ever signalled.

import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { sleep } from './wait.ts'

/** Processes run what was built, also where this file itself runs as it is written. */
const built = import.meta.url.endsWith('.ts') ? '../../../dist/lab/demo/' : './'
const program = fileURLToPath(new URL(`${built}../../cli/main.js`, import.meta.url))
const leash = new URL(`${built}leash.js`, import.meta.url).href

/** What a process is given beyond its words. */
export interface ChildSettings {
  /** Modules of the laboratory that are loaded before the program, such as `engine/real/through`. */
  readonly before?: readonly string[]
  /** Words before the program, such as those that enter a namespace; they must not fork. */
  readonly inside?: readonly string[]
  /** Added to its environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Whether one of those modules answers what it is asked. Default: nobody does. */
  readonly answers?: boolean
}

const STOP_MS_MAX = 5_000

/** What a module that answers says: either of both. */
interface Answer {
  readonly id: number
  readonly seen?: unknown
  readonly problem?: string
}

export class Child {
  readonly #process: ChildProcess
  readonly #ended: Promise<void>
  #said = ''
  #saidMore: () => void = () => undefined
  #asked = false
  #failure: Error | undefined
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #questions = 0

  /** Starts it. @param logFd where its stderr goes */
  constructor(words: readonly string[], logFd: number, settings: ChildSettings = {}) {
    const { before = [], inside = [], env, answers = false } = settings
    const modules = before.map((name) => new URL(`${built}../${name}.js`, import.meta.url).href)
    const imports = [leash, ...modules].flatMap((module) => ['--import', module])
    // A group of its own: Ctrl-C reaches the demo alone, which then ends its processes in order.
    const [command = '', ...line] = [...inside, process.execPath, ...imports, program, ...words]
    this.#process = spawn(command, line, {
      stdio: ['pipe', 'pipe', logFd, ...(answers ? ['ipc' as const] : [])],
      env: { ...ownEnvironment(), ...env },
      detached: true,
    })
    this.#ended = new Promise((resolve) => {
      this.#process.once('close', resolve)
      this.#process.once('error', (error) => {
        this.#failure = error
        resolve()
      })
    })
    this.#process.on('message', (word: Answer) => this.#waiting.get(word.id)?.(word))
    this.#process.stdin?.on('error', () => undefined)
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text
      this.#saidMore()
    })
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  get running(): boolean {
    const { exitCode, signalCode } = this.#process
    return this.#failure === undefined && exitCode === null && signalCode === null
  }

  /** How it ended, in words. */
  get end(): string {
    const { exitCode, signalCode } = this.#process
    return this.#failure?.message ?? signalCode ?? `exit ${exitCode ?? 0}`
  }

  /** Resolves when it is gone and everything that it printed has been read. */
  get ended(): Promise<void> {
    return this.#ended
  }

  /** Calls when it ends without having been asked to. */
  onDeath(listener: () => void): void {
    void this.#ended.then(() => {
      if (!this.#asked) listener()
    })
  }

  /** The first object that it prints; undefined when it ends, or the bound is over, without one. */
  async firstAnswer(
    boundMs: number,
    signal: AbortSignal,
  ): Promise<Record<string, unknown> | undefined> {
    const over = new AbortController()
    const line = new Promise<void>((resolve) => {
      this.#saidMore = () => {
        if (this.#said.includes('\n')) resolve()
      }
      this.#saidMore()
    })
    const bound = sleep(boundMs, AbortSignal.any([signal, over.signal])).catch((error: unknown) => {
      if (signal.aborted) throw error
    })
    try {
      await Promise.race([line, this.#ended, bound])
    } finally {
      over.abort()
    }
    return parsed(this.#said.split('\n')[0] ?? '')
  }

  /** Asks a module in it that answers. @throws Error what it said instead, or that it is gone */
  async ask(question: object): Promise<unknown> {
    const id = ++this.#questions
    const gone: Answer = { id, problem: 'the process is gone' }
    const answered = new Promise<Answer>((resolve) => {
      this.#waiting.set(id, resolve)
      if (!this.#process.connected) return resolve(gone)
      this.#process.send({ id, ...question }, (error) => {
        if (error !== null) resolve(gone)
      })
    })
    const answer = await Promise.race([answered, this.#ended.then(() => gone)])
    this.#waiting.delete(id)
    if (answer.problem !== undefined) throw new Error(answer.problem)
    return answer.seen
  }

  /** Ends it, gently first. Resolves when it is gone. */
  async stop(): Promise<void> {
    this.#asked = true
    if (this.running) {
      this.#process.kill('SIGTERM')
      // Whoever stands still would hear it only when it goes on.
      this.#process.kill('SIGCONT')
    }
    const force = setTimeout(() => this.kill(), STOP_MS_MAX)
    await this.#ended
    clearTimeout(force)
  }

  /** Ends it at once. */
  kill(): void {
    this.#asked = true
    if (this.running) this.#process.kill('SIGKILL')
  }
}

/** The settings of the person who runs the demo are not those of its nodes. */
function ownEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !entry[0].startsWith('COTERIE_') && entry[0] !== 'NODE_OPTIONS',
  )
  return Object.fromEntries(kept)
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return undefined
  }
}
