// Links of a model to the others of its group: dialled again and again, asked for a sign of life, and
// given up when there is none. What TCP hides for many seconds is so seen within two, as in the product.

import { type Bytes, readU32 } from '../../../base/bytes.ts'
import type { Effect } from '../../../core/effect.ts'
import type { Env } from '../../../core/env.ts'
import type { ChannelId, Input, PeerId } from '../../../core/input.ts'

/** Where everybody is: the same for all models of a run. */
export interface Directory {
  readonly addresses: string[]
  readonly peers: PeerId[]
}

const TICK_MS = 250
const PING_MS = 500
const DEAD_MS = 1_500
/** Of two who begin the one with the higher number waits so long before it dials too. */
const PATIENCE_MS = 2_000
/** After a dial that failed, up to so long: all together would miss the same moments. */
const AGAIN_MS = 1_000

const PING = new Uint8Array(0)

interface Line {
  readonly channel: ChannelId
  readonly node: number
  heardMs: number
}

export class Peers {
  readonly #self: number
  readonly #directory: Directory
  readonly #lines = new Map<ChannelId, Line>()
  /** The line that is used to each node. */
  readonly #best = new Map<number, Line>()
  readonly #dials = new Map<number, number>()
  /** When each may be dialled. */
  readonly #dialMs = new Map<number, number>()
  #ref = 0
  #pingedMs = 0

  constructor(self: number, directory: Directory) {
    this.#self = self
    this.#directory = directory
  }

  /** Nodes that there is a link to, in order. */
  up(): number[] {
    return [...this.#best.keys()].sort((a, b) => a - b)
  }

  isUp(node: number): boolean {
    return this.#best.has(node)
  }

  /** @returns the node, when it is the first link to it */
  opened(input: Extract<Input, { kind: 'channel-open' }>, nowMs: number): number | undefined {
    const node = this.#directory.peers.indexOf(input.peer)
    if (input.ref !== undefined) this.#dials.delete(input.ref)
    if (node < 0) return undefined
    const line: Line = { channel: input.channel, node, heardMs: nowMs }
    this.#lines.set(input.channel, line)
    const first = !this.#best.has(node)
    this.#best.set(node, line)
    return first ? node : undefined
  }

  closed(channel: ChannelId): void {
    const line = this.#lines.get(channel)
    this.#lines.delete(channel)
    if (line === undefined || this.#best.get(line.node) !== line) return
    const other = [...this.#lines.values()].reverse().find(({ node }) => node === line.node)
    if (other === undefined) this.#best.delete(line.node)
    else this.#best.set(line.node, other)
  }

  failed(ref: number, env: Env): void {
    const node = this.#dials.get(ref)
    this.#dials.delete(ref)
    if (node !== undefined) this.#dialMs.set(node, env.nowMs + drawn(env, AGAIN_MS))
  }

  /** Whom a frame is from; undefined: nobody known, or nothing but a sign of life. */
  heard(channel: ChannelId, frame: Bytes, nowMs: number): number | undefined {
    const line = this.#lines.get(channel)
    if (line === undefined) return undefined
    line.heardMs = nowMs
    return frame.length === 0 ? undefined : line.node
  }

  send(node: number, frame: Bytes): Effect[] {
    const line = this.#best.get(node)
    return line === undefined ? [] : [{ kind: 'send', channel: line.channel, frame }]
  }

  /** Signs of life, resets and dials that are due. @param wanted whom this node wants a link to */
  tick(nowMs: number, wanted: readonly number[]): Effect[] {
    const effects: Effect[] = [{ kind: 'set-timer', timer: 'tick', atMs: nowMs + TICK_MS }]
    for (const line of this.#lines.values()) {
      if (nowMs - line.heardMs <= DEAD_MS) continue
      const peer = this.#directory.peers[line.node] ?? ''
      effects.push({ kind: 'reset', peer, reason: 'silent' })
    }
    if (nowMs - this.#pingedMs >= PING_MS) {
      this.#pingedMs = nowMs
      for (const { channel } of this.#lines.values()) {
        effects.push({ kind: 'send', channel, frame: PING })
      }
    }
    const dialling = new Set(this.#dials.values())
    for (const node of wanted) {
      if (this.isUp(node) || dialling.has(node)) continue
      const dialMs = this.#dialMs.get(node) ?? nowMs + (node < this.#self ? PATIENCE_MS : 0)
      this.#dialMs.set(node, dialMs)
      if (nowMs >= dialMs) effects.push(...this.#dial(node))
    }
    return effects
  }

  #dial(node: number): Effect[] {
    const [address, peer] = [this.#directory.addresses[node], this.#directory.peers[node]]
    if (address === undefined || peer === undefined) return []
    const ref = ++this.#ref
    this.#dials.set(ref, node)
    return [{ kind: 'open', ref, protocol: 'sync', peer, addresses: [address] }]
  }
}

/** A whole number of milliseconds below a bound. */
const drawn = (env: Env, belowMs: number): number => readU32(env.random(4), 0) % belowMs
