// What a protocol has to bring to be compared: machines over the core's own inputs and effects, how
// operations of a workload become commands to them, and what their news mean in the words of the trace.
// Engines run machines and answer plans; they know nothing of groups, keys or messages.

import type { Bytes } from '../../base/bytes.ts'
import type { Command } from '../../core/command.ts'
import type { Event } from '../../core/event.ts'
import type { PeerId } from '../../core/input.ts'
import type { Machine } from '../../core/machine.ts'
import type { CommandReply } from '../../node/driver-types.ts'
import type { GroupPlan, MishapKind, OperationKind } from '../scenario/materialised.ts'
import type { Fact } from '../trace/event.ts'
import type { Rows } from '../../adapters/memory/rows.ts'
import type { MakeDriver, NodeContext } from '../world/node.ts'

/** Something that the protocol promises; a conformance test of that name holds it to it. */
export interface Claim {
  readonly name: string
  readonly sentence: string
}

export interface ProtocolOption {
  /** What it is if not set. */
  readonly is: string | number | boolean
  /** Must be set. Default: false. */
  readonly required?: boolean
  /** Default: whatever is of the same type. */
  readonly oneOf?: readonly (string | number | boolean)[]
}

export interface Protocol {
  readonly name: string
  readonly title: string
  /** Where it is defined. */
  readonly source: string
  /** What the model leaves out; empty for the real thing. */
  readonly simplifications: readonly string[]
  readonly claims: readonly Claim[]
  readonly operations: ReadonlySet<OperationKind | MishapKind>
  /** Whether a failed check fails the run; of the others it is a finding. */
  readonly judged: boolean
  /** The names that `with:` may set. */
  readonly options: Readonly<Record<string, ProtocolOption>>
  prepare(setup: Setup): ProtocolRun
}

/** What a run is about. */
export interface Setup {
  readonly nodes: number
  readonly groups: readonly GroupPlan[]
  readonly with: Readonly<Record<string, string | number | boolean>>
  readonly seed: string
  /** Pairs without a link ever, as `from * nodes + to`. */
  readonly absent: ReadonlySet<number>
}

/** One command for one node. */
export interface Ask {
  readonly node: number
  readonly command: Command
}

/** The reply to one command, whatever it carries. */
export type Answer = CommandReply<Command['kind']>

/**
 * A little program of commands: yields some that are asked at once and is given their replies, in the
 * same order, when all have come or its time is over (`undefined` where none came). So one plan runs in
 * virtual time and over sockets alike. Yielding nothing lets the given time pass.
 */
export type Plan<T> = Generator<Step, T, readonly (Answer | undefined)[]>

export interface Step {
  readonly asks: readonly Ask[]
  /** Default: the deadline of an operation; when founding, a minute. */
  readonly withinMs?: number
  /** Asked from time to time instead of waiting for replies only. */
  readonly until?: () => boolean
}

/** What became of an operation. */
export type Outcome =
  | { readonly phase: 'ok'; readonly m?: string }
  | { readonly phase: 'fail' | 'info'; readonly reason: string }

export interface Operation {
  readonly kind: OperationKind | MishapKind
  readonly group: number
  /** In order of preference; those that do not run are left out. */
  readonly actors: readonly number[]
  readonly bytes: number
  readonly target: number | undefined
  /** Unique in the run: texts are told apart by it. */
  readonly id: number
}

/** A plan and who does it; `actor` undefined: nobody may, and `reason` says why. */
export type Perform =
  | { readonly actor: number; readonly plan: Plan<Outcome> }
  | { readonly actor: undefined; readonly reason: string }

/** What an engine lets a protocol see of its own machines. */
export interface Look {
  /** The machine of the life that runs at a node. */
  machine(node: number): Machine | undefined
  /** What lies on its disk. */
  rows(node: number): Rows
  /** The operation is known to the machine's peers by these names. */
  peerId(node: number): PeerId
  address(node: number): string
}

/** Tells what a node did or found, at this moment. */
export type TellNode = (node: number, fact: Fact) => void

/** One run of a protocol. It holds the state that maps its ids to nodes. */
export interface ProtocolRun {
  peerId?(index: number, secret: (purpose: string) => Uint8Array): PeerId
  machine(context: NodeContext): Machine
  /** What runs the machines. Default: the driver of real nodes. */
  driver?: MakeDriver
  /** Makes the groups, before the run begins. @throws when it cannot */
  found(look: Look): Plan<void>
  /** Of a node that lies: whether a frame carries messages. Default: each does. */
  carries?(frame: Bytes): boolean
  /** And what its second face is told to do instead of what it is asked. Default: the same. */
  differently?(command: Command): Command
  perform(operation: Operation): Perform
  /** The run begins: tell what there is (`view`, `epoch`, `role`), then what is heard from now on. */
  begin(tell: TellNode): void
  /** A machine notified something. Before `begin` too: nothing is told then. */
  heard(node: number, event: Event): void
  /**
   * Called at the end of each instant in which a node heard something: the place to look at a machine
   * once instead of at every piece of news.
   */
  settled(node: number): void
  /** A node was started again: it may hold less than before. */
  restarted(node: number): void
  /** Whom `role:manager` means at this moment, among those who run. */
  managerOf(group: number): number | undefined
  /** All that a running node holds, for comparison; undefined where it is in no such group. */
  digest(node: number, group: number): Digest | undefined
  /** The run is over, or has failed: lets go of whatever it holds. */
  close?(): void
}

export type Digest = Omit<Extract<Fact, { k: 'digest' }>, 'k' | 'g'>
