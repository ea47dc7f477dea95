// The bent ports of this very process, which is one node: made over the clock that the program would have,
// once, for the stand-ins and for whoever is told what to do with them.

import { BentPorts } from './ports.ts'

const { createSystemClock } = await import('../../../adapters/system/clock.ts')

export const own = new BentPorts(createSystemClock())
