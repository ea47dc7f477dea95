// How much lies on the disk: the lengths of all files under a directory, as they are listed.
// Directories themselves count nothing.

import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

export async function directoryBytes(directory: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size
  }
  return bytes
}
