// For how long gossip with each peer has been down, and what to do about it: first mend, then hang
// up, each time after a longer pause, because a peer may simply not speak gossip. A pure state
// machine over looks at the world; whoever looks carries the remedies out.

import type { PeerId } from '../../core/input.ts'
import {
  GOSSIP_DOWN_HANG_UP_MS,
  GOSSIP_DOWN_MEND_MS,
  GOSSIP_HANG_UP_PAUSE_MAX_MS,
} from './limits.ts'

/** What to do about a peer's gossip now. */
export type GossipRemedy = 'none' | 'mend' | 'hang-up'

interface Ailment {
  readonly downSinceMs: number | undefined
  readonly mended: boolean
  readonly hangUps: number
  readonly nextHangUpMs: number
}

const healthy: Ailment = { downSinceMs: undefined, mended: false, hangUps: 0, nextHangUpMs: 0 }

export class GossipWatch {
  readonly #ailments = new Map<PeerId, Ailment>()

  /**
   * One look at a peer that should have gossip.
   * @param flows whether gossip can flow both ways
   * @param nowMs a monotonic clock, never going back between calls
   */
  look(peer: PeerId, flows: boolean, nowMs: number): GossipRemedy {
    if (flows) {
      this.#ailments.delete(peer)
      return 'none'
    }
    const [remedy, next] = judge(this.#ailments.get(peer) ?? healthy, nowMs)
    this.#ailments.set(peer, next)
    return remedy
  }

  /** Peers that are not among these have nothing that could be down. */
  keep(peers: ReadonlySet<PeerId>, nowMs: number): void {
    for (const [peer, ailment] of this.#ailments) {
      if (peers.has(peer)) continue
      // One that was hung up is remembered while it is away, or the pause would never grow.
      const past = nowMs > ailment.nextHangUpMs + GOSSIP_HANG_UP_PAUSE_MAX_MS
      if (ailment.hangUps === 0 || past) this.#ailments.delete(peer)
      else this.#ailments.set(peer, { ...ailment, downSinceMs: undefined, mended: false })
    }
  }
}

function judge(ailment: Ailment, nowMs: number): readonly [GossipRemedy, Ailment] {
  const { downSinceMs = nowMs, mended, hangUps, nextHangUpMs } = ailment
  const downMs = nowMs - downSinceMs
  if (downMs >= GOSSIP_DOWN_HANG_UP_MS && nowMs >= nextHangUpMs) {
    const pauseMs = Math.min(GOSSIP_DOWN_HANG_UP_MS * 2 ** hangUps, GOSSIP_HANG_UP_PAUSE_MAX_MS)
    return ['hang-up', { ...healthy, hangUps: hangUps + 1, nextHangUpMs: nowMs + pauseMs }]
  }
  const mend = downMs >= GOSSIP_DOWN_MEND_MS && !mended
  return [mend ? 'mend' : 'none', { ...ailment, downSinceMs, mended: mended || mend }]
}
