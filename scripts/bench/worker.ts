// A process that is measured, as its parent sees it: calls with an end, and nothing left behind.
// What runs in it is a role file of this folder, compiled; see `serve.ts` for the other side.

import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'

export interface Answer {
  readonly id: number
  readonly value?: unknown
  readonly error?: string
}

export interface Call {
  readonly id: number
  readonly name: string
  readonly argument: unknown
}

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

const CALL_WITHIN_MS = 120_000
const EXIT_WITHIN_MS = 10_000

export class Worker {
  readonly #role: string
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  #calls = 0

  /** @param directory where `compiled.ts` put things @param role the name of a role file */
  constructor(directory: string, role: string) {
    this.#role = role
    this.#process = fork(join(directory, 'scripts', 'bench', `${role}.js`), {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#process.on('message', (answer: Answer) => this.#answered(answer))
    this.#process.on('exit', (code) => {
      const error = new Error(`${role} ended with ${code}`)
      for (const { reject } of this.#waiting.values()) reject(error)
      this.#waiting.clear()
    })
  }

  /** @throws Error what the other side threw, or that it took too long */
  call<T>(name: string, argument: unknown = undefined, withinMs = CALL_WITHIN_MS): Promise<T> {
    const id = ++this.#calls
    return new Promise<T>((resolve, reject) => {
      const late = (): void => {
        this.#waiting.delete(id)
        reject(new Error(`${this.#role} ${name}: no answer within ${withinMs} ms`))
      }
      const timer = setTimeout(late, withinMs)
      const end = <V>(act: (value: V) => void) => {
        return (value: V): void => {
          clearTimeout(timer)
          act(value)
        }
      }
      this.#waiting.set(id, {
        resolve: end((value: unknown) => resolve(value as T)),
        reject: end(reject),
      })
      this.#process.send({ id, name, argument } satisfies Call)
    })
  }

  /** Ends the process: in good order when it answers `stop`, by force after a while. */
  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const gone = new Promise((resolve) => this.#process.once('exit', resolve))
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), EXIT_WITHIN_MS)
    await this.call('stop', undefined, EXIT_WITHIN_MS).catch(() => undefined)
    if (this.#process.connected) this.#process.disconnect()
    await gone
    clearTimeout(timer)
  }

  #answered({ id, value, error }: Answer): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(value)
    else waiting?.reject(new Error(`${this.#role}: ${error}`))
  }
}
