/**
 * A leader's sign of life: it says that the leader answers now, never who belongs to the group. The
 * boot nonce changes at every start, so a replayed presence is only ever older than one already seen.
 *
 *   [group, member, bootNonce, seq, head, signature]
 */
import type { Bytes } from '../../base/bytes.ts'
import { NOTE_BYTES_MAX } from '../../base/limits.ts'
import { type Result, fail, ok } from '../../base/result.ts'
import { type Value, encode } from '../../codec/canonical.ts'
import { bytes, parse, tuple, u53 } from '../../codec/shape.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { labels } from '../../crypto/label.ts'
import { signLabelled, verifyLabelled } from '../signed.ts'

export interface Presence {
  readonly group: Bytes
  readonly member: Bytes
  /** 16 random bytes, new at every start of the node. */
  readonly bootNonce: Bytes
  /** Ascends while the node runs. */
  readonly seq: number
  /** Id of the leader's latest message. */
  readonly head: Bytes
}

const shape = tuple(bytes(32), bytes(32), bytes(16), u53, bytes(32), bytes(64))

function contentValues(presence: Presence): Value[] {
  return [presence.group, presence.member, presence.bootNonce, presence.seq, presence.head]
}

/** Signs a presence. */
export function signPresence(crypto: Crypto, deviceSeed: Bytes, presence: Presence): Bytes {
  const values = contentValues(presence)
  const signature = signLabelled(crypto, labels.presenceSig, deviceSeed, encode(values))
  return encode([...values, signature])
}

/** Reads a presence; the signature is not checked here. Reason: `presence-malformed`. */
export function parsePresence(encoded: Bytes): Result<Presence> {
  const parsed = parse(shape, encoded, { maxBytes: NOTE_BYTES_MAX })
  if (!parsed.ok) return fail('presence-malformed')
  const [group, member, bootNonce, seq, head] = parsed.value
  return ok({ group, member, bootNonce, seq, head })
}

/** Whether a presence that parses was signed by a device key. */
export function presenceHolds(crypto: Crypto, device: Bytes, encoded: Bytes): boolean {
  const parsed = parse(shape, encoded, { maxBytes: NOTE_BYTES_MAX })
  if (!parsed.ok) return false
  const [group, member, bootNonce, seq, head, signature] = parsed.value
  const content = encode(contentValues({ group, member, bootNonce, seq, head }))
  return verifyLabelled(crypto, labels.presenceSig, device, content, signature)
}
