/**
 * What the driver needs of a network: framed two-way channels to named peers, and a topic flood
 * whose every envelope waits for a verdict. Callback style, so that a simulator with virtual time
 * and a libp2p node are driven alike; no call throws, every failure comes back as a callback.
 */
import type { Bytes } from '../base/bytes.ts'
import type { ChannelId, PeerId, Protocol } from '../core/input.ts'
import type { Verdict } from '../core/effect.ts'

export interface NetworkEvents {
  channelOpen(open: {
    channel: ChannelId
    protocol: Protocol
    peer: PeerId
    initiator: boolean
    ref?: number
  }): void
  openFailed(ref: number, reason: string): void
  /** Exactly once for every channelOpen, whoever ended it. */
  channelClosed(channel: ChannelId): void
  frame(channel: ChannelId, frame: Bytes): void
  /** `answer` is called once; until then the envelope is not forwarded. */
  envelope(from: PeerId, topic: string, envelope: Bytes, answer: (verdict: Verdict) => void): void
  /** Own multiaddrs, each ending in /p2p/<peer id>; called after start and on change. */
  listening(addresses: readonly string[]): void
}

export interface Network {
  readonly peerId: PeerId
  open(
    ref: number,
    protocol: Protocol,
    peer: PeerId | undefined,
    addresses: readonly string[],
  ): void
  /** Frames keep their order and boundaries. Never blocks: the protocol bounds what is in flight. */
  send(channel: ChannelId, frame: Bytes): void
  /** Ends the channel after what was sent. */
  close(channel: ChannelId): void
  /** Aborts every connection to the peer; unsent bytes are lost. */
  reset(peer: PeerId): void
  /** Replaces the set of denied peers; existing connections to them are aborted at once. */
  gate(blocked: readonly PeerId[]): void
  subscribe(topic: string): void
  unsubscribe(topic: string): void
  broadcast(topic: string, envelope: Bytes): void
}
