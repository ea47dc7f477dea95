// Telemetry that goes nowhere: for tests, simulations and one-shot commands.

import type { Telemetry } from '../../ports/telemetry.ts'

/** Takes everything and keeps nothing. */
export const silentTelemetry: Telemetry = Object.freeze({
  count() {},
  gauge() {},
  log() {},
})
