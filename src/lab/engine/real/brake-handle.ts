// The brake of a run, as the bench holds it: started when the first process is to be slower, asked, ended.
// When it ends, by whatever it ends, nobody stands still any more.

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { BrakeAsk, BrakeSaid } from './brake.ts'
import { type Pacing, isAtSpeed, lookMs } from './pacing.ts'
import { takePulse } from './pulse.ts'
import { ownerTag } from './sweep.ts'

/** A process that can be slowed. */
export interface Braked {
  readonly pid: number
  readonly access: Parameters<typeof takePulse>[0]
}

/** It runs what was built, also where this file itself runs as it is written. */
const built = import.meta.url.endsWith('.ts') ? '../../../../dist/lab/engine/real/' : './'
const program = fileURLToPath(new URL(`${built}brake.js`, import.meta.url))

/** Runs `work` with a brake on these processes, and lets them all go on afterwards, however it went. */
export async function withBrake<T>(
  at: (node: number) => Braked,
  work: (pacing: Pacing) => Promise<T>,
): Promise<T> {
  let brake: Brake | undefined
  const set = async (node: number, speed: number): Promise<void> => {
    brake ??= new Brake()
    await brake.ask(at(node).pid, speed)
  }
  const look = async (node: number, speed: number): Promise<boolean> => {
    const { access, pid } = at(node)
    return isAtSpeed(await takePulse(access, pid, lookMs(speed)), speed)
  }
  try {
    return await work({ set, look })
  } finally {
    await brake?.close()
  }
}

class Brake {
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, (problem: string | undefined) => void>()
  readonly #gone: Promise<void>
  #asked = 0
  #problem: string | undefined

  constructor() {
    // A group of its own: Ctrl-C reaches the bench alone.
    const child = spawn(process.execPath, [program, ownerTag()], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
    })
    this.#process = child
    child.stdin.on('error', () => undefined)
    this.#gone = new Promise((resolve) => {
      const end = (): void => {
        this.#problem = 'the brake ended'
        for (const answer of this.#waiting.values()) answer(this.#problem)
        resolve()
      }
      child.once('close', end)
      child.once('error', end)
    })
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { id, error } = JSON.parse(line) as BrakeSaid
      this.#waiting.get(id)?.(error)
    })
  }

  /** @throws Error when it cannot be done */
  ask(pid: number, speed: number): Promise<void> {
    const ask: BrakeAsk = { id: ++this.#asked, pid, speed }
    return new Promise((resolve, reject) => {
      const answer = (problem: string | undefined): void => {
        this.#waiting.delete(ask.id)
        if (problem === undefined) resolve()
        else reject(new Error(`a process could not be paced: ${problem}`))
      }
      if (this.#problem !== undefined) return answer(this.#problem)
      this.#waiting.set(ask.id, answer)
      this.#process.stdin?.write(`${JSON.stringify(ask)}\n`)
    })
  }

  /** Resolves when everybody goes on and it is gone. */
  close(): Promise<void> {
    this.#process.stdin?.end()
    return this.#gone
  }
}
