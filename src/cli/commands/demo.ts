// `demo`: real nodes on this machine, cut in two and joined again before your eyes. The pictures and
// the verdict are the result; a line a scene is talk.

import type { Status } from '../../api/contract.ts'
import type { CommandSpec, Context, Given } from '../command.ts'
import { optionNumber, optionText } from '../command.ts'
import { type Line, table } from '../output/table.ts'

type HealReport = NonNullable<Status['groups'][number]['lastHeal']>

const FAILED = 1

export const demo: CommandSpec = {
  name: 'demo',
  summary: 'Play a netsplit with real nodes on this machine, and judge it.',
  options: [
    {
      flags: '--nodes <number>',
      summary: 'how many nodes, 3 to 12 (default: 5), and one that lies; it is the last of twelve',
    },
    { flags: '--keep <dir>', summary: "keep the nodes' homes and logs in this new directory" },
  ],
  examples: ['demo', 'demo --nodes 7 --json'],
  run,
}

async function run(context: Context, given: Given): Promise<number> {
  const { out, signal } = context
  const nodes = optionNumber(given, 'nodes', 0)
  const keep = optionText(given, 'keep')
  const { runDemo } = await import('../../lab/demo/demo.ts')
  const result = await runDemo({
    nodes,
    keep,
    signal,
    ...(out.json
      ? {}
      : {
          onBegin: (count) =>
            out.talk({ text: `Starting ${count} nodes and a liar ...`, style: 'dim' }),
          onPhase: ({ name, ms, note }) => out.talk(phaseLine(name, ms, note)),
          onPicture: (lines) => out.result({}, () => ['', ...lines, '']),
        }),
  })
  await out.result(result, () => [
    '',
    ...table(
      ['check', 'state', 'detail'],
      result.checks.map(({ name, ok, detail }) => [
        name,
        ok ? { text: 'ok', style: 'good' } : { text: 'fail', style: 'bad' },
        detail,
      ]),
    ),
    '',
    ...healLines(result),
    '',
    ...verdictLines(result),
    ...(keep === undefined ? [] : [`homes and logs: ${keep}`]),
  ])
  return result.verdict === 'pass' ? 0 : FAILED
}

function phaseLine(name: string, ms: number, note: string): Line {
  const seconds = `${(ms / 1_000).toFixed(2)} s`
  return [{ text: name.padEnd(8), style: 'bold' }, seconds.padStart(8), `  ${note}`]
}

/** What is told of a result: it comes from the laboratory, which is loaded only when the command runs. */
interface Told {
  readonly verdict: 'pass' | 'fail'
  readonly nodes: number
  readonly texts: number
  readonly healMs: number | null
  readonly linkMs: number | null
  readonly dataMs: number | null
  readonly keyMs: number | null
  readonly heals: readonly (HealReport & { readonly name: string })[]
  readonly caught: {
    readonly name: string
    readonly number: string
    readonly namedMs: number | null
  }
}

/** The heal as each node saw it, from its own first link across. */
function healLines({ heals }: Told): Line[] {
  const ms = (part: number | null): string => (part === null ? '-' : String(part))
  const rows = heals.map((heal) => [
    heal.name,
    ...[heal.linkMs, heal.viewMs, heal.keyMs, heal.dataMs, heal.readMs, heal.healMs].map(ms),
    String(heal.received),
    String(heal.bytesIn),
  ])
  const parts = ['link', 'view', 'key', 'data', 'read', 'all']
  return table(['heal, in ms', ...parts, 'messages', 'bytes'], rows)
}

function verdictLines(result: Told): Line[] {
  const { verdict, nodes, texts, healMs, linkMs, dataMs, keyMs } = result
  const word = { text: verdict, style: verdict === 'pass' ? 'good' : 'bad' } as const
  const healed =
    healMs === null ? 'not healed' : `healed in ${healMs} ms (link ${linkMs}, data ${dataMs})`
  const keys = keyMs === null ? 'still several epochs' : `one epoch ${keyMs} ms later`
  const { name, namedMs, number } = result.caught
  const caught =
    namedMs === null
      ? `${name} not named by all`
      : `${name} named after ${namedMs} ms, for ${number}`
  return [[word, `: ${nodes} nodes, ${texts} texts, ${healed}`], `      ${keys}; ${caught}`]
}
