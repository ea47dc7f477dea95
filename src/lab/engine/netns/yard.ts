// The networks of one run: a hub with a bridge, and one for each node with one device to it. None has a
// name: a network lives as long as a process of this run in it, so when all are gone nothing is left, also
// after a kill. The machine's own network is never entered.

import { type ChildProcess, spawn } from 'node:child_process'
import { CoterieError } from '../../../base/error.ts'
import { LinkTable } from '../../world/links.ts'
import { disagreements, slowestMs } from '../real/probe.ts'
import { Agent } from './agent-handle.ts'
import {
  type CutProvider,
  deviceOf,
  everybody,
  filter,
  isSilent,
  neighbours,
  shaped,
} from './cuts.ts'
import { ownerTag } from '../real/sweep.ts'
import { type Rights, apart, gone, run, within } from './tools.ts'
import { PORTS_REASON, makeBridge, ports, sidesOf } from './ports.ts'
import { addressOf, hardwareOf } from './words.ts'

export interface YardOptions {
  readonly nodes: number
  /** What the weather follows from. */
  readonly seed: string
  readonly rights: Rights
  readonly cuts: CutProvider
  readonly onPassed: (from: number, to: number) => void
  /** An agent ended by itself: what happens on the links is known no more. */
  readonly onDeath: (error: Error) => void
}

export interface Yard {
  /** Words before a command that run it in the network of a node. */
  inside(node: number): readonly string[]
  /** Every link, from now on. Resolves when it is so. */
  set(links: LinkTable): Promise<void>
  /** Pairs that are not as these links say, by datagrams and by echoes over the shaper. */
  look(links: LinkTable): Promise<readonly string[]>
  close(): Promise<void>
}

/** Answers each line with an empty one, so that it is known when it runs. */
const HUB = 'while read -r line; do echo; done'

/** @throws CoterieError INTERNAL, in the words of the tool that refused */
export async function openYard(options: YardOptions): Promise<Yard> {
  const { nodes, seed, rights, onPassed, onDeath } = options
  const tag = ownerTag()
  const hub = startHub(rights, tag)
  const agents: Agent[] = []
  const atExit = (): void => {
    hub.kill('SIGKILL')
    for (const agent of agents) agent.kill()
  }
  process.once('exit', atExit)
  const close = async (): Promise<void> => {
    hub.kill('SIGKILL')
    await Promise.all([gone(hub), ...agents.map((agent) => agent.close())])
    process.off('exit', atExit)
  }
  try {
    await answer(hub)
    const inside = [...within(hub.pid ?? 0, rights), 'unshare', '--net', '--']
    for (const node of everybody(nodes)) {
      agents.push(new Agent({ node, nodes, seed, inside, tag, onPassed, onDeath }))
    }
    await Promise.all(agents.map((agent) => agent.ready()))
    await wire(hub, agents, rights)
    await Promise.all(agents.map((agent) => agent.ask({ do: 'open' })))
  } catch (error) {
    await close()
    throw error
  }
  const enter = (node: number) => within(agents[node]?.pid ?? 0, rights)
  const cut = cutter(options, within(hub.pid ?? 0, rights), enter)
  let looks = 0
  return {
    inside: enter,
    async set(links) {
      const packets = cut(links)
      const rest = { do: 'links', links: shaped(links, nodes) } as const
      await Promise.all([...packets, ...agents.map((agent) => agent.ask(rest))])
    },
    async look(links) {
      const ask = { do: 'look', look: ++looks, slowestMs: slowestMs(links, nodes) } as const
      const seen = await Promise.all(agents.map((agent) => agent.ask(ask)))
      const echoes = seen.flatMap((one) => (one?.echoes ?? []).map((ms) => ms ?? undefined))
      const packets = everybody(nodes).flatMap((to) =>
        (seen[to]?.heard ?? []).flatMap((heard, from) =>
          from !== to && heard === isSilent(links, from, to) ? [`${from}>${to} (packets)`] : [],
        ),
      )
      return [...packets, ...disagreements(echoes, links, nodes)]
    },
    close,
  }
}

/** Makes the packets of a matrix vanish. */
function cutter(
  { nodes, cuts }: YardOptions,
  inHub: readonly string[],
  enter: (node: number) => readonly string[],
): (links: LinkTable) => Promise<void>[] {
  let bridges = 1
  return (links) => {
    if (cuts === 'nft') return [tool([...inHub, 'nft', '-f', '-'], filter(links, nodes))]
    if (cuts === 'neighbours') {
      return everybody(nodes).map((node) =>
        tool([...enter(node), 'ip', '-batch', '-'], neighbours(links, nodes, node)),
      )
    }
    const sides = sidesOf(links, nodes)
    if (sides === undefined) return [Promise.reject(refused(PORTS_REASON))]
    const text = ports(sides, bridges)
    bridges = Math.max(bridges, ...sides.map((side) => side + 1))
    return [tool([...inHub, 'ip', '-batch', '-'], text)]
  }
}

function startHub(rights: Rights, tag: string): ChildProcess {
  const [command = '', ...rest] = [...apart(rights), 'sh', '-c', HUB, tag]
  const hub = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit'], detached: true })
  hub.stdin.on('error', () => undefined)
  return hub
}

/** The hub is in its own network once it answers. */
function answer(hub: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    hub.stdout?.once('data', () => resolve())
    void gone(hub).then(() => reject(refused('the hub ended')))
    hub.stdin?.write('\n')
  })
}

/** The bridge, a device in each network, and the devices' addresses. */
async function wire(hub: ChildProcess, agents: readonly Agent[], rights: Rights): Promise<void> {
  const devices = agents.map(({ pid }, node) => {
    const device = deviceOf(node)
    return [
      `link add ${device} type veth peer name eth0 address ${hardwareOf(node)} netns ${pid}\n`,
      `link set ${device} addrgenmode none\n`,
      `link set ${device} master lab up\n`,
    ].join('')
  })
  const all = makeBridge(0) + devices.join('')
  await tool([...within(hub.pid ?? 0, rights), 'ip', '-batch', '-'], all)
  // Nobody asks who has an address: whom no answer reached would know of the cut.
  const open = new LinkTable(agents.length)
  await Promise.all(
    agents.map(({ pid }, node) => {
      const lines = [
        'link set lo up',
        'link set eth0 addrgenmode none',
        `address add ${addressOf(node)}/24 dev eth0`,
        'link set eth0 up',
      ]
      const text = `${lines.join('\n')}\n${neighbours(open, agents.length, node)}`
      return tool([...within(pid, rights), 'ip', '-batch', '-'], text)
    }),
  )
}

async function tool(words: readonly string[], input: string): Promise<void> {
  const { problem } = await run(words, input)
  if (problem !== '') throw refused(problem)
}

const refused = (why: string): CoterieError =>
  new CoterieError('INTERNAL', `The networks of the lab could not be made: ${why}.`)
