// `send`: one text to a group, from the command line or from stdin. Answers when it is durable here, which
// says nothing yet about who else has it; with --ack when their receipts are in, or that this is unknown.

import { text as textOf } from '../../base/bytes.ts'
import type { SendAnswer } from '../../api/contract.ts'
import { ACK_TIMEOUT_MS, BODY_BYTES_MAX } from '../../base/limits.ts'
import {
  type CommandSpec,
  type Context,
  type Given,
  argument,
  optionDuration,
  optionText,
  usage,
} from '../command.ts'
import { DONE, exitOf } from '../exit-code.ts'
import { fields } from '../output/table.ts'
import { connect } from './connect.ts'

/** The answer itself takes a moment more than the wait for receipts. */
const ANSWER_MS = 30_000

export const send: CommandSpec = {
  name: 'send',
  summary: 'Send a text, given here or on stdin.',
  arguments: ['<group>', '[text]'],
  options: [
    { flags: '--type <type>', summary: 'content type (default: text/plain)' },
    { flags: '--ack <whom>', summary: 'wait for receipts of: none, quorum (of the leaders), all' },
    {
      flags: '--timeout <duration>',
      summary: 'how long to wait: for receipts (default: 5s), else for the answer',
    },
  ],
  examples: ['send garden "hello" --ack quorum', 'send garden --json < letter.txt'],
  run,
}

async function run(context: Context, given: Given): Promise<number> {
  const ack = ackOf(optionText(given, 'ack'))
  const timeoutMs = optionDuration(given, 'timeout')
  const text = await textToSend(context, given)
  const waiting = ack === 'none' || timeoutMs === undefined ? {} : { timeoutMs }
  const client = await connect(context)
  const answer = await client.call('POST /v1/groups/:id/messages', {
    params: { id: argument(given, 0) },
    body: { text, contentType: optionText(given, 'type'), ack, ...waiting },
    headers: { 'idempotency-key': crypto.randomUUID() },
    timeoutMs: ack === 'none' ? timeoutMs : (timeoutMs ?? ACK_TIMEOUT_MS) + ANSWER_MS,
  })
  await context.out.result(answer, () =>
    answer.state === 'held'
      ? fields([
          ['held', answer.draft ?? ''],
          ['why', 'no epoch yet without somebody who was removed; it is sent when one comes'],
        ])
      : fields([
          ['number', answer.number ?? ''],
          ['id', answer.id ?? ''],
          ...(ack === 'none' ? [] : receiptsOf(answer)),
        ]),
  )
  if (answer.state !== 'unknown') return DONE
  await context.out.talk(
    'ACK_UNKNOWN: receipts are missing; the message is signed and will spread.',
  )
  return exitOf('ACK_UNKNOWN')
}

function receiptsOf({ state, ackedBy }: SendAnswer): [string, string][] {
  return [
    ['state', state],
    ['receipts', ackedBy.map((member) => member.slice(0, 8)).join(' ') || 'none'],
  ]
}

function ackOf(ack: string | undefined): SendAnswer['ack'] {
  if (ack === undefined) return 'none'
  if (ack === 'none' || ack === 'quorum' || ack === 'all') return ack
  throw usage(`--ack takes none, quorum or all, not "${ack}".`)
}

/** The last line end of a pipe is not part of the text; everything else is. */
async function textToSend(context: Context, given: Given): Promise<string> {
  const typed = given.args[1]
  if (typed !== undefined) return typed
  if (context.stdinIsTerminal) await context.out.talk('Type the text, then Ctrl-D.')
  const read = textOf(await context.stdin(BODY_BYTES_MAX))
  if (read === undefined) throw usage('The text on stdin is not UTF-8.')
  const text = read.replace(/\r?\n$/, '')
  if (text === '') throw usage('There is no text to send.', 'Give it as an argument or on stdin.')
  return text
}
