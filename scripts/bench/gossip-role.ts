// Bare gossipsub as a process: libp2p over loopback TCP with noise and yamux, nothing signed by the
// pubsub, nothing stored, nothing checked; or, given a directory, with what signing and durability cost
// put in front of it (`durable.ts`). A message begins with the time it was written.

import '../../src/adapters/libp2p/node20.ts'

import { randomFillSync, randomInt } from 'node:crypto'

import { type GossipSub, gossipsub } from '@chainsafe/libp2p-gossipsub'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

import { Durable } from './durable.ts'
import { nowUs, serve } from './serve.ts'
import { sleep, until } from './waiting.ts'

export interface GossipOpen {
  readonly bytes: number
  /** Where messages are kept, signed. Default: they are neither kept nor signed. */
  readonly directory?: string | undefined
}

const TOPIC = 'bench'
const WAIT_MS = 60_000

class Gossiper {
  latencies: number[] = []
  #arrivals: number[] = []
  readonly #bytes: number
  readonly #log: Durable | undefined
  readonly #node: Awaited<ReturnType<typeof start>>

  constructor({ bytes, directory }: GossipOpen, node: Awaited<ReturnType<typeof start>>) {
    this.#bytes = bytes
    this.#log = directory === undefined ? undefined : new Durable(directory)
    this.#node = node
    node.services.pubsub.addEventListener('message', ({ detail }) => {
      this.#log?.admit(Buffer.from(detail.data))
      const us = nowUs()
      this.#arrivals.push(us)
      this.latencies.push(us - Buffer.from(detail.data).readDoubleBE(0))
    })
    node.services.pubsub.subscribe(TOPIC)
  }

  get address(): string {
    return this.#node.getMultiaddrs()[0]?.toString() ?? ''
  }

  async dial(address: string): Promise<void> {
    await this.#node.dial(multiaddr(address))
  }

  /** Waits until so many others are known to listen. */
  meshed(others: number): Promise<void> {
    const { pubsub } = this.#node.services
    return until(() => pubsub.getSubscribers(TOPIC).length >= others, WAIT_MS)
  }

  async say(): Promise<void> {
    const body = randomFillSync(Buffer.alloc(this.#bytes))
    body.writeDoubleBE(nowUs())
    const message = (await this.#log?.append(body)) ?? body
    await this.#node.services.pubsub.publish(TOPIC, message)
  }

  async talk({ count, everyMs }: { count: number; everyMs: number }): Promise<void> {
    await sleep(randomInt(everyMs))
    for (let said = 0; said < count; said++) {
      void this.say()
      await sleep(everyMs)
    }
  }

  /** All at once, as fast as it takes them; answers with the time at which it began. */
  async burst(count: number): Promise<number> {
    const startedUs = nowUs()
    for (let said = 0; said < count; said++) {
      await this.say()
      // Publishing alone never lets the sockets have their turn.
      if (said % 16 === 15) await new Promise((resolve) => setImmediate(resolve))
    }
    return startedUs
  }

  async arrived(count: number): Promise<number> {
    await until(() => this.#arrivals.length >= count, WAIT_MS)
    return this.#arrivals[count - 1] ?? 0
  }

  forget(): void {
    this.latencies = []
    this.#arrivals = []
  }

  async stop(): Promise<void> {
    await this.#node.stop()
    await this.#log?.close()
  }
}

function start() {
  return createLibp2p<{ identify: unknown; pubsub: GossipSub } & Record<string, unknown>>({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { inboundConnectionThreshold: 1_000 },
    services: {
      identify: identify(),
      pubsub: gossipsub({
        globalSignaturePolicy: 'StrictNoSign',
        allowPublishToZeroTopicPeers: true,
      }),
    },
  })
}

let gossiper: Gossiper | undefined

function here(): Gossiper {
  if (gossiper === undefined) throw new Error('not open')
  return gossiper
}

serve({
  open: async (options: GossipOpen) => {
    gossiper = new Gossiper(options, await start())
    return here().address
  },
  stop: () => gossiper?.stop(),
  dial: (address: string) => here().dial(address),
  meshed: (others: number) => here().meshed(others),
  talk: (pace: { count: number; everyMs: number }) => here().talk(pace),
  burst: (count: number) => here().burst(count),
  arrived: (count: number) => here().arrived(count),
  latencies: () => here().latencies,
  forget: () => here().forget(),
})
