// What LevelDB reports, in this package's words. It names few codes and hands the operating system
// on as a sentence, so the sentence is read where the code says only that input or output failed.

import { CoterieError, type ErrorCode } from '../../base/error.ts'

interface Reported {
  readonly code?: unknown
  readonly message?: unknown
  readonly cause?: unknown
}

interface Meaning {
  readonly code: ErrorCode
  readonly says: string
  readonly hint: string
}

const locked: Meaning = {
  code: 'DATA_DIR_LOCKED',
  says: 'Another process has this database open.',
  hint: 'Stop the other process, or use another directory: two writers would destroy the data.',
}
const full: Meaning = {
  code: 'DISK_FULL',
  says: 'The disk has no room left for the database.',
  hint: 'Make room on the disk, then start again: nothing that was confirmed is lost.',
}
const forbidden: Meaning = {
  code: 'PERMISSION',
  says: 'The system does not let this process use the database directory.',
  hint: 'Check who owns the directory and the files in it, and their modes.',
}
const damaged: Meaning = {
  code: 'INTERNAL',
  says: 'The database is damaged.',
  hint: 'Restore the data directory as a whole, or join again as a new member; keep a copy first.',
}
const broken: Meaning = {
  code: 'INTERNAL',
  says: 'The database failed.',
  hint: 'Look at the cause; if the disk is sound, please report this.',
}

/** The error of this package for whatever the database threw; that one becomes the cause. */
export function levelFailure(thrown: unknown): CoterieError {
  if (thrown instanceof CoterieError) return thrown
  const innermost = rootOf(thrown)
  const meaning = meaningOf(innermost)
  const detail = typeof innermost.message === 'string' ? innermost.message : String(thrown)
  return new CoterieError(meaning.code, `${meaning.says} (${detail})`, {
    hint: meaning.hint,
    cause: thrown,
  })
}

function meaningOf({ code, message }: Reported): Meaning {
  const words = typeof message === 'string' ? message : ''
  if (code === 'LEVEL_LOCKED') return locked
  if (code === 'ENOSPC' || code === 'EDQUOT') return full
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return forbidden
  if (/no space left|quota exceeded/i.test(words)) return full
  if (/permission denied|not permitted|read-only file system/i.test(words)) return forbidden
  if (code === 'LEVEL_CORRUPTION' || /corruption/i.test(words)) return damaged
  return broken
}

/** Opening wraps the reason once or twice. */
function rootOf(thrown: unknown): Reported {
  let found = thrown as Reported
  for (let depth = 0; depth < 8; depth++) {
    if (typeof found.cause !== 'object' || found.cause === null) break
    found = found.cause
  }
  return found
}
