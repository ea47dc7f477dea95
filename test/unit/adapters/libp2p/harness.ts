// What the tests of the libp2p network share: nodes that record what they are told, and patience.

import type { Bytes } from '../../../../src/base/bytes.ts'
import {
  type Libp2pNetworkOptions,
  type PreparedNetwork,
  prepareLibp2p,
} from '../../../../src/adapters/libp2p/libp2p.ts'
import type { Verdict } from '../../../../src/core/effect.ts'
import type { Network, NetworkEvents } from '../../../../src/ports/network.ts'

type Opening = Parameters<NetworkEvents['channelOpen']>[0]
type Answer = (verdict: Verdict) => void

/** A node, and everything that it was told. */
export interface TestNode {
  readonly network: Network
  readonly prepared: PreparedNetwork
  readonly opened: Opening[]
  readonly failed: { ref: number; reason: string }[]
  readonly closed: number[]
  readonly frames: { channel: number; frame: Bytes }[]
  readonly envelopes: { from: string; topic: string; text: string }[]
  readonly counts: Map<string, number>
  addresses: readonly string[]
  /** What is done with an envelope. Default: accept. */
  judge: (text: string, answer: Answer) => void
  onFrame: ((channel: number, frame: Bytes) => void) | undefined
}

let nextSeed = 1
let nextPlace = 1
const running = new Set<PreparedNetwork>()

export const loopback = '/ip4/127.0.0.1/tcp/0'

/** An address in memory that nobody has. */
export function memoryPlace(): string {
  return `/memory/test-${process.pid}-${nextPlace++}`
}

export function seed(number = nextSeed++): Bytes {
  return new Uint8Array(32).fill(number % 251).with(0, Math.floor(number / 251))
}

/** Starts a node on TCP loopback, or wherever `options` say. */
export async function startNode(options: Partial<Libp2pNetworkOptions> = {}): Promise<TestNode> {
  const counts = new Map<string, number>()
  const prepared = await prepareLibp2p({
    transportSeed32: seed(),
    listen: [loopback],
    dht: false,
    mdns: false,
    memory: true,
    telemetry: {
      count(name, label, by) {
        const key = label === undefined ? name : `${name}:${label}`
        counts.set(key, (counts.get(key) ?? 0) + by)
      },
      gauge: () => undefined,
      log(level, message, fields) {
        if (process.env['SHOW_LOG']) console.log(level, message, JSON.stringify(fields))
      },
    },
    ...options,
  })
  running.add(prepared)
  const node: Omit<TestNode, 'network'> = {
    prepared,
    opened: [],
    failed: [],
    closed: [],
    frames: [],
    envelopes: [],
    counts,
    addresses: [],
    judge: (_text, answer) => answer('accept'),
    onFrame: undefined,
  }
  const network = prepared.start({
    channelOpen: (opening) => node.opened.push(opening),
    openFailed: (ref, reason) => node.failed.push({ ref, reason }),
    channelClosed: (channel) => node.closed.push(channel),
    frame(channel, frame) {
      if (node.onFrame) node.onFrame(channel, frame)
      else node.frames.push({ channel, frame })
    },
    envelope(from, topic, envelope, answer) {
      const text = new TextDecoder().decode(envelope)
      node.envelopes.push({ from, topic, text })
      node.judge(text, answer)
    },
    listening: (addresses) => (node.addresses = addresses),
  })
  const started = Object.assign(node, { network })
  await until(() => started.addresses.length > 0 || options.listen?.length === 0)
  return started
}

export async function stopAll(): Promise<void> {
  const stopped = [...running].map((prepared) => prepared.stop())
  running.clear()
  await Promise.all(stopped)
}

/** Waits for something, for as long as a busy machine may need. */
export async function until(condition: () => boolean, timeoutMs = 15_000): Promise<void> {
  const endMs = performance.now() + timeoutMs
  while (!condition() && performance.now() < endMs) await pause(5)
  if (!condition()) throw new Error(`waited ${timeoutMs} ms in vain for: ${String(condition)}`)
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

let nextRef = 1

/** Opens a sync channel; the numbers that both sides gave it. */
export async function link(from: TestNode, to: TestNode): Promise<[number, number]> {
  const ref = nextRef++
  const there = new Set(to.opened.map(({ channel }) => channel))
  from.network.open(ref, 'sync', to.network.peerId, to.addresses)
  const mine = () => from.opened.find((each) => each.ref === ref)
  const theirs = () =>
    to.opened.find(({ channel, peer }) => !there.has(channel) && peer === from.network.peerId)
  await until(() => mine() !== undefined && theirs() !== undefined)
  return [mine()?.channel ?? 0, theirs()?.channel ?? 0]
}

/** Broadcasts new envelopes until one of them arrived: a mesh needs a moment to form. */
export async function untilHeard(from: TestNode, to: readonly TestNode[], topic: string) {
  const mark = `${from.network.peerId.slice(-4)} ${Math.round(performance.now() * 1000)}`
  const heard = (node: TestNode) => node.envelopes.some(({ text }) => text.startsWith(mark))
  let tries = 0
  await until(() => {
    from.network.broadcast(topic, new TextEncoder().encode(`${mark} ${tries++}`))
    return to.every(heard)
  })
}
