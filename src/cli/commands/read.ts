// `read`: the texts of a group in their total order; with --follow also what comes. Lines for people
// show the author's claimed time, JSON lines carry everything.

import type { ReadRow } from '../../api/contract.ts'
import {
  type CommandSpec,
  type Context,
  type Given,
  argument,
  optionFlag,
  optionNumber,
  optionText,
} from '../command.ts'
import type { Line, Piece } from '../output/table.ts'
import { connect } from './connect.ts'
import { shortTime } from './words.ts'

export const read: CommandSpec = {
  name: 'read',
  summary: 'Print the texts of a group in total order.',
  arguments: ['<group>'],
  options: [
    {
      flags: '--follow',
      summary: 'stay; print each text as it becomes readable, and again when that changes',
    },
    {
      flags: '--final',
      summary: 'only what can neither move nor be withdrawn, in the final order',
    },
    { flags: '--all', summary: 'also what is muted or hidden, and texts from before you came' },
    { flags: '--since <message>', summary: 'only what stands after this id or number' },
    { flags: '--limit <number>', summary: 'the last so many; with --since the first so many' },
  ],
  examples: ['read garden --limit 20', 'read garden --follow --json'],
  run,
}

async function run(context: Context, given: Given): Promise<number> {
  const query = queryOf(given)
  const client = await connect(context)
  const path = `/v1/groups/${encodeURIComponent(argument(given, 0))}/messages`
  const all = optionFlag(given, 'all')
  for await (const row of client.lines<ReadRow>(path, query)) {
    await context.out.result(row, () => [lineOf(row, all)])
    if (context.out.closed) break
  }
  return 0
}

function queryOf(given: Given): Record<string, string> {
  const since = optionText(given, 'since')
  const limit = optionNumber(given, 'limit', 0)
  return {
    ...(since === undefined ? {} : { since }),
    ...(limit === undefined ? {} : { limit: String(limit) }),
    ...(optionFlag(given, 'follow') ? { follow: '1' } : {}),
    ...(optionFlag(given, 'all') ? { all: '1' } : {}),
    ...(optionFlag(given, 'final') ? { final: '1' } : {}),
  }
}

function lineOf(row: ReadRow, all: boolean): Line {
  const pieces: Piece[] = [
    { text: shortTime(row.sent), style: 'dim' },
    '  ',
    { text: row.name, style: 'bold' },
    '  ',
    ...contentOf(row, all),
  ]
  if (row.state === 'held') pieces.push({ text: '  (held: no epoch yet for it)', style: 'warn' })
  if ('again' in row) pieces.push({ text: `  (was shown before: ${row.number})`, style: 'warn' })
  if (row.late) pieces.push({ text: '  (late)', style: 'warn' })
  return pieces
}

/** What leaders ask not to be shown is shown to whoever asks for all. */
function contentOf(row: ReadRow, all: boolean): Piece[] {
  const state: Piece = { text: `(${row.state})`, style: 'warn' }
  const withheld = row.state === 'muted' || row.state === 'hidden'
  if (row.text === null || (withheld && !all)) return [state]
  const type: Piece[] =
    row.contentType === 'text/plain' ? [] : [{ text: `[${row.contentType}] `, style: 'dim' }]
  return [...(withheld ? [state, '  '] : []), ...type, row.text]
}
