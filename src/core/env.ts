/**
 * The world as one step of the core may see it. The core owns no clock, no randomness and no
 * cryptography: each `step` is handed all three, so that a simulator can replay it exactly.
 */
import type { Bytes } from '../base/bytes.ts'
import type { Crypto } from '../crypto/crypto.ts'

export interface Env {
  /** Monotonic milliseconds since an arbitrary start: every deadline is in these. */
  readonly nowMs: number
  /** Milliseconds UTC as this machine believes them: only for claims that people read. */
  readonly wallMs: number
  /** Fresh unpredictable bytes. */
  random(length: number): Bytes
  readonly crypto: Crypto
}
