// The shape of a scenario file, written once: from it come the checks, the types and the published JSON
// Schema. Unknown keys are errors, because a word that is mistyped must not be a fault that is left out.

import { z } from 'zod'

import { lies } from '../world/lies.ts'
import { chaos } from './chaos/schema.ts'
import { JITTER } from './duration.ts'
import { duration } from './words.ts'

const selector = z
  .union([z.string().min(1).max(200), z.number().int().min(0)])
  .describe(
    'Nodes: `*`, `3`, `0..4`, `label:x`, `role:manager`, `role:leaders`, `group:0`, `side:p1/0`, `random:2`, or several of these with commas.',
  )

const name = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,39}$/, 'lower-case letters, digits, _ and -, at most 40')

/** A label becomes part of the name of a metric. */
const label = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,39}$/, 'a label: lower-case letters, digits and _, at most 40')

const share = z.number().min(0).max(1)
const bytes = z.number().int().min(1).max(60_000)

const change = {
  latency: duration.optional(),
  jitter: z
    .string()
    .regex(JITTER, 'a duration, or lognormal(10ms,0.5)')
    .optional()
    .describe(
      'Added at random: a duration, evenly between none and it; lognormal(10ms,0.5), around 10 ms with that deviation of the logarithm.',
    ),
  loss: share.optional(),
  duplicate: share.optional(),
  reorder: share.optional(),
}

const arrivals = {
  who: selector,
  from: duration.optional(),
  to: duration.optional(),
  arrivals: z.enum(['poisson', 'periodic', 'bursty']).default('poisson'),
  perNodePerMinute: z.number().positive().max(6_000),
}

const once = { at: duration, who: selector }

const workload = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('chat'), ...arrivals, bytes: bytes.default(200) }),
  z.strictObject({ kind: z.literal('read'), ...arrivals }),
  z.strictObject({ kind: z.literal('join'), ...once, target: selector.optional() }),
  z.strictObject({ kind: z.literal('leave'), ...once }),
  z.strictObject({ kind: z.literal('compromise'), ...once }).describe('Their disks are copied.'),
  z
    .strictObject({ kind: z.literal('recover-device'), ...once })
    .describe('They begin anew, with keys of which nobody has a copy.'),
  z.strictObject({ kind: z.literal('kick'), ...once, target: selector }),
  z.strictObject({
    kind: z.literal('rekey'),
    who: selector,
    at: duration.optional(),
    every: duration.optional(),
    from: duration.optional(),
    to: duration.optional(),
  }),
])

const mode = z.enum(['blackhole', 'reset', 'no-new', 'hold']).default('blackhole')
const flap = z.strictObject({
  cut: duration,
  heal: duration,
  times: z.number().int().min(2).max(1_000),
})

const when = {
  at: duration,
  id: name,
  for: duration.optional().describe('Until then; without it a `heal` must name the id.'),
}

const schedule = z.discriminatedUnion('do', [
  z.strictObject({
    ...when,
    do: z.literal('split'),
    sides: z.array(selector).min(2).max(64).optional(),
    shape: z
      .enum([
        'halves',
        'majority-minority',
        'isolate-one',
        'isolate-manager',
        'bridge',
        'two-leaf',
        'ring',
        'random',
        'swizzle',
        'nested',
      ])
      .optional(),
    target: selector
      .optional()
      .describe('Of isolate-one and swizzle: who. Default: at random; all.'),
    every: duration.optional().describe('Of swizzle: how long after one the next is cut.'),
    mode,
    direction: z.enum(['both', 'forward']).default('both'),
    flap: flap.optional(),
  }),
  z.strictObject({
    ...when,
    do: z.literal('cut'),
    from: selector,
    to: selector,
    mode,
    both: z.boolean().default(true),
    flap: flap.optional(),
  }),
  z.strictObject({
    ...when,
    do: z.literal('link'),
    from: selector.optional(),
    to: selector.optional(),
    both: z.boolean().default(true),
    ...change,
    grow: z
      .strictObject({ to: duration, steps: z.number().int().min(2).max(100) })
      .optional()
      .describe('From `latency` to this in so many steps, each longer by the same factor.'),
  }),
  z.strictObject({
    ...when,
    do: z.literal('crash'),
    target: selector,
    unsynced: z.enum(['keep', 'lose', 'torn']).default('keep'),
    silent: z.boolean().default(false),
  }),
  z.strictObject({ ...when, do: z.literal('offline'), target: selector }),
  z.strictObject({
    ...when,
    do: z.literal('skew'),
    target: selector,
    ahead: duration.optional(),
    behind: duration.optional(),
    driftPpm: z.number().int().min(-100_000).max(100_000).default(0),
  }),
  z.strictObject({ ...when, do: z.literal('disk'), target: selector }),
  z.strictObject({ ...when, do: z.literal('pause'), target: selector }),
  z.strictObject({
    ...when,
    do: z.literal('slow'),
    target: selector,
    factor: z.number().min(2).max(1_000).describe('How many times as long everything takes.'),
  }),
  z.strictObject({
    ...when,
    do: z.literal('byzantine'),
    target: selector,
    lies: z.array(z.enum(lies)).min(1).max(lies.length),
  }),
  z.strictObject({ at: duration, do: z.literal('heal'), id: name }),
])

