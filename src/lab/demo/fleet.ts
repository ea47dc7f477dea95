// All daemons of one demo, under one directory: started together, ended together. Whatever ends the
// demo, an error, a signal or its success, no process and, unless asked for, no file stays behind.

import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { CoterieError } from '../../base/error.ts'
import type { Child } from './child.ts'
import { type Daemon, startDaemon } from './daemon.ts'

export interface FleetOptions {
  readonly names: readonly string[]
  /** An empty or new directory for everything, which is kept. Default: one that is removed again. */
  readonly keep: string | undefined
  readonly signal: AbortSignal
}

/** Daemons that are ready. */
export interface Fleet {
  readonly daemons: readonly Daemon[]
  /** Aborted, with the reason, when the demo must end early: a signal, or a daemon that died. */
  readonly signal: AbortSignal
}

/** Runs `work` with daemons of these names and ends them afterwards, however it went. */
export async function withFleet<T>(
  options: FleetOptions,
  work: (fleet: Fleet) => Promise<T>,
): Promise<T> {
  const root = await makeRoot(options.keep)
  const children = new Set<Child>()
  const failed = new AbortController()
  const signal = AbortSignal.any([options.signal, failed.signal])
  // The last resort: a second Ctrl-C ends this process without another turn.
  const atExit = (): void => {
    for (const child of children) child.kill()
    if (options.keep === undefined) rmSync(root, { recursive: true, force: true, maxRetries: 3 })
  }
  process.once('exit', atExit)
  try {
    const daemons = await together(
      options.names.map(
        (name) => () =>
          startDaemon({
            name,
            home: join(root, name),
            signal,
            onStart(child) {
              children.add(child)
              if (signal.aborted) child.kill()
            },
            onDeath: (error) => failed.abort(error),
          }),
      ),
      (error) => failed.abort(error),
    )
    return await work({ daemons, signal })
  } catch (error) {
    // A daemon that dies breaks calls in many places; its own end is what there is to say.
    throw signal.aborted ? signal.reason : await causeOf(error, failed.signal)
  } finally {
    await Promise.all([...children].map((child) => child.stop()))
    if (options.keep === undefined) await rm(root, { recursive: true, force: true, maxRetries: 3 })
    process.off('exit', atExit)
  }
}

/** How long after a broken connection the news of the daemon's end may still come, in ms. */
const NEWS_MS = 500

function causeOf(error: unknown, died: AbortSignal): Promise<unknown> {
  if (error instanceof CoterieError) return Promise.resolve(error)
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(error), NEWS_MS)
    died.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve(died.reason)
    })
  })
}

/** Starts all; the first failure ends the others. Resolves or throws when none is under way. */
async function together<T>(
  starts: readonly (() => Promise<T>)[],
  onFailure: (error: unknown) => void,
): Promise<readonly T[]> {
  const started = await Promise.allSettled(
    starts.map(async (start) => {
      try {
        return await start()
      } catch (error) {
        onFailure(error)
        throw error
      }
    }),
  )
  return started.map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}

async function makeRoot(keep: string | undefined): Promise<string> {
  if (keep === undefined) return mkdtemp(join(tmpdir(), 'coterie-demo-'))
  const root = resolve(keep)
  const held = await mkdir(root, { recursive: true, mode: 0o700 }).then(
    () => readdir(root),
    (cause: unknown) => {
      throw new CoterieError('USAGE', `${root} cannot be made: ${String(cause)}.`, { cause })
    },
  )
  if (held.length === 0) return root
  throw new CoterieError('USAGE', `${root} is not empty.`, {
    hint: 'Name a new directory with --keep.',
  })
}
