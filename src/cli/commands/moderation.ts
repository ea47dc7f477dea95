// What the commands by which leaders moderate have in common: each asks with a key of its own, so that
// a repeated try says nothing twice, and each answer is printed alike.

import type { Answers } from '../../api/contract.ts'
import type { Client } from '../client.ts'
import type { Context } from '../command.ts'
import { type Line, fields } from '../output/table.ts'
import { connect } from './connect.ts'

type Moderation = Answers['POST /v1/groups/:id/name']

/** Asks the daemon with a key of its own, and says what came of it. */
export async function moderated(
  context: Context,
  what: string,
  ask: (client: Client, headers: Readonly<Record<string, string>>) => Promise<Moderation>,
): Promise<void> {
  const client = await connect(context)
  const answer = await ask(client, { 'idempotency-key': crypto.randomUUID() })
  await context.out.result(answer, () => linesOf(what, answer))
}

function linesOf(what: string, { changed, number }: Moderation): Line[] {
  if (!changed) return [`It is so already${number === null ? '' : `, by ${number}`}.`]
  return fields([
    ['done', what],
    ['number', number ?? ''],
  ])
}
