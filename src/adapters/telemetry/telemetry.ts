// Telemetry of a running node: counts and gauges become metrics, log lines become JSON lines.
// Log lines never hold a secret, a text or a ticket: nobody hands any in, and see ports/telemetry.

import { type DestinationStream, pino } from 'pino'

import type { Telemetry } from '../../ports/telemetry.ts'
import { type Metrics, createMetrics } from './metrics.ts'

export interface TelemetryOptions {
  /** Least level that is written. Default: `info`. */
  readonly level?: 'debug' | 'info' | 'warn' | 'error'
  /** Where lines go. Default: standard error. */
  readonly destination?: DestinationStream
  /** Default: a set of its own, figures of the process included. */
  readonly metrics?: Metrics
}

/** The port, and beside it what an operator reads. */
export interface NodeTelemetry extends Telemetry {
  readonly metrics: Metrics
}

/** Makes the telemetry of a node. */
export function createTelemetry(options: TelemetryOptions = {}): NodeTelemetry {
  const metrics = options.metrics ?? createMetrics()
  const destination = options.destination ?? pino.destination({ dest: 2, sync: true })
  const formatters = { level: (level: string) => ({ level }) }
  const logger = pino({ level: options.level ?? 'info', base: null, formatters }, destination)
  return {
    metrics,
    count: (name, label, by) => metrics.count(name, label, by),
    gauge: (name, value) => metrics.gauge(name, value),
    log: (level, message, fields) => logger[level](fields ?? {}, message),
  }
}
