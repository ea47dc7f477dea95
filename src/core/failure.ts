/** Why a command was not done, as a value: the core never throws at people. */
import type { ErrorCode } from '../base/error.ts'
import type { Failure, Reply } from './effect.ts'

export const failure = (code: ErrorCode, message: string, hint: string): Failure => ({
  code,
  message,
  hint,
})

export const refused = (error: Failure): Reply => ({ ok: false, error })
