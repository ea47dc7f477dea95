// An endpoint that plays a script: one group, texts as JSON rows, replies at once. It keeps the
// effect order of the real one, so that the node's own work can be tested without a protocol.
import { createMemoryKeyring } from '../../../src/adapters/memory/keyring.ts'
import { MemoryHub } from '../../../src/adapters/memory/network.ts'
import { createMemoryStore } from '../../../src/adapters/memory/store.ts'
import { createSystemClock } from '../../../src/adapters/system/clock.ts'
import { createSystemCrypto } from '../../../src/adapters/system/crypto.ts'
import { systemRandom } from '../../../src/adapters/system/random.ts'
import { silentTelemetry } from '../../../src/adapters/telemetry/silent.ts'
import { type Bytes, concat, fromHex, text, toHex, u32, utf8 } from '../../../src/base/bytes.ts'
import type { Command } from '../../../src/core/command.ts'
import type { Effect, Failure } from '../../../src/core/effect.ts'
import type { Input } from '../../../src/core/input.ts'
import type {
  EndpointReport,
  GroupReport,
  HeldText,
  JoinReport,
  MemberReport,
  ShareReport,
  StandingReport,
  TextReport,
} from '../../../src/core/report.ts'
import { Space, key } from '../../../src/core/storage.ts'
import { answerTo } from './scripted-answers.ts'
import { type Node, assembleNode } from '../../../src/node/node.ts'
import type { NodeParts } from '../../../src/node/node-options.ts'
import type { EndpointMachine } from '../../../src/node/rows.ts'

export const crypto = createSystemCrypto()
const GROUP_NUMBER = 3

/** The id of the one group, hex. */
const whole = {
  unknown: 0,
  partition: null,
  lastHeal: null,
  contradictions: [],
  equivocators: [],
  withheld: [],
}
export const groupId = toHex(crypto.sha256(utf8('garden')))

export interface Script {
  /** Commands that fail, and how. */
  readonly failures?: Partial<Record<Command['kind'], Failure>>
  /** Commands that are never answered. */
  readonly silent?: readonly Command['kind'][]
  readonly members?: readonly MemberReport[]
  /** What a round with a peer gives. Default: none ends. */
  readonly sync?: (peer: string) => object
  /** Default: leader. */
  readonly role?: 'leader' | 'member'
  /** Admissions asked for. */
  readonly joins?: readonly JoinReport[]
  /** Own texts that wait. */
  readonly held?: readonly HeldText[]
  /** Requests for keys. */
  readonly shares?: readonly ShareReport[]
}

/** One member's part of the script. */
export function memberOf(letter: string, over: Partial<MemberReport> = {}): MemberReport {
  return {
    member: letter.repeat(64),
    memberGroupId: letter.repeat(8),
    account: letter.repeat(64),
    name: `name-${letter}`,
    role: 'member',
    state: 'active',
    device: letter.repeat(64),
    peerId: `12D3KooW${letter.repeat(44)}`,
    reachable: true,
    muted: false,
    allowedTypes: [],
    counter: 0,
    waiting: 0,
    ...over,
  }
}

export class ScriptedEndpoint implements EndpointMachine {
  readonly commands: Command[] = []
  /** What a send says of receipts. */
  receipts: { readonly acknowledged?: boolean; readonly ackedBy?: readonly string[] } = {}
  readonly #script: Script
  readonly #next = new Map<number, number>()
  #lamport = 0
  #listen: string[] = []

  constructor(script: Script = {}) {
    this.#script = script
  }

  step(input: Input): Effect[] {
    if (input.kind === 'start') return [{ kind: 'notify', event: { kind: 'ready' } }]
    if (input.kind === 'listening') this.#listen = [...input.addresses]
    return input.kind === 'command' ? this.#obey(input.ticket, input.command) : []
  }

