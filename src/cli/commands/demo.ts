// `demo`: real nodes on this machine, cut in two and joined again before your eyes. The pictures and
// the verdict are the result; a line a scene is talk.

import type { CommandSpec, Context, Given } from '../command.ts'
import { optionNumber, optionText } from '../command.ts'
import { type Line, table } from '../output/table.ts'

const FAILED = 1

export const demo: CommandSpec = {
  name: 'demo',
  summary: 'Play a netsplit with real nodes on this machine, and judge it.',
  options: [
    { flags: '--nodes <number>', summary: 'how many nodes, 3 to 12 (default: 5)' },
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
          onBegin: (count) => out.talk({ text: `Starting ${count} nodes ...`, style: 'dim' }),
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
    verdictLine(result),
    ...(keep === undefined ? [] : [`homes and logs: ${keep}`]),
  ])
  return result.verdict === 'pass' ? 0 : FAILED
}

function phaseLine(name: string, ms: number, note: string): Line {
  const seconds = `${(ms / 1_000).toFixed(2)} s`
  return [{ text: name.padEnd(8), style: 'bold' }, seconds.padStart(8), `  ${note}`]
}

function verdictLine(result: {
  verdict: 'pass' | 'fail'
  nodes: number
  texts: number
  healMs: number | null
  linkMs: number | null
  dataMs: number | null
  keyMs: number | null
}): Line {
  const { verdict, nodes, texts, healMs, linkMs, dataMs, keyMs } = result
  const word = { text: verdict, style: verdict === 'pass' ? 'good' : 'bad' } as const
  const healed =
    healMs === null ? 'not healed' : `healed in ${healMs} ms (link ${linkMs}, data ${dataMs})`
  const keys = keyMs === null ? '' : `, one epoch ${keyMs} ms later`
  return [word, `: ${nodes} nodes, ${texts} texts, ${healed}${keys}`]
}
