/**
 * An invitation that is passed on outside the group: which group, which leader issued it, where to
 * knock, and a secret that proves to the issuer that the bearer has it. Tickets are secrets.
 *
 *   [1, group, issuer, [address, ...], inviteId, inviteSecret, expires, uses]
 */
import type { Bytes } from '../../base/bytes.ts'
import { MEMBERS_MAX, NOTE_BYTES_MAX } from '../../base/limits.ts'
import { type Result, fail, ok } from '../../base/result.ts'
import { encode } from '../../codec/canonical.ts'
import { bytes, exactly, parse, tuple, u53, uint } from '../../codec/shape.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { armor, dearmor } from '../identity/armor.ts'
import { addressesReader, isAddress } from '../presence/reach-record.ts'

export interface Ticket {
  readonly group: Bytes
  /** Member id of the leader who issued it. */
  readonly issuer: Bytes
  /** Addresses of members who let a newcomer in or pass its request on; each ends in /p2p/ and a peer id. */
  readonly introducers: readonly string[]
  /** 16 random bytes. */
  readonly inviteId: Bytes
  /** 32 random bytes. */
  readonly inviteSecret: Bytes
  /** Milliseconds UTC by the issuer's clock. */
  readonly expiresMs: number
  /** How many members may come in by it: 1 or more. */
  readonly uses: number
}

const shape = tuple(
  exactly(1),
  bytes(32),
  bytes(32),
  addressesReader,
  bytes(16),
  bytes(32),
  u53,
  uint(MEMBERS_MAX),
)

/** Eight long addresses fill a ticket beyond a note. */
const TICKET_BYTES_MAX = 2 * NOTE_BYTES_MAX

/** `coterie-ticket-1...`. Addresses that `isAddress` refuses are left out. */
export function ticketText(crypto: Crypto, ticket: Ticket): string {
  const encoded = encode([
    1,
    ticket.group,
    ticket.issuer,
    ticket.introducers.filter(isAddress),
    ticket.inviteId,
    ticket.inviteSecret,
    ticket.expiresMs,
    ticket.uses,
  ])
  return armor(crypto, 'coterie-ticket-1', encoded)
}

/** Reads a ticket's text. Reasons: those of `dearmor`, `ticket-malformed`, `ticket-uses`. */
export function parseTicketText(crypto: Crypto, text: string): Result<Ticket> {
  const encoded = dearmor(crypto, 'coterie-ticket-1', text, TICKET_BYTES_MAX)
  if (!encoded.ok) return encoded
  const parsed = parse(shape, encoded.value, { maxBytes: TICKET_BYTES_MAX })
  if (!parsed.ok) return fail('ticket-malformed')
  const [, group, issuer, introducers, inviteId, inviteSecret, expiresMs, uses] = parsed.value
  if (uses === 0) return fail('ticket-uses')
  return ok({ group, issuer, introducers, inviteId, inviteSecret, expiresMs, uses })
}
