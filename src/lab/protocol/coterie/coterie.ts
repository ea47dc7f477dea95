// The product itself on the bench: the real endpoint with real keys, not a model of it. Groups are made
// as people make them: cards, a constitution, a ticket, joins.

import { type Bytes, concat, utf8 } from '../../../base/bytes.ts'
import type { Command, CommandResult, PolicyName } from '../../../core/command.ts'
import { Endpoint } from '../../../core/endpoint.ts'
import type { Event } from '../../../core/event.ts'
import { peerIdOf } from '../../../core/identity/peer-id.ts'
import { createNativeCrypto } from '../../../crypto/native.ts'
import { operationKinds } from '../../scenario/materialised.ts'
import type { NodeContext } from '../../world/node.ts'
import type {
  Answer,
  Ask,
  Digest,
  Look,
  Operation,
  Outcome,
  Perform,
  Plan,
  Protocol,
  ProtocolRun,
  Setup,
  TellNode,
} from '../port.ts'
import { carries } from './carries.ts'
import { Observer } from './observer.ts'

const policies: readonly PolicyName[] = ['strict', 'balanced', 'partition-tolerant']

export const coterie: Protocol = {
  name: 'coterie',
  title: 'coterie: elected managers, epochs that fork and merge',
  source: 'src/core/SPEC.md',
  simplifications: [],
  claims: [
    { name: 'local', sentence: 'a text is accepted without waiting for anybody' },
    { name: 'sides', sentence: 'each side of a split delivers among its own members' },
    { name: 'heals', sentence: 'after a heal everybody holds and reads the same' },
    { name: 'forks', sentence: 'sides with a leader re-key apart and merge their epochs later' },
  ],
  operations: new Set([...operationKinds, 'compromise', 'recover-device']),
  judged: true,
  options: { policy: { is: 'balanced', oneOf: policies } },
  prepare: (setup) => new CoterieRun(setup),
}

class CoterieRun implements ProtocolRun {
  readonly #setup: Setup
  readonly #crypto = createNativeCrypto()
  /** Ids of the groups. */
  readonly #groups: string[] = []
  /** Nodes to which a group became known: their join may be done long after it was given up. */
  readonly #arrived = new Set<number>()
  #look: Look | undefined
  #observer: Observer | undefined

  constructor(setup: Setup) {
    this.#setup = setup
  }

  peerId(_: number, secret: (purpose: string) => Uint8Array): string {
    return peerIdOf(this.#crypto.edPublicKey(secret('transport')))
  }

  machine({ index, secret, crypto }: NodeContext): Endpoint {
    const [accountSeed, deviceSeed, transportSeed] = [
      secret('account'),
      secret('device'),
      secret('transport'),
    ]
    return new Endpoint({ name: `n${index}`, accountSeed, deviceSeed, transportSeed }, crypto)
  }

  *found(look: Look): Plan<void> {
    this.#look = look
    const { groups } = this.#setup
    const cards = yield* askAll(
      groups.flatMap(({ leaders }) => leaders.slice(1)).map(asking({ kind: 'mint-card' })),
      'mint-card',
    )
    let card = 0
    const created = yield* askAll(
      groups.map(({ members, leaders }, index): Ask => {
        const others = cards.slice(card, (card += leaders.length - 1)).map((one) => one.card)
        const policy = policyOf(this.#setup.with['policy'])
        const name = `group ${index}`
        return {
          node: members[0] ?? 0,
          command: { kind: 'create-group', name, leaders: others, policy },
        }
      }),
      'create-group',
    )
    this.#groups.push(...created.map(({ group }) => group))
    const invited = yield* askAll(
      groups.map(({ members }, index) => this.#inviting(members[0] ?? 0, index, members.length)),
      'invite',
    )
    const joins = groups.flatMap(({ members }, index) =>
      members.slice(1).map((node) => joining(node, invited[index]?.ticket ?? '')),
    )
    yield* askAll(joins, 'join', 300_000)
    yield { asks: [], withinMs: 300_000, until: () => this.#isFounded() }
    if (!this.#isFounded()) throw new Error('the groups do not agree after founding')
  }

  carries(frame: Bytes): boolean {
    return carries(frame)
  }

  differently(command: Command): Command {
    if (command.kind !== 'send') return command
    return {
      ...command,
      payload: concat(command.payload, utf8(' (not what others hear)')),
    }
  }

  perform(operation: Operation): Perform {
    const { kind, actors, group } = operation
    const observer = this.#observer
    const able = actors.find((node) =>
      kind !== 'kick' && kind !== 'rekey' ? true : this.#leads(node, group),
    )
    if (able === undefined || observer === undefined) {
      return { actor: undefined, reason: 'no leader among them' }
    }
    return { actor: able, plan: this.#plan(able, operation, observer) }
  }

  begin(tell: TellNode): void {
    if (this.#look === undefined) return
    const [crypto, groups, { nodes }] = [this.#crypto, this.#groups, this.#setup]
    this.#observer = new Observer({ look: this.#look, crypto, groups, nodes, tell })
    this.#setup.groups.forEach(({ members }) => {
      for (const node of members) this.#observer?.begin(node)
    })
  }

  heard(node: number, event: Event): void {
    if (event.kind === 'group') this.#arrived.add(node)
    this.#observer?.heard(node, event)
  }

  settled(node: number): void {
    if (this.#arrived.delete(node)) this.#observer?.arrived(node)
    this.#observer?.settled(node)
  }

  restarted(node: number): void {
    this.#observer?.restarted(node)
  }

  managerOf(group: number): number | undefined {
    const nodes = this.#setup.groups[group]?.members ?? []
    for (const node of nodes) {
      const manager = this.#report(node, group)?.manager ?? undefined
      if (manager !== undefined) return this.#observer?.nodeOf(manager)
    }
    return undefined
  }

  digest(node: number, group: number): Digest | undefined {
    return this.#observer?.digest(node, group)
  }

  *#plan(node: number, operation: Operation, observer: Observer): Plan<Outcome> {
    const { kind, group, target } = operation
    const id = this.#groups[group] ?? ''
    switch (kind) {
      case 'read':
        return observer.isMember(node) ? { phase: 'ok' } : gone
      case 'send':
        return sent(yield* askOne(node, { kind: 'send', group: id, ...textOf(operation) }))
      case 'rekey':
        return sent(yield* askOne(node, { kind: 'rotate', group: id }))
      case 'leave':
        return sent(yield* askOne(node, leaving(id)))
      case 'compromise':
        return observer.copied(node) ? { phase: 'ok' } : gone
      case 'recover-device': {
        const left = sent(yield* askOne(node, leaving(id)))
        return left.phase === 'ok' ? yield* this.#join(node, group, target) : left
      }
      case 'kick': {
        const member = target === undefined ? undefined : observer.memberAt(target)
        if (member === undefined) return { phase: 'fail', reason: 'no such member' }
        const command = {
          kind: 'remove-member',
          group: id,
          scope: 'member',
          target: member,
        } as const
        return sent(yield* askOne(node, command))
      }
      case 'join':
        return yield* this.#join(node, group, target)
    }
  }

  *#join(node: number, group: number, target: number | undefined): Plan<Outcome> {
    const host = target ?? this.#hosts(group).find((one) => this.#leads(one, group))
    if (host === undefined) return { phase: 'fail', reason: 'no leader runs' }
    const { command } = this.#inviting(host, group, 1)
    const invited = resultOf(yield* askOne(host, command), 'invite')
    if (invited === undefined) return { phase: 'fail', reason: 'no ticket' }
    const joined = yield* askOne(node, joining(node, invited.ticket).command)
    const done = resultOf(joined, 'join')
    if (done === undefined) return sent(joined)
    this.#observer?.arrived(node)
    return { phase: 'ok' }
  }

  #hosts(group: number): readonly number[] {
    return this.#setup.groups[group]?.leaders ?? []
  }

  #inviting(node: number, group: number, uses: number): Ask {
    const id = this.#groups[group] ?? ''
    const expiresMs = 86_400_000
    return { node, command: { kind: 'invite', group: id, expiresMs, uses, confirm: false } }
  }

  #leads(node: number, group: number): boolean {
    const report = this.#report(node, group)
    return report?.role === 'leader' && report.selfState === 'active'
  }

  #report(node: number, group: number) {
    const machine = this.#look?.machine(node)
    if (!(machine instanceof Endpoint)) return undefined
    return machine.groups().find((one) => one.group === this.#groups[group])
  }

  #isFounded(): boolean {
    return this.#setup.groups.every(({ members }, group) => {
      const first = this.#report(members[0] ?? 0, group)
      if (first?.members.filter((one) => one.state === 'active').length !== members.length) {
        return false
      }
      // One after the other: this is asked again and again, and the first who differs is enough.
      return members.every((node) => {
        const one = this.#report(node, group)
        return one?.root === first.root && one.epoch === first.epoch && one.epochDue === null
      })
    })
  }
}

