// Small machines for testing the world itself, so that its tests need no protocol.

import { type Bytes, readU32, u32, utf8, concat, text } from '../../../../src/base/bytes.ts'
import type { Effect } from '../../../../src/core/effect.ts'
import type { Env } from '../../../../src/core/env.ts'
import type { ChannelId, Input, PeerId } from '../../../../src/core/input.ts'
import type { Machine } from '../../../../src/core/machine.ts'
import { type World, type WorldOptions, createWorld } from '../../../../src/lab/world/world.ts'

export interface Received {
  readonly from: PeerId
  readonly number: number
  readonly atMs: number
  readonly how: 'frame' | 'envelope'
}

export interface TalkerOptions {
  /** Nodes that node i dials. Default: every node with a higher number. */
  readonly dials?: (index: number) => readonly number[]
  /** Time between two numbers that a node says, in ms; 0 for none. Default: 100. */
  readonly periodMs?: number
  /** Resets a peer that was silent for so long, in ms; 0 for never. Default: 0. */
  readonly deadMs?: number
  readonly accept?: boolean
}

const counterKey = Uint8Array.of(0x44, 1)

/**
 * Dials its neighbours again and again, says a growing number to all of them by frame and by flood,
 * each number durable before it is said, and remembers what it heard.
 */
export class Talker implements Machine {
  readonly index: number
  readonly received: Received[] = []
  readonly log: string[] = []
  readonly channels = new Map<ChannelId, PeerId>()
  readonly dialling = new Set<number>()
  /** The last number said. */
  said = 0
  readonly #options: Required<TalkerOptions>
  readonly #size: number
  readonly #heardMs = new Map<PeerId, number>()

  constructor(index: number, size: number, options: TalkerOptions = {}) {
    this.index = index
    this.#size = size
    this.#options = {
      dials: (self) => Array.from({ length: size - self - 1 }, (_, i) => self + 1 + i),
      periodMs: 100,
      deadMs: 0,
      accept: true,
      ...options,
    }
  }

  step(input: Input, env: Env): Effect[] {
    switch (input.kind) {
      case 'start':
        return [{ kind: 'load', ticket: 0, ranges: [{ from: counterKey, to: after(counterKey) }] }]
      case 'loaded':
        return this.#begin(input.results[0]?.[0]?.value, env)
      case 'channel-open':
        this.channels.set(input.channel, input.peer)
        this.#heardMs.set(input.peer, env.nowMs)
        if (input.ref !== undefined) this.dialling.delete(input.ref)
        return this.#note(`open ${input.peer}`)
      case 'channel-closed': {
        const peer = this.channels.get(input.channel)
        this.channels.delete(input.channel)
        return this.#note(`closed ${peer ?? ''}`)
      }
      case 'open-failed':
        this.dialling.delete(input.ref)
        return this.#note(`failed ${input.reason}`)
      case 'frame':
        return this.#hear(this.channels.get(input.channel) ?? '?', input.frame, 'frame', env)
      case 'envelope':
        return [
          ...this.#hear(input.from, input.envelope, 'envelope', env),
          {
            kind: 'verdict',
            token: input.token,
            verdict: this.#options.accept ? 'accept' : 'ignore',
          },
        ]
      case 'timer':
        return input.timer === 'say' ? this.#say(env) : this.#dial(env)
      case 'command':
        return [
          ...this.#say(env),
          { kind: 'reply', ticket: input.ticket, reply: { ok: true, value: this.said } },
        ]
      case 'listening':
        return []
    }
  }

  #begin(stored: Bytes | undefined, env: Env): Effect[] {
    this.said = stored === undefined ? 0 : readU32(stored, 0)
    const { periodMs } = this.#options
    const first: Effect = { kind: 'set-timer', timer: 'say', atMs: env.nowMs + periodMs }
    return [
      { kind: 'notify', event: { kind: 'ready' } },
      { kind: 'subscribe', topic: 'numbers' },
      { kind: 'set-timer', timer: 'dial', atMs: env.nowMs },
      ...(periodMs > 0 ? [first] : []),
    ]
  }

  #say(env: Env): Effect[] {
    this.said++
    const number = concat(u32(this.said), utf8(`node ${this.index}`))
    const { periodMs } = this.#options
    const again: Effect = { kind: 'set-timer', timer: 'say', atMs: env.nowMs + periodMs }
    return [
      { kind: 'persist', puts: [{ key: counterKey, value: u32(this.said) }] },
      ...[...this.channels.keys()].map((channel): Effect => ({
        kind: 'send',
        channel,
        frame: number,
      })),
      { kind: 'broadcast', topic: 'numbers', envelope: number },
      ...(periodMs > 0 ? [again] : []),
    ]
  }

  #dial(env: Env): Effect[] {
    const connected = new Set(this.channels.values())
    const { deadMs, dials } = this.#options
    const dead = [...connected].filter(
      (peer) => deadMs > 0 && env.nowMs - (this.#heardMs.get(peer) ?? 0) > deadMs,
    )
    const missing = dials(this.index).filter(
      (node) => node < this.#size && !connected.has(`sim-${node}`) && !this.dialling.has(node),
    )
    for (const node of missing) this.dialling.add(node)
    return [
      ...dead.map((peer): Effect => ({ kind: 'reset', peer, reason: 'silent' })),
      ...missing.map((node): Effect => ({
        kind: 'open',
        ref: node,
        protocol: 'sync',
        peer: `sim-${node}`,
        addresses: [`/memory/${node}/p2p/sim-${node}`],
      })),
      { kind: 'set-timer', timer: 'dial', atMs: env.nowMs + 500 },
    ]
  }

  #hear(from: PeerId, said: Bytes, how: Received['how'], env: Env): Effect[] {
    const number = readU32(said, 0)
    this.received.push({ from, number, atMs: env.wallMs, how })
    this.#heardMs.set(from, env.nowMs)
    return [
      { kind: 'count', name: 'heard', label: how },
      { kind: 'notify', event: { kind: 'dropped', peer: from, reason: text(said.slice(4)) ?? '' } },
    ]
  }

  #note(line: string): Effect[] {
    this.log.push(line)
    return []
  }
}

function after(key: Bytes): Bytes {
  return concat(key, Uint8Array.of(0))
}

export interface TalkersOptions extends Partial<WorldOptions> {
  readonly talker?: TalkerOptions
}

/** A world of talkers. */
export function talkers(nodes: number, options: TalkersOptions = {}): World {
  const { talker, ...rest } = options
  return createWorld({
    seed: 1,
    nodes,
    machine: ({ index }) => new Talker(index, nodes, talker),
    ...rest,
  })
}

export function talker(world: World, index: number): Talker {
  return world.node(index).machine as Talker
}

/** Virtual milliseconds at which a number was heard, with the default wall clock. */
export const startWallMs = 1_735_689_600_000

/** What one node heard from another, by frame unless said otherwise. */
export function heard(
  world: World,
  from: number,
  to: number,
  how: Received['how'] = 'frame',
): { number: number; atMs: number }[] {
  return talker(world, to)
    .received.filter((each) => each.from === `sim-${from}` && each.how === how)
    .map(({ number, atMs }) => ({ number, atMs: atMs - startWallMs }))
}
