// Unpredictable bytes from the operating system. The only randomness a real node uses.
// Asked through the platform's own interface, in parts, because one call has a bound.

import type { Bytes } from '../../base/bytes.ts'

/** Bytes that the system gives in one call, at most. */
const CALL_BYTES_MAX = 65_536

/** That many fresh bytes, fit for keys. */
export function systemRandom(length: number): Bytes {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += CALL_BYTES_MAX) {
    crypto.getRandomValues(bytes.subarray(at, at + CALL_BYTES_MAX))
  }
  return bytes
}
