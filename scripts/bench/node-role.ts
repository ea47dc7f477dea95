// One real coterie node as a process, over libp2p on loopback TCP and LevelDB in its directory.
// What is counted is counted at the node's own ports; events come after the writes they tell of.
// A text begins with the time it was written, so that a reader knows how old it is.

import { randomInt } from 'node:crypto'

import type { Event } from '../../src/core/event.ts'
import type { GroupReport } from '../../src/core/report.ts'
import { randomText } from './conversation.ts'
import { directoryBytes } from './disk.ts'
import { type Traffic, noTraffic } from './meter.ts'
import { type Rig, startRig } from './rig.ts'
import { TIME_DIGITS, nowUs, residentBytes, serve } from './serve.ts'
import { Tracer } from './tracer.ts'
import { sleep, until } from './waiting.ts'

export interface NodeOpen {
  readonly home: string
  readonly name: string
  readonly bytes: number
  /** Whether texts are followed through the node. Default: not. */
  readonly traced?: boolean
}

/** What happened on the link since `forget`, in microseconds of the machine's clock; 0: not yet. */
export interface LinkTimes {
  readonly linkUs: number
  /** A member proved itself. */
  readonly provenUs: number
  /** The last message that came by anti-entropy was durable. */
  readonly lastUs: number
  /** The peer's digest was seen to be equal, with everything held. */
  readonly equalUs: number
  readonly messages: number
  readonly traffic: Traffic
  /** Traffic up to the moment of `provenUs`. */
  readonly hello: Traffic
}

const WAIT_MS = 60_000
/** Gossip tells its neighbours of topics within a heartbeat or two. */
const SETTLE_MS = 1_500

class Role {
  readonly open: NodeOpen
  readonly rig: Rig
  readonly tracer: Tracer | undefined
  readonly #following = new AbortController()
  /** Age of each text of somebody else when it could be read. */
  latencies: number[] = []
  group = ''
  /** When each message of somebody else was durable here. */
  #arrivals: number[] = []
  /** Messages held when counting began. */
  #before = 0
  #linkUs = 0
  #provenUs = 0
  #lastUs = 0
  #equalUs = 0
  #synced = 0
  #hello = noTraffic

