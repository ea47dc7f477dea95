// One real node: `init` and `daemon` of the built program, with a home and a log of its own, on a
// free loopback port. Its local interface is the only thing that the demo knows of it.

import { mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CoterieError, type ErrorCode } from '../../base/error.ts'
import { Child, type ChildSettings } from './child.ts'
import { type Access, LocalApi } from './local-api.ts'

export interface DaemonOptions {
  readonly name: string
  /** A directory that is made here. */
  readonly home: string
  readonly signal: AbortSignal
  /** Told of every process before anything is awaited, so that none can be forgotten. */
  readonly onStart: (child: Child) => void
  /** Called when the daemon ends without having been asked to. */
  readonly onDeath: (error: CoterieError) => void
  readonly settings?: ChildSettings
  /** Where it listens for other nodes. Default: a free port. */
  readonly listen?: string | undefined
  /** Where its local interface is. Default: a free port. */
  readonly apiAt?: string | undefined
  /** Further words of its command line. Default: none. */
  readonly flags?: readonly string[]
}

/** A daemon that is ready. */
export interface Daemon {
  readonly name: string
  readonly peerId: string
  readonly api: LocalApi
  readonly access: Access
  /** Multiaddrs on which it listens for other nodes. */
  readonly listen: readonly string[]
  readonly child: Child
  /** The end of what it wrote to its log, on one line; empty when it wrote nothing. */
  logTail(): Promise<string>
}

const INIT_MS_MAX = 20_000
const READY_MS_MAX = 30_000
const TAIL_LINES = 6
const TAIL_CHARACTERS = 2_048

/** Makes the identity of a new node and starts its daemon. @throws CoterieError why it is not ready */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  await mkdir(options.home, { recursive: true, mode: 0o700 })
  await initialise(options)
  return resumeDaemon(options)
}

/** Starts the daemon of a node that was made before. @throws CoterieError why it is not ready */
export async function resumeDaemon(options: DaemonOptions): Promise<Daemon> {
  const { name, home, signal, listen = '/ip4/127.0.0.1/tcp/0', flags = [] } = options
  const api = options.apiAt ?? '127.0.0.1:0'
  const words = ['--listen', listen, '--api', api, '--no-dht', ...flags]
  const child = await start(options, ['daemon', ...words])
  const ready = await child.firstAnswer(READY_MS_MAX, signal)
  if (ready?.['ready'] !== true || typeof ready['peerId'] !== 'string') {
    const what = child.running
      ? `was not ready within ${READY_MS_MAX / 1_000} s`
      : `did not start (${child.end})`
    throw await problem(options, what, ready)
  }
  child.onDeath(() => {
    void problem(options, `ended by itself (${child.end})`).then(options.onDeath)
  })
  const access = JSON.parse(await readFile(join(home, 'api.json'), 'utf8')) as Access
  return {
    name,
    peerId: ready['peerId'],
    api: new LocalApi(access, signal),
    access,
    listen: ready['listen'] as string[],
    child,
    logTail: () => tailOf(home),
  }
}

/** Runs one command to its end, in a process of its own. @throws CoterieError what it said instead */
export async function runCommand(
  options: Pick<DaemonOptions, 'name' | 'home' | 'signal' | 'onStart'>,
  words: readonly string[],
): Promise<Record<string, unknown>> {
  await mkdir(options.home, { recursive: true, mode: 0o700 })
  const child = await start(options, words)
  const answer = await child.firstAnswer(INIT_MS_MAX, options.signal)
  await (answer === undefined ? child.stop() : child.ended)
  if (answer?.['ok'] === true) return answer
  throw await problem(options, `did not do what was asked (${words.join(' ')})`, answer)
}

async function initialise(options: DaemonOptions): Promise<void> {
  const child = await start(options, ['init', '--name', options.name])
  const made = await child.firstAnswer(INIT_MS_MAX, options.signal)
  if (made?.['ok'] === true) return child.ended
  throw await problem(options, `could not be made (${child.end})`, made)
}

async function start(
  { home, onStart, settings }: Pick<DaemonOptions, 'home' | 'onStart' | 'settings'>,
  words: readonly string[],
): Promise<Child> {
  const log = await open(logOf(home), 'a', 0o600)
  try {
    const child = new Child(['--home', home, ...words, '--json', '--quiet'], log.fd, settings)
    onStart(child)
    return child
  } finally {
    await log.close()
  }
}

/** An error with what the process itself said about it, and the end of its log. */
async function problem(
  { name, home }: Pick<DaemonOptions, 'name' | 'home'>,
  what: string,
  answer?: Record<string, unknown>,
): Promise<CoterieError> {
  const own = answer?.['error'] as { code: ErrorCode; message: string } | undefined
  const message = `The node of ${name} ${what}.${own === undefined ? '' : ` ${own.message}`}`
  const tail = await tailOf(home)
  const hint = tail === '' ? 'Its log is empty.' : `The end of its log: ${tail}`
  return new CoterieError(own?.code ?? 'INTERNAL', message, { hint })
}

async function tailOf(home: string): Promise<string> {
  const text = await readFile(logOf(home), 'utf8').catch(() => '')
  const lines = text.slice(-TAIL_CHARACTERS).split('\n')
  return lines
    .filter((line) => line !== '')
    .slice(-TAIL_LINES)
    .join(' | ')
}

function logOf(home: string): string {
  return join(home, 'daemon.log')
}
