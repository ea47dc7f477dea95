// The agent of one namespace, as the bench holds it: started, asked, ended. A question that is not answered
// in time, or an agent that ends by itself, is an error: what it would have told is then not known.

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { gone } from './tools.ts'
import type { AgentSetup, Ask, Said, Seen } from './words.ts'

/** Agents run what was built, also where this file itself runs as it is written. */
const built = import.meta.url.endsWith('.ts') ? '../../../../dist/lab/engine/netns/' : './'
export const agentProgram = fileURLToPath(new URL(`${built}agent.js`, import.meta.url))

const ANSWER_MS_MAX = 30_000

export interface AgentOptions extends AgentSetup {
  /** Words before the program. */
  readonly inside: readonly string[]
  /** What its line of the process table says beside. */
  readonly tag: string
  readonly onPassed: (from: number, to: number) => void
  readonly onDeath: (error: Error) => void
}

interface Waiting {
  readonly resolve: (seen: Seen | undefined) => void
  readonly reject: (error: Error) => void
}

export class Agent {
  readonly #node: number
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  readonly #ready: Promise<void>
  #asked = 0
  #closed = false

  constructor({ node, nodes, seed, inside, tag, onPassed, onDeath }: AgentOptions) {
    this.#node = node
    const setup: AgentSetup = { node, nodes, seed }
    const words = [process.execPath, agentProgram, JSON.stringify(setup), tag]
    const [command = '', ...rest] = [...inside, ...words]
    // A group of its own: Ctrl-C reaches the bench alone.
    const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit'], detached: true })
    this.#process = child
    child.stdin.on('error', () => undefined)
    const died = gone(child).then(() => {
      const error = new Error(`the agent of node ${node} ended by itself`)
      for (const { reject } of this.#waiting.values()) reject(error)
      this.#waiting.clear()
      if (!this.#closed) onDeath(error)
      return error
    })
    this.#ready = new Promise((resolve, reject) => {
      void died.then(reject)
      createInterface({ input: child.stdout }).on('line', (line) => {
        const said = JSON.parse(line) as Said
        if ('ready' in said) resolve()
        else if ('passed' in said) onPassed(...said.passed)
        else this.#answered(said)
      })
    })
    this.#ready.catch(() => undefined)
  }

  /** The namespace is that of this process. */
  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** Resolves when it runs; rejects when it ended before. */
  ready(): Promise<void> {
    return this.#ready
  }

  /** @throws Error when it cannot be done, or no answer came */
  ask(ask: Ask): Promise<Seen | undefined> {
    const id = ++this.#asked
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#waiting.delete(id)
        reject(new Error(`the agent of node ${this.#node} does not answer`))
      }, ANSWER_MS_MAX)
      const over = (): void => clearTimeout(late)
      this.#waiting.set(id, {
        resolve: (seen) => {
          over()
          resolve(seen)
        },
        reject: (error) => {
          over()
          reject(error)
        },
      })
      if (this.#closed) this.#waiting.get(id)?.reject(new Error('the agent was ended'))
      else this.#process.stdin?.write(`${JSON.stringify({ id, ...ask })}\n`)
    })
  }

  /** Ends it. Resolves when it is gone. */
  async close(): Promise<void> {
    this.kill()
    await gone(this.#process)
  }

  /** Ends it at once. */
  kill(): void {
    this.#closed = true
    this.#process.kill('SIGKILL')
  }

  #answered({ id, seen, error }: Extract<Said, { id: number }>): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(seen)
    else waiting?.reject(new Error(`the agent of node ${this.#node}: ${error}`))
  }
}
