/**
 * The face of a sans-I/O state machine as the driver sees it. `endpoint.ts` is ours; the lab puts
 * other protocols behind the same face.
 */
import type { Effect } from './effect.ts'
import type { Env } from './env.ts'
import type { Input } from './input.ts'

export interface Machine {
  /** Synchronous and deterministic: same inputs and same env, same effects. Never throws on peer bytes. */
  step(input: Input, env: Env): Effect[]
}
