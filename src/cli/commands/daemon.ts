// `daemon`: runs the node until it is asked to end. Says in one line when it is ready; ends well on
// the first signal, at once on the second; ends by itself, with the reason, when it cannot go on.

import {
  type CommandSpec,
  type Context,
  type Given,
  optionFlag,
  optionList,
  optionText,
  usage,
} from '../command.ts'
import { fields } from '../output/table.ts'
import { passphraseOf, pathsOf } from './connect.ts'

export const daemon: CommandSpec = {
  name: 'daemon',
  summary: 'Run the node until Ctrl-C.',
  options: [
    {
      flags: '--listen <multiaddr>',
      summary: 'address for other nodes (repeatable)',
      repeat: true,
    },
    { flags: '--api <host:port>', summary: 'address of the local interface, or unix:/path' },
    { flags: '--peer <multiaddr>', summary: 'a node to contact first (repeatable)', repeat: true },
    { flags: '--mdns', summary: 'find nodes on the local network' },
    { flags: '--no-dht', summary: 'take no part in the address directory' },
    {
      flags: '--restored',
      summary: 'this home was put back from a backup: say nothing before a member answers',
    },
    { flags: '--alone', summary: 'speak at once, though this home may be an old copy' },
    { flags: '--passphrase-file <file>', summary: 'the file with what opens the keys' },
  ],
  examples: [
    'daemon --listen /ip4/0.0.0.0/tcp/4001',
    'daemon --home ./bob --peer /ip4/192.0.2.7/tcp/4001 --json',
  ],
  run,
}

async function run(context: Context, given: Given): Promise<number> {
  const { out, signal } = context
  const paths = await pathsOf(context)
  const { loadConfig } = await import('../../node/config.ts')
  const { values } = await loadConfig({
    file: paths.config,
    env: context.env,
    flags: flagsOf(given),
  })
  if (optionFlag(given, 'restored') && optionFlag(given, 'alone')) {
    throw usage('--restored waits for a member and --alone does not.', 'Name one of the two.')
  }
  const passphrase = await passphraseOf(given)
  const { startDaemon } = await import('../../api/daemon.ts')
  const running = await startDaemon({
    paths,
    config: values,
    passphrase,
    restored: optionFlag(given, 'restored'),
    alone: optionFlag(given, 'alone'),
    signal,
  })
  try {
    const ready = {
      ready: true,
      name: values.name,
      peerId: running.peerId,
      listen: running.listen,
      api: running.api,
      pid: process.pid,
    }
    await out.result(ready, () => [
      [
        { text: 'ready ', style: 'good' },
        `${ready.peerId} listens on ${ready.listen.join(' ') || 'nothing'}, api ${ready.api}`,
      ],
    ])
    await running.untilEnd(signal)
  } finally {
    await running.stop()
  }
  if (running.failure !== undefined) throw running.failure
  if (!out.json) await out.talk(fields([['stopped', values.name]])[0] ?? '')
  return 0
}

function flagsOf(given: Given) {
  const listen = optionList(given, 'listen')
  const peers = optionList(given, 'peer')
  const api = optionText(given, 'api')
  return {
    ...(listen.length === 0 ? {} : { listen: [...listen] }),
    ...(peers.length === 0 ? {} : { peers: [...peers] }),
    ...(api === undefined ? {} : { api }),
    ...(optionFlag(given, 'mdns') ? { mdns: true } : {}),
    // Commander sets a `--no-x` option to true until it is given.
    ...(given.options['dht'] === false ? { dht: false } : {}),
  }
}
