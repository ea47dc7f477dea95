// The trace: what happened in a run, as every engine tells it and every metric and checker reads it. One
// flat object an event, short field names because there are millions. Nothing in it tells of the machine
// that ran it: times are microseconds of the run, nodes and groups are numbers, ids are the protocol's.

import type { MishapKind, OperationKind } from '../scenario/materialised.ts'
import type { Lie } from '../world/lies.ts'
import type { LinkMatrix } from '../world/links.ts'

/** What engines and protocols tell; the recorder adds the index. */
export type Fact =
  /** The first of a run. */
  | {
      k: 'run'
      protocol: string
      scenario: string
      seed: string
      engine: string
      nodes: number
      /** Members of each group at the beginning. */
      groups: readonly (readonly number[])[]
    }
  /** An operation of the workload. `info`: nobody knows whether it was done; never a success. */
  | {
      k: 'op'
      id: number
      f: OperationKind | MishapKind
      phase: 'invoke' | 'ok' | 'fail' | 'info'
      g: number
      reason?: string
      /** The message that it made. */
      m?: string
      /** Of kick: who is to go. */
      target?: number
    }
  /** A message is durable at its author. `text`: whether people read it. */
  | {
      k: 'msg'
      m: string
      g: number
      /** The author's number for it, without gaps. */
      seq: number
      text: boolean
      epoch: string
      /** What it builds on; ids of before the run are unknown to the trace. */
      parents: readonly string[]
      bytes: number
      /** For whom it is, by the author's own view: see `aud`. */
      aud: string
    }
  /** A set of nodes that messages are meant for, told before its first use. */
  | { k: 'aud'; id: string; g: number; members: readonly number[] }
  /** A message of another came to be held, as ciphertext or in clear. */
  | { k: 'rx'; m: string; g: number; how: 'push' | 'sync' }
  /** Its text can be read here: the first time only. */
  | { k: 'dec'; m: string; g: number }
  /** It is held, is meant for this node, and cannot be read. */
  | { k: 'utd'; m: string; g: number; reason: string }
  /** It is displayed, so many rows above the last one. Shown again after `hide`. */
  | { k: 'show'; m: string; g: number; pos: number }
  /** It is displayed no more: `withdrawn` because its author was removed before anybody knew of it. */
  | { k: 'hide'; m: string; g: number; reason: 'withdrawn' }
  /** A node came back from a crash without something that it had told of. */
  | { k: 'forgot'; m: string; g: number }
  /** Which epochs are in force here; `sending`: the one that is used. */
  | { k: 'epoch'; g: number; heads: readonly string[]; sending: string | null }
  /** Who belongs, as this node sees it: a hash, and the nodes themselves. */
  | { k: 'view'; g: number; id: string; members: readonly number[] }
  /** Whom this node takes for the manager; null: none. */
  | { k: 'role'; g: number; manager: number | null }
  /** Key material changed hands or was destroyed. */
  | {
      k: 'key'
      g: number
      id: string
      action: 'derive' | 'hold' | 'erase' | 'send-to'
      parents?: readonly string[]
      to?: number
    }
  /** One frame or envelope; only at level `full`, and never part of the digest. */
  | { k: 'net'; d: 'tx' | 'rx' | 'drop'; peer: number; c: string; bytes: number }
  /** What a node sent since the last such fact. */
  | { k: 'sent'; frames: number; bytes: number }
  /** What a node paid for since the last such fact, by name of the primitive. */
  | { k: 'cr'; counts: Readonly<Record<string, number>> }
  /** A fault as asked for, as found in force by an independent look, and as ended. */
  | {
      k: 'fault'
      id: string
      part: number
      state: 'requested' | 'verified' | 'unverified' | 'off'
      what?: string
      /** Nodes that were meant, now that selectors are resolved. */
      nodes?: readonly (readonly number[])[]
      /** Of `byzantine`: what those do. */
      lies?: readonly Lie[]
    }
  /** Every link, from now on. */
  | { k: 'links'; matrix: LinkMatrix }
  /** The first thing that came through from a peer since the links changed. */
  | { k: 'cross'; from: number }
  /** Something came through from a peer that a verified cut should have stopped. */
  | { k: 'leak'; from: number }
  /** A node runs, or does no more. */
  | { k: 'life'; up: boolean }
  /**
   * All that a node holds, as hashes: equal ones hold the same. `order` is empty where the node came in
   * after the run began: of what was said before it shows nothing.
   */
  | {
      k: 'digest'
      g: number
      held: string
      members: string
      epochs: string
      order: string
    }
  /** Something noteworthy was reached. */
  | { k: 'cov'; what: string }
  /** A device was copied: texts whose keys lay there, and how many lay there in clear. */
  | { k: 'leaked'; g: number; opens: readonly string[]; archived: number }
  /** Somebody said something that the copy of this device opens. */
  | { k: 'taken'; g: number; m: string }
  /** A protocol proved that somebody said two things at once, or accused somebody. */
  | { k: 'proof'; g: number; against: number }
  /** The workload is over; `end` follows when nothing changes any more, or time is up. */
  | { k: 'quiesce' }
  /** The last of a run. `world`: hash over everything that the simulator did. */
  | { k: 'end'; why: 'quiet' | 'bound' | 'interrupted'; world?: string }

export type FactKind = Fact['k']

/** Where and when: `t` in whole microseconds since the run began, `n` a node or -1 for the run itself. */
export interface At {
  readonly t: number
  readonly n: number
}

/** An event as it stands in the file: `i` counts from 0. */
export type TraceEvent = { readonly i: number } & At & Fact

/** Takes what engines and protocols tell, in order of time. */
export type Tell = (t: number, n: number, fact: Fact) => void

/** Reads a trace while it is made, or later from the file. */
export interface TraceReader {
  see(event: TraceEvent): void
}

/**
 * How much of the trace is kept. `digest`: nothing but the chained hash, metrics and checks; `normal`:
 * every event but `net`; `full`: those too. The digest is the same at each level.
 */
export type TraceLevel = 'digest' | 'normal' | 'full'