const expectations = z
  .array(
    z.strictObject({
      for: name.or(z.literal('*')).default('*'),
      phase: z.string().min(1).max(100),
      that: z.string().min(1).max(500),
      why: z.string().max(500).default(''),
    }),
  )
  .max(500)

export const scenarioSchema = z
  .strictObject({
    lab: z.literal(1).describe('Version of this format.'),
    name,
    title: z.string().max(200),
    seed: z.union([z.string().min(1).max(100), z.number().int()]).default('lab'),
    engine: z.enum(['sim', 'inproc', 'proc', 'netns']).default('sim'),
    group: z.strictObject({
      nodes: z.number().int().min(2).max(100_000),
      count: z.number().int().min(1).max(1_000).default(1),
      labels: z.record(label, selector).default({}),
      roles: z
        .strictObject({ manager: selector.optional(), leaders: selector.optional() })
        .default({}),
    }),
    network: z
      .strictObject({
        overlay: z
          .enum(['full', 'ring', 'line', 'star', 'grid', 'tree', 'random-regular'])
          .default('full'),
        degree: z.number().int().min(2).max(64).default(4),
        link: z.strictObject(change).default({}),
        between: z
          .array(z.strictObject({ from: selector, to: selector, ...change }))
          .max(200)
          .default([]),
      })
      .default({ overlay: 'full', degree: 4, link: {}, between: [] }),
    protocols: z
      .array(
        z.strictObject({
          use: name,
          as: name.optional(),
          with: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
        }),
      )
      .min(1)
      .max(32),
    workload: z.array(workload).max(200).default([]),
    schedule: z.array(schedule).max(1_000).default([]),
    chaos: chaos.optional(),
    run: z.strictObject({
      warmup: duration.default('0s'),
      duration,
      quiesce: duration,
      deadline: duration.default('5s'),
      repeats: z
        .number()
        .int()
        .min(1)
        .max(1_000)
        .default(1)
        .describe(
          'Runs with other seeds, on the simulator; metrics become medians with intervals.',
        ),
    }),
    sweep: z
      .record(
        z.string().regex(/^[a-z][A-Za-z0-9.]{0,99}$/, 'a path such as network.link.latency'),
        z
          .array(z.union([z.string(), z.number(), z.boolean()]))
          .min(1)
          .max(32),
      )
      .default({})
      .describe('Values by path, each of which is run: { "network.link.latency": [10ms, 100ms] }.'),
    real: z
      .strictObject({
        scale: z
          .number()
          .gt(0)
          .max(1)
          .default(1)
          .describe('All times of the schedule and the workload are multiplied by it.'),
        duration: duration.optional().describe('Default: run.duration times scale; at most 90s.'),
        quiesce: duration.default('30s').describe('At most 30s.'),
        protocols: z
          .array(name)
          .min(1)
          .optional()
          .describe('As they are called above; default: all, refused where the engine cannot.'),
        workload: z.array(workload).max(200).optional().describe('Instead of the one above.'),
        schedule: z.array(schedule).max(1_000).optional().describe('Instead of the one above.'),
        expect: expectations.optional().describe('Instead of the ones below.'),
      })
      .optional()
      .describe('How engines of real nodes run it: in less time, and without what they cannot do.'),
    expect: expectations.default([]),
  })
  .describe('A scenario of the coterie laboratory.')

export type Scenario = z.output<typeof scenarioSchema>
export type WorkloadItem = Scenario['workload'][number]
export type ScheduleItem = Scenario['schedule'][number]
export type ChangeWords = Pick<
  Scenario['network']['link'],
  'latency' | 'jitter' | 'loss' | 'duplicate' | 'reorder'
>

/** The published JSON Schema of what one may write. */
export function scenarioJsonSchema(): object {
  return z.toJSONSchema(scenarioSchema, { io: 'input', target: 'draft-2020-12' })
}
