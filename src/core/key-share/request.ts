/**
 * A member's question for the keys of epochs that it holds and cannot open. It is signed, names the key
 * to which answers are sealed, and is answered for its author alone, on a link that its author proved.
 *
 *   [group, requester, [[epoch, after], ...], key, nonce, time, signature]
 */
import type { Bytes } from '../../base/bytes.ts'
import { EMPTY, compare } from '../../base/bytes.ts'
import { SHARE_EPOCHS_MAX, SHARE_REQUEST_BYTES_MAX } from '../../base/limits.ts'
import { type Result, fail, ok } from '../../base/result.ts'
import { type Value, encode } from '../../codec/canonical.ts'
import { bytes, bytesOrNone, list, parse, tuple, u53 } from '../../codec/shape.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { hash } from '../../crypto/hash.ts'
import { labels } from '../../crypto/label.ts'
import { signLabelled, verifyLabelled } from '../signed.ts'

/** Member and counter of a text, as `after` names it. */
export const PLACE_BYTES = 36

export interface WantedEpoch {
  readonly epoch: Bytes
  /** The last text whose key this responder gave already, or empty: it goes on behind that. */
  readonly after: Bytes
}

export interface ShareRequest {
  readonly group: Bytes
  /** The member that asks: nobody asks for another. */
  readonly requester: Bytes
  /** Ascending by epoch. */
  readonly epochs: readonly WantedEpoch[]
  /** X25519, fresh: its secret is forgotten when the request is over. */
  readonly key: Bytes
  /** 16 random bytes. */
  readonly nonce: Bytes
  /** Milliseconds UTC as the requester claims: shown only. */
  readonly timeMs: number
}

const shape = tuple(
  bytes(32),
  bytes(32),
  list(tuple(bytes(32), bytesOrNone(PLACE_BYTES)), {
    min: 1,
    max: SHARE_EPOCHS_MAX,
    ascending: (a, b) => compare(a[0], b[0]),
  }),
  bytes(32),
  bytes(16),
  u53,
  bytes(64),
)

function contentValues(request: ShareRequest): Value[] {
  const epochs = [...request.epochs]
    .sort((a, b) => compare(a.epoch, b.epoch))
    .map(({ epoch, after }) => [epoch, after])
  return [request.group, request.requester, epochs, request.key, request.nonce, request.timeMs]
}

/** Signs a request; epochs come in any order, none twice. */
export function signShareRequest(crypto: Crypto, deviceSeed: Bytes, request: ShareRequest): Bytes {
  const values = contentValues(request)
  const signature = signLabelled(crypto, labels.shareSig, deviceSeed, encode(values))
  return encode([...values, signature])
}

/** Reads a request; the signature is not checked here. Reason: `share-request-malformed`. */
export function parseShareRequest(encoded: Bytes): Result<ShareRequest> {
  const parsed = parse(shape, encoded, { maxBytes: SHARE_REQUEST_BYTES_MAX })
  if (!parsed.ok) return fail('share-request-malformed')
  const [group, requester, rows, key, nonce, timeMs] = parsed.value
  const epochs = rows.map(([epoch, after = EMPTY]) => ({ epoch, after }))
  return ok({ group, requester, epochs, key, nonce, timeMs })
}

/** Whether a request that parses was signed by a device key. */
export function shareRequestHolds(crypto: Crypto, device: Bytes, encoded: Bytes): boolean {
  const parsed = parseShareRequest(encoded)
  if (!parsed.ok) return false
  const signature = encoded.subarray(encoded.length - 64)
  const content = encode(contentValues(parsed.value))
  return verifyLabelled(crypto, labels.shareSig, device, content, signature)
}

/** By which an answer names its request. */
export function shareRequestHash(crypto: Crypto, encoded: Bytes): Bytes {
  return hash(crypto, labels.shareRequest, encoded)
}
