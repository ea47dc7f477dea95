// A passphrase comes out of a file, never out of a flag or the environment, where other users of the
// machine could see it. All of the file counts but one line break at its end.

import { readFile } from 'node:fs/promises'
import type { Bytes } from '../base/bytes.ts'
import { CoterieError } from '../base/error.ts'
import { toCoterieError } from './failure.ts'

const PASSPHRASE_BYTES_MAX = 1_024

/** The passphrase in a file. @throws CoterieError USAGE, PERMISSION */
export async function readPassphrase(path: string): Promise<Bytes> {
  const content = await readFile(path).catch((error: unknown) => {
    throw toCoterieError(error)
  })
  let end = content.length
  if (content[end - 1] === 0x0a) end -= 1
  if (end > 0 && content[end - 1] === 0x0d) end -= 1
  if (end >= 1 && end <= PASSPHRASE_BYTES_MAX) return new Uint8Array(content.subarray(0, end))
  throw new CoterieError('USAGE', `The file ${path} holds no passphrase.`, {
    hint: `Write 1 to ${PASSPHRASE_BYTES_MAX} bytes into it, such as six words drawn at random.`,
  })
}
