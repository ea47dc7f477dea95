// The numbers with which the command line ends. Those of errors stand in the one table of errors;
// here are the two that are none.

import { type ErrorCode, errorTable } from '../base/error.ts'

/** Done. */
export const DONE = 0

/** Ended by the person or the system before it was done. */
export const INTERRUPTED = 130

/** The exit code of an error. */
export function exitOf(code: ErrorCode): number {
  return errorTable[code].exit
}
