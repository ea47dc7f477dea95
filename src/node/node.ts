// A node as a program sees it: promises over the driver, answers from the report, texts from the store. Things are
// named in every way that `resolve.ts` knows. Owns its parts: `stop` ends them in the order that loses nothing.

import { utf8 } from '../base/bytes.ts'
import { CoterieError } from '../base/error.ts'
import { ACK_TIMEOUT_MS, BODY_BYTES_MAX } from '../base/limits.ts'
import type { Command, CommandResult } from '../core/command.ts'
import type { Event } from '../core/event.ts'
import type {
  EndpointReport,
  GroupReport,
  MemberReport,
  ReadRow,
  ShareReport,
  StandingReport,
  TextReport,
} from '../core/report.ts'
import { createDriver } from './driver.ts'
import type { CommandReply, Driver } from './driver-types.ts'
import { type ExportOptions, type ExportPart, type ExportParts, exportGroup } from './exporting.ts'
import { toCoterieError } from './failure.ts'
import { type FinalParts, followFinal, readFinal } from './final-reading.ts'
import type {
  CreateGroupOptions,
  InviteOptions,
  NodeParts,
  Scrape,
  SendOptions,
} from './node-options.ts'
import { HealthWatch } from './health.ts'
import { type ModerateWish, type Moderating, type Moderation, moderate } from './moderating.ts'
import { Pace } from './pace.ts'
import { type ReadOptions, type ReadParts, followGroup, readGroup } from './reading.ts'
import { type LeaveOptions, type Removal, type RemoveOptions, removeMember } from './removing.ts'
import { resolveGroup, resolveMember, resolvePeer, resolveRequest } from './resolve.ts'
import { TextStore, readStored } from './rows.ts'
import { type Status, statusOf } from './status.ts'
import { tellShares, tellStanding } from './telling.ts'

/** Bytes of one text: a body of 64 KiB less what surrounds the text in it. */
export const TEXT_BYTES_MAX = BODY_BYTES_MAX - 4 * 1_024

const SAMPLE_MS = 2_000
const DAY_MS = 86_400_000

/** Starts a node from its parts. @throws CoterieError when it cannot start; parts are closed then */
export async function assembleNode(parts: NodeParts): Promise<Node> {
  const node = new Node(parts)
  await node.start()
  return node
}

export class Node {
  readonly #parts: NodeParts
  readonly #driver: Driver
  readonly #pace: Pace
  readonly #watch = new HealthWatch()
  readonly #reading: ReadParts
  readonly #end = new AbortController()
  /** What named a group, and its id: every send asks, and a report costs far more than a send. */
  readonly #resolved = new Map<string, string>()
  #fatal: CoterieError | undefined
  #cancelSample: () => void = () => undefined
  #stopping: Promise<void> | undefined

