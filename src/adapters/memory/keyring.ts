// A keyring that protects nothing and yet behaves like one: a value sealed for one key opens for no
// other, and what lies in the store is not the value itself. For tests and simulations only.

import { type Bytes, concat, equal, u32 } from '../../base/bytes.ts'
import type { Keyring } from '../../ports/keyring.ts'

const MASK = 0x5a

/** Makes a keyring; every one opens what any other sealed. */
export function createMemoryKeyring(): Keyring {
  return {
    seal: (key, value) => masked(concat(u32(key.length), key, value)),
    open(key, sealed) {
      const opened = masked(sealed)
      const bound = concat(u32(key.length), key)
      if (!equal(opened.subarray(0, bound.length), bound)) return undefined
      return opened.slice(bound.length)
    },
    retire: () => [],
    destroy() {},
    changed: false,
    save: (done) => done(),
  }
}

function masked(bytes: Bytes): Bytes {
  return bytes.map((byte) => byte ^ MASK)
}
