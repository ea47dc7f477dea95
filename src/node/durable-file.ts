// Small files that must never be half written: the new content is complete and on the disk under
// another name before it takes the old one's place. After a crash there is the old or the new file.

import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { toHex } from '../base/bytes.ts'
import type { Bytes } from '../base/bytes.ts'

/** Replaces a file as a whole, and makes it durable. @param mode permission bits of the new file */
export async function writeDurable(
  path: string,
  content: string | Bytes,
  mode = 0o600,
): Promise<void> {
  const draft = `${path}.${uniqueWord()}.tmp`
  try {
    await writeNew(draft, content, mode)
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  await syncDirectory(dirname(path))
}

/** Makes a file that must not exist yet, durable in itself; its directory is the caller's to sync. */
export async function writeNew(path: string, content: string | Bytes, mode = 0o600): Promise<void> {
  const file = await open(path, 'wx', mode)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes the names in a directory durable, where the system can. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/**
 * Makes a directory and what leads to it, for this user alone. Not by the recursive option of Node,
 * which never returns where the system refuses a new name with "no such file", as /proc does.
 */
export async function makePrivateDirectory(path: string): Promise<void> {
  const make = (): Promise<void> =>
    mkdir(path, { mode: 0o700 }).catch(async (error: NodeJS.ErrnoException) => {
      const found = error.code === 'EEXIST' ? await stat(path) : undefined
      if (found?.isDirectory() !== true) throw error
    })
  try {
    await make()
  } catch (error) {
    const parent = dirname(path)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) throw error
    await makePrivateDirectory(parent)
    await make()
  }
}

/** Sixteen hex digits that nobody else has: for names of files that must not meet. */
export function uniqueWord(): string {
  return toHex(crypto.getRandomValues(new Uint8Array(8)))
}
