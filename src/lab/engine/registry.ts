// All engines by name. The commands, the schema of scenarios and the manifest call them so.
// A name that is not here is refused before anything starts.

import { CoterieError } from '../../base/error.ts'
import type { Engine } from './engine.ts'
import { inproc } from './inproc/inproc.ts'
import { netns } from './netns/netns.ts'
import { proc } from './proc/proc.ts'
import { sim } from './sim/sim.ts'

export const engines: readonly Engine[] = Object.freeze([sim, inproc, proc, netns])

/** @throws CoterieError USAGE */
export function engineOf(name: string): Engine {
  const found = engines.find((one) => one.name === name)
  if (found !== undefined) return found
  throw new CoterieError('USAGE', `The lab has no engine "${name}".`, {
    hint: `Engines: ${engines.map((one) => one.name).join(', ')}.`,
  })
}
