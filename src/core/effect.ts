/**
 * Everything the core can ask for, and in which order it is done (etcd raft's `Ready` obligations):
 * as asked, and all `persist` up to a step are durable before any of its other effects leaves the
 * node: what goes to a peer, a verdict that passes an envelope on, a reply. The others may follow a
 * write that is not synced: after a power cut the node is as after an earlier step, and nobody has
 * heard of what it lost. `load` is answered from a store that holds every earlier `persist`.
 */
import type { Bytes } from '../base/bytes.ts'
import type { ErrorCode } from '../base/error.ts'
import type { ChannelId, PeerId, Protocol } from './input.ts'
import type { Event } from './event.ts'

/** One write. `value` null deletes. `secret` values are sealed by the driver's vault at rest. */
export interface Put {
  readonly key: Bytes
  readonly value: Bytes | null
  readonly secret?: boolean
}

/** A read of keys in [from, to), ascending, or descending when `reverse`; at most `limit` rows. */
export interface Range {
  readonly from: Bytes
  readonly to: Bytes
  readonly limit?: number
  readonly reverse?: boolean
}

/** Why a command was not done: a stable code, a sentence, and what to do next. */
export interface Failure {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string
}

export type Reply =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: Failure }

/** `keep`: as good as `accept`, but everybody here has it, so it is not passed on. */
export type Verdict = 'accept' | 'keep' | 'ignore' | 'reject'

export type Effect =
  | { readonly kind: 'persist'; readonly puts: readonly Put[] }
  /**
   * Everything written so far under the scopes of these keys (`storage.ts`) becomes unreadable for good
   * once this step is durable, in whatever copies; what is written after this effect is not touched.
   */
  | { readonly kind: 'erase'; readonly keys: readonly Bytes[] }
  | { readonly kind: 'load'; readonly ticket: number; readonly ranges: readonly Range[] }
  /** Dial. `peer` may be unknown (a bare contact address). Answered by channel-open or open-failed. */
  | {
      readonly kind: 'open'
      readonly ref: number
      readonly protocol: Protocol
      readonly peer: PeerId | undefined
      readonly addresses: readonly string[]
    }
  | { readonly kind: 'send'; readonly channel: ChannelId; readonly frame: Bytes }
  /** End a channel in good order, after what was sent on it. */
  | { readonly kind: 'close'; readonly channel: ChannelId }
  /** Give a dead or hostile peer up: every connection to it is aborted, unsent bytes are lost. */
  | { readonly kind: 'reset'; readonly peer: PeerId; readonly reason: string }
  /** The whole set of peers that may neither be dialled nor accepted; replaces the last set. */
  | { readonly kind: 'gate'; readonly blocked: readonly PeerId[] }
  | { readonly kind: 'subscribe'; readonly topic: string }
  | { readonly kind: 'unsubscribe'; readonly topic: string }
  | { readonly kind: 'broadcast'; readonly topic: string; readonly envelope: Bytes }
  | { readonly kind: 'verdict'; readonly token: number; readonly verdict: Verdict }
  /**
   * Replaces a timer of the same name. A time that is past means: after this step's writes. `early`:
   * as soon as their one write has begun, so that what is made of them is ready when that is done.
   */
  | {
      readonly kind: 'set-timer'
      readonly timer: string
      readonly atMs: number
      readonly early?: boolean
    }
  | { readonly kind: 'cancel-timer'; readonly timer: string }
  | { readonly kind: 'notify'; readonly event: Event }
  | { readonly kind: 'reply'; readonly ticket: number; readonly reply: Reply }
  /** A counter that operators read; `label` is one of a bounded set, such as a drop reason. */
  | { readonly kind: 'count'; readonly name: string; readonly label?: string; readonly by?: number }
