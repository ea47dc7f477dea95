// `doctor`: looks at everything a node stands on and says what to do next about each. Changes nothing.
// Ends with 7, as an environment error does, when something must be mended before a node can run.

import type { CommandSpec } from '../command.ts'
import type { Piece } from '../output/table.ts'
import { table } from '../output/table.ts'
import { connect, pathsOf } from './connect.ts'

const ENVIRONMENT = 7

interface Check {
  name: string
  state: 'ok' | 'warn' | 'fail'
  detail: string
  next: string
}

export const doctor: CommandSpec = {
  name: 'doctor',
  summary: 'Check machine, data directory and daemon, with what to do about each.',
  examples: ['doctor', 'doctor --home ./bob --json'],
  async run(context) {
    const paths = await pathsOf(context)
    const { examine } = await import('../../node/examine.ts')
    const checks: Check[] = [...(await examine(paths, context.env))]
    checks.push(
      await daemonCheck(() => connect(context).then((client) => client.call('GET /v1/status'))),
    )
    const verdict = worstOf(checks)
    await context.out.result({ verdict, checks }, () =>
      table(
        ['check', 'state', 'detail', 'next'],
        checks.map((check) => [check.name, stated(check.state), check.detail, check.next]),
      ),
    )
    return verdict === 'fail' ? ENVIRONMENT : 0
  },
}

async function daemonCheck(ask: () => Promise<{ state: string; peerId: string }>): Promise<Check> {
  try {
    const { state, peerId } = await ask()
    return { name: 'daemon', state: 'ok', detail: `${peerId} is ${state}`, next: '' }
  } catch (error) {
    const { message, hint = '' } = error as { message: string; hint?: string }
    return { name: 'daemon', state: 'warn', detail: message, next: hint }
  }
}

function worstOf(checks: readonly Check[]): Check['state'] {
  const states = checks.map(({ state }) => state)
  if (states.includes('fail')) return 'fail'
  return states.includes('warn') ? 'warn' : 'ok'
}

function stated(state: Check['state']): Piece {
  const style = state === 'ok' ? 'good' : state === 'warn' ? 'warn' : 'bad'
  return { text: state, style }
}
