// The one error class, and the one table of every code with its exit number and its meaning.
// A code never changes its number or its meaning once released: scripts depend on both.
// Errors are for people and programs that use this node; input from peers yields a Result instead.

/** Whose doing an error is: the caller's, the machine's, another peer's, or a defect of ours. */
export type ErrorGroup = 'usage' | 'environment' | 'peer' | 'internal'

interface ErrorFacts {
  readonly exit: number
  readonly group: ErrorGroup
  readonly meaning: string
}

/** Every error code: the exit number of the command line, the group, and one sentence. */
export const errorTable = Object.freeze({
  INTERNAL: row(1, 'internal', 'Something inside broke; please report it with the details shown.'),

  USAGE: row(2, 'usage', 'The command, an option or a value was not understood.'),

  DAEMON_UNREACHABLE: row(3, 'environment', 'No daemon answers for this home directory.'),
  PEER_UNREACHABLE: row(3, 'peer', 'The other node could not be reached at any known address.'),

  GROUP_UNKNOWN: row(4, 'usage', 'This node holds no such group.'),
  MEMBER_UNKNOWN: row(4, 'usage', 'The group has no such member.'),
  MESSAGE_UNKNOWN: row(4, 'usage', 'The group holds no such message.'),
  PEER_UNKNOWN: row(4, 'usage', 'No such peer is known here.'),
  PROTOCOL_UNKNOWN: row(4, 'usage', 'The lab has no protocol of that name.'),
  SCENARIO_UNKNOWN: row(4, 'usage', 'The lab has no scenario of that name.'),

  NOT_A_MEMBER: row(5, 'usage', 'This node is not, or no longer, a member of the group.'),
  NOT_A_LEADER: row(5, 'usage', 'Only a leader named in the constitution may do this.'),
  TICKET_INVALID: row(5, 'usage', 'The ticket is damaged, forged or meant for something else.'),
  TICKET_EXPIRED: row(5, 'usage', 'The ticket was good once, but its time is over.'),
  TICKET_USED: row(5, 'usage', 'The ticket has been used as often as it allows.'),
  CARD_INVALID: row(5, 'usage', 'The card is damaged or its signatures do not hold.'),
  CARD_USED: row(5, 'usage', 'The card already serves another group; each card serves one.'),
  AMBIGUOUS: row(5, 'usage', 'The name or short id given fits more than one thing.'),
  TEXT_TOO_LARGE: row(5, 'usage', 'The text does not fit into one message.'),
  COUNTER_EXHAUSTED: row(5, 'usage', 'This member has used up all its message numbers.'),
  RECOVERED_NEEDS_REJOIN: row(
    5,
    'usage',
    'This copy is older than what others hold of it, so it must join again as a new member.',
  ),
  ARCHIVE_INVALID: row(5, 'usage', 'The archive is damaged or was not made by this program.'),
  UNAUTHORISED: row(5, 'usage', 'The local interface was called without its token.'),

  TIMEOUT: row(6, 'environment', 'The wait ended before the answer came.'),
  JOIN_PENDING: row(6, 'peer', 'The request to join waits for a leader to come online or agree.'),
  ACK_UNKNOWN: row(6, 'peer', 'The message is signed and will spread, but receipts are missing.'),

  DATA_DIR_LOCKED: row(7, 'environment', 'Another process uses this data directory.'),
  PORT_IN_USE: row(7, 'environment', 'Something else already listens on that port.'),
  FORMAT_TOO_NEW: row(7, 'environment', 'The data was written by a newer version.'),
  DISK_FULL: row(7, 'environment', 'There is no room left to write.'),
  UPGRADE_NEEDED: row(7, 'environment', 'The group uses something that needs a newer version.'),
  NOT_INITIALISED: row(7, 'environment', 'There is no identity in this home directory yet.'),
  ALREADY_INITIALISED: row(7, 'environment', 'There already is an identity in this directory.'),
  PERMISSION: row(7, 'environment', 'The system does not allow access to a file or address.'),
})

/** The name of an error, as printed, logged and returned by the local interface. */
export type ErrorCode = keyof typeof errorTable

/** What an error may carry besides its code and message. */
export interface CoterieErrorOptions {
  /** What to do next, in words a person can follow. Default: none. */
  readonly hint?: string
  /** What made this happen. Default: none. */
  readonly cause?: unknown
}

/** The only error class that leaves this package on purpose. */
export class CoterieError extends Error {
  override readonly name = 'CoterieError'
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly group: ErrorGroup

  constructor(code: ErrorCode, message?: string, options: CoterieErrorOptions = {}) {
    super(
      message ?? errorTable[code].meaning,
      options.cause === undefined ? undefined : { cause: options.cause },
    )
    this.code = code
    this.hint = options.hint
    this.group = errorTable[code].group
  }

  /** The exit number that the command line ends with. */
  get exit(): number {
    return errorTable[this.code].exit
  }
}

function row(exit: number, group: ErrorGroup, meaning: string): ErrorFacts {
  return Object.freeze({ exit, group, meaning })
}
