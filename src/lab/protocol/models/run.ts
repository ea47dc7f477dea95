// One run of a model: how operations become commands to it, and what its news mean in the trace. The
// bench looks into the machines themselves, which hide nothing.

import { utf8, toHex } from '../../../base/bytes.ts'
import type { Event } from '../../../core/event.ts'
import { createNativeCrypto } from '../../../crypto/native.ts'
import type { NodeContext } from '../../world/node.ts'
import type {
  Answer,
  Digest,
  Look,
  Operation,
  Outcome,
  Perform,
  Plan,
  ProtocolRun,
  Setup,
  TellNode,
} from '../port.ts'
import { ModelMachine, type Rules, memberName } from './model.ts'
import type { Directory } from './peers.ts'

/** What rules are made from. */
export interface ModelSeat {
  readonly node: number
  readonly group: number
  readonly members: readonly number[]
  readonly outside: readonly number[]
  /** The first leader. */
  readonly manager: number
}

export interface ModelOptions {
  readonly rules: (seat: ModelSeat) => Rules
  /** Operations that only members do; a model without one of them refuses it. */
  readonly can: ReadonlySet<string>
}

interface Told {
  view: string
  epoch: number
  manager: number | null | undefined
  shown: Set<string>
}

export class ModelRun implements ProtocolRun {
  readonly #setup: Setup
  readonly #options: ModelOptions
  readonly #directory: Directory = { addresses: [], peers: [] }
  readonly #crypto = createNativeCrypto()
  readonly #told = new Map<number, Told>()
  readonly #audiences = new Set<string>()
  readonly #groupOf = new Map<number, number>()
  #look: Look | undefined
  #tell: TellNode | undefined

  constructor(setup: Setup, options: ModelOptions) {
    this.#setup = setup
    this.#options = options
    setup.groups.forEach(({ members, outside }, group) => {
      for (const node of [...members, ...outside]) this.#groupOf.set(node, group)
    })
  }

