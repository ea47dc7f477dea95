// The topic flood. Every envelope of others waits for a verdict before it is forwarded, bounded in
// number, bytes and time; whatever goes wrong means `ignore`, because anti-entropy brings it anyway.
// Envelopes authenticate themselves, so gossipsub signs nothing and knows them by their hash.

import { createHash } from 'node:crypto'
import type {
  GossipSub,
  GossipsubOpts,
  Message,
  TopicValidatorResult,
} from '@chainsafe/libp2p-gossipsub'
import type { PeerId as RemotePeer } from '@libp2p/interface'
import type { Bytes } from '../../base/bytes.ts'
import type { Verdict } from '../../core/effect.ts'
import type { NetworkEvents } from '../../ports/network.ts'
import type { Telemetry } from '../../ports/telemetry.ts'
import {
  ENVELOPE_WIRE_BYTES_MAX,
  GOSSIP_ANNOUNCED_BYTES_MIN,
  GOSSIP_BACKOFF_MS,
  GOSSIP_HEARTBEAT_MS,
  GOSSIP_PACKET_BYTES_MAX,
  GOSSIP_QUEUE_BYTES_MAX,
  GOSSIP_RESUBSCRIBE_MS,
  GOSSIP_TOPIC_BYTES_MAX,
  VERDICT_MS,
  VERDICTS_PENDING_BYTES_MAX,
  VERDICTS_PENDING_MAX,
} from './limits.ts'

/** How gossipsub is set up. `wanted` says whether this node is subscribed to a topic. */
export function gossipOptions(wanted: (topic: string) => boolean): Partial<GossipsubOpts> {
  return {
    globalSignaturePolicy: 'StrictNoSign',
    msgIdFn: ({ data }) => createHash('sha256').update(data).digest(),
    // Whoever writes sends to every subscriber it is connected to, and up to twelve links all belong
    // to the mesh: one hop where everybody is linked, and a lone link between two halves carries
    // everything at once, not a heartbeat later.
    floodPublish: true,
    batchPublish: true,
    D: 12,
    Dlo: 8,
    Dhi: 16,
    Dscore: 4,
    Dout: 2,
    // "Do not send me this" costs as much as the small envelopes that it would save.
    idontwantMinDataSize: GOSSIP_ANNOUNCED_BYTES_MIN,
    heartbeatInterval: GOSSIP_HEARTBEAT_MS,
    pruneBackoff: GOSSIP_BACKOFF_MS,
    graftFloodThreshold: GOSSIP_RESUBSCRIBE_MS,
    // Whole seconds only: it travels as an integer of seconds. (libp2p's own spelling.)
    unsubcribeBackoff: GOSSIP_RESUBSCRIBE_MS,
    // A promise to deliver is not broken while the envelope waits for its verdict.
    gossipsubIWantFollowupMs: 2 * VERDICT_MS,
    doPX: false,
    fallbackToFloodsub: false,
    tagMeshPeers: false,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    maxOutboundBufferSize: GOSSIP_QUEUE_BYTES_MAX,
    maxInboundDataLength: GOSSIP_PACKET_BYTES_MAX,
    maxTopicBytesPerPeer: GOSSIP_TOPIC_BYTES_MAX,
    // A whole group behind one address is normal, and healing partitions graft out of turn.
    scoreParams: { IPColocationFactorWeight: 0, behaviourPenaltyThreshold: 6 },
    dataTransform: {
      // Keeps what nobody here asked for, or what is too large, out of all caches.
      inboundTransform(topic, data) {
        if (!wanted(topic) || data.length > ENVELOPE_WIRE_BYTES_MAX) throw new Error('unwanted')
        return data
      },
      outboundTransform: (_topic, data) => data,
    },
  }
}

const results: Readonly<Record<Verdict, TopicValidatorResult>> = {
  accept: 'accept' as TopicValidatorResult.Accept,
  // To gossipsub the same: not passed on, and held against nobody.
  keep: 'ignore' as TopicValidatorResult.Ignore,
  ignore: 'ignore' as TopicValidatorResult.Ignore,
  reject: 'reject' as TopicValidatorResult.Reject,
}

export class Gossip {
  readonly #pubsub: GossipSub
  readonly #events: NetworkEvents
  readonly #telemetry: Telemetry
  /** One for each envelope that waits for its verdict. */
  readonly #pending = new Set<(verdict: Verdict) => void>()
  #pendingBytes = 0

  constructor(pubsub: GossipSub, events: NetworkEvents, telemetry: Telemetry) {
    this.#pubsub = pubsub
    this.#events = events
    this.#telemetry = telemetry
  }

  subscribe(topic: string): void {
    this.#pubsub.topicValidators.set(topic, (from, message) => this.#validate(from, message))
    this.#pubsub.subscribe(topic)
  }

  unsubscribe(topic: string): void {
    this.#pubsub.unsubscribe(topic)
    this.#pubsub.topicValidators.delete(topic)
  }

  broadcast(topic: string, envelope: Bytes): void {
    const count = (outcome: string): void =>
      this.#telemetry.count('network_envelopes_out', outcome, 1)
    if (envelope.length > ENVELOPE_WIRE_BYTES_MAX) return count('too-large')
    // A copy, as gossipsub keeps it for a while and the sender may reuse its bytes.
    this.#pubsub.publish(topic, Uint8Array.from(envelope)).then(
      ({ recipients }) => count(recipients.length > 0 ? 'sent' : 'alone'),
      (error: unknown) => {
        count('failed')
        this.#telemetry.log('debug', 'could not publish', { error: String(error) })
      },
    )
  }

  /** Answers everything that still waits. */
  stop(): void {
    for (const settle of this.#pending) settle('ignore')
  }

  async #validate(from: RemotePeer, { topic, data }: Message): Promise<TopicValidatorResult> {
    const full =
      this.#pending.size >= VERDICTS_PENDING_MAX ||
      this.#pendingBytes + data.length > VERDICTS_PENDING_BYTES_MAX
    // A copy: the network's buffer holds more than this envelope.
    const verdict = full ? 'ignore' : await this.#ask(from, topic, Uint8Array.from(data))
    this.#telemetry.count('network_envelopes_in', full ? 'overload' : verdict, 1)
    return results[verdict]
  }

  #ask(from: RemotePeer, topic: string, envelope: Bytes): Promise<Verdict> {
    return new Promise((resolve) => {
      const settle = (verdict: Verdict): void => {
        if (!this.#pending.delete(settle)) return
        clearTimeout(timer)
        this.#pendingBytes -= envelope.length
        resolve(verdict)
      }
      const timer = setTimeout(() => settle('ignore'), VERDICT_MS)
      timer.unref()
      this.#pending.add(settle)
      this.#pendingBytes += envelope.length
      this.#events.envelope(from.toString(), topic, envelope, settle)
    })
  }
}
