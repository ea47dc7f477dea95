// The independent look at the links of real nodes: an echo for each pair, in no way part of the system
// under test. Each node gets a listener that sends back what it hears; the look dials it in the name of
// every other node, over the same links, and says how long each echo took, or that none came.

import { type AddressInfo, type Server, type Socket, createServer } from 'node:net'
import { type Link, type LinkTable, passes } from '../../world/links.ts'
import { exponentiated } from '../../world/weather.ts'

/** By `from * nodes + to`: milliseconds of the round trip; undefined: no answer. */
export type Echoes = readonly (number | undefined)[]

export interface ProbeOptions {
  readonly nodes: number
  /** Opens a connection in the name of a node to a port of another. */
  readonly dial: (from: number, port: number) => Socket
  /** A listener was opened in the name of a node. */
  readonly placed: (port: number, node: number) => void
}

/** How long an echo may take beyond the delays of its links, on a busy machine. */
export const PATIENCE_MS = 600

export class Probe {
  readonly #options: ProbeOptions
  readonly #servers: Server[] = []
  readonly #ports: number[] = []
  readonly #sockets = new Set<Socket>()

  constructor(options: ProbeOptions) {
    this.#options = options
  }

  async open(): Promise<void> {
    for (let node = 0; node < this.#options.nodes; node++) {
      const server = createServer((socket) => {
        this.#keep(socket)
        socket.pipe(socket)
      })
      this.#servers.push(server)
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(0, '127.0.0.1', resolve)
      })
      const { port } = server.address() as AddressInfo
      this.#ports.push(port)
      this.#options.placed(port, node)
    }
  }

  /** One echo for each ordered pair, all at once. @param slowestMs of any round trip that is meant */
  look(slowestMs: number): Promise<Echoes> {
    const { nodes } = this.#options
    const pairs = Array.from({ length: nodes * nodes }, (_, pair) => pair)
    return Promise.all(
      pairs.map((pair) => {
        const [from, to] = [Math.floor(pair / nodes), pair % nodes]
        return from === to ? Promise.resolve(0) : this.echo(from, to, slowestMs)
      }),
    )
  }

  /** One echo, in the name of whoever has that number on the links. */
  echo(from: number, to: number, slowestMs: number): Promise<number | undefined> {
    const socket = this.#options.dial(from, this.#ports[to] ?? 0)
    this.#keep(socket)
    return echo(socket, slowestMs + PATIENCE_MS)
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all(
      this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
    )
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => this.#sockets.delete(socket))
  }
}

/** Milliseconds until a word comes back over a connection that is being opened; it ends with that. */
export function echo(socket: Socket, withinMs: number): Promise<number | undefined> {
  const begunMs = performance.now()
  return new Promise((resolve) => {
    const end = (ms: number | undefined): void => {
      clearTimeout(late)
      socket.resetAndDestroy()
      resolve(ms)
    }
    const late = setTimeout(() => end(undefined), withinMs)
    socket.once('data', () => end(performance.now() - begunMs))
    socket.once('error', () => end(undefined))
    socket.once('close', () => end(undefined))
    socket.write('?')
  })
}

/** Pairs whose echo is not what the links say, `from>to`; none: they are in force as they are meant. */
export function disagreements(echoes: Echoes, links: LinkTable, nodes: number): readonly string[] {
  return echoes.flatMap((ms, pair) => {
    const [from, to] = [Math.floor(pair / nodes), pair % nodes]
    if (from === to) return []
    const [there, back] = [links.link(from, to), links.link(to, from)]
    const answers = there.cut === 'none' && passes(back)
    const inTime = ms === undefined || ms >= leastMs(there, back)
    return answers === (ms !== undefined) && inTime ? [] : [`${from}>${to}`]
  })
}

/** The slowest round trip that the links mean, luck included. */
export function slowestMs(links: LinkTable, nodes: number): number {
  let most = 0
  for (let pair = 0; pair < nodes * nodes; pair++) {
    const [from, to] = [Math.floor(pair / nodes), pair % nodes]
    const [there, back] = [links.link(from, to), links.link(to, from)]
    const lossMs = there.loss + back.loss > 0 ? 2 * Math.max(200, 2 * there.delayMs) : 0
    // A dial, and the echo over it.
    const ms = 2 * (there.delayMs + back.delayMs) + latestMs(there) + latestMs(back) + lossMs
    if (from !== to) most = Math.max(most, ms)
  }
  return most
}

/** More jitter than that comes once in thirty thousand times, if it has no bound. */
const latestMs = ({ jitterMs, jitterSigma }: Link): number =>
  jitterMs * exponentiated(4 * jitterSigma)

/** A dial, and the echo over it; a timer may fire a millisecond early. */
function leastMs(there: Link, back: Link): number {
  return Math.max(0, 2 * (there.delayMs + back.delayMs) - 4)
}
