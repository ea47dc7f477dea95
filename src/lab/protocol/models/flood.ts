// Rules of `ideal` and `direct`. Everybody links to everybody and sends what it says to all of them.
// `ideal` also passes on what it hears and, whenever a link comes up, brings what the other lacks: all
// that the links allow. `direct` does neither: what was missed stays missed.

import type { Command } from '../../../core/command.ts'
import { textOf } from './content.ts'
import type { CommandDone, Doing, ModelMessage, Rules } from './model.ts'
import { nodeOfName } from './model.ts'

export interface FloodOptions {
  readonly node: number
  readonly members: readonly number[]
  readonly everybody: readonly number[]
  /** Whether messages are passed on and made up for. */
  readonly carries: boolean
}

type Frame =
  | { readonly k: 'say'; readonly message: ModelMessage; readonly how: 'push' | 'sync' }
  | { readonly k: 'have'; readonly next: Readonly<Record<string, number>> }

export class FloodRules implements Rules {
  readonly node: number
  readonly #options: FloodOptions
  readonly #messages = new Map<string, ModelMessage>()
  /** By author: the next number that is missing here. */
  readonly #next = new Map<number, number>()
  /** Came before something that it builds on. */
  readonly #early = new Map<
    string,
    { readonly message: ModelMessage; readonly how: 'push' | 'sync' }
  >()
  readonly #added = new Set<number>()
  readonly #removed = new Set<number>()
  readonly #heads = new Set<string>()
  #lamport = 0

  constructor(options: FloodOptions) {
    this.node = options.node
    this.#options = options
  }

  recall(rows: readonly string[]): void {
    for (const row of rows) this.#take(JSON.parse(row) as ModelMessage)
  }

  wanted(): readonly number[] {
    return this.#options.everybody.filter((node) => node !== this.node)
  }

  linked(node: number, doing: Doing): void {
    if (this.#options.carries) this.#ask(node, doing)
  }

  frame(from: number, content: string, doing: Doing): void {
    const frame = JSON.parse(content) as Frame
    if (frame.k === 'have') return this.#bring(from, frame.next, doing)
    this.#hear(frame.message, frame.how, from, doing)
  }

  command(command: Command, doing: Doing): CommandDone {
    if (!this.isMember()) return { ok: false, code: 'NOT_A_MEMBER', message: 'not a member' }
    switch (command.kind) {
      case 'send':
        return this.#say('text', -1, textOf(command.payload), doing)
      case 'remove-member':
        return this.#say('remove', nodeOfName(command.target), '', doing)
      case 'leave-group':
        return this.#say('remove', this.node, '', doing)
      case 'accept-request':
        return this.#say('add', nodeOfName(command.request), '', doing)
      default:
        return { ok: false, code: 'USAGE', message: `no ${command.kind} here` }
    }
  }

  members(): readonly number[] {
    return [...new Set([...this.#options.members, ...this.#added])]
      .filter((node) => !this.#removed.has(node))
      .sort((a, b) => a - b)
  }

  isMember(): boolean {
    return this.members().includes(this.node)
  }

  manager(): number | null {
    return null
  }

  epoch(): number {
    return 0
  }

  order(): readonly string[] {
    return [...this.#messages.values()]
      .filter(({ kind }) => kind === 'text')
      .sort((a, b) => a.lamport - b.lamport || a.author - b.author || a.seq - b.seq)
      .map(({ id }) => id)
  }

  held(): string {
    return [...this.#messages.keys()].sort().join(' ')
  }

  message(id: string): ModelMessage | undefined {
    return this.#messages.get(id)
  }

  #say(kind: ModelMessage['kind'], about: number, body: string, doing: Doing): CommandDone {
    const seq = this.#next.get(this.node) ?? 0
    const message: ModelMessage = {
      id: `${this.node}.${seq}`,
      author: this.node,
      seq,
      kind,
      about,
      lamport: this.#lamport + 1,
      parents: [...this.#heads].sort(),
      body,
      epoch: 0,
    }
    const to = doing.up()
    this.#accept(message, 'own', doing)
    for (const node of to) this.#tell(node, message, 'push', doing)
    return { ok: true, id: message.id }
  }

  #hear(message: ModelMessage, how: 'push' | 'sync', from: number, doing: Doing): void {
    if (this.#messages.has(message.id) || this.#early.has(message.id)) return
    if (!this.#options.carries) return this.#accept(message, how, doing)
    this.#early.set(message.id, { message, how })
    for (const node of doing.up()) if (node !== from) this.#tell(node, message, how, doing)
    this.#release(doing)
  }

  /** Takes in what no longer waits for anything. */
  #release(doing: Doing): void {
    for (let some = true; some;) {
      some = false
      for (const { message, how } of this.#early.values()) {
        if (!message.parents.every((id) => this.#messages.has(id))) continue
        if (message.seq > (this.#next.get(message.author) ?? 0)) continue
        this.#early.delete(message.id)
        this.#accept(message, how, doing)
        some = true
      }
    }
  }

  #accept(message: ModelMessage, how: 'own' | 'push' | 'sync', doing: Doing): void {
    this.#take(message)
    doing.keep(JSON.stringify(message))
    doing.news(message, how)
    if (message.kind === 'text') return
    doing.changed()
    if (this.#options.carries && message.kind === 'add') this.#bring(message.about, {}, doing)
  }

  #take(message: ModelMessage): void {
    const { id, author, seq, kind, about, lamport, parents } = message
    this.#messages.set(id, message)
    this.#next.set(author, Math.max(this.#next.get(author) ?? 0, seq + 1))
    this.#lamport = Math.max(this.#lamport, lamport)
    for (const parent of parents) this.#heads.delete(parent)
    this.#heads.add(id)
    if (kind === 'add') this.#added.add(about)
    if (kind === 'remove') this.#removed.add(about)
  }

  #ask(node: number, doing: Doing): void {
    doing.send(node, JSON.stringify({ k: 'have', next: Object.fromEntries(this.#next) }))
  }

  /** Sends what the other lacks, in an order in which it can take it in. */
  #bring(node: number, next: Readonly<Record<string, number>>, doing: Doing): void {
    const missing = [
      ...this.#messages.values(),
      ...[...this.#early.values()].map((one) => one.message),
    ]
      .filter(({ author, seq }) => seq >= (next[String(author)] ?? 0))
      .sort((a, b) => a.lamport - b.lamport)
    for (const message of missing) this.#tell(node, message, 'sync', doing)
  }

  /** Only members are told; and whoever is removed is told just that. */
  #tell(node: number, message: ModelMessage, how: 'push' | 'sync', doing: Doing): void {
    const entitled = this.members().includes(node) || message.about === node
    if (entitled) doing.send(node, JSON.stringify({ k: 'say', message, how } satisfies Frame))
  }
}
