// `chaos:` in a scenario file: faults that nobody wrote down. From each seed a random part of the kinds is
// drawn, with random knobs. Two modes, because they ask two questions: does everything hold once all is
// healed (safety), and does a connected core get on although the rest never heals (liveness)?

import { z } from 'zod'

import { duration } from '../words.ts'

/** What may be drawn. `flap` is a split that comes and goes; the others are called as in `schedule`. */
export const chaosKinds = [
  'split',
  'cut',
  'flap',
  'link',
  'crash',
  'offline',
  'pause',
  'slow',
  'skew',
  'disk',
] as const

export type ChaosKind = (typeof chaosKinds)[number]

/** Around whom a core is chosen, and how large it is. */
export const corePolicies = ['any', 'majority', 'leader', 'manager', 'random'] as const

const both = {
  from: duration.describe('When the first fault may begin.'),
  to: duration.describe('When all is healed; of liveness: when the core is chosen and healed.'),
  faults: z
    .array(z.enum(chaosKinds))
    .min(1)
    .max(chaosKinds.length)
    .optional()
    .describe(
      'What each seed draws a random part of, refused where the engine cannot; default: whatever the engine can.',
    ),
  perMinute: z.number().positive().max(120).default(12).describe('How many faults begin a minute.'),
  longest: duration.default('20s').describe('How long one lasts at most.'),
}

export const chaos = z
  .discriminatedUnion('mode', [
    z.strictObject({ mode: z.literal('safety'), ...both }),
    z.strictObject({
      mode: z.literal('liveness'),
      ...both,
      core: z
        .enum(corePolicies)
        .default('any')
        .describe(
          'majority: more than half; leader, manager: around one of the leaders, or the one who manages at first; random: three or more; any: each seed draws one of these.',
        ),
      links: z
        .enum(['all', 'some', 'any'])
        .default('any')
        .describe('Inside the core: every link, or only enough to hold it together.'),
      bound: duration
        .default('60s')
        .describe('How long the core may take for an operation of any kind.'),
    }),
  ])
  .describe('Faults drawn from the seed instead of a schedule.')

export type Chaos = z.output<typeof chaos>
export type LivenessChaos = Extract<Chaos, { mode: 'liveness' }>
