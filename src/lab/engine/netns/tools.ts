// The tools of the system: how a namespace is entered, and how commands are run there. Nothing is ever run
// in the machine's own network: the hub is a new namespace from its first moment, and each node's is another.

import { type ChildProcess, spawn } from 'node:child_process'

/** Whether this user may make namespaces, or becomes the owner of a namespace of users first. */
export type Rights = 'root' | 'user'

/** Words before a command that make a network of its own for it. They do not fork. */
export const apart = (rights: Rights): readonly string[] =>
  rights === 'root'
    ? ['unshare', '--net', '--']
    : ['unshare', '--user', '--map-root-user', '--net', '--']

/** Words before a command that run it in the network of a process. They do not fork. */
export function within(pid: number, rights: Rights): readonly string[] {
  const user = rights === 'root' ? [] : ['--user', '--preserve-credentials']
  return ['nsenter', '--target', String(pid), ...user, '--net', '--']
}

export interface Ran {
  /** Empty when all went well. */
  readonly problem: string
  readonly output: string
}

/** Runs a command to its end, with a text on its stdin. Never throws. */
export function run(words: readonly string[], input = '', withinMs = 10_000): Promise<Ran> {
  const [command = '', ...rest] = words
  return new Promise((resolve) => {
    const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'pipe'] })
    const late = setTimeout(() => child.kill('SIGKILL'), withinMs)
    const said = { out: '', error: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.error += text))
    child.stdin.on('error', () => undefined)
    child.once('error', ({ message }) => {
      clearTimeout(late)
      resolve({ problem: message, output: '' })
    })
    child.once('close', (code, signal) => {
      clearTimeout(late)
      const error = said.error.trim().split('\n')[0] ?? ''
      const problem = code === 0 ? '' : error || `${command} ended with ${signal ?? String(code)}`
      resolve({ problem, output: said.out })
    })
    child.stdin.end(input)
  })
}

/** Resolves when it is gone. */
export function gone(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('close', () => resolve())
    child.once('error', () => resolve())
  })
}
