// A scenario with every choice made: which node, when, how much, in one ordered list of events. This is
// what engines run, what `replay` repeats and what `shrink` makes smaller, so it is plain data and needs
// neither the scenario nor its seed to be understood. Only who is manager is left open, because nobody
// can know it before the moment comes: the engine resolves it then and writes the answer to the trace.

import type { Lie } from '../world/lies.ts'
import type { Cut } from '../world/links.ts'

/** A node by its number, or the manager that a group has when the moment comes. */
export type NodeRef = number | { readonly managerOf: number }

/** What a workload asks of a protocol. */
export type OperationKind = 'send' | 'read' | 'join' | 'leave' | 'kick' | 'rekey'

export const operationKinds: readonly OperationKind[] = Object.freeze([
  'send',
  'read',
  'join',
  'leave',
  'kick',
  'rekey',
])

/** What befalls a device: its disk is copied; its owner begins anew with keys of which nobody has a copy. */
export type MishapKind = 'compromise' | 'recover-device'

export type FaultKind =
  'split' | 'cut' | 'link' | 'crash' | 'offline' | 'skew' | 'disk' | 'pause' | 'slow' | 'byzantine'

/** One operation of the workload. */
export interface OperationEvent {
  readonly kind: 'operation'
  readonly atMs: number
  /** Unique in the run. */
  readonly id: number
  readonly operation: OperationKind | MishapKind
  /** Which of the groups, from 0. */
  readonly group: number
  /**
   * Who may do it, in order of preference: for all but `kick` and `rekey` there is one; for those two
   * the protocol takes the first that its own rules allow.
   */
  readonly actors: readonly NodeRef[]
  /** Of `send`: how long the text is. */
  readonly bytes?: number
  /** Of `kick`: who is to go. */
  readonly target?: NodeRef
}

/** The properties of a link that a fault overrides; those left out stay as they were. */
export interface LinkChange {
  readonly delayMs?: number
  readonly jitterMs?: number
  readonly jitterSigma?: number
  readonly loss?: number
  readonly duplicate?: number
  readonly reorder?: number
}

/** What a fault does. Nodes are named by `NodeRef`; `parts` of one fault share its id and its phase. */
export type Fault =
  /** Nodes of different sides do not reach each other; one in no side keeps all its links. */
  | {
      readonly do: 'split'
      readonly sides: readonly (readonly NodeRef[])[]
      /** Whether those in no side form one more. */
      readonly rest: boolean
      readonly mode: Exclude<Cut, 'none'>
      /** `forward`: cut only from an earlier side to a later one. */
      readonly direction: 'both' | 'forward'
    }
  /** Links from each of `from` to each of `to`; `both`: and back. */
  | {
      readonly do: 'cut'
      readonly from: readonly NodeRef[]
      readonly to: readonly NodeRef[]
      readonly mode: Exclude<Cut, 'none'>
      readonly both: boolean
    }
  /** Worse links; `from` and `to` empty: every link. */
  | {
      readonly do: 'link'
      readonly from: readonly NodeRef[]
      readonly to: readonly NodeRef[]
      readonly both: boolean
      readonly change: LinkChange
    }
  /** The process ends between two instructions, and starts again when the fault is over. */
  | {
      readonly do: 'crash'
      readonly nodes: readonly NodeRef[]
      readonly unsynced: 'keep' | 'lose' | 'torn'
      /** Whether the whole machine goes dark: peers are not told. */
      readonly silent: boolean
    }
  /** The device is closed in good order, and opened again when the fault is over. */
  | { readonly do: 'offline'; readonly nodes: readonly NodeRef[] }
  | {
      readonly do: 'skew'
      readonly nodes: readonly NodeRef[]
      readonly skewMs: number
      readonly driftPpm: number
    }
  /** No room to write. */
  | { readonly do: 'disk'; readonly nodes: readonly NodeRef[] }
  /** The process stands still; its connections and what comes for it stay. */
  | { readonly do: 'pause'; readonly nodes: readonly NodeRef[] }
  /** Whatever it does takes so many times as long. */
  | {
      readonly do: 'slow'
      readonly nodes: readonly NodeRef[]
      readonly factor: number
    }
  /** They lie, with their own keys. */
  | {
      readonly do: 'byzantine'
      readonly nodes: readonly NodeRef[]
      readonly lies: readonly Lie[]
    }

export interface FaultEvent {
  readonly kind: 'fault'
  readonly atMs: number
  /** Names the phase that it makes: `<id>` while it lasts, `after-<id>` from its last end. */
  readonly id: string
  /** A fault that comes and goes, or node by node, has several parts. */
  readonly part: number
  /** Undefined: this part is over. One without such an event lasts until nothing is looked at any more. */
  readonly fault?: Fault
}

export type ScenarioEvent = OperationEvent | FaultEvent

export interface GroupPlan {
  /** Who founds it and is in it when the run begins; the first is the manager. */
  readonly members: readonly number[]
  /** Fixed for the life of the group; the first is the manager. */
  readonly leaders: readonly number[]
  /** Who belongs to it only once a `join` of the workload has brought them in. */
  readonly outside: readonly number[]
}

export interface NetworkPlan {
  /** Every link, unless a fault says more. */
  readonly delayMs: number
  readonly jitterMs: number
  /** Above 0: lognormal around `jitterMs`. */
  readonly jitterSigma?: number
  readonly loss: number
  readonly duplicate: number
  readonly reorder: number
  /** Pairs that are never linked, because the overlay is not a full mesh. */
  readonly absent: readonly (readonly [number, number])[]
  /** Links that differ from the others from beginning to end, in both directions. */
  readonly between: readonly {
    readonly from: readonly number[]
    readonly to: readonly number[]
    readonly change: LinkChange
  }[]
}

export interface ProtocolUse {
  readonly use: string
  /** How the report calls it. */
  readonly as: string
  readonly with: Readonly<Record<string, string | number | boolean>>
}

export interface RunPlan {
  /** Operations of this time are done and not counted. */
  readonly warmupMs: number
  /** When the workload ends, from the beginning. */
  readonly durationMs: number
  /** How long it may take at most, from then on, until nothing changes any more. */
  readonly quiesceMs: number
  /** When an operation without an answer has failed. */
  readonly deadlineMs: number
}

export interface Expectation {
  /** A protocol as it is called in the report, or `*`. */
  readonly for: string
  readonly phase: string
  /** A formula over the metrics. */
  readonly that: string
  readonly why: string
}

/** A part of the mesh that is healed while all else stays broken, and has to get on. */
export interface CorePlan {
  readonly nodes: readonly number[]
  readonly fromMs: number
  /** How long it may take for an operation of any kind. */
  readonly boundMs: number
}

export interface Materialised {
  readonly lab: 1
  readonly name: string
  readonly title: string
  /** Of everything that the engine still draws: weather, keys, clocks. */
  readonly seed: string
  readonly nodes: number
  readonly groups: readonly GroupPlan[]
  readonly labels: Readonly<Record<string, readonly number[]>>
  readonly network: NetworkPlan
  readonly protocols: readonly ProtocolUse[]
  readonly run: RunPlan
  /** In order; those of one instant happen in the order in which they stand. */
  readonly events: readonly ScenarioEvent[]
  /** Every fault id, in order of first appearance. */
  readonly phases: readonly string[]
  readonly expect: readonly Expectation[]
  /** Whose members are the only ones that are healed in the end. Default: all are. */
  readonly core?: CorePlan
}
