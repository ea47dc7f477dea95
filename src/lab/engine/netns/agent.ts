// Runs in the namespace of each node beside its daemon, as a process of its own: the link shaper for what
// the node dials, the listener of echoes, and datagrams that show which packets arrive. The namespace lives
// as long as this process, and this process as long as the bench holds its stdin.

import { createSocket } from 'node:dgram'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { SeededRandom } from '../../../base/random.ts'
import { LinkTable } from '../../world/links.ts'
import { greeting } from '../real/greeting.ts'
import { PATIENCE_MS, echo } from '../real/probe.ts'
import { Shaper } from '../real/shaper.ts'
import {
  type AgentSetup,
  type Ask,
  DATAGRAM_PORT,
  SHAPER_PORT,
  type Said,
  type Seen,
  addressOf,
  echoPortOf,
  nodePortOf,
} from './words.ts'

const DATAGRAM_MS = 50
const HEAR_MS = 300

const setup = JSON.parse(process.argv[2] ?? '{}') as AgentSetup
const { node: self, nodes, seed } = setup
const random = new SeededRandom(seed).fork(`shaper/${self}`)
const others = Array.from({ length: nodes }, (_, node) => node).filter((node) => node !== self)

/** By number of the look. */
const heard = new Map<number, Set<number>>()
const sent = new Set<number>()
const told = new Set<string>()

const shaper = new Shaper({ nodes, random: () => random.float(), passed, hostOf: addressOf })
const datagrams = createSocket('udp4')
// An answer that cannot be sent, because a link is down, is one that does not come.
datagrams.on('error', () => undefined)
datagrams.on('message', (bytes) => {
  const [look = 0, from = 0] = bytes.toString('latin1').split(' ').map(Number)
  heard.set(look, (heard.get(look) ?? new Set<number>()).add(from))
})

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const { id, ...ask } = JSON.parse(line) as Ask & { readonly id: number }
    answer(ask).then(
      (seen) => say(seen === undefined ? { id } : { id, seen }),
      (error: unknown) => say({ id, error: String(error) }),
    )
  })
  .on('close', () => process.exit())
say({ ready: true })

function say(said: Said): void {
  process.stdout.write(`${JSON.stringify(said)}\n`)
}

async function answer(ask: Ask): Promise<Seen | undefined> {
  switch (ask.do) {
    case 'open':
      return void (await open())
    case 'links':
      shaper.set(new LinkTable(nodes, ask.links))
      sent.clear()
      told.clear()
      return
    case 'look':
      return look(ask.look, ask.slowestMs)
  }
}

async function open(): Promise<void> {
  for (const node of others) {
    shaper.place(nodePortOf(node), node)
    shaper.place(echoPortOf(node), node, true)
  }
  await shaper.listen(SHAPER_PORT)
  await new Promise<void>((resolve, reject) => {
    datagrams.once('error', reject)
    datagrams.bind(DATAGRAM_PORT, addressOf(self), resolve)
  })
  const echoes = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.pipe(socket)
  })
  await new Promise<void>((resolve, reject) => {
    echoes.once('error', reject)
    echoes.listen(echoPortOf(self), addressOf(self), resolve)
  })
}

/** Datagrams to everybody for a while, and an echo from each over the shaper. */
async function look(number: number, slowestMs: number): Promise<Seen> {
  const call = () => {
    for (const node of others) {
      datagrams.send(`${number} ${self}`, DATAGRAM_PORT, addressOf(node), () => undefined)
    }
  }
  call()
  const calling = setInterval(call, DATAGRAM_MS)
  const hearing = new Promise((resolve) => setTimeout(resolve, HEAR_MS))
  const echoes = await Promise.all(
    Array.from({ length: nodes }, async (_, node) => {
      return node === self ? 0 : ((await echoOf(node, slowestMs + PATIENCE_MS)) ?? null)
    }),
  )
  await hearing
  clearInterval(calling)
  const from = heard.get(number)
  heard.delete(number)
  return { heard: echoes.map((_, node) => node === self || from?.has(node) === true), echoes }
}

function echoOf(node: number, withinMs: number): Promise<number | undefined> {
  const socket = connect({ port: SHAPER_PORT, host: '127.0.0.1' })
  socket.on('error', () => undefined)
  socket.write(greeting(self, echoPortOf(node)))
  return echo(socket, withinMs)
}

/**
 * What comes out here has come over the link; what goes out here has not yet, before an answer shows it.
 * Who is dialled from here is always the other one.
 */
function passed(from: number, to: number): void {
  if (from === self) return void sent.add(to)
  tell(from, self)
  if (sent.has(from)) tell(self, from)
}

function tell(from: number, to: number): void {
  if (told.has(`${from} ${to}`)) return
  told.add(`${from} ${to}`)
  say({ passed: [from, to] })
}
