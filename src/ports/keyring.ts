/**
 * Seals what must not lie readable on disk. The driver passes every secret value through it on the
 * way to the store and back, so that neither the core nor a store handles a wrapping key.
 */
import type { Bytes } from '../base/bytes.ts'

export interface Keyring {
  /** Seals a value for one store key; a value moved to another key does not open. */
  seal(key: Bytes, value: Bytes): Bytes
  /** Undefined when the value was not sealed for this key by this keyring. */
  open(key: Bytes, sealed: Bytes): Bytes | undefined
}
