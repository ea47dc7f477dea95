// The note that a running daemon leaves for the commands of the same user: where its local
// interface is, and the token that opens it. Mode 0600 in a directory of mode 0700; gone when the
// daemon ends well, recognisable as stale when it did not.

import { readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makePrivateDirectory, writeDurable } from './durable-file.ts'

/** How to reach a running daemon. */
export interface RunFile {
  readonly v: 1
  readonly pid: number
  /** `http://127.0.0.1:4711`, or `unix:/path/of.sock`. */
  readonly api: string
  /** Secret. Goes into the header `Authorization: Bearer`, nowhere else. */
  readonly token: string
  /** Milliseconds UTC. */
  readonly started: number
}

/** Leaves the note. */
export async function writeRunFile(path: string, note: RunFile): Promise<void> {
  await makePrivateDirectory(dirname(path))
  await writeDurable(path, `${JSON.stringify(note)}\n`, 0o600)
}

/** The note, or undefined when there is none that can be read. */
export async function readRunFile(path: string): Promise<RunFile | undefined> {
  try {
    const note = JSON.parse(await readFile(path, 'utf8')) as Partial<RunFile> | null
    const whole =
      note?.v === 1 &&
      typeof note.pid === 'number' &&
      typeof note.api === 'string' &&
      typeof note.token === 'string' &&
      typeof note.started === 'number'
    return whole ? (note as RunFile) : undefined
  } catch {
    return undefined
  }
}

/** Takes the note away, if it is still the one with this token. */
export async function removeRunFile(path: string, token: string): Promise<void> {
  const note = await readRunFile(path)
  if (note?.token === token) await rm(path, { force: true })
}