const leaving = (group: string): Command => ({ kind: 'leave-group', group, reason: '', last: true })

const gone: Outcome = { phase: 'fail', reason: 'NOT_A_MEMBER' }

function policyOf(given: unknown): PolicyName {
  return policies.find((policy) => policy === given) ?? 'balanced'
}

const refused = (reason: string): Outcome => ({ phase: 'fail', reason })

/** A text that no other equals, as long as asked for. */
function textOf({ id, bytes }: Operation) {
  const text = `text ${id} `.padEnd(Math.max(bytes, 1), '.')
  return { contentType: 'text/plain', payload: utf8(text) }
}

const joining = (node: number, ticket: string): Ask => ({
  node,
  command: { kind: 'join', ticket, waitMs: 300_000 },
})

const asking =
  (command: Command) =>
  (node: number): Ask => ({ node, command })

function* askOne(node: number, command: Command): Plan<Answer | undefined> {
  const [answer] = yield { asks: [{ node, command }] }
  return answer
}

/** @throws Error when one is not done */
function* askAll<K extends Command['kind']>(
  asks: readonly Ask[],
  kind: K,
  withinMs = 60_000,
): Plan<CommandResult[K][]> {
  if (asks.length === 0) return []
  const answers = yield { asks, withinMs }
  return answers.map((answer, place) => {
    const result = resultOf(answer, kind)
    if (result !== undefined) return result
    const why = answer?.ok === false ? answer.error.message : 'no reply'
    throw new Error(`${kind} at node ${String(asks[place]?.node)}: ${why}`)
  })
}

/** The kind is that of the command which was asked. */
function resultOf<K extends Command['kind']>(
  answer: Answer | undefined,
  _: K,
): CommandResult[K] | undefined {
  return answer?.ok === true ? (answer.value as CommandResult[K]) : undefined
}

/** What a command that makes a message came to. */
function sent(answer: Answer | undefined): Outcome {
  if (answer === undefined) return { phase: 'info', reason: 'no reply' }
  if (!answer.ok) return answer.error.code === 'GROUP_UNKNOWN' ? gone : refused(answer.error.code)
  const id = 'id' in answer.value ? answer.value.id : undefined
  if (id === null) return { phase: 'info', reason: 'held' }
  return id === undefined ? { phase: 'ok' } : { phase: 'ok', m: id.slice(0, 16) }
}
