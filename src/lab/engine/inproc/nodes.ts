// Nodes that live in this process, started and ended together: each a whole daemon with keys, database,
// libp2p and local interface of its own, over a home in one folder that goes with them. Loading what they
// are made of takes a second, so it is loaded when the first run needs it.

import { connect } from 'node:net'
import { appendFileSync, rmSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Access, LocalApi } from '../../demo/local-api.ts'
import { BentPorts } from '../bent/ports.ts'
import type { Ask, Seen } from '../bent/words.ts'
import type { Hands } from '../real/hands.ts'
import type { Member } from '../real/mesh.ts'
import { type MeshNodes, portsOf } from '../real/loopback.ts'
import { marked, openWay } from './dials.ts'

export interface NodesOptions {
  readonly count: number
  readonly signal: AbortSignal
  /** The port of the link shaper. */
  readonly through: number
  /** A node listens on these addresses, from its start or restart on. */
  readonly onListen: (node: number, listen: readonly string[]) => void
  /** A node is to end in this very instant: nobody may hear of it any more. */
  readonly onKill: (node: number) => void
  /** Who may be told to lie. Default: nobody. */
  readonly bent?: ReadonlySet<number>
}

/** Nodes that are ready. */
export type Nodes = MeshNodes & Required<Pick<MeshNodes, 'hands' | 'copy'>>

interface Resident extends Member {
  /** Addresses and ports that are open while it runs. */
  readonly listen: readonly string[]
  stop(): Promise<void>
  /** Whether its end was asked for. */
  ending: boolean
  gone: boolean
}

const FREE_PORT = '/ip4/127.0.0.1/tcp/0'

/** Runs `work` with so many nodes and ends them afterwards, however it went. */
export async function withNodes<T>(
  options: NodesOptions,
  work: (nodes: Nodes) => Promise<T>,
): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), `coterie-lab-${process.pid}-`))
  // The last resort: a second Ctrl-C ends this process without another turn.
  const atExit = (): void => rmSync(root, { recursive: true, force: true, maxRetries: 3 })
  process.once('exit', atExit)
  const closeWay = openWay()
  const house = new House(options, root)
  try {
    await house.open()
    return await work(house)
  } catch (error) {
    // A node that ends breaks calls in many places; its own end is what there is to say.
    throw house.signal.aborted ? house.signal.reason : error
  } finally {
    try {
      await house.close()
    } finally {
      closeWay()
      await rm(root, { recursive: true, force: true, maxRetries: 3 })
      process.off('exit', atExit)
    }
  }
}

class House implements Nodes {
  readonly signal: AbortSignal
  readonly #options: NodesOptions
  readonly #root: string
  readonly #failed = new AbortController()
  readonly #residents = new Map<number, Resident>()
  /** Of who may be told to lie, as it runs now. */
  readonly #ports = new Map<number, BentPorts>()
  readonly hands: Hands = {
    begin: (node, lies, shunned) => this.#ask(node, { do: 'begin', lies, shunned }),
    end: (node) => this.#ask(node, { do: 'end' }),
    look: (node) => this.#ask(node, { do: 'look' }),
  }

