// A hostile peer in the world: a real endpoint, so that it links, proves itself and keeps its links
// alive like anybody, and beside it a hand that puts any bytes on its channels and any envelope on
// its topics. What a hostile member may do with its own keys is written by `author.ts`.
import type { Bytes } from '../../src/base/bytes.ts'
import { decode, encode } from '../../src/codec/canonical.ts'
import type { Batch } from '../../src/core/anti-entropy/batch.ts'
import { batchValue, zigzag } from '../../src/core/anti-entropy/batch.ts'
import type { Effect } from '../../src/core/effect.ts'
import { Endpoint } from '../../src/core/endpoint.ts'
import type { Env } from '../../src/core/env.ts'
import { sealEnvelope } from '../../src/core/epoch/envelope.ts'
import { parseEpoch } from '../../src/core/replica/epochs.ts'
import type { Input, PeerId, Protocol } from '../../src/core/input.ts'
import { hexOf } from '../../src/core/message/header.ts'
import type { Message } from '../../src/core/message/message.ts'
import { SecretKind, secretKey } from '../../src/core/replica/state.ts'
import { within } from '../../src/core/storage.ts'
import { createMemoryKeyring } from '../../src/adapters/memory/keyring.ts'
import type { World } from '../../src/lab/world/world.ts'
import { crypto } from './bench.ts'
import { type Mesh, endpointOf } from './mesh.ts'

const kindOf = (frame: Bytes): number => {
  const value = decode(frame, { maxBytes: frame.length })
  return value.ok && Array.isArray(value.value) ? Number(value.value[0]) : -1
}

interface Open {
  readonly peer: PeerId
  readonly protocol: Protocol
}

export class Hostile extends Endpoint {
  readonly channels = new Map<number, Open>()
  /** What it is sent, as it came. */
  readonly heard: { readonly channel: number; readonly frame: Bytes }[] = []
  /** The topic of its group. */
  topic = ''
  /** Kinds of frames that the endpoint itself wants to send and that are left unsaid. */
  unsaid: ReadonlySet<number> = new Set()
  #waiting: Effect[] = []

  override step(input: Input, env: Env): Effect[] {
    if (input.kind === 'channel-open') {
      this.channels.set(input.channel, { peer: input.peer, protocol: input.protocol })
    }
    if (input.kind === 'channel-closed') this.channels.delete(input.channel)
    if (input.kind === 'frame') {
      this.heard.push({ channel: input.channel, frame: input.frame })
    }
    const own = super.step(input, env)
    for (const effect of own) if (effect.kind === 'subscribe') this.topic = effect.topic
    const said = own.filter(
      (effect) => effect.kind !== 'send' || !this.unsaid.has(kindOf(effect.frame)),
    )
    const waiting = this.#waiting
    this.#waiting = []
    return [...said, ...waiting]
  }

  /** Puts effects of one's own choice behind those of the next step. */
  plan(effects: readonly Effect[]): void {
    this.#waiting.push(...effects)
  }

  /** The newest channel to a peer, or -1. */
  channelTo(peer: PeerId, protocol: Protocol = 'sync'): number {
    const found = [...this.channels].filter(
      ([, open]) => open.peer === peer && open.protocol === protocol,
    )
    return found.at(-1)?.[0] ?? -1
  }
}

export const hostileAt = (world: World, node: number): Hostile =>
  world.node(node).machine as Hostile

/** Makes a step, so that what was planned leaves now. */
const poke = (world: World, node: number): void => {
  world.command(node, { kind: 'peer-ping', peer: 'nobody' })
}

/** Puts frames on the sync channel from one node to another. */
export function sendFrames(world: World, from: number, to: number, frames: readonly Bytes[]): void {
  const hostile = hostileAt(world, from)
  const channel = hostile.channelTo(world.node(to).peerId)
  if (channel < 0) throw new Error(`node ${String(from)} has no channel to ${String(to)}`)
  hostile.plan(frames.map((frame) => ({ kind: 'send', channel, frame })))
  poke(world, from)
}

