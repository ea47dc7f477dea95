// What requests may hold: one schema per body and query, from which come the checks, the types and
// the OpenAPI description. Unknown fields are refused, so that a misspelt one is not ignored.

import { z } from 'zod'
import { RequestError } from './failure.ts'

const text = (bytesMax: number) => z.string().min(1).max(bytesMax)
const DAY_MS = 86_400_000

const contentTypes = z
  .array(text(128))
  .max(32)
  .describe('Those that are shown, such as text/plain or image/*; none: all.')

/** Bodies of POST requests, by route. */
export const bodies = {
  'POST /v1/groups': z.strictObject({
    name: text(256),
    leaders: z.array(text(16_384)).max(16).optional().describe('Cards of the other leaders.'),
    policy: z.enum(['strict', 'balanced', 'partition-tolerant']).optional(),
    succeeds: text(256).optional().describe('The group that this one succeeds.'),
  }),
  'POST /v1/groups/:id/messages': z.strictObject({
    text: z.string(),
    contentType: z
      .string()
      .max(256)
      .regex(/^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+(;.*)?$/i, 'like text/plain')
      .optional(),
    ack: z
      .enum(['none', 'quorum', 'all'])
      .optional()
      .describe('Whose receipts the answer waits for.'),
    timeoutMs: z.int().min(0).max(3_600_000).optional().describe('For how long; 5 s.'),
  }),
  'POST /v1/groups/:id/invites': z.strictObject({
    expiresMs: z
      .int()
      .min(1_000)
      .max(366 * DAY_MS)
      .optional(),
    uses: z.int().min(1).max(1_024).optional(),
    confirm: z.boolean().optional(),
  }),
  'POST /v1/groups/:id/requests/:request/accept': z.strictObject({}),
  'POST /v1/groups/:id/members/:member/remove': z.strictObject({
    account: z.boolean().optional().describe('Every member of that account.'),
    dryRun: z.boolean().optional().describe('Only say what would happen.'),
  }),
  'POST /v1/groups/:id/name': z.strictObject({ name: text(256) }),
  'POST /v1/groups/:id/topic': z.strictObject({ topic: z.string().max(1_024) }),
  'POST /v1/groups/:id/types': z.strictObject({ types: contentTypes }),
  'POST /v1/groups/:id/members/:member/types': z.strictObject({ types: contentTypes }),
  'POST /v1/groups/:id/members/:member/mute': z.strictObject({ on: z.boolean() }),
  'POST /v1/groups/:id/messages/:message/hide': z.strictObject({ on: z.boolean() }),
  'POST /v1/groups/:id/leave': z.strictObject({
    reason: z.string().max(1_024).optional().describe('Told to the others.'),
    last: z.boolean().optional().describe('Also when no leader is left afterwards.'),
  }),
  'POST /v1/groups/:id/rotate': z.strictObject({}),
  'POST /v1/groups/:id/attestation': z.strictObject({}),
  'POST /v1/groups/:id/sync': z.strictObject({ peer: text(256).optional() }),
  'POST /v1/join': z.strictObject({
    ticket: text(16_384).describe('A secret.'),
    waitMs: z.int().min(0).max(DAY_MS).optional(),
  }),
  'POST /v1/card': z.strictObject({}),
  'POST /v1/peers': z.strictObject({ address: text(256).describe('A multiaddr.') }),
  'POST /v1/peers/block': z.strictObject({
    peers: z.union([z.literal('all'), z.array(text(256)).min(1).max(256)]),
  }),
  'POST /v1/peers/unblock': z.strictObject({
    peers: z.union([z.literal('all'), z.array(text(256)).min(1).max(256)]),
  }),
  'POST /v1/peers/ping': z.strictObject({ peer: text(256) }),
} as const

const flag = z
  .enum(['0', '1'])
  .optional()
  .transform((value) => value === '1')

/** Queries of GET requests, by route. */
export const queries = {
  'GET /v1/groups/:id/messages': z.strictObject({
    since: text(64).optional().describe('A message id, a prefix of it, or a number.'),
    limit: z.coerce.number().int().min(0).max(1_000_000).optional(),
    follow: flag.describe('1: keep the answer open and send what comes.'),
    all: flag.describe('1: also texts that this member was never entitled to.'),
    final: flag.describe('1: only what can change no more, in the final order.'),
  }),
  'GET /v1/groups/:id/archive': z.strictObject({
    keys: flag.describe('1: also the keys of every text that is readable here.'),
  }),
  'GET /v1/events': z.strictObject({
    after: z.coerce.number().int().min(0).optional().describe('Number of the last event seen.'),
  }),
} as const

export type Bodies = { [Route in keyof typeof bodies]: z.infer<(typeof bodies)[Route]> }
export type Queries = { [Route in keyof typeof queries]: z.infer<(typeof queries)[Route]> }

/** The value, or an error that names the field. @throws RequestError USAGE */
export function check<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const field = issue?.path.join('.') ?? ''
  const message = `${field === '' ? '' : `${field}: `}${issue?.message ?? 'not understood'}`
  throw new RequestError(400, 'USAGE', message, 'The description is at /v1/openapi.json')
}
