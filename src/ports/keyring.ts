/**
 * Seals what must not lie readable on disk. The driver passes every secret value through it on the
 * way to the store and back, so that neither the core nor a store handles a wrapping key. Values of one
 * scope share a wrapping key: destroying that one key makes every copy of them unreadable for good,
 * wherever a database or a disk still has it.
 */
import type { Bytes } from '../base/bytes.ts'

/** Names one wrapping key that is to be destroyed. */
export type WrappingKeyId = string

export interface Keyring {
  /** Seals a value for one store key; a value moved to another key does not open. */
  seal(key: Bytes, value: Bytes): Bytes
  /** Undefined when the value was not sealed for this key by this keyring, or its key was destroyed. */
  open(key: Bytes, sealed: Bytes): Bytes | undefined
  /**
   * From now on the scopes of these store keys are sealed under new wrapping keys. The answer names
   * the old ones: what they sealed still opens until they are destroyed.
   */
  retire(keys: readonly Bytes[]): readonly WrappingKeyId[]
  destroy(ids: readonly WrappingKeyId[]): void
  /** True while a wrapping key was made or destroyed and that is not durable yet. */
  readonly changed: boolean
  /** Makes that durable. What was sealed under a new wrapping key must not be written before. */
  save(done: (error?: Error) => void): void
}
