// Why a channel could not be opened, as one of a few stable words. The core compares them and
// people read them; whatever libp2p and the system say in their own words is mapped here.

/** Reasons given to `openFailed`. */
export type OpenReason =
  /** Nobody listens there, or whoever does knows no such protocol. */
  | 'refused'
  | 'timeout'
  /** This side's gate is shut for the peer. */
  | 'denied'
  /** No usable address was given, remembered, or found in the directory. */
  | 'no-address'
  /** Another peer answered, or the addresses name another one. */
  | 'wrong-peer'
  | 'unreachable'

/** An open that failed for a known reason. */
export class OpenFailure extends Error {
  override readonly name = 'OpenFailure'
  readonly reason: OpenReason

  constructor(reason: OpenReason, cause?: unknown) {
    super(reason, { cause })
    this.reason = reason
  }
}

/** Of several addresses that failed differently, the first of these that occurred is told. */
const ranking: readonly OpenReason[] = [
  'denied',
  'wrong-peer',
  'refused',
  'timeout',
  'unreachable',
  'no-address',
]

const reasonOfName: Readonly<Record<string, OpenReason | undefined>> = {
  DialDeniedError: 'denied',
  ConnectionInterceptedError: 'denied',
  UnexpectedPeerError: 'wrong-peer',
  InvalidPeerIdError: 'wrong-peer',
  UnsupportedProtocolError: 'refused',
  AbortError: 'timeout',
  TimeoutError: 'timeout',
  NoValidAddressesError: 'no-address',
  InvalidMultiaddrError: 'no-address',
  NotFoundError: 'no-address',
}

const reasonOfCode: Readonly<Record<string, OpenReason | undefined>> = {
  ECONNREFUSED: 'refused',
  ETIMEDOUT: 'timeout',
  ENOTFOUND: 'no-address',
}

/** Maps any error to its reason; of an error that holds several, to the most telling one. */
export function openReason(error: unknown): OpenReason {
  if (error instanceof OpenFailure) return error.reason
  if (error instanceof AggregateError && error.errors.length > 0) {
    const reasons = error.errors.map(openReason)
    return ranking.find((reason) => reasons.includes(reason)) ?? 'unreachable'
  }
  if (!(error instanceof Error)) return 'unreachable'
  const { code } = error as { code?: unknown }
  const known =
    reasonOfName[error.name] ?? (typeof code === 'string' ? reasonOfCode[code] : undefined)
  if (known !== undefined) return known
  // Errors of the handshake are wrapped and keep only their words.
  if (/aborted|timed out|timeout/i.test(error.message)) return 'timeout'
  if (/does not match expected remote identity|dial self/.test(error.message)) return 'wrong-peer'
  return 'unreachable'
}

/** What libp2p said, in one line for a log. */
export function openDetail(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(openDetail).join('; ')
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
