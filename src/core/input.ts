/**
 * Everything that can happen to an endpoint. The driver turns sockets, clocks, disks and people
 * into these values and feeds them to `step` one at a time; nothing else ever reaches the core.
 */
import type { Bytes } from '../base/bytes.ts'
import type { Command } from './command.ts'

/** A libp2p peer id in its text form. */
export type PeerId = string
/** One open two-way stream of frames to one peer; numbered by the network, never reused. */
export type ChannelId = number
/** `sync` = the long-lived member link, `join` = one admission dialogue. */
export type Protocol = 'sync' | 'join'

/** One row of a range read. Secret values arrive opened. */
export interface Entry {
  readonly key: Bytes
  readonly value: Bytes
}

export type Input =
  /** The first input of every run: the endpoint then loads what it needs and notifies `ready`. */
  | { readonly kind: 'start' }
  | {
      readonly kind: 'channel-open'
      readonly channel: ChannelId
      readonly protocol: Protocol
      readonly peer: PeerId
      /** True when this side dialled. */
      readonly initiator: boolean
      /** The `ref` of the `open` effect that caused it, when this side dialled. */
      readonly ref?: number
    }
  | { readonly kind: 'open-failed'; readonly ref: number; readonly reason: string }
  | { readonly kind: 'channel-closed'; readonly channel: ChannelId }
  | { readonly kind: 'frame'; readonly channel: ChannelId; readonly frame: Bytes }
  /** A live push that waits for this endpoint's verdict before it is forwarded. */
  | {
      readonly kind: 'envelope'
      readonly token: number
      readonly from: PeerId
      readonly topic: string
      readonly envelope: Bytes
    }
  | { readonly kind: 'timer'; readonly timer: string }
  /** The answer to a `load` effect: one list for each range asked, in the same order. */
  | { readonly kind: 'loaded'; readonly ticket: number; readonly results: readonly Entry[][] }
  | { readonly kind: 'command'; readonly ticket: number; readonly command: Command }
  /** The multiaddrs under which this node can be reached now, each ending in /p2p/<peer id>. */
  | { readonly kind: 'listening'; readonly addresses: readonly string[] }