  report(): EndpointReport {
    return {
      name: 'ada',
      account: 'aa'.repeat(32),
      device: 'bb'.repeat(32),
      peerId: `12D3KooW${'a'.repeat(44)}`,
      listen: this.#listen,
      groups: [this.#group()],
      peers: [],
      joins: [...(this.#script.joins ?? [])],
      contacts: [],
    }
  }

  openText(group: string, record: Bytes): TextReport | undefined {
    const parsed = JSON.parse(text(record) ?? 'null') as TextReport | null
    return group === groupId ? (parsed ?? undefined) : undefined
  }

  heldTexts(): HeldText[] {
    return [...(this.#script.held ?? [])]
  }

  exposure(): undefined {
    return undefined
  }

  exportState(): undefined {
    return undefined
  }

  textKey(): undefined {
    return undefined
  }

  shares(group: string): ShareReport[] | undefined {
    return group === groupId ? [...(this.#script.shares ?? [])] : undefined
  }

  standing(group: string, member: string): StandingReport | undefined {
    const found = this.#members().find((other) => other.member === member)
    if (group !== groupId || found === undefined) return undefined
    const { memberGroupId, name, state } = found
    return { group, member, memberGroupId, name, state, withdrawn: 0, causes: [] }
  }

  groupNumber(group: string): number | undefined {
    return group === groupId ? GROUP_NUMBER : undefined
  }

  /** Effects that store a text of a member's line, as if it had come from a peer. */
  text(line: number, over: Partial<TextReport> = {}): Effect[] {
    return this.#store(line, { ...this.#row(line), ...over })
  }

  /** Effects that store something that is no text. */
  noText(line: number): Effect[] {
    return this.#store(line, null)
  }

  #obey(ticket: number, command: Command): Effect[] {
    this.commands.push(command)
    if (this.#script.silent?.includes(command.kind) === true) return []
    const failure = this.#script.failures?.[command.kind]
    if (failure !== undefined) {
      return [{ kind: 'reply', ticket, reply: { ok: false, error: failure } }]
    }
    if (command.kind === 'sync' && this.#script.sync !== undefined) {
      const value = this.#script.sync(command.peer ?? '')
      return [{ kind: 'reply', ticket, reply: { ok: true, value } }]
    }
    if (command.kind !== 'send') {
      return [{ kind: 'reply', ticket, reply: { ok: true, value: answerTo(groupId, command) } }]
    }
    const payload = text(command.payload) ?? ''
    const row = { ...this.#row(0), text: payload, contentType: command.contentType }
    const value = { number: row.number, id: row.id, draft: null, ...this.receipts }
    return [...this.#store(0, row), { kind: 'reply', ticket, reply: { ok: true, value } }]
  }

  #row(line: number): TextReport {
    const author = this.#members()[line] ?? memberOf('f')
    const counter = this.#next.get(line) ?? 0
    this.#lamport += 1
    return {
      number: `${author.memberGroupId}:${counter}`,
      id: toHex(crypto.sha256(utf8(`${line}/${counter}`))),
      author: author.member,
      name: author.name,
      text: `text ${line}/${counter}`,
      contentType: 'text/plain',
      sent: 1_700_000_000_000,
      lamport: this.#lamport,
      epoch: 'e'.repeat(64),
      final: false,
      state: 'ok',
      late: false,
    }
  }

  #store(line: number, row: TextReport | null): Effect[] {
    const counter = this.#next.get(line) ?? 0
    this.#next.set(line, counter + 1)
    const id = row?.id ?? toHex(crypto.sha256(utf8(`no ${line}/${counter}`)))
    const member = this.#members()[line]?.member ?? ''
    const place = key(Space.message, GROUP_NUMBER, line, counter)
    const index = key(Space.index, GROUP_NUMBER, (fromHex(id) ?? utf8('')).subarray(0, 16))
    const at = concat(u32(line), u32(counter))
    return [
      {
        kind: 'persist',
        puts: [
          { key: place, value: utf8(JSON.stringify(row)) },
          { key: index, value: at },
        ],
      },
      {
        kind: 'notify',
        event: {
          kind: 'message',
          group: groupId,
          id,
          number: row?.number ?? '',
          member,
          type: row === null ? 3 : 2,
          line,
          counter,
          how: 'sync',
        },
      },
    ]
  }

  #members(): readonly MemberReport[] {
    return this.#script.members ?? [memberOf('a'), memberOf('b'), memberOf('c')]
  }

  #group(): GroupReport {
    const members = this.#members()
    return {
      group: groupId,
      name: 'garden',
      topic: '',
      allowedTypes: [],
      policy: 'balanced',
      created: 1_700_000_000_000,
      founder: members[0]?.member ?? '',
      predecessor: null,
      self: members[0]?.member ?? '',
      selfState: members[0]?.state ?? 'active',
      told: null,
      recovery: null,
      role: this.#script.role ?? 'leader',
      trust: 'checked',
      members: [...members],
      requests: [{ request: '5b'.repeat(32), name: 'dora', account: 'dd'.repeat(32), since: 1 }],
      epoch: 'e'.repeat(64),
      epochHeads: ['e'.repeat(64)],
      manager: members[0]?.member ?? null,
      lastEpoch: {
        epoch: 'e'.repeat(64),
        author: members[0]?.member ?? '',
        name: members[0]?.name ?? '',
        reason: 'membership',
        at: 1_700_000_000_000,
        recipients: members.length,
      },
      epochDue: null,
      held: this.#script.held?.length ?? 0,
      pending: 0,
      undecryptable: 0,
      root: 'r'.repeat(64),
      final: { stamp: 0, messages: 0, waiting: 0, waitsFor: [] },
      messages: [...this.#next.values()].reduce((a, b) => a + b, 0),
      vector: {},
      authors: members.map(({ member }) => member),
      groupIds: members.map(({ memberGroupId }) => memberGroupId),
      latestMessageIds: [],
      ...whole,
      lines: [...this.#next].map(([line, next]) => ({
        line,
        member: members[line]?.member ?? '',
        next,
      })),
    }
  }
}

/** A node around a script, on memory ports. `inject` makes the endpoint emit effects at once. */
export async function startScripted(
  script: Script = {},
  over: Partial<NodeParts> = {},
): Promise<{ node: Node; endpoint: ScriptedEndpoint; inject: (effects: () => Effect[]) => void }> {
  const endpoint = new ScriptedEndpoint(script)
  const injected: (() => Effect[])[] = []
  let tell: () => void = () => undefined
  const machine: EndpointMachine = {
    step: (input) => {
      if (input.kind !== 'channel-closed') return endpoint.step(input)
      return injected.splice(0).flatMap((effects) => effects())
    },
    report: () => endpoint.report(),
    openText: (group, record) => endpoint.openText(group, record),
    heldTexts: () => endpoint.heldTexts(),
    standing: (group, member) => endpoint.standing(group, member),
    exposure: () => undefined,
    exportState: () => undefined,
    textKey: () => undefined,
    shares: (group) => endpoint.shares(group),
    groupNumber: (group) => endpoint.groupNumber(group),
  }
  const hub = new MemoryHub()
  const store = createMemoryStore()
  const node = await assembleNode({
    machine,
    store,
    keyring: createMemoryKeyring(),
    network: (events) => {
      tell = () => events.channelClosed(0)
      return hub.join(endpoint.report().peerId, events)
    },
    clock: createSystemClock(),
    crypto,
    random: systemRandom,
    telemetry: silentTelemetry,
    close: () => new Promise((resolve) => store.close(() => resolve())),
    ...over,
  })
  const inject = (effects: () => Effect[]): void => {
    injected.push(effects)
    tell()
  }
  return { node, endpoint, inject }
}
