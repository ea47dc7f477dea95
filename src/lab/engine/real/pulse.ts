// The independent look at a process: what the kernel says of it, and how long it takes to answer a question
// that needs no key and no group. Whether it refuses the question is all the same: who stands still does
// not even refuse.

import { request } from 'node:http'
import { readFileSync } from 'node:fs'
import { type Access, targetOf } from '../../demo/local-api.ts'
import type { Pulse } from './pacing.ts'

const SAMPLE_MS = 5

/** One question after the other for a while. */
export async function takePulse(access: Access, pid: number, forMs: number): Promise<Pulse> {
  const begunMs = performance.now()
  const over = AbortSignal.timeout(forMs)
  const seen = { looks: 0, stopped: 0 }
  const look = (): void => {
    const stopped = isStopped(pid)
    if (stopped === undefined) return
    seen.looks += 1
    if (stopped) seen.stopped += 1
  }
  look()
  const looking = setInterval(look, SAMPLE_MS)
  const answers: number[] = []
  let askedMs = begunMs
  while (await isAnswered(access, over)) {
    answers.push(performance.now() - askedMs)
    askedMs = performance.now()
  }
  clearInterval(looking)
  const nowMs = performance.now()
  return {
    overMs: nowMs - begunMs,
    answers,
    waitingMs: nowMs - askedMs,
    stopped: seen.looks === 0 ? undefined : seen.stopped / seen.looks,
  }
}

/** False once the time is over; a refused connection waits for that. */
function isAnswered(access: Access, over: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (over.aborted) return resolve(false)
    const late = (): void => resolve(false)
    over.addEventListener('abort', late, { once: true })
    const target = { ...targetOf(access, '/v1/status'), agent: false, signal: over }
    const asked = request(target, (answer) => {
      answer.on('error', () => undefined)
      answer.resume().once('end', () => {
        over.removeEventListener('abort', late)
        resolve(true)
      })
    })
    asked.on('error', () => undefined)
    asked.end()
  })
}

/** Whether a process is stopped by a signal; undefined: there is no such process, or nobody says. */
export function isStopped(pid: number): boolean | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T')
  } catch {
    return undefined
  }
}
