// `check`: is all well, for a monitor. The state is that of `status`; the exit says whether to wake
// somebody. With --format nagios the exits are those of its plugins, otherwise those of this program.

import { CoterieError } from '../../base/error.ts'
import { type CommandSpec, type Context, type Given, optionText, usage } from '../command.ts'
import { type Verdict, levelStyle, nagiosText, prometheusText, verdictOf } from './check-formats.ts'
import { fields } from '../output/table.ts'
import { connect } from './connect.ts'

const formats = ['text', 'json', 'prometheus', 'nagios'] as const
type Format = (typeof formats)[number]

/** "Not yet", as the table of exits has it. */
const NOT_WELL = 6
const nagiosExits = { ok: 0, warning: 1, critical: 2, unknown: 3 } as const

export const check: CommandSpec = {
  name: 'check',
  summary: 'Say whether all is well, for a monitor: 0 healthy, 6 not, 3 no daemon.',
  options: [
    {
      flags: '--format <format>',
      summary: 'text, json, prometheus, or nagios (exits 0 1 2 3) (default: text)',
    },
  ],
  examples: ['check', 'check --format nagios'],
  run,
}

async function run(context: Context, given: Given): Promise<number> {
  const format = formatOf(given)
  const verdict = await judged(context)
  if (verdict instanceof CoterieError) return unreachable(context, format, verdict)
  await printed(context, format, verdict)
  if (format === 'nagios') return nagiosExits[verdict.level]
  return verdict.level === 'ok' ? 0 : NOT_WELL
}

function formatOf(given: Given): Format {
  const text = optionText(given, 'format') ?? 'text'
  const format = formats.find((one) => one === text)
  if (format === undefined)
    throw usage(`There is no format "${text}".`, `Formats: ${formats.join(', ')}.`)
  return format
}

/** What the node says of itself, or that nobody says anything. */
async function judged(context: Context): Promise<Verdict | CoterieError> {
  try {
    const client = await connect(context)
    return verdictOf(await client.call('GET /v1/status'))
  } catch (error) {
    if (error instanceof CoterieError && !context.signal.aborted) return error
    throw error
  }
}

async function printed(context: Context, format: Format, verdict: Verdict): Promise<void> {
  const { out } = context
  if (format === 'nagios') return out.document('nagios', nagiosText(verdict))
  if (format === 'prometheus') return out.document('prometheus', prometheusText(verdict))
  if (format === 'json' && !out.json) {
    return out.document('check', JSON.stringify({ v: 1, ok: true, ...verdict }))
  }
  await out.result(verdict, () =>
    fields([
      ['verdict', { text: verdict.level, style: levelStyle(verdict.level) }],
      ['state', verdict.state],
      ...verdict.groups.map(
        ({ name, state, why }) => [name, `${state}${why === '' ? '' : `: ${why}`}`] as const,
      ),
    ]),
  )
}

/** A monitor of nagios wants a line and 3; one of prometheus a figure; everybody else the error. */
async function unreachable(context: Context, format: Format, error: CoterieError): Promise<number> {
  if (format === 'nagios') {
    await context.out.document('nagios', nagiosText(error))
    return nagiosExits.unknown
  }
  if (format === 'prometheus' && !context.out.json) {
    await context.out.document('prometheus', prometheusText(undefined))
  }
  throw error
}
