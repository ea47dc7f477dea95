// The measured process's side: answers the calls of its parent and ends when the parent does.
// Clocks of all processes of one machine agree here: the system's monotonic one, in microseconds.

import { startProfile } from './profile.ts'
import type { Answer, Call } from './worker.ts'

/** What a role can be asked; `stop` is called last. */
export type Deeds = Readonly<Record<string, (argument: never) => unknown>>

export function serve(role: Deeds): void {
  const deeds: Deeds = { ...role, ...inspection() }
  const answer = (message: Answer): void => {
    if (process.connected) process.send?.(message)
  }
  process.on('message', ({ id, name, argument }: Call) => {
    const deed = deeds[name]
    const done =
      deed === undefined
        ? Promise.reject(new Error(`no deed ${name}`))
        : Promise.resolve().then(() => deed(argument as never))
    done.then(
      (value: unknown) => answer({ id, value }),
      (error: unknown) => {
        answer({
          id,
          error: error instanceof Error ? (error.stack ?? error.message) : String(error),
        })
      },
    )
  })
  process.on('disconnect', () => process.exit(0))
}

/** Every role tells its processor time, and can be profiled: `profiled` ends it with a summary. */
function inspection(): Deeds {
  let end: ((file?: string) => Promise<string>) | undefined
  return {
    cpuUs: () => cpuUs(),
    profile: async () => {
      end = await startProfile()
    },
    profiled: (file: string) => end?.(file),
  }
}

/** Microseconds of the processor that this process has used. */
function cpuUs(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** Digits of the time in front of a text of a measured node. */
export const TIME_DIGITS = 16

/** Microseconds of the machine's monotonic clock, comparable between processes. */
export function nowUs(): number {
  return Number(process.hrtime.bigint() / 1_000n)
}

/** Bytes of memory that the process holds, garbage collected first. */
export function residentBytes(): number {
  for (let round = 0; round < 3; round++) globalThis.gc?.()
  return process.memoryUsage().rss
}