  constructor(parts: NodeParts) {
    this.#parts = parts
    this.#reading = { machine: parts.machine, texts: new TextStore(parts) }
    this.#driver = createDriver({ ...parts, onFatal: (error) => this.#fail(error) })
    this.#pace = new Pace((give) => this.#driver.together(give))
    this.#driver.onEvent((event) => {
      if (event.kind === 'group' || event.kind === 'meta') this.#resolved.clear()
    })
  }

  /** Called once by `assembleNode`. */
  async start(): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        this.#driver.start((error) => (error === undefined ? resolve() : reject(error)))
      })
    } catch (error) {
      await this.stop().catch(() => undefined)
      throw toCoterieError(error)
    }
    this.#sample()
  }

  /** Aborted when the node ends, by `stop` or by a failure that it cannot survive. */
  get ended(): AbortSignal {
    return this.#end.signal
  }

  /** Why the node ended by itself; undefined while it runs and after an ordinary stop. */
  get failure(): CoterieError | undefined {
    return this.#fatal
  }

  report(): EndpointReport {
    return this.#parts.machine.report()
  }

  status(): Status {
    const { machine, clock } = this.#parts
    return statusOf(this.report(), this.#watch, clock.nowMs(), (group) => machine.exposure(group))
  }

  /** @throws CoterieError GROUP_UNKNOWN, AMBIGUOUS */
  group(named: string): GroupReport {
    return resolveGroup(this.report(), named)
  }

  members(group: string): readonly MemberReport[] {
    return this.group(group).members
  }

  /** Mints a card by which one group can name this node as a leader. */
  card(): Promise<CommandResult['mint-card']> {
    return this.#run({ kind: 'mint-card' })
  }

  async createGroup(options: CreateGroupOptions): Promise<CommandResult['create-group']> {
    const { name, leaders = [], policy = 'balanced', succeeds } = options
    return this.#run({
      kind: 'create-group',
      name,
      leaders,
      policy,
      ...(succeeds === undefined ? {} : { succeeds: this.group(succeeds).group }),
    })
  }

  /** `expiresMs` of the answer is a time in milliseconds UTC. */
  async invite(group: string, options: InviteOptions = {}): Promise<CommandResult['invite']> {
    const { expiresMs = DAY_MS, uses = 1, confirm = false } = options
    return this.#run({ kind: 'invite', group: this.group(group).group, expiresMs, uses, confirm })
  }

  /** Resolves when the new member can send. */
  join(ticket: string, waitMs = 30_000): Promise<CommandResult['join']> {
    return this.#run({ kind: 'join', ticket: ticket.trim(), waitMs })
  }

  async acceptRequest(group: string, request: string): Promise<CommandResult['accept-request']> {
    const found = this.group(group)
    const named = { group: found.group, request: resolveRequest(found, request) }
    return this.#run({ kind: 'accept-request', ...named })
  }

  /** Syncs with every leader that answers, then removes and re-keys without them, in one write. */
  removeMember(group: string, member: string, options: RemoveOptions = {}): Promise<Removal> {
    const { group: id } = this.group(group)
    const parts = { group: () => this.group(id), run: this.#run.bind(this) }
    return removeMember(parts, member, options)
  }

  /** Ends this node's own membership for ever. @throws CoterieError USAGE for a last leader */
  async leave(group: string, options: LeaveOptions = {}): Promise<CommandResult['leave-group']> {
    const { reason = '', last = false } = options
    return this.#run({ kind: 'leave-group', group: this.group(group).group, reason, last })
  }

  /** Says how the group is called or what of it is shown. @throws CoterieError NOT_A_LEADER, ... */
  async moderate(group: string, wish: ModerateWish): Promise<Moderation> {
    const set: Moderating['set'] = (id, write) => this.#run({ kind: 'set-meta', group: id, write })
    return moderate({ reading: this.#reading, group: this.group(group), set }, wish)
  }

  /** Mints an epoch now. @throws CoterieError NOT_A_LEADER */
  async rotate(group: string): Promise<CommandResult['rotate']> {
    return this.#run({ kind: 'rotate', group: this.group(group).group })
  }

  /** The messages that made a member's standing. @throws CoterieError MEMBER_UNKNOWN, AMBIGUOUS */
  standing(group: string, member: string): StandingReport {
    return tellStanding(this.#parts.machine, this.group(group), member)
  }

  /** What a stranger needs to see that a member lied. @throws CoterieError MESSAGE_UNKNOWN, MEMBER_UNKNOWN */
  async proof(group: string, member: string): Promise<CommandResult['prove']> {
    const found = this.group(group)
    const { member: id } = resolveMember(found, member)
    return this.#run({ kind: 'prove', group: found.group, member: id })
  }

  /** Where a message came from, what it waits for, who has it. @throws CoterieError MESSAGE_UNKNOWN, AMBIGUOUS, USAGE */
  why(message: string): Promise<CommandResult['why-message']> {
    return this.#run({ kind: 'why-message', message })
  }

  /** Requests for keys of epochs, newest first: who asked whom, by what right, how it ended. */
  shares(group: string): { group: string; shares: ShareReport[] } {
    return tellShares(this.#parts.machine, this.group(group))
  }

  /** Resolves when the message is durable here, or when receipts are in or late. @throws CoterieError TEXT_TOO_LARGE */
  async send(
    group: string,
    text: string,
    contentType = 'text/plain',
    receipts: SendOptions = {},
  ): Promise<CommandResult['send']> {
    const payload = utf8(text)
    if (payload.length > TEXT_BYTES_MAX) {
      throw new CoterieError(
        'TEXT_TOO_LARGE',
        `The text has ${payload.length} bytes; one message takes ${TEXT_BYTES_MAX}.`,
        { hint: 'Send it in several messages.' },
      )
    }
    const { ack = 'none', timeoutMs = ACK_TIMEOUT_MS } = receipts
    const asked = ack === 'none' ? {} : { ack, timeoutMs }
    return this.#run({ kind: 'send', group: this.#groupId(group), contentType, payload, ...asked })
  }

  /** Issues a signed statement of what is held now. */
  attest(group: string): Promise<CommandResult['attest']> {
    return this.#run({ kind: 'attest', group: this.group(group).group })
  }

  /** One anti-entropy round with one peer, or with every reachable member. */
  async sync(group: string, peer?: string): Promise<CommandResult['sync']> {
    const found = this.group(group).group
    return this.#run({
      kind: 'sync',
      group: found,
      ...(peer === undefined ? {} : { peer: resolvePeer(this.report(), peer).peerId }),
    })
  }

  addPeer(address: string): Promise<CommandResult['peer-add']> {
    return this.#run({ kind: 'peer-add', address })
  }

  /** Cuts links, until `unblock`, also over a restart. Takes peer ids that were never met, too. */
  async block(peers: readonly string[] | 'all'): Promise<CommandResult['peer-block']> {
    return this.#run({ kind: 'peer-block', peers: this.#peerIds(peers) })
  }

  async unblock(peers: readonly string[] | 'all'): Promise<CommandResult['peer-unblock']> {
    return this.#run({ kind: 'peer-unblock', peers: this.#peerIds(peers) })
  }

  async ping(peer: string): Promise<CommandResult['peer-ping']> {
    return this.#run({ kind: 'peer-ping', peer: resolvePeer(this.report(), peer).peerId })
  }

  /** Texts of a group in total order, as they are held now; then own texts that wait to be sent. */
  read(group: string, options: ReadOptions = {}): AsyncIterable<ReadRow> {
    const { group: id } = this.group(group)
    if (options.final === true) return readFinal(this.#finalParts(id), options)
    return readGroup(this.#reading, this.#driver, id, options)
  }

  /** The same, then each text as it becomes readable, until the signal or the end of the node. */
  follow(group: string, options: ReadOptions = {}): AsyncIterable<TextReport> {
    const { group: id } = this.group(group)
    const signal = AbortSignal.any([this.ended, ...(options.signal ? [options.signal] : [])])
    const onEvent = (listener: (event: Event) => void) => this.events(listener)
    if (options.final === true)
      return followFinal(this.#finalParts(id), { ...options, signal }, onEvent)
    return followGroup(this.#reading, id, { ...options, signal }, onEvent)
  }

  /** Everything held as an archive that verifies by itself, piece by piece; with what opens its texts if asked. */
  exportGroup(group: string, options: ExportOptions = {}): AsyncIterable<ExportPart> {
    const { machine, crypto, clock } = this.#parts
    const { group: id } = this.group(group)
    const signal = AbortSignal.any([this.ended, ...(options.signal ? [options.signal] : [])])
    const read: ExportParts['read'] = (ranges) => readStored(this.#parts, ranges)
    const wait = (ms: number) =>
      new Promise<void>((resolve) => void clock.alarm(clock.nowMs() + ms, resolve))
    return exportGroup({ machine, crypto, read, wait }, id, { ...options, signal })
  }

  /** Calls for every event; returns how to stop. */
  events(listener: (event: Event) => void): () => void {
    return this.#driver.onEvent(listener)
  }

  /** Figures for Prometheus, where the parts keep any. */
  get metrics(): (() => Promise<Scrape>) | undefined {
    return this.#parts.metrics
  }

  /** Ends the node; what was confirmed is on the disk. Safe to call again. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    this.#cancelSample()
    this.#end.abort()
    await new Promise<void>((resolve) => this.#driver.stop(resolve))
    await this.#parts.close()
  }

  #run<C extends Command>(command: C): Promise<CommandResult[C['kind']]> {
    return new Promise((resolve, reject) => {
      const done = (reply: CommandReply<C['kind']>): void => {
        if (reply.ok) return resolve(reply.value)
        const { code, message, hint } = reply.error
        reject(new CoterieError(code, message, hint === '' ? {} : { hint }))
      }
      this.#pace.enter(() => this.#driver.command(command, done))
    })
  }

  #finalParts(group: string): FinalParts {
    const current = () => this.group(group)
    return {
      ...this.#reading,
      get group() {
        return current()
      },
      plan: () => this.#run({ kind: 'final-order', group }),
    }
  }

  #groupId(named: string): string {
    const known = this.#resolved.get(named)
    if (known !== undefined) return known
    const { group } = this.group(named)
    this.#resolved.set(named, group)
    return group
  }

  #peerIds(peers: readonly string[] | 'all'): readonly string[] | 'all' {
    if (peers === 'all') return peers
    const report = this.report()
    const isPeerId = (text: string) =>
      /^(12D3KooW|Qm|16Uiu2)[1-9A-HJ-NP-Za-km-z]{38,48}$/.test(text)
    return peers.map((peer) => (isPeerId(peer) ? peer : resolvePeer(report, peer).peerId))
  }

  #fail(error: Error): void {
    this.#fatal = toCoterieError(error)
    this.#cancelSample()
    this.#end.abort()
  }

  /** Health needs to be looked at now and then, or a short wait is not told from a long one. */
  #sample(): void {
    const { clock } = this.#parts
    const nowMs = clock.nowMs()
    for (const group of this.report().groups) this.#watch.judge(group, nowMs)
    this.#cancelSample = clock.alarm(nowMs + SAMPLE_MS, () => this.#sample())
  }
}
