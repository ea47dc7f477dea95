// From an error to an HTTP answer. The body is the same error object that the command line prints;
// the status is for programs that look no further.

import { CoterieError, type ErrorCode } from '../base/error.ts'
import { toCoterieError } from '../node/failure.ts'
import type { ErrorAnswer } from './contract.ts'

/** The HTTP status of every code: a new code does not compile before it has one. */
export const statusOfCode: Readonly<Record<ErrorCode, number>> = Object.freeze({
  INTERNAL: 500,
  USAGE: 400,
  DAEMON_UNREACHABLE: 503,
  PEER_UNREACHABLE: 502,
  GROUP_UNKNOWN: 404,
  MEMBER_UNKNOWN: 404,
  MESSAGE_UNKNOWN: 404,
  PEER_UNKNOWN: 404,
  PROTOCOL_UNKNOWN: 404,
  SCENARIO_UNKNOWN: 404,
  NOT_A_MEMBER: 403,
  NOT_A_LEADER: 403,
  TICKET_INVALID: 422,
  TICKET_EXPIRED: 410,
  TICKET_USED: 410,
  CARD_INVALID: 422,
  CARD_USED: 409,
  AMBIGUOUS: 409,
  TEXT_TOO_LARGE: 413,
  COUNTER_EXHAUSTED: 409,
  RECOVERED_NEEDS_REJOIN: 409,
  ARCHIVE_INVALID: 422,
  UNAUTHORISED: 401,
  TIMEOUT: 504,
  JOIN_PENDING: 504,
  ACK_UNKNOWN: 504,
  DATA_DIR_LOCKED: 503,
  PORT_IN_USE: 503,
  FORMAT_TOO_NEW: 503,
  DISK_FULL: 507,
  UPGRADE_NEEDED: 503,
  NOT_INITIALISED: 503,
  ALREADY_INITIALISED: 409,
  PERMISSION: 503,
})

/** An error whose HTTP status says more than its code does. */
export class RequestError extends CoterieError {
  readonly status: number

  constructor(status: number, code: ErrorCode, message: string, hint?: string) {
    super(code, message, hint === undefined ? {} : { hint })
    this.status = status
  }
}

/** The answer that tells of an error. Nothing of its cause or stack gets out. */
export function errorAnswer(error: unknown): { status: number; body: ErrorAnswer } {
  const known = toCoterieError(error)
  const status = known instanceof RequestError ? known.status : statusOfCode[known.code]
  const { code, message, hint = '' } = known
  return { status, body: { v: 1, ok: false, error: { code, message, hint } } }
}
