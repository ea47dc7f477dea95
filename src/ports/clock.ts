/**
 * Time as the driver needs it: two clocks and one-shot alarms. Deadlines go by the monotonic one;
 * the wall clock is only for claims that people read.
 */

export interface Clock {
  /** Monotonic milliseconds, any origin. */
  nowMs(): number
  /** Milliseconds UTC. */
  wallMs(): number
  /** Calls once at or after `atMs` (monotonic); returns how to cancel. Never calls synchronously. */
  alarm(atMs: number, ring: () => void): () => void
}