/** Opens a channel of a protocol; answered a round trip later. */
export function openChannel(world: World, from: number, to: number, protocol: Protocol): void {
  const node = world.node(to)
  const open = { ref: 900_000 + to, peer: node.peerId, addresses: [node.address] }
  hostileAt(world, from).plan([{ kind: 'open', protocol, ...open }])
  poke(world, from)
}

export function sendOn(
  world: World,
  from: number,
  channel: number,
  frames: readonly Bytes[],
): void {
  hostileAt(world, from).plan(frames.map((frame) => ({ kind: 'send', channel, frame })))
  poke(world, from)
}

/** Pushes messages under the newest epoch that the node could open. */
export function pushMessages(mesh: Mesh, from: number, messages: readonly Message[]): void {
  const { world } = mesh
  const envelopes = messages.map((message) => envelopeOf(mesh, from, [message]))
  const { topic } = hostileAt(world, from)
  hostileAt(world, from).plan(envelopes.map((envelope) => ({ kind: 'broadcast', topic, envelope })))
  poke(world, from)
}

export function envelopeOf(mesh: Mesh, node: number, messages: readonly Message[]): Bytes {
  const envelope = sealEnvelope(
    { crypto, random: (length) => crypto.sha256(Uint8Array.of(envelopes++)).slice(0, length) },
    envKey(mesh, node),
    {
      kind: 'messages',
      told: [],
      messages: messages.map(({ headerBytes: header, signature, body }) => ({
        header,
        signature,
        body,
      })),
    },
  )
  if (!envelope.ok) throw new Error(envelope.error)
  return envelope.value
}

let envelopes = 0

/** The envelope key of the epoch that a node sends under, from its disk. */
export function envKey(mesh: Mesh, node: number): Bytes {
  const endpoint = endpointOf(mesh.world, node)
  const group = endpoint.report().groups.find((one) => one.group === mesh.group)
  const number = endpoint.groupNumber(mesh.group) ?? 0
  const keyring = createMemoryKeyring()
  for (const row of mesh.world
    .node(node)
    .rows.read(within(secretKey(number, SecretKind.epoch, new Uint8Array())))) {
    const id = row.key.slice(-32)
    const saved = keyring.open(row.key, row.value.subarray(1))
    const epoch = saved && parseEpoch(id, saved)
    if (hexOf(id) === group?.epoch && epoch !== undefined) return epoch.env
  }
  throw new Error('the epoch is not on the disk')
}

/** A batch of one author's messages as an honest sender would write it, signed by the last one. */
export function batchOf(messages: readonly Message[], signature?: Bytes): Batch {
  const [first] = messages
  if (first === undefined) throw new Error('an empty batch')
  const { header } = first
  const epochs = [...new Set(messages.map((one) => hexOf(one.header.epoch)))].filter(
    (epoch) => epoch !== '',
  )
  let sent = 0
  return {
    authors: [
      {
        member: header.member,
        memberGroupId: header.memberGroupId,
        first: header.counter,
        prev: header.prev,
      },
    ],
    epochs: epochs.map((epoch) =>
      Uint8Array.from(epoch.match(/../g) ?? [], (two) => parseInt(two, 16)),
    ),
    items: messages.map((message) => {
      const difference = message.header.sent - sent
      sent = message.header.sent
      return {
        author: 0,
        type: message.header.type,
        deps: message.header.deps,
        sent: zigzag(difference),
        epoch: 1 + epochs.indexOf(hexOf(message.header.epoch)),
        salt: message.header.salt,
        keyCommit: message.header.keyCommit,
        body: message.body,
        signature: new Uint8Array(),
      }
    }),
    vouchers: [
      {
        author: 0,
        headers: [],
        signature: signature ?? messages.at(-1)?.signature ?? new Uint8Array(64),
      },
    ],
  }
}

export const batchFrame = (batch: Batch): Bytes => encode([18, 0, batchValue(batch)])
