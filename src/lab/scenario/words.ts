// Words that several parts of a scenario file are written in. Here and not in the schema of the whole,
// because its parts are read by it.

import { z } from 'zod'

import { DURATION } from './duration.ts'

export const duration = z
  .string()
  .regex(DURATION, 'a duration with its unit, such as 40ms, 10s, 5m, 24h or 7d')
  .describe('A duration with its unit: 40ms, 10s, 5m, 24h, 7d.')
