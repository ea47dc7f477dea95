/**
 * Where a message comes from, how far it is known to be its author's, and what became of it: what the
 * intake is given with each message, and what it answers.
 */
import type { Side } from '../evidence/evidence.ts'
import type { Message } from '../message/message.ts'
import type { PeerId } from '../input.ts'
import type { Turn } from '../turn.ts'

export interface Source {
  readonly how: 'own' | 'push' | 'sync'
  /** Whom it came from; empty for one's own. */
  readonly from: PeerId
  /** A signature further on in the chain was checked and covers this message. */
  readonly vouched: boolean
  /** The message's own signature was checked already. */
  readonly verified: boolean
  /** Whether it may come in was settled already, where its author is accused or forked. */
  readonly settled?: boolean
  /** What proves it where its own signature does not: from a signed header down to it. */
  readonly side?: (message: Message) => Side | undefined
}

export type Outcome =
  | { readonly kind: 'accepted' | 'duplicate' | 'pending' | 'unknown' }
  | { readonly kind: 'rejected'; readonly reason: string }

export type Done = (turn: Turn, outcome: Outcome) => void
