// Telemetry that goes nowhere: for tests and one-shot commands.
// One shared value, because it holds nothing.

import type { Telemetry } from '../../ports/telemetry.ts'

/** Takes everything and keeps nothing. */
export const silentTelemetry: Telemetry = Object.freeze({
  count() {},
  gauge() {},
  log() {},
})
