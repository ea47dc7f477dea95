// Rules of a managed group with a fixed manager, after Cwtch. Everything goes through the manager: it
// checks, numbers and keeps every post in one log, and hands it on. A member keeps what it wrote until
// the manager has it. Who belongs, and under which key one posts, the manager alone decides.

import type { Command } from '../../../core/command.ts'
import { textOf } from './content.ts'
import type { CommandDone, Doing, ModelMessage, Rules } from './model.ts'
import { nodeOfName } from './model.ts'

export interface ManagedOptions {
  readonly node: number
  readonly members: readonly number[]
  readonly everybody: readonly number[]
  readonly manager: number
}

type Frame =
  /** A member posts. */
  | { readonly k: 'post'; readonly message: ModelMessage }
  /** The manager will not take it: its author does not belong. */
  | { readonly k: 'refuse'; readonly id: string }
  /** Entries of the log from a number on. */
  | {
      readonly k: 'log'
      readonly at: number
      readonly entry: ModelMessage
      readonly how: 'push' | 'sync'
      /** To a newcomer, with the entry that lets it in: what came of all before. */
      readonly start?: Start
    }
  /** A member says how much of the log it has. */
  | { readonly k: 'since'; readonly at: number }
  /** A member asks for a decision, and is told. */
  | { readonly k: 'ask'; readonly ticket: number; readonly act: Act; readonly about: number }
  | { readonly k: 'did'; readonly ticket: number; readonly id: string }

type Act = 'add' | 'remove' | 'rekey'

interface Start {
  readonly members: readonly number[]
  readonly epoch: number
}

type Row =
  | { readonly k: 'entry'; readonly entry: ModelMessage }
  | { readonly k: 'wrote'; readonly message: ModelMessage }
  | { readonly k: 'from'; readonly at: number; readonly start: Start }

export class ManagedRules implements Rules {
  readonly node: number
  readonly #options: ManagedOptions
  /** The log as far as it is known here; holes only before the first entry of a newcomer. */
  readonly #log: (ModelMessage | undefined)[] = []
  readonly #logged = new Set<string>()
  /** Own posts that are not in the log yet. */
  readonly #outbox = new Map<string, ModelMessage>()
  readonly #all = new Map<string, ModelMessage>()
  readonly #gone = new Set<number>()
  readonly #came = new Set<number>()
  #seq = 0
  #epoch = 0

  constructor(options: ManagedOptions) {
    this.node = options.node
    this.#options = options
  }

  recall(rows: readonly string[]): void {
    for (const text of rows) {
      const row = JSON.parse(text) as Row
      if (row.k === 'from') this.#startFrom(row.at, row.start)
      else if (row.k === 'entry') this.#append(row.entry)
      else this.#write(row.message)
    }
  }

