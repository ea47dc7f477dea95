// Stands in for the clock of the built program in a process that may be told to lie: `hooks.ts` leads here
// whoever makes a node.

import type { Clock } from '../../../ports/clock.ts'
import { own } from './own.ts'

export const createSystemClock = (): Clock => own.clock
