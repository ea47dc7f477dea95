// Turns what the system reports (errno, database and socket errors) into this package's errors, so
// that a full disk or a taken port looks the same wherever it was met. Unknown things stay INTERNAL.

import { CoterieError } from '../base/error.ts'
import type { CoterieErrorOptions, ErrorCode } from '../base/error.ts'

interface SystemError {
  readonly code?: unknown
  readonly message?: unknown
  readonly cause?: unknown
  readonly path?: unknown
  readonly errors?: unknown
}

const byErrno: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'DISK_FULL',
  EDQUOT: 'DISK_FULL',
  EADDRINUSE: 'PORT_IN_USE',
  EADDRNOTAVAIL: 'USAGE',
  EACCES: 'PERMISSION',
  EPERM: 'PERMISSION',
  EROFS: 'PERMISSION',
  ENOENT: 'PERMISSION',
  ENOTDIR: 'PERMISSION',
  EISDIR: 'PERMISSION',
  EEXIST: 'PERMISSION',
  ELOOP: 'PERMISSION',
  ENAMETOOLONG: 'PERMISSION',
  ERR_INVALID_ARG_VALUE: 'USAGE',
  LEVEL_LOCKED: 'DATA_DIR_LOCKED',
}

// LevelDB hands only the words of the system on, not the number.
const byWords: readonly (readonly [RegExp, ErrorCode])[] = [
  [/no space left on device|disk quota exceeded/i, 'DISK_FULL'],
  [/address (already )?in use|EADDRINUSE/i, 'PORT_IN_USE'],
  [/LockFile|lock .*already held|Resource temporarily unavailable/i, 'DATA_DIR_LOCKED'],
  [/permission denied|read-only file system/i, 'PERMISSION'],
]

const hints: Readonly<Partial<Record<ErrorCode, string>>> = {
  DISK_FULL: 'Make room on the disk, then start again: nothing that was confirmed is lost.',
  PORT_IN_USE: 'Choose another address with --listen or --api, or stop what listens there.',
  DATA_DIR_LOCKED: 'Stop the other process, or name another directory with --home.',
  PERMISSION: 'Check that the path is right, who owns it, and its mode.',
  INTERNAL: 'Run `coterie doctor`; if all is well there, please report this.',
}

/** The error of this package that says the same; the given one becomes its cause. */
export function toCoterieError(error: unknown): CoterieError {
  if (error instanceof CoterieError) return error
  const chain = causes(error)
  const code = chain.map(codeOf).find((found) => found !== undefined) ?? 'INTERNAL'
  const hint = hints[code]
  const options: CoterieErrorOptions = { cause: error, ...(hint === undefined ? {} : { hint }) }
  return new CoterieError(code, describe(chain[0]), options)
}

/** The error itself, then its causes; what an aggregate gathers counts as causes. */
function causes(error: unknown): readonly unknown[] {
  const found: unknown[] = []
  const waiting: unknown[] = [error]
  while (waiting.length > 0 && found.length < 32) {
    const next = waiting.shift()
    if (next === undefined || next === null || found.includes(next)) continue
    found.push(next)
    if (typeof next !== 'object') continue
    const { cause, errors } = next as SystemError
    if (Array.isArray(errors)) waiting.push(...(errors as unknown[]))
    if (cause !== undefined) waiting.push(cause)
  }
  return found
}

function codeOf(error: unknown): ErrorCode | undefined {
  if (error instanceof CoterieError) return error.code
  if (typeof error !== 'object' || error === null) return undefined
  const { code, message } = error as SystemError
  const known = typeof code === 'string' ? byErrno[code] : undefined
  if (known !== undefined) return known
  if (typeof message !== 'string') return undefined
  return byWords.find(([words]) => words.test(message))?.[1]
}

function describe(error: unknown): string {
  if (typeof error === 'object' && error !== null) {
    const { message } = error as SystemError
    if (typeof message === 'string' && message !== '') return message
  }
  return String(error)
}