  machine({ index }: NodeContext): ModelMachine {
    const group = this.#groupOf.get(index) ?? 0
    const { members = [], outside = [], leaders = [] } = this.#setup.groups[group] ?? {}
    const manager = leaders[0] ?? members[0] ?? 0
    const rules = this.#options.rules({ node: index, group, members, outside, manager })
    return new ModelMachine(rules, this.#directory)
  }

  *found(look: Look): Plan<void> {
    this.#look = look
    for (let node = 0; node < this.#setup.nodes; node++) {
      this.#directory.addresses[node] = look.address(node)
      this.#directory.peers[node] = look.peerId(node)
    }
    // Time for everybody to find everybody.
    yield { asks: [], withinMs: 5_000, until: () => false }
  }

  perform(operation: Operation): Perform {
    const { kind, actors } = operation
    if (!this.#options.can.has(kind))
      return { actor: undefined, reason: `no ${kind} in this protocol` }
    const [actor] = actors
    if (actor === undefined) return { actor: undefined, reason: 'nobody runs' }
    return { actor, plan: this.#plan(actor, operation) }
  }

  begin(tell: TellNode): void {
    this.#tell = tell
    for (const node of this.#groupOf.keys()) {
      this.#told.set(node, { view: '', epoch: -1, manager: undefined, shown: new Set() })
      if (this.#rules(node)?.isMember() === true) this.settled(node)
    }
  }

  heard(node: number, event: Event): void {
    const rules = this.#rules(node)
    const told = this.#told.get(node)
    if (rules === undefined || told === undefined) return
    if (event.kind === 'ready') this.#forgotten(node, rules, told)
    if (event.kind !== 'message') return
    const message = rules.message(event.id)
    if (message === undefined) return
    const { id: m, author, seq, kind, parents, body, epoch } = message
    const g = this.#groupOf.get(node) ?? 0
    if (event.how === 'own') {
      const aud = this.#audience(node, g, rules.members())
      const text = kind === 'text'
      const bytes = body.length
      const own = { k: 'msg', m, g, seq, text, epoch: String(epoch), parents, bytes, aud } as const
      this.#tell?.(node, own)
    } else {
      this.#tell?.(node, { k: 'rx', m, g, how: event.how })
    }
    if (kind !== 'text' || told.shown.has(m)) return
    if (author !== node) this.#tell?.(node, { k: 'dec', m, g })
    told.shown.add(m)
    const order = rules.order()
    this.#tell?.(node, { k: 'show', m, g, pos: order.length - 1 - order.lastIndexOf(m) })
  }

  settled(node: number): void {
    const rules = this.#rules(node)
    const told = this.#told.get(node)
    if (rules === undefined || told === undefined) return
    const g = this.#groupOf.get(node) ?? 0
    const members = rules.members()
    const view = members.join(' ')
    if (view !== told.view) {
      told.view = view
      this.#tell?.(node, { k: 'view', g, id: this.#hash(view), members })
      this.#dropped(node, g, rules, told)
    }
    if (rules.epoch() !== told.epoch) {
      told.epoch = rules.epoch()
      const sending = String(told.epoch)
      this.#tell?.(node, { k: 'epoch', g, heads: [sending], sending })
    }
    if (rules.manager() === told.manager) return
    told.manager = rules.manager()
    this.#tell?.(node, { k: 'role', g, manager: told.manager })
  }

  restarted(): void {
    // It says `ready` once it has loaded what is on its disk; then it is looked what is missing.
  }

  managerOf(group: number): number | undefined {
    const { leaders = [], members = [] } = this.#setup.groups[group] ?? {}
    return leaders[0] ?? members[0]
  }

  digest(node: number, group: number): Digest | undefined {
    const rules = this.#groupOf.get(node) === group ? this.#rules(node) : undefined
    if (rules?.isMember() !== true) return undefined
    const late = this.#setup.groups[group]?.outside.includes(node) === true
    return {
      held: this.#hash(rules.held()),
      members: rules.members().join(' '),
      epochs: String(rules.epoch()),
      order: late ? '' : this.#hash(rules.order().join(' ')),
    }
  }

  *#plan(node: number, operation: Operation): Plan<Outcome> {
    const { kind, group, target, id, bytes } = operation
    const about = { group: String(group) }
    switch (kind) {
      case 'read':
        return this.#rules(node)?.isMember() === true ? { phase: 'ok' } : gone
      case 'send': {
        const payload = utf8(`text ${id} `.padEnd(Math.max(bytes, 1), '.'))
        const command = { kind: 'send', ...about, contentType: 'text/plain', payload } as const
        return outcomeOf(yield { asks: [{ node, command }] })
      }
      case 'rekey':
        return outcomeOf(yield { asks: [{ node, command: { kind: 'rotate', ...about } }] })
      case 'leave': {
        const command = { kind: 'leave-group', ...about, reason: '', last: true } as const
        return outcomeOf(yield { asks: [{ node, command }] })
      }
      case 'kick': {
        const member = memberName(target ?? -1)
        const command = {
          kind: 'remove-member',
          ...about,
          scope: 'member',
          target: member,
        } as const
        return outcomeOf(yield { asks: [{ node, command }] })
      }
      case 'join':
        return yield* this.#join(node, target ?? this.managerOf(group) ?? 0, about)
      case 'compromise':
      case 'recover-device':
        return { phase: 'fail', reason: `no ${kind} in this protocol` }
    }
  }

  *#join(node: number, host: number, about: { readonly group: string }): Plan<Outcome> {
    const request = memberName(node)
    const command = { kind: 'accept-request', ...about, request } as const
    const accepted = outcomeOf(yield { asks: [{ node: host, command }] })
    if (accepted.phase !== 'ok') return accepted
    const isIn = () => this.#rules(node)?.isMember() === true
    yield { asks: [], until: isIn }
    return isIn() ? { phase: 'ok' } : { phase: 'info', reason: 'not yet in' }
  }

  #forgotten(node: number, rules: Rules, told: Told): void {
    for (const m of told.shown) {
      if (rules.message(m) !== undefined) continue
      told.shown.delete(m)
      this.#tell?.(node, { k: 'forgot', m, g: this.#groupOf.get(node) ?? 0 })
    }
  }

  /** What is displayed no more. */
  #dropped(node: number, g: number, rules: Rules, told: Told): void {
    const order = new Set(rules.order())
    for (const m of told.shown) {
      if (order.has(m)) continue
      told.shown.delete(m)
      this.#tell?.(node, { k: 'hide', m, g, reason: 'withdrawn' })
    }
  }

  #audience(node: number, g: number, members: readonly number[]): string {
    const id = this.#hash(`${g} ${members.join(' ')}`)
    if (!this.#audiences.has(id)) {
      this.#audiences.add(id)
      this.#tell?.(node, { k: 'aud', id, g, members })
    }
    return id
  }

  #rules(node: number): Rules | undefined {
    const machine = this.#look?.machine(node)
    return machine instanceof ModelMachine ? machine.rules : undefined
  }

  #hash(text: string): string {
    return toHex(this.#crypto.sha256(utf8(text))).slice(0, 16)
  }
}

const gone: Outcome = { phase: 'fail', reason: 'NOT_A_MEMBER' }

function outcomeOf([answer]: readonly (Answer | undefined)[]): Outcome {
  if (answer === undefined) return { phase: 'info', reason: 'no reply' }
  if (!answer.ok) return { phase: 'fail', reason: answer.error.code }
  const { id } = answer.value as { readonly id: string }
  return { phase: 'ok', m: id }
}
