// The contract of engines: what a scenario runs on. An engine takes a materialised scenario and one
// protocol, tells the trace, and nothing else. What it cannot do it says beforehand, by name, so that no
// fault is ever silently left out; what it did it has looked at with a probe of its own.

import type { FaultKind, LinkChange, Materialised, ProtocolUse } from '../scenario/materialised.ts'
import type { Protocol } from '../protocol/port.ts'
import type { Tell } from '../trace/event.ts'
import type { Lie } from '../world/lies.ts'
import type { Cut } from '../world/links.ts'

export type EngineName = 'sim' | 'inproc' | 'proc' | 'netns'

export interface Capabilities {
  readonly faults: ReadonlySet<FaultKind>
  readonly modes: ReadonlySet<Exclude<Cut, 'none'>>
  /** Changes of a link that it can make. */
  readonly changes: ReadonlySet<keyof LinkChange>
  /** What it can do to a process that crashes: to its unsynced writes, or to what its peers notice. */
  readonly crashes: ReadonlySet<'keep' | 'lose' | 'torn' | 'silent'>
  /** Lies of `byzantine`. Default: all, where it has that. */
  readonly lies?: ReadonlySet<Lie>
  /** Protocols by name; undefined: any that the port can express. */
  readonly protocols: ReadonlySet<string> | undefined
  /** More nodes do not fit into this machine. */
  readonly nodesMax: number
  /** So many groups run at once, the others after them. Default: all. */
  readonly groupsAtOnce?: number
  /** Whether the time of a run is virtual: then equal seeds give equal traces. */
  readonly virtual: boolean
  /** Why this machine cannot run it at all; absent: it can. */
  readonly missing?: string
  /** Why something is missing here, by its name in the sets above. */
  readonly reasons: Readonly<Record<string, string>>
  /** Faults that it cannot make as they stand, though it has what they are made of. Default: none. */
  readonly unfit?: (scenario: Materialised) => readonly Unfit[]
}

export interface Unfit {
  /** The fault, as the schedule calls it. */
  readonly id: string
  /** By its name in the sets above. */
  readonly what: string
  readonly why: string
}

export interface Progress {
  /** Between 0 and 1. */
  readonly done: number
  readonly protocol: string
  /** What is happening, in a word or two. */
  readonly what: string
}

export interface EngineRun {
  readonly scenario: Materialised
  readonly protocol: Protocol
  readonly use: ProtocolUse
  readonly tell: Tell
  /** Aborted by Ctrl-C: the engine tells `end` with `interrupted` and returns. */
  readonly signal: AbortSignal
  readonly progress: (progress: Progress) => void
  /** Whether `net` facts are wanted. */
  readonly frames: boolean
}

/** What the manifest says of how it ran; never part of trace, metrics or report. */
export interface EngineReport {
  /** Things done: happenings of the simulator, or frames of real nodes. */
  readonly steps: number
  /** Who provided delays, where there were any. */
  readonly delayProvider: string
  readonly notes: readonly string[]
}

export interface Engine {
  readonly name: EngineName
  /** Looks at this machine once. */
  capabilities(): Promise<Capabilities>
  run(run: EngineRun): Promise<EngineReport>
}
