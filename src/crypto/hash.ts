// The one way to hash in the protocol: SHA-256 over a registered label, a zero byte and the parts.
// The label keeps a hash made for one purpose from ever standing for another.

import type { Bytes } from '../base/bytes.ts'
import type { Crypto } from './crypto.ts'
import { type Label, prefixOf } from './label.ts'

/** SHA-256(label, 0x00, parts joined): 32 bytes. */
export function hash(crypto: Crypto, label: Label, ...parts: readonly Bytes[]): Bytes {
  return crypto.sha256(prefixOf(label), ...parts)
}