  constructor(options: NodesOptions, root: string) {
    this.#options = options
    this.#root = root
    this.signal = AbortSignal.any([options.signal, this.#failed.signal])
  }

  /** Makes and starts all. @throws the first failure, when none is under way any more */
  async open(): Promise<void> {
    const parts = await loadParts()
    const all = Array.from({ length: this.#options.count }, async (_, node) => {
      await parts.createIdentity({
        paths: this.#paths(parts, node),
        env: {},
        name: `n${node}`,
      })
      this.signal.throwIfAborted()
      await this.#start(node, FREE_PORT)
    })
    await allOf(all)
  }

  /** @throws the first failure, when all are ended */
  close(): Promise<void> {
    return allOf([...this.#residents.values()].map((one) => this.#stop(one)))
  }

  member(node: number): Resident {
    const found = this.#residents.get(node)
    if (found === undefined) throw new RangeError(`there is no node ${node}`)
    return found
  }

  /**
   * Ends a node. There is no kill within a process: `kill` takes its connections away in this instant, so
   * that nothing of what follows is heard by others, and then ends it in order.
   */
  async end(node: number, how: 'stop' | 'kill'): Promise<void> {
    const resident = this.member(node)
    if (how === 'kill') this.#options.onKill(node)
    await this.#stop(resident)
    const ports = [...portsOf(resident.listen), Number(new URL(resident.access.api).port)]
    resident.gone = (await Promise.all(ports.map(refuses))).every(Boolean)
  }

  /** Whether nobody answered where it listened, after its end. */
  isGone(node: number): boolean {
    return this.member(node).gone
  }

  /** On the same port, over the same home. */
  async restart(node: number): Promise<void> {
    const at = this.member(node).listen[0]?.replace(/\/p2p\/.*$/, '')
    await this.#start(node, at ?? FREE_PORT)
  }

  /** Ends a node, copies its home, and runs both: the copy dials, and is known, under a number of its own. */
  async copy(node: number, place: number): Promise<void> {
    await this.#stop(this.member(node))
    await cp(this.#home(node), this.#home(place), { recursive: true })
    // It would hold its tongue unless it is told that nobody else speaks for it.
    await allOf([this.#start(place, FREE_PORT, true), this.restart(node)])
  }

  // Asynchronous, so that a node that cannot be told is a rejection.
  async #ask(node: number, ask: Ask): Promise<Seen> {
    const ports = this.#ports.get(node)
    if (ports === undefined) throw new Error(`node ${node} cannot be told to lie`)
    return Promise.resolve(ports.do(ask))
  }

  #paths({ resolvePaths }: Parts, node: number) {
    return resolvePaths({
      home: this.#home(node),
      env: {},
      userHome: this.#root,
    })
  }

  #home(node: number): string {
    return join(this.#root, `n${node}`)
  }

  async #start(node: number, at: string, alone = false): Promise<void> {
    const parts = await loadParts()
    const paths = this.#paths(parts, node)
    const log = join(this.#root, `n${node}.log`)
    const clock = parts.createSystemClock()
    const ports = this.#options.bent?.has(node) === true ? new BentPorts(clock) : undefined
    if (ports !== undefined) this.#ports.set(node, ports)
    const daemon = await parts.startDaemon({
      paths,
      config: {
        ...parts.configDefaults,
        name: `n${node}`,
        listen: [at],
        dht: false,
      },
      alone,
      signal: this.signal,
      startNode: (given) =>
        parts.startNode({
          ...given,
          telemetry: parts.createTelemetry({
            level: given.config.log,
            metrics: parts.createMetrics({ process: false }),
            destination: { write: (line) => appendFileSync(log, line) },
          }),
          clock: ports?.clock ?? clock,
          prepareNetwork: async (network) => {
            const dialWith = marked(node, this.#options.through)
            const prepared = await parts.prepareLibp2p({ ...network, dialWith })
            return ports === undefined ? prepared : ports.laidOn(prepared)
          },
        }),
    })
    const access = JSON.parse(await readFile(paths.api, 'utf8')) as Access
    const resident: Resident = {
      peerId: daemon.peerId,
      access,
      api: new LocalApi(access, this.signal),
      listen: daemon.listen,
      stop: () => daemon.stop(),
      ending: false,
      gone: false,
    }
    this.#residents.set(node, resident)
    this.#options.onListen(node, daemon.listen)
    void daemon.untilEnd(this.signal).then(() => {
      if (resident.ending || this.signal.aborted) return
      this.#failed.abort(daemon.failure ?? new Error(`node ${node} ended by itself`))
    })
  }

  #stop(resident: Resident): Promise<void> {
    resident.ending = true
    return resident.stop()
  }
}

/** Waits for all, whatever becomes of some. @throws the first failure */
async function allOf(works: readonly Promise<unknown>[]): Promise<void> {
  const failure = (await Promise.allSettled(works)).find(({ status }) => status === 'rejected')
  if (failure?.status === 'rejected') throw failure.reason
}

/** Whether nobody listens on a port of loopback. */
function refuses(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    const end = (refused: boolean): void => {
      socket.destroy()
      resolve(refused)
    }
    socket.once('connect', () => end(false))
    socket.once('error', () => end(true))
  })
}

type Parts = Awaited<ReturnType<typeof loadParts>>

/** What a daemon is made of. */
async function loadParts() {
  const [daemon, init, paths, config, start, libp2p, clock, telemetry, metrics] = await Promise.all(
    [
      import('../../../api/daemon.ts'),
      import('../../../node/init.ts'),
      import('../../../node/paths.ts'),
      import('../../../node/config.ts'),
      import('../../../node/start.ts'),
      import('../../../adapters/libp2p/libp2p.ts'),
      import('../../../adapters/system/clock.ts'),
      import('../../../adapters/telemetry/telemetry.ts'),
      import('../../../adapters/telemetry/metrics.ts'),
    ],
  )
  return {
    ...daemon,
    ...init,
    ...paths,
    ...config,
    ...start,
    ...libp2p,
    ...clock,
    ...telemetry,
    ...metrics,
  }
}
