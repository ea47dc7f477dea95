// Files that are written piece by piece and must be whole or not there: what is not finished lies under
// another name, and a file that is there already is never touched. Readable by their owner alone.

import { type FileHandle, link, lstat, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Bytes } from '../base/bytes.ts'
import { CoterieError } from '../base/error.ts'
import { syncDirectory, uniqueWord } from './durable-file.ts'
import { toCoterieError } from './failure.ts'

const CHUNK_BYTES = 256 * 1_024

/** A new file under way. */
export interface NewFile {
  write(bytes: Bytes): Promise<void>
  /** Makes it durable under its name. @throws CoterieError USAGE where somebody made one meanwhile */
  finish(): Promise<void>
  /** Leaves nothing behind; does nothing once finished. */
  discard(): Promise<void>
}

/** Begins a new file of mode 0600. @throws CoterieError USAGE where it is there already, PERMISSION */
export async function newFile(path: string): Promise<NewFile> {
  const there = await lstat(path).then(
    () => true,
    () => false,
  )
  if (there) throw isThere(path)
  const draft = `${path}.${uniqueWord()}.part`
  const file = await tried(() => open(draft, 'wx', 0o600))
  return new Draft(path, draft, file)
}

class Draft implements NewFile {
  readonly #path: string
  readonly #draft: string
  readonly #file: FileHandle
  #done = false

  constructor(path: string, draft: string, file: FileHandle) {
    this.#path = path
    this.#draft = draft
    this.#file = file
  }

  async write(bytes: Bytes): Promise<void> {
    await tried(() => this.#file.writeFile(bytes))
  }

  async finish(): Promise<void> {
    await tried(() => this.#file.sync())
    await this.#file.close()
    this.#done = true
    try {
      // Unlike a rename, a link never replaces what is there.
      await link(this.#draft, this.#path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw isThere(this.#path)
      throw toCoterieError(error)
    } finally {
      await rm(this.#draft, { force: true })
    }
    await syncDirectory(dirname(this.#path))
  }

  async discard(): Promise<void> {
    if (this.#done) return
    this.#done = true
    await this.#file.close()
    await rm(this.#draft, { force: true })
  }
}

/** The bytes of a file, in pieces. @throws CoterieError PERMISSION */
export async function* readPieces(path: string): AsyncGenerator<Bytes, void, undefined> {
  const file = await tried(() => open(path, 'r'))
  try {
    for (;;) {
      const piece = new Uint8Array(CHUNK_BYTES)
      const { bytesRead } = await tried(() => file.read(piece, 0, CHUNK_BYTES))
      if (bytesRead === 0) return
      yield piece.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

function isThere(path: string): CoterieError {
  return new CoterieError('USAGE', `${path} is there already and is left as it is.`, {
    hint: 'Name a file that does not exist.',
  })
}

async function tried<T>(operate: () => Promise<T>): Promise<T> {
  try {
    return await operate()
  } catch (error) {
    throw toCoterieError(error)
  }
}
