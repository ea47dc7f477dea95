// Where a data directory lay when it was last used: its path, its device and inode, and the machine. A
// directory that was moved, copied or put back from a backup lies elsewhere, and may be older than what
// other members hold of it. An ordinary crash changes none of these.

import { createHash } from 'node:crypto'
import { readFile, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { writeDurable } from './durable-file.ts'
import type { Paths } from './paths.ts'

const fileOf = ({ data }: Paths): string => join(data, 'PLACE')

/** One line that is another one wherever else the directory lies. */
export async function placeOf(paths: Paths): Promise<string> {
  const { dev, ino } = await stat(paths.data, { bigint: true })
  const machine = await readFile('/etc/machine-id', 'utf8').catch(() => '')
  // The id of a machine is nobody else's business: only whether it is the same one.
  const digest = createHash('sha256').update(`coterie ${machine.trim()}`).digest('hex')
  return JSON.stringify([await realpath(paths.data), String(dev), String(ino), digest.slice(0, 32)])
}

/** Whether the directory lies elsewhere than when it was last used; not where that was never told. */
export async function wasMoved(paths: Paths): Promise<boolean> {
  const recorded = await readFile(fileOf(paths), 'utf8').catch(() => undefined)
  return recorded !== undefined && recorded.trim() !== (await placeOf(paths))
}

/** Tells where it lies now, for the next start. */
export async function recordPlace(paths: Paths): Promise<void> {
  await writeDurable(fileOf(paths), `${await placeOf(paths)}\n`, 0o600)
}
