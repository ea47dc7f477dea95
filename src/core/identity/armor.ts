/**
 * The text form of things that people copy: a prefix that names the kind and version, then base64url
 * of the bytes and the first four bytes of their SHA-256. A slip of the hand is noticed before
 * anything is parsed; the check is no protection against malice, signatures are.
 */
import { type Bytes, concat, equal, fromBase64url, toBase64url } from '../../base/bytes.ts'
import { type Result, fail, ok } from '../../base/result.ts'
import type { Crypto } from '../../crypto/crypto.ts'

export type ArmorPrefix = 'coterie-card-1' | 'coterie-ticket-1' | 'coterie-account-1'

const CHECK_BYTES = 4

/** The text of some bytes. */
export function armor(crypto: Crypto, prefix: ArmorPrefix, bytes: Bytes): string {
  return prefix + toBase64url(concat(bytes, checkOf(crypto, bytes)))
}

/**
 * The bytes of a text; white space around it is let go. Reasons: `armor-prefix`, `armor-too-large`,
 * `armor-encoding`, `armor-check`.
 */
export function dearmor(
  crypto: Crypto,
  prefix: ArmorPrefix,
  text: string,
  maxBytes: number,
): Result<Bytes> {
  // White space may surround the text, but a huge paste is refused before it is copied.
  if (text.length > 4 * maxBytes) return fail('armor-too-large')
  const trimmed = text.trim()
  if (!trimmed.startsWith(prefix)) return fail('armor-prefix')
  const decoded = fromBase64url(trimmed.slice(prefix.length))
  if (decoded === undefined || decoded.length < CHECK_BYTES) return fail('armor-encoding')
  if (decoded.length - CHECK_BYTES > maxBytes) return fail('armor-too-large')
  const bytes = decoded.slice(0, decoded.length - CHECK_BYTES)
  const check = decoded.subarray(decoded.length - CHECK_BYTES)
  return equal(check, checkOf(crypto, bytes)) ? ok(bytes) : fail('armor-check')
}

function checkOf(crypto: Crypto, bytes: Bytes): Bytes {
  return crypto.sha256(bytes).subarray(0, CHECK_BYTES)
}