  constructor(open: NodeOpen, rig: Rig, tracer: Tracer | undefined) {
    this.open = open
    this.rig = rig
    this.tracer = tracer
    rig.node.events((event) => this.#hear(event))
    const group = rig.node.report().groups[0]
    this.group = group?.group ?? ''
    this.#before = group?.messages ?? 0
  }

  report(): GroupReport {
    return this.rig.node.group(this.group)
  }

  async address(): Promise<string> {
    const listen = () => this.rig.node.report().listen[0]
    await until(() => listen() !== undefined, WAIT_MS)
    return listen() ?? ''
  }

  async create(uses: number): Promise<string> {
    await this.address()
    const { node } = this.rig
    const { group } = await node.createGroup({ name: 'bench' })
    this.group = group
    if (uses === 0) return ''
    return (await node.invite(group, { uses })).ticket
  }

  async join(ticket: string): Promise<void> {
    this.group = (await this.rig.node.join(ticket)).group
  }

  async appendEach(count: number): Promise<number> {
    const texts = this.texts(count)
    return this.#timed(count, async () => {
      for (const text of texts) await this.rig.node.send(this.group, text)
    })
  }

  async appendAll({ count, inFlight }: { count: number; inFlight: number }): Promise<number> {
    const texts = this.texts(count)
    const sender = async (): Promise<void> => {
      for (let text = texts.pop(); text !== undefined; text = texts.pop()) {
        await this.rig.node.send(this.group, text)
      }
    }
    return this.#timed(count, async () => {
      await Promise.all(Array.from({ length: inFlight }, sender))
    })
  }

  /** All at once; answers with the time at which it began. */
  async burst(count: number): Promise<number> {
    const texts = this.texts(count)
    const startedUs = nowUs()
    await Promise.all(texts.map((text) => this.rig.node.send(this.group, text)))
    return startedUs
  }

  async talk({ count, everyMs }: { count: number; everyMs: number }): Promise<void> {
    await sleep(randomInt(everyMs))
    for (let said = 0; said < count; said++) {
      for (const text of this.texts(1)) void this.rig.node.send(this.group, text)
      await sleep(everyMs)
    }
  }

  /** Reads along, as a person would, until the end. */
  follow(): void {
    const { self } = this.report()
    const texts = this.rig.node.follow(this.group, { signal: this.#following.signal })
    const reading = async (): Promise<void> => {
      for await (const { author, text, id } of texts) {
        if (author === self || text === null) continue
        this.tracer?.mark('shown', id)
        this.latencies.push(nowUs() - Number(text.slice(0, TIME_DIGITS)))
      }
    }
    void reading().catch((error: unknown) => {
      if (!this.#following.signal.aborted) throw error
    })
  }

  unfollow(): void {
    this.#following.abort()
  }

  /** When so many messages of others were durable here. */
  async arrived(count: number): Promise<number> {
    await until(() => this.#arrivals.length >= count, WAIT_MS)
    return this.#arrivals[count - 1] ?? 0
  }

  /** Waits until the group holds so many messages. Counts events: a report costs time. */
  async held(messages: number): Promise<LinkTimes> {
    await until(() => this.#before + this.#arrivals.length >= messages, WAIT_MS)
    return this.times()
  }

  /** Waits for the peer's digest to be equal to our own over so many messages. */
  async equal(messages: number): Promise<LinkTimes> {
    await until(() => this.#before + this.#arrivals.length >= messages, WAIT_MS)
    const { root } = this.report()
    await until(() => this.rig.meter.toldUs(root) > 0, WAIT_MS)
    this.#equalUs = Math.max(this.rig.meter.toldUs(root), this.#lastUs)
    return this.times()
  }

  /** Waits until so many others are linked, can send, and hear what is pushed. */
  async meshed(others: number): Promise<void> {
    const ready = (): boolean => {
      const { peers } = this.rig.node.report()
      const linked = peers.filter(({ state }) => state === 'connected').length
      return linked >= others && this.report().members.every(({ counter }) => counter !== null)
    }
    await until(ready, WAIT_MS)
    await sleep(SETTLE_MS)
  }

  times(): LinkTimes {
    return {
      linkUs: this.#linkUs,
      provenUs: this.#provenUs,
      lastUs: this.#lastUs,
      equalUs: this.#equalUs,
      messages: this.#synced,
      traffic: this.rig.meter.read(),
      hello: this.#hello,
    }
  }

  forget(): void {
    this.latencies = []
    this.#before = this.rig.node.report().groups[0]?.messages ?? 0
    this.#arrivals = []
    this.#linkUs = 0
    this.#provenUs = 0
    this.#lastUs = 0
    this.#equalUs = 0
    this.#synced = 0
    this.#hello = noTraffic
    this.rig.meter.reset()
  }

  async close(): Promise<number> {
    this.unfollow()
    await this.rig.node.stop()
    return directoryBytes(`${this.open.home}/store`)
  }

  /** Each with the time at which it was ready, as those of the others: making it up is not measured. */
  texts(count: number): string[] {
    const filler = this.open.bytes - TIME_DIGITS
    return Array.from({ length: count }, () => {
      const random = randomText(filler)
      return `${String(nowUs()).padStart(TIME_DIGITS, '0')}${random}`
    })
  }

  #hear(event: Event): void {
    if (event.kind === 'message' && event.how !== 'own') {
      this.tracer?.mark('told', event.id)
      this.#lastUs = nowUs()
      this.#arrivals.push(this.#lastUs)
      if (event.how === 'sync') this.#synced += 1
    } else if (event.kind === 'link' && event.up && this.#linkUs === 0) {
      this.#linkUs = nowUs()
    } else if (event.kind === 'reach' && event.up && this.#provenUs === 0) {
      this.#provenUs = nowUs()
      this.#hello = this.rig.meter.read()
    }
  }

  /** Messages a second. */
  async #timed(count: number, work: () => Promise<void>): Promise<number> {
    const startedUs = nowUs()
    await work()
    return (count * 1e6) / (nowUs() - startedUs)
  }
}

let role: Role | undefined

function here(): Role {
  if (role === undefined) throw new Error('not open')
  return role
}

async function close(): Promise<number> {
  const bytes = await role?.close()
  role = undefined
  return bytes ?? 0
}

serve({
  open: async (open: NodeOpen) => {
    const { home, name, traced = false } = open
    const tracer = traced ? new Tracer() : undefined
    role = new Role(open, await startRig({ home, name, tracer }), tracer)
    return { peerId: role.rig.peerId, address: await role.address() }
  },
  close,
  stop: close,
  resident: () => residentBytes(),
  create: (uses: number) => here().create(uses),
  join: (ticket: string) => here().join(ticket),
  addPeer: (address: string) => here().rig.node.addPeer(address),
  block: (peer: string) => here().rig.node.block([peer]),
  unblock: (peer: string) => here().rig.node.unblock([peer]),
  appendEach: (count: number) => here().appendEach(count),
  appendAll: (size: { count: number; inFlight: number }) => here().appendAll(size),
  burst: (count: number) => here().burst(count),
  talk: (pace: { count: number; everyMs: number }) => here().talk(pace),
  follow: () => here().follow(),
  unfollow: () => here().unfollow(),
  latencies: () => here().latencies,
  arrived: (count: number) => here().arrived(count),
  held: (messages: number) => here().held(messages),
  equal: (messages: number) => here().equal(messages),
  blockAll: (peers: string[]) => here().rig.node.block(peers),
  unblockAll: (peers: string[]) => here().rig.node.unblock(peers),
  /** Root and number of messages at one moment. */
  holding: () => {
    const { root, messages } = here().report()
    return { root, messages }
  },
  /** The last heal, once everything that it needed is here. */
  healed: async () => {
    await until(() => here().report().lastHeal !== null, WAIT_MS)
    return here().report().lastHeal
  },
  messages: () => here().report().messages,
  root: () => here().report().root,
  meshed: (others: number) => here().meshed(others),
  forget: () => here().forget(),
  trace: () => here().tracer?.take(),
})
