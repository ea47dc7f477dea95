// `send`: one text to a group, from the command line or from stdin. Answers when it is durable here,
// which says nothing yet about who else has it.

import { text as textOf } from '../../base/bytes.ts'
import { BODY_BYTES_MAX } from '../../base/limits.ts'
import {
  type CommandSpec,
  type Context,
  type Given,
  argument,
  optionDuration,
  optionText,
  usage,
} from '../command.ts'
import { fields } from '../output/table.ts'
import { connect } from './connect.ts'

export const send: CommandSpec = {
  name: 'send',
  summary: 'Send a text, given here or on stdin.',
  arguments: ['<group>', '[text]'],
  options: [
    { flags: '--type <type>', summary: 'content type (default: text/plain)' },
    { flags: '--ack <whom>', summary: 'wait for receipts: none (others are not available yet)' },
    { flags: '--timeout <duration>', summary: 'how long to wait for the answer (default: 30s)' },
  ],
  examples: ['send garden "hello"', 'send garden --json < letter.txt'],
  run,
}

async function run(context: Context, given: Given): Promise<void> {
  checkAck(optionText(given, 'ack'))
  const timeoutMs = optionDuration(given, 'timeout')
  const text = await textToSend(context, given)
  const client = await connect(context)
  const answer = await client.call('POST /v1/groups/:id/messages', {
    params: { id: argument(given, 0) },
    body: { text, contentType: optionText(given, 'type'), ack: 'none' },
    headers: { 'idempotency-key': crypto.randomUUID() },
    timeoutMs,
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
        ]),
  )
}

function checkAck(ack: string | undefined): void {
  if (ack === undefined || ack === 'none') return
  if (ack === 'quorum' || ack === 'all') {
    throw usage(`--ack ${ack} is not available yet.`, 'Leave it out, or say --ack none.')
  }
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
