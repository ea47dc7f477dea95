// All protocols of the bench by name, in the order in which they are listed.
// A name that is not here is an error, never a column left empty.

import { CoterieError } from '../../base/error.ts'
import type { ProtocolUse } from '../scenario/materialised.ts'
import { coterie } from './coterie/coterie.ts'
import { direct, ideal, managed } from './models/models.ts'
import type { Protocol } from './port.ts'
import { stdio } from './stdio/stdio.ts'

export const protocols: readonly Protocol[] = Object.freeze([
  coterie,
  ideal,
  managed,
  direct,
  stdio,
])

/** @throws CoterieError PROTOCOL_UNKNOWN */
export function protocolOf(name: string): Protocol {
  const found = protocols.find((one) => one.name === name)
  if (found !== undefined) return found
  throw new CoterieError('PROTOCOL_UNKNOWN', `The lab has no protocol "${name}".`, {
    hint: `Protocols: ${protocols.map((one) => one.name).join(', ')}.`,
  })
}

/** What is wrong with how a protocol is used, in a sentence; undefined: nothing. */
export function misuseOf({ use, with: given }: ProtocolUse): string | undefined {
  const { options } = protocolOf(use)
  const missing = Object.keys(options).find(
    (name) => options[name]?.required === true && given[name] === undefined,
  )
  if (missing !== undefined) return `${use} needs "${missing}"`
  for (const [name, value] of Object.entries(given)) {
    const known = Object.hasOwn(options, name) ? options[name] : undefined
    const names = Object.keys(options).join(', ')
    if (known === undefined) return `${use} has no option "${name}"; it has: ${names || 'none'}`
    const { is, oneOf } = known
    if (typeof is !== typeof value) return `"${name}" of ${use} takes a ${typeof is}`
    if (oneOf?.includes(value) === false) return `"${name}" of ${use} is one of ${oneOf.join(', ')}`
  }
  return undefined
}
