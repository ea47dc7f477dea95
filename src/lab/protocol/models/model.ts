// What the models have in common: their messages, the frame of a machine around a set of rules, and the
// face that the bench looks at. A model is its rules: they are told what happens and say what to do.

import { type Bytes, text as textOfBytes, u32, utf8 } from '../../../base/bytes.ts'
import type { ErrorCode } from '../../../base/error.ts'
import type { Command } from '../../../core/command.ts'
import type { Effect } from '../../../core/effect.ts'
import type { Env } from '../../../core/env.ts'
import type { Event } from '../../../core/event.ts'
import type { Input } from '../../../core/input.ts'
import type { Machine } from '../../../core/machine.ts'
import { type Directory, Peers } from './peers.ts'

/** A text, or a decision about who belongs. */
export interface ModelMessage {
  readonly id: string
  readonly author: number
  /** From 0, without gaps. */
  readonly seq: number
  readonly kind: 'text' | 'add' | 'remove' | 'rekey'
  /** Of add and remove. */
  readonly about: number
  readonly lamport: number
  readonly parents: readonly string[]
  readonly body: string
  readonly epoch: number
}

/** What a model does with what happens. Rules hold the state of one node. */
export interface Rules {
  readonly node: number
  /** What was on the disk, in the order of its rows. */
  recall(rows: readonly string[]): void
  /** Whom it wants links to. */
  wanted(): readonly number[]
  linked(node: number, doing: Doing): void
  frame(from: number, content: string, doing: Doing): void
  command(command: Command, doing: Doing): CommandDone
  // --- for the bench ---
  members(): readonly number[]
  isMember(): boolean
  manager(): number | null
  epoch(): number
  /** Messages as this node displays them. */
  order(): readonly string[]
  /** All that it holds, as one text. */
  held(): string
  message(id: string): ModelMessage | undefined
}

/** `undefined`: the reply comes later, by `Doing.reply`. */
export type CommandDone =
  | { readonly ok: true; readonly id: string }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string }
  | undefined

/** What rules may do in a step. */
export interface Doing {
  /** The command that runs, for a reply that comes later. */
  readonly ticket: number
  send(node: number, content: string): void
  isUp(node: number): boolean
  up(): readonly number[]
  /** Writes a row that `recall` gives again, under the next number. */
  keep(row: string): void
  news(message: ModelMessage, how: 'own' | 'push' | 'sync'): void
  /** Who belongs, or the order of what is shown, may have changed. */
  changed(): void
  reply(ticket: number, done: Exclude<CommandDone, undefined>): void
}

const ROW = 0x4d
const MESSAGE_TYPE = { text: 2, add: 4, remove: 5, rekey: 8 } as const

export class ModelMachine implements Machine {
  readonly rules: Rules
  readonly #peers: Peers
  #rows = 0
  #ready = false

  constructor(rules: Rules, directory: Directory) {
    this.rules = rules
    this.#peers = new Peers(rules.node, directory)
  }

  step(input: Input, env: Env): Effect[] {
    const effects: Effect[] = []
    switch (input.kind) {
      case 'start':
        return [
          { kind: 'load', ticket: 0, ranges: [{ from: rowKey(0), to: Uint8Array.of(ROW + 1) }] },
        ]
      case 'loaded':
        return this.#begin(input.results[0] ?? [], env)
      case 'channel-open': {
        const node = this.#peers.opened(input, env.nowMs)
        if (node !== undefined) this.rules.linked(node, this.#doing(effects, -1))
        return effects
      }
      case 'channel-closed':
        this.#peers.closed(input.channel)
        return effects
      case 'open-failed':
        this.#peers.failed(input.ref, env)
        return effects
      case 'frame': {
        const from = this.#peers.heard(input.channel, input.frame, env.nowMs)
        const content = from === undefined ? undefined : textOfBytes(input.frame)
        if (from === undefined || content === undefined) return effects
        this.rules.frame(from, content, this.#doing(effects, -1))
        return effects
      }
      case 'timer':
        return this.#ready ? this.#peers.tick(env.nowMs, this.rules.wanted()) : effects
      case 'command':
        return this.#command(input.ticket, input.command)
      default:
        return effects
    }
  }

  #begin(rows: readonly { readonly value: Bytes }[], env: Env): Effect[] {
    this.rules.recall(rows.map(({ value }) => textOfBytes(value) ?? ''))
    this.#rows = rows.length
    this.#ready = true
    return [
      { kind: 'notify', event: { kind: 'ready' } },
      { kind: 'set-timer', timer: 'tick', atMs: env.nowMs },
    ]
  }

  #command(ticket: number, command: Command): Effect[] {
    const effects: Effect[] = []
    const doing = this.#doing(effects, ticket)
    const done = this.rules.command(command, doing)
    if (done !== undefined) doing.reply(ticket, done)
    return effects
  }

  #doing(effects: Effect[], ticket: number): Doing {
    return {
      ticket,
      send: (node, content) => void effects.push(...this.#peers.send(node, utf8(content))),
      isUp: (node) => this.#peers.isUp(node),
      up: () => this.#peers.up(),
      keep: (row) => {
        const puts = [{ key: rowKey(this.#rows++), value: utf8(row) }]
        effects.push({ kind: 'persist', puts })
      },
      news: (message, how) => void effects.push({ kind: 'notify', event: eventOf(message, how) }),
      changed: () =>
        void effects.push({
          kind: 'notify',
          event: { kind: 'departed', group: '', member: '' },
        }),
      reply: (to, done) => void effects.push({ kind: 'reply', ticket: to, reply: replyOf(done) }),
    }
  }
}

function replyOf(done: Exclude<CommandDone, undefined>) {
  if (done.ok) return { ok: true, value: { id: done.id } } as const
  const { code, message } = done
  return { ok: false, error: { code, message, hint: '' } } as const
}

function eventOf(message: ModelMessage, how: 'own' | 'push' | 'sync'): Event {
  const { id, author, seq, kind } = message
  return {
    kind: 'message',
    group: '',
    id,
    number: `${author}:${seq}`,
    member: memberName(author),
    type: MESSAGE_TYPE[kind],
    line: author,
    counter: seq,
    how,
  }
}

const rowKey = (row: number): Bytes => Uint8Array.of(ROW, ...u32(row))

/** How commands name a node. */
export const memberName = (node: number): string => `m${node}`

/** The node of such a name, or -1. */
export const nodeOfName = (name: string): number =>
  /^m[0-9]+$/.test(name) ? Number(name.slice(1)) : -1
