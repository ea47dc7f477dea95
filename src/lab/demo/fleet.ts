// All daemons of one demo, under one directory: started together, ended together. Whatever ends the
// demo, an error, a signal or its success, no process and, unless asked for, no file stays behind.

import { rmSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { CoterieError } from '../../base/error.ts'
import type { Child, ChildSettings } from './child.ts'
import { type Daemon, type DaemonOptions, resumeDaemon, runCommand, startDaemon } from './daemon.ts'

export interface FleetOptions {
  readonly names: readonly string[]
  /** An empty or new directory for everything, which is kept. Default: one that is removed again. */
  readonly keep: string | undefined
  readonly signal: AbortSignal
  /** What the name of a directory that is removed again begins with. */
  readonly prefix?: string
  /** What each process is given, by place. Default: nothing. */
  readonly settings?: (place: number) => ChildSettings
  /** Where a daemon listens, and where its local interface is. Default: free ports of loopback. */
  readonly where?: (place: number, home: string) => { listen: string; apiAt: string }
}

/** Daemons that are ready. */
export interface Fleet {
  readonly daemons: readonly Daemon[]
  /** Aborted, with the reason, when the demo must end early: a signal, or a daemon that died. */
  readonly signal: AbortSignal
  /** Starts the daemon of a place again, which has ended: on the same port, over the same home. */
  restart(place: number): Promise<void>
  /**
   * Ends the daemon of a place, copies its home as it lies there, and starts a daemon over each of the
   * two. The copy comes last in `daemons`; its daemon is given the flags.
   */
  copy(place: number, name: string, flags: readonly string[]): Promise<void>
  /** Runs one command of the program in a process of its own, over the home of that name. */
  command(name: string, words: readonly string[]): Promise<Record<string, unknown>>
  /** A file beside the homes: it stays with them, or goes with them. */
  file(name: string): string
}

/** Runs `work` with daemons of these names and ends them afterwards, however it went. */
export async function withFleet<T>(
  options: FleetOptions,
  work: (fleet: Fleet) => Promise<T>,
): Promise<T> {
  const root = await makeRoot(options)
  const children = new Set<Child>()
  const failed = new AbortController()
  const signal = AbortSignal.any([options.signal, failed.signal])
  // The last resort: a second Ctrl-C ends this process without another turn.
  const atExit = (): void => {
    for (const child of children) child.kill()
    if (options.keep === undefined) rmSync(root, { recursive: true, force: true, maxRetries: 3 })
  }
  process.once('exit', atExit)
  const parts = (name: string, place: number): DaemonOptions => ({
    name,
    home: join(root, name),
    ...options.where?.(place, join(root, name)),
    signal,
    onStart(child) {
      children.add(child)
      if (signal.aborted) child.kill()
    },
    onDeath: (error) => failed.abort(error),
    ...(options.settings === undefined ? {} : { settings: options.settings(place) }),
  })
  try {
    const daemons = await together(
      options.names.map((name, place) => () => startDaemon(parts(name, place))),
      (error) => failed.abort(error),
    )
    const restart = async (place: number): Promise<void> => {
      const { name = '', listen } = daemons[place] ?? {}
      const at = listen?.[0]?.replace(/\/p2p\/.*$/, '')
      const same = at === undefined ? {} : { listen: at }
      daemons[place] = await resumeDaemon({ ...parts(name, place), ...same })
    }
    const copy: Fleet['copy'] = async (place, name, flags) => {
      const original = options.names[place] ?? ''
      await daemons[place]?.child.stop()
      await cp(join(root, original), join(root, name), { recursive: true })
      const copyPlace = daemons.length
      const [daemon] = await Promise.all([
        resumeDaemon({ ...parts(name, copyPlace), flags }),
        restart(place),
      ])
      daemons.push(daemon)
    }
    const command: Fleet['command'] = (name, words) => runCommand(parts(name, 0), words)
    const file = (name: string): string => join(root, name)
    return await work({ daemons, signal, restart, copy, command, file })
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
): Promise<T[]> {
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

async function makeRoot({ keep, prefix = 'coterie-demo-' }: FleetOptions): Promise<string> {
  if (keep === undefined) return mkdtemp(join(tmpdir(), prefix))
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
