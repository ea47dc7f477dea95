// Runs beside the bench as a process of its own, and stops and continues processes that the bench names by
// their ids. It lives as long as the bench holds its stdin, and lets everybody go on when that closes: a
// stopped process could not end by itself when the bench is killed.

import { createInterface } from 'node:readline'
import { turnOf } from './pacing.ts'
import { startOf } from './sweep.ts'

/** What it is asked, one JSON object a line; each is answered by its number once it is done. */
export interface BrakeAsk {
  readonly id: number
  readonly pid: number
  readonly speed: number
}

export interface BrakeSaid {
  readonly id: number
  readonly error?: string
}

interface Braked {
  /** When it was started: the number may go to another process. */
  readonly start: number | undefined
  timer: NodeJS.Timeout | undefined
}

const braked = new Map<number, Braked>()

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const { id, pid, speed } = JSON.parse(line) as BrakeAsk
    try {
      set(pid, speed)
      say({ id })
    } catch (error) {
      say({ id, error: String(error) })
    }
  })
  .on('close', () => process.exit())
process.on('exit', () => {
  for (const pid of [...braked.keys()]) free(pid)
})
for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, () => process.exit())

function say(said: BrakeSaid): void {
  process.stdout.write(`${JSON.stringify(said)}\n`)
}

function set(pid: number, speed: number): void {
  free(pid)
  if (speed >= 1) return
  const one: Braked = { start: startOf(pid), timer: undefined }
  braked.set(pid, one)
  process.kill(pid, 'SIGSTOP')
  if (speed > 0) stopped(pid, one, turnOf(speed).stopMs, speed)
}

/** Continues a process for good. */
function free(pid: number): void {
  const one = braked.get(pid)
  if (one === undefined) return
  clearTimeout(one.timer)
  signal(pid, one, 'SIGCONT')
  braked.delete(pid)
}

function stopped(pid: number, one: Braked, forMs: number, speed: number): void {
  one.timer = setTimeout(() => {
    const fromMs = performance.now()
    signal(pid, one, 'SIGCONT')
    one.timer = setTimeout(() => {
      signal(pid, one, 'SIGSTOP')
      // By what it had, which is more than was meant on a busy machine.
      stopped(pid, one, (performance.now() - fromMs) * (1 / speed - 1), speed)
    }, turnOf(speed).runMs)
  }, forMs)
}

function signal(pid: number, { start }: Braked, name: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    if (startOf(pid) === start) process.kill(pid, name)
  } catch {
    // It is gone.
  }
}
