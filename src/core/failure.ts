/**
 * Why a command was not done, as a value: a stable code, a sentence, and what to do next.
 * The core never throws at people, and at peers' bytes it never throws at all.
 */
import type { ErrorCode } from '../base/error.ts'
import type { Failure, Reply } from './effect.ts'

export const failure = (code: ErrorCode, message: string, hint: string): Failure => ({
  code,
  message,
  hint,
})

export const refused = (error: Failure): Reply => ({ ok: false, error })
