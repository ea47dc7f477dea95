// Who may connect, and that a pair of nodes has one connection, not two. Two nodes that dial each
// other at the same moment would get two, and gossip breaks for good when the one that carries its
// stream is closed later. So the choice is made before anything runs on a connection: right after
// the handshake, when the peer is known. `chooseConnection` is that choice, a pure table.

import type { ConnectionGater, MultiaddrConnection, PeerId as RemotePeer } from '@libp2p/interface'
import type { PeerId } from '../../core/input.ts'
import { CROSSING_MS, CROSSING_PATIENT_MS } from './limits.ts'

/** What is done with a new connection and with those that the peer already has. */
export type Choice = 'admit' | 'replace' | 'refuse' | 'keep-both'

/**
 * ```
 * same side dialled again        it has lost the older connection: the newer replaces it
 * both sides dialled, both new   the side with the lower peer id keeps what it saw first and
 *                                refuses the other; the other side keeps both and waits for that
 * both sides dialled, one old    whoever dialled now has lost the old one: the newer replaces it
 * ```
 * @param older the last connection that is open to `peer`: whether `self` dialled it, and its age
 * @param outbound whether `self` dialled the new one
 */
export function chooseConnection(
  self: PeerId,
  peer: PeerId,
  older: { readonly outbound: boolean; readonly ageMs: number } | undefined,
  outbound: boolean,
): Choice {
  if (older === undefined) return 'admit'
  if (older.outbound === outbound) return 'replace'
  const decides = self < peer
  if (older.ageMs >= (decides ? CROSSING_MS : CROSSING_PATIENT_MS)) return 'replace'
  return decides ? 'refuse' : 'keep-both'
}

type Wire = Pick<MultiaddrConnection, 'abort' | 'addEventListener' | 'status'>

interface Row {
  readonly wire: Wire
  readonly outbound: boolean
  readonly sinceMs: number
}

/** Knows every connection from the last step of its handshake to its end. */
export class Admission {
  readonly #self: PeerId
  readonly #nowMs: () => number
  readonly #rows = new Map<PeerId, readonly Row[]>()
  #blocked: ReadonlySet<PeerId> = new Set()
  #open = false

  /** @param nowMs a monotonic clock */
  constructor(self: PeerId, nowMs: () => number) {
    this.#self = self
    this.#nowMs = nowMs
  }

  /** What libp2p asks at every step of a connection. */
  gater(): ConnectionGater {
    const denies = (peer: RemotePeer): boolean => !this.#open || this.blocks(peer.toString())
    return {
      denyDialPeer: denies,
      denyOutboundConnection: denies,
      denyInboundConnection: () => !this.#open,
      denyInboundEncryptedConnection: (peer, wire) => this.#denies(peer.toString(), wire, false),
      denyOutboundEncryptedConnection: (peer, wire) => this.#denies(peer.toString(), wire, true),
    }
  }

  /** Lets connections through; until then all are refused. */
  open(): void {
    this.#open = true
  }

  /** Refuses all from now on. */
  close(): void {
    this.#open = false
  }

  /** Replaces the set of denied peers and aborts what is open to them. */
  gate(blocked: readonly PeerId[]): void {
    this.#blocked = new Set(blocked)
    for (const peer of this.#blocked) this.abort(peer, 'gated')
  }

  /** Whether the gate is shut for a peer. */
  blocks(peer: PeerId): boolean {
    return this.#blocked.has(peer)
  }

  /** Aborts every connection to a peer, those in the last step of the handshake included. */
  abort(peer: PeerId, reason: string): void {
    this.#drop(peer, this.#rows.get(peer) ?? [], reason)
  }

  /** Where a peer has two connections for long, the older goes: nobody else will tidy up. */
  tidy(): void {
    for (const [peer, rows] of this.#rows) {
      const last = rows.at(-1)
      if (last === undefined || this.#nowMs() - last.sinceMs < CROSSING_PATIENT_MS) continue
      this.#drop(peer, rows.slice(0, -1), 'the pair has a newer connection')
    }
  }

  #denies(peer: PeerId, wire: Wire, outbound: boolean): boolean {
    if (!this.#open || this.blocks(peer)) return true
    const rows = this.#rows.get(peer)?.filter((row) => row.wire.status === 'open') ?? []
    const last = rows.at(-1)
    const older = last && { outbound: last.outbound, ageMs: this.#nowMs() - last.sinceMs }
    const choice = chooseConnection(this.#self, peer, older, outbound)
    if (choice === 'refuse') return true
    if (choice === 'replace') this.#drop(peer, rows, 'replaced by a newer connection')
    const row = { wire, outbound, sinceMs: this.#nowMs() }
    this.#rows.set(peer, [...(this.#rows.get(peer) ?? []), row])
    wire.addEventListener('close', () => this.#forget(peer, row))
    return false
  }

  #drop(peer: PeerId, rows: readonly Row[], reason: string): void {
    for (const row of rows) {
      this.#forget(peer, row)
      row.wire.abort(new Error(reason))
    }
  }

  #forget(peer: PeerId, row: Row): void {
    const rest = this.#rows.get(peer)?.filter((other) => other !== row) ?? []
    if (rest.length === 0) this.#rows.delete(peer)
    else this.#rows.set(peer, rest)
  }
}
