// Unpredictable bytes from the operating system. The only randomness a real node uses.
// Asked through the platform's own interface, in parts, because one call has a bound. Salts come
// from a pool, because each call costs up to thirty microseconds whatever it brings; what was given
// out is wiped from the pool at once. Whatever is long enough to be a key comes fresh.

import type { Bytes } from '../../base/bytes.ts'

/** Bytes that the system gives in one call, at most. */
const CALL_BYTES_MAX = 65_536
/** Bytes fetched ahead. */
const POOL_BYTES = 4_096
/** Longer pieces go past the pool. */
const POOLED_BYTES_MAX = 16

const pool = new Uint8Array(POOL_BYTES)
let used = POOL_BYTES

/** That many fresh bytes, fit for keys. */
export function systemRandom(length: number): Bytes {
  return length <= POOLED_BYTES_MAX ? pooled(length) : fresh(length)
}

function pooled(length: number): Bytes {
  if (used + length > POOL_BYTES) {
    crypto.getRandomValues(pool)
    used = 0
  }
  const bytes = pool.slice(used, used + length)
  pool.fill(0, used, used + length)
  used += length
  return bytes
}

function fresh(length: number): Bytes {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += CALL_BYTES_MAX) {
    crypto.getRandomValues(bytes.subarray(at, at + CALL_BYTES_MAX))
  }
  return bytes
}
