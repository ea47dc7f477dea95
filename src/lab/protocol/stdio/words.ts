// What the bench and a program in any language say to each other, one JSON object a line: the bench tells
// what happens to a node, the program answers with what the node does and how it is then. The README
// beside this file teaches it.

import { z } from 'zod'

import { CoterieError, type ErrorCode } from '../../../base/error.ts'
import { shortened } from './pipe.ts'

const id = z.string().min(1).max(100)
const node = z.number().int().min(0)

const message = z.strictObject({
  id,
  author: node,
  /** From 0, without gaps. */
  seq: node,
  kind: z.enum(['text', 'add', 'remove', 'rekey']).default('text'),
  /** Of add and remove: who. */
  about: z.number().int().default(-1),
  parents: z.array(id).max(1_000).default([]),
  body: z.string().default(''),
  epoch: node.default(0),
})

const codes = ['NOT_A_MEMBER', 'NOT_A_LEADER', 'TIMEOUT', 'USAGE', 'MEMBER_UNKNOWN'] as const

const action = z.union([
  z.strictObject({ send: z.string(), to: z.array(node) }),
  z.strictObject({ keep: z.string() }),
  z.strictObject({ news: message, how: z.enum(['own', 'push', 'sync']) }),
  z.strictObject({ reply: z.number().int(), id: id.optional() }),
  z.strictObject({ reply: z.number().int(), refused: z.enum(codes), why: z.string().default('') }),
])

const state = z.strictObject({
  members: z.array(node).optional(),
  manager: node.nullable().optional(),
  epoch: node.optional(),
  order: z.array(id).optional(),
  held: z.string().optional(),
  wanted: z.array(node).optional(),
})

const answer = z.strictObject({ do: z.array(action).default([]), is: state.default({}) })

export type Answered = z.output<typeof answer>
export type ToldMessage = z.output<typeof message>
export type StateWords = z.output<typeof state>
export type RefusalCode = Extract<ErrorCode, (typeof codes)[number]>

/** What happens to a node. */
export type Happening =
  | {
      readonly happens: 'begin'
      readonly members: readonly number[]
      readonly outside: readonly number[]
      readonly manager: number
    }
  | { readonly happens: 'recall'; readonly rows: readonly string[] }
  | { readonly happens: 'linked'; readonly peer: number }
  | { readonly happens: 'frame'; readonly peer: number; readonly content: string }
  | { readonly happens: 'send'; readonly ticket: number; readonly text: string }
  | { readonly happens: 'rekey' | 'leave'; readonly ticket: number }
  | { readonly happens: 'kick' | 'join'; readonly ticket: number; readonly target: number }

/** @throws CoterieError USAGE for anything but an answer */
export function readAnswer(command: string, line: string): Answered {
  const wrong = (why: string): CoterieError =>
    new CoterieError('USAGE', `"${command}" said what is no answer: ${shortened(line)} (${why})`, {
      hint: 'An answer is one JSON object on one line; see src/lab/protocol/README.md.',
    })
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : 'no JSON')
  }
  const parsed = answer.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw wrong(`${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? ''}`)
}