  wanted(): readonly number[] {
    if (!this.#manages) return [this.#options.manager]
    return this.#options.everybody.filter((node) => node !== this.node)
  }

  linked(node: number, doing: Doing): void {
    if (this.#manages || node !== this.#options.manager) return
    this.#say(node, { k: 'since', at: this.#log.length }, doing)
    for (const message of this.#outbox.values()) this.#say(node, { k: 'post', message }, doing)
  }

  frame(from: number, content: string, doing: Doing): void {
    const frame = JSON.parse(content) as Frame
    if (this.#manages) return this.#serve(from, frame, doing)
    switch (frame.k) {
      case 'log':
        return this.#learn(frame, doing)
      case 'refuse':
        if (this.#outbox.delete(frame.id)) doing.changed()
        return
      case 'did':
        return doing.reply(frame.ticket, { ok: true, id: frame.id })
      default:
    }
  }

  command(command: Command, doing: Doing): CommandDone {
    if (!this.isMember()) return { ok: false, code: 'NOT_A_MEMBER', message: 'not a member' }
    switch (command.kind) {
      case 'send':
        return this.#post(textOf(command.payload), doing)
      case 'remove-member':
        return this.#decide('remove', nodeOfName(command.target), doing)
      case 'leave-group':
        return this.#decide('remove', this.node, doing)
      case 'accept-request':
        return this.#decide('add', nodeOfName(command.request), doing)
      case 'rotate':
        return this.#decide('rekey', -1, doing)
      default:
        return { ok: false, code: 'USAGE', message: `no ${command.kind} here` }
    }
  }

  members(): readonly number[] {
    return [...new Set([...this.#options.members, ...this.#came])]
      .filter((node) => !this.#gone.has(node))
      .sort((a, b) => a - b)
  }

  isMember(): boolean {
    return this.members().includes(this.node)
  }

  manager(): number | null {
    return this.#options.manager
  }

  epoch(): number {
    return this.#epoch
  }

  order(): readonly string[] {
    const logged = this.#log.flatMap((entry) => (entry?.kind === 'text' ? [entry.id] : []))
    return [...logged, ...this.#outbox.keys()]
  }

  held(): string {
    return [String(this.#log.length), ...this.#outbox.keys()].join(' ')
  }

  message(id: string): ModelMessage | undefined {
    return this.#all.get(id)
  }

  get #manages(): boolean {
    return this.node === this.#options.manager
  }

  #post(body: string, doing: Doing): CommandDone {
    const seq = this.#seq
    const id = `${this.node}.${seq}`
    const parents = seq === 0 ? [] : [`${this.node}.${seq - 1}`]
    const [kind, about, lamport] = ['text', -1, this.#log.length] as const
    const message = {
      id,
      author: this.node,
      seq,
      kind,
      about,
      lamport,
      parents,
      body,
      epoch: this.#epoch,
    }
    this.#write(message)
    doing.keep(JSON.stringify({ k: 'wrote', message } satisfies Row))
    doing.news(message, 'own')
    if (this.#manages) this.#enter(message, doing)
    else this.#say(this.#options.manager, { k: 'post', message }, doing)
    return { ok: true, id }
  }

  #decide(act: Act, about: number, doing: Doing): CommandDone {
    if (this.#manages) return { ok: true, id: this.#decree(act, about, doing) }
    const { manager } = this.#options
    if (!doing.isUp(manager)) {
      return { ok: false, code: 'PEER_UNREACHABLE', message: 'the manager is not reached' }
    }
    this.#say(manager, { k: 'ask', ticket: doing.ticket, act, about }, doing)
    return undefined
  }

  // --- the manager -------------------------------------------------------------------------------

  #serve(from: number, frame: Frame, doing: Doing): void {
    const belongs = this.members().includes(from)
    if (frame.k === 'since') {
      if (belongs) this.#catchUp(from, frame.at, doing)
    } else if (frame.k === 'post') {
      if (this.#logged.has(frame.message.id)) return
      if (belongs && frame.message.author === from) this.#enter(frame.message, doing)
      else this.#say(from, { k: 'refuse', id: frame.message.id }, doing)
    } else if (frame.k === 'ask' && belongs) {
      const id = this.#decree(frame.act, frame.about, doing)
      this.#say(from, { k: 'did', ticket: frame.ticket, id }, doing)
    }
  }

  #decree(act: Act, about: number, doing: Doing): string {
    const seq = this.#seq++
    const id = `${this.node}.${seq}`
    const before = this.members()
    const author = this.node
    const entry: ModelMessage = {
      id,
      author,
      seq,
      kind: act,
      about,
      lamport: this.#log.length,
      parents: [],
      body: '',
      epoch: this.#epoch,
    }
    this.#enter(entry, doing, [...new Set([...before, about])])
    return id
  }

  #enter(entry: ModelMessage, doing: Doing, to: readonly number[] = this.members()): void {
    const at = this.#log.length
    this.#append(entry)
    doing.keep(JSON.stringify({ k: 'entry', entry } satisfies Row))
    if (entry.kind !== 'text') doing.changed()
    if (entry.author !== this.node || entry.kind !== 'text') {
      doing.news(entry, entry.author === this.node ? 'own' : 'push')
    }
    for (const node of to) {
      if (node !== this.node && node >= 0) this.#hand(node, at, 'push', doing)
    }
  }

  /** A newcomer's log begins with the entry that let it in. */
  #catchUp(node: number, from: number, doing: Doing): void {
    const cameAt = this.#log.findLastIndex((entry) => entry?.kind === 'add' && entry.about === node)
    for (let at = Math.max(from, cameAt, 0); at < this.#log.length; at++) {
      this.#hand(node, at, 'sync', doing)
    }
  }

  #hand(node: number, at: number, how: 'push' | 'sync', doing: Doing): void {
    const entry = this.#log[at]
    if (entry === undefined) return
    const isOwnAdd = entry.kind === 'add' && entry.about === node
    const start = isOwnAdd ? { start: this.#startAt(at) } : {}
    this.#say(node, { k: 'log', at, entry, how, ...start }, doing)
  }

  /** Who belonged, and the epoch, before an entry. */
  #startAt(at: number): Start {
    const members = new Set(this.#options.members)
    const decisions = this.#log.slice(0, at).filter((entry) => entry?.kind !== 'text')
    for (const entry of decisions) {
      if (entry?.kind === 'add') members.add(entry.about)
      if (entry?.kind === 'remove') members.delete(entry.about)
    }
    return { members: [...members], epoch: decisions.length }
  }

  // --- a member ----------------------------------------------------------------------------------

  #learn({ at, entry, how, start }: Extract<Frame, { k: 'log' }>, doing: Doing): void {
    const isNew = !this.isMember() && entry.kind === 'add' && entry.about === this.node
    if (isNew && at > this.#log.length && start !== undefined) {
      this.#startFrom(at, start)
      doing.keep(JSON.stringify({ k: 'from', at, start } satisfies Row))
    }
    if (at < this.#log.length) return
    if (at > this.#log.length) {
      return this.#say(this.#options.manager, { k: 'since', at: this.#log.length }, doing)
    }
    const own = this.#outbox.has(entry.id)
    this.#append(entry)
    doing.keep(JSON.stringify({ k: 'entry', entry } satisfies Row))
    if (entry.kind !== 'text') doing.changed()
    if (!own) doing.news(entry, how)
  }

  #startFrom(at: number, { members, epoch }: Start): void {
    this.#log.length = at
    this.#epoch = epoch
    for (const node of members) this.#came.add(node)
    for (const node of this.#options.members) if (!members.includes(node)) this.#gone.add(node)
  }

  #append(entry: ModelMessage): void {
    this.#log.push(entry)
    this.#logged.add(entry.id)
    this.#all.set(entry.id, entry)
    this.#outbox.delete(entry.id)
    if (entry.kind === 'text') return
    if (entry.author === this.node) this.#seq = Math.max(this.#seq, entry.seq + 1)
    this.#epoch++
    if (entry.kind === 'add') this.#came.add(entry.about)
    if (entry.kind === 'remove') this.#gone.add(entry.about)
  }

  #write(message: ModelMessage): void {
    this.#seq = message.seq + 1
    this.#all.set(message.id, message)
    this.#outbox.set(message.id, message)
  }

  #say(node: number, frame: Frame, doing: Doing): void {
    doing.send(node, JSON.stringify(frame))
  }
}
