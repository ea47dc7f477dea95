// Why this node cannot listen, in words a person can act on. libp2p reports the failures of all
// addresses as one text with stack traces; what matters in it is the system's own error code.

import { CoterieError } from '../../base/error.ts'

/** @param listen the addresses that were asked for */
export function listenFailure(error: unknown, listen: readonly string[]): CoterieError {
  const text = error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error)
  const places = listen.join(', ')
  if (text.includes('EADDRINUSE')) {
    return new CoterieError('PORT_IN_USE', `Something else already listens on ${places}.`, {
      hint: 'Stop the other program, or choose another port with --listen; port 0 takes a free one.',
      cause: error,
    })
  }
  if (text.includes('EACCES') || text.includes('EPERM')) {
    return new CoterieError('PERMISSION', `The system does not allow listening on ${places}.`, {
      hint: 'Choose a port of 1024 or more with --listen.',
      cause: error,
    })
  }
  return new CoterieError('USAGE', `This node cannot listen on ${places}.`, {
    hint: 'Check that each address belongs to this machine, like /ip4/0.0.0.0/tcp/0.',
    cause: error,
  })
}
