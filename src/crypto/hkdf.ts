// HKDF-SHA-256 (RFC 5869) over any HMAC, so that both providers share these lines.
// Extract is HMAC itself: an empty salt pads to the zero salt that the RFC asks for.

import { type Bytes, EMPTY } from '../base/bytes.ts'
import { type Crypto, HASH_BYTES } from './crypto.ts'

const BLOCKS_MAX = 255

/** The two halves of HKDF for a provider's HMAC. */
export function hkdfOver(hmac: Crypto['hmac']): Pick<Crypto, 'hkdfExtract' | 'hkdfExpand'> {
  return {
    hkdfExtract: (salt, inputKey) => hmac(salt, inputKey),
    hkdfExpand(prk, purpose, length) {
      if (length < 0 || length > BLOCKS_MAX * HASH_BYTES) {
        throw new RangeError(`HKDF cannot give ${length} bytes`)
      }
      const expanded = new Uint8Array(length)
      let block: Bytes = EMPTY
      for (let offset = 0, count = 1; offset < length; offset += HASH_BYTES, count++) {
        block = hmac(prk, block, purpose, Uint8Array.of(count))
        expanded.set(block.subarray(0, Math.min(HASH_BYTES, length - offset)), offset)
      }
      return expanded
    },
  }
}
