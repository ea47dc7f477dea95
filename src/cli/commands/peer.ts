// `peer`: links to other nodes. `block` cuts them for experiments, and they stay cut over a restart;
// one side is enough.

import type { Answers } from '../../api/contract.ts'
import {
  type CommandSpec,
  type Context,
  type Given,
  argument,
  optionFlag,
  usage,
} from '../command.ts'
import { fields, table } from '../output/table.ts'
import { connect } from './connect.ts'
import { ago } from './words.ts'

const PING_MS = 15_000

const list: CommandSpec = {
  name: 'list',
  summary: 'List peers with the state of their links.',
  examples: ['peer list', 'peer list --json'],
  async run(context) {
    const client = await connect(context)
    const answer = await client.call('GET /v1/peers')
    await context.out.result(answer, () => peerLines(answer))
  },
}

const add: CommandSpec = {
  name: 'add',
  summary: 'Dial an address now and whenever it is not connected.',
  arguments: ['<multiaddr>'],
  examples: ['peer add /ip4/192.0.2.7/tcp/4001', 'peer add /dns4/example.org/tcp/4001 --json'],
  async run(context, given) {
    const client = await connect(context)
    const address = argument(given, 0)
    const answer = await client.call('POST /v1/peers', { body: { address } })
    await context.out.result(answer, () => fields([['dials', answer.address]]))
  },
}

const block = cutting('block', 'Cut the links to a peer, or to all.')
const unblock = cutting('unblock', 'Allow links to a peer, or to all, again.')

const ping: CommandSpec = {
  name: 'ping',
  summary: 'Time a round trip to a peer.',
  arguments: ['<peer>'],
  examples: ['peer ping bob', 'peer ping 12D3KooW... --json'],
  async run(context, given) {
    const client = await connect(context)
    const body = { peer: argument(given, 0) }
    const answer = await client.call('POST /v1/peers/ping', { body, timeoutMs: PING_MS })
    await context.out.result(answer, () =>
      fields([
        ['peer', answer.peer],
        ['round trip', `${answer.rttMs} ms`],
      ]),
    )
  },
}

export const peer: CommandSpec = {
  name: 'peer',
  summary: 'List, add, block, unblock and ping peers.',
  examples: ['peer list', 'peer block bob'],
  commands: [list, add, block, unblock, ping],
}

function cutting(name: 'block' | 'unblock', summary: string): CommandSpec {
  return {
    name,
    summary,
    arguments: ['[peer]'],
    options: [{ flags: '--all', summary: 'every peer' }],
    examples: [`peer ${name} bob`, `peer ${name} --all`],
    async run(context: Context, given: Given) {
      const peers = whom(given)
      const client = await connect(context)
      const answer = await client.call(`POST /v1/peers/${name}`, { body: { peers } })
      await context.out.result(answer, () =>
        fields([['blocked now', answer.blocked.join(' ') || 'nobody']]),
      )
    },
  }
}

function whom(given: Given): string[] | 'all' {
  const named = given.args[0]
  const all = optionFlag(given, 'all')
  if (all === (named !== undefined)) throw usage('Name one peer, or say --all.')
  return named === undefined ? 'all' : [named]
}

function peerLines({ peers }: Answers['GET /v1/peers']) {
  if (peers.length === 0) return ['No peer yet. Add one with: coterie peer add MULTIADDR']
  return table(
    ['name', 'peer', 'link', 'rtt', 'synced', 'why'],
    peers.map((peer) => [
      peer.name === '' ? '?' : peer.name,
      peer.peerId,
      peer.state,
      peer.rttMs === null ? '-' : `${Math.round(peer.rttMs)} ms`,
      ago(peer.lastSyncMs),
      peer.why,
    ]),
  )
}
