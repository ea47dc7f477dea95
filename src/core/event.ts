/**
 * What an endpoint tells the outside as it happens. Events are news, never truth: whoever missed
 * one asks the report (`report.ts`) or the transcript again.
 */
import type { PeerId } from './input.ts'
import type { HealReport, PartitionReport } from './split-report.ts'

export type Event =
  | { readonly kind: 'ready' }
  /** A group is known here now: created, or joined. */
  | { readonly kind: 'group'; readonly group: string; readonly name: string }
  /** A message was accepted and is durable. `how` tells the way it came. */
  | {
      readonly kind: 'message'
      readonly group: string
      readonly id: string
      readonly number: string
      readonly member: string
      readonly type: number
      /** Where it is stored: with these the node reads it without a search. */
      readonly line: number
      readonly counter: number
      readonly how: 'own' | 'push' | 'sync'
    }
  | {
      readonly kind: 'request'
      readonly group: string
      readonly request: string
      readonly name: string
    }
  | {
      readonly kind: 'epoch'
      readonly group: string
      readonly epoch: string
      readonly opened: boolean
    }
  /** Keys of epochs were asked for, by this node or of it, and the request is over. */
  | {
      readonly kind: 'share'
      readonly group: string
      readonly role: 'asked' | 'answered'
      readonly member: string
      readonly epochs: readonly string[]
      /** Of how many of them something was given. */
      readonly given: number
    }
  /** The final order grew, or was worked out anew: stamps up to `mark` are final. */
  | { readonly kind: 'final'; readonly group: string; readonly mark: number }
  /** What the group is called, or what of it is shown, may have changed by a leader's message. */
  | { readonly kind: 'meta'; readonly group: string; readonly id: string }
  | { readonly kind: 'link'; readonly peer: PeerId; readonly up: boolean; readonly reason: string }
  /** A member proved itself on a link, or the last link to it went. */
  | {
      readonly kind: 'reach'
      readonly group: string
      readonly member: string
      readonly up: boolean
    }
  /** Members were lost together, more of them, or it is certain now. */
  | ({ readonly kind: 'split'; readonly group: string } & Readonly<PartitionReport>)
  /** Everything that the other side of a split held is here; once more when the rest is done too. */
  | ({ readonly kind: 'heal'; readonly group: string } & Readonly<HealReport>)
  /** A member left or was removed, or more or less of what it had said counts now. */
  | { readonly kind: 'departed'; readonly group: string; readonly member: string }
  | {
      readonly kind: 'synced'
      readonly group: string
      readonly peer: PeerId
      readonly received: number
      readonly sent: number
      readonly bytesIn: number
      readonly bytesOut: number
      readonly ms: number
      readonly equal: boolean
    }
  | {
      readonly kind: 'equivocation'
      readonly group: string
      readonly member: string
      readonly counter: number
    }
  /** A member signed a statement that cannot be true: it is kept. */
  | {
      readonly kind: 'contradiction'
      readonly group: string
      readonly member: string
      readonly counter: number
      readonly id: string
    }
  /** `by` says to hold this message, was asked for it again and again, and does not give it. */
  | {
      readonly kind: 'withheld'
      readonly group: string
      readonly member: string
      readonly counter: number
      readonly by: string
    }
  /** Something from a peer was dropped; the same reason is counted. */
  | { readonly kind: 'dropped'; readonly peer: PeerId; readonly reason: string }
