// The version of the data directory's layout. A newer layout is refused untouched; an older one is
// brought forward step by step, and each step's number is written only after the step is done: a
// crash repeats the step, so every migration must bear being run twice.

import { readFile } from 'node:fs/promises'
import { CoterieError } from '../base/error.ts'
import { writeDurable } from './durable-file.ts'

/** The layout that this program writes. */
export const FORMAT_VERSION = 1

/** One step forward: from layout `from` to `from + 1`. */
export interface Migration {
  readonly from: number
  readonly summary: string
  /** Bears being run again on its own half-done or finished work. */
  run(dataDirectory: string): Promise<void>
}

/** All steps, oldest first. None yet: there is only layout 1. */
export const migrations: readonly Migration[] = []

/** What a check needs to know; the defaults are this program's own. */
export interface FormatOptions {
  /** Path of the FORMAT file. */
  readonly file: string
  readonly dataDirectory: string
  /** Default: FORMAT_VERSION. */
  readonly version?: number
  /** Default: `migrations`. */
  readonly steps?: readonly Migration[]
  /** Told before each step. Default: nobody. */
  readonly onStep?: (step: Migration) => void
}

/** Writes the version into a new data directory. */
export async function writeFormat(file: string, version: number = FORMAT_VERSION): Promise<void> {
  await writeDurable(file, `coterie-data ${version}\n`, 0o644)
}

/** The version in the file. @throws CoterieError INTERNAL when the file is damaged or missing */
export async function readFormat(file: string): Promise<number> {
  const content = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new CoterieError('INTERNAL', `The file ${file} is missing or cannot be read.`, {
      hint: 'Restore the data directory from a backup.',
      cause: error,
    })
  })
  const version = /^coterie-data ([1-9][0-9]{0,8})\n?$/.exec(content)?.[1]
  if (version !== undefined) return Number(version)
  throw new CoterieError('INTERNAL', `The file ${file} is damaged.`, {
    hint: 'Restore the data directory from a backup.',
  })
}

/** Refuses a newer layout, brings an older one forward. Answers with the steps that were run. */
export async function checkFormat(options: FormatOptions): Promise<readonly Migration[]> {
  const { file, version = FORMAT_VERSION, steps = migrations } = options
  let found = await readFormat(file)
  if (found > version) {
    throw new CoterieError(
      'FORMAT_TOO_NEW',
      `The data is in layout ${found}; this program knows layouts up to ${version}.`,
      { hint: 'Install the newer coterie that wrote it. Nothing was changed.' },
    )
  }
  const done: Migration[] = []
  while (found < version) {
    const step = steps.find((candidate) => candidate.from === found)
    if (step === undefined) {
      throw new CoterieError('INTERNAL', `No way leads from data layout ${found} to ${version}.`)
    }
    options.onStep?.(step)
    await step.run(options.dataDirectory)
    found += 1
    await writeFormat(file, found)
    done.push(step)
  }
  return done
}
