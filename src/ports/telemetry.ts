/**
 * Where counts and log lines go. Never given a secret, a text or a ticket. Losing any of it
 * changes nothing in what a node does.
 */

export interface Telemetry {
  count(name: string, label: string | undefined, by: number): void
  /** Sets a measured value, such as a queue length. */
  gauge(name: string, value: number): void
  log(
    level: 'debug' | 'info' | 'warn' | 'error',
    message: string,
    fields?: Record<string, unknown>,
  ): void
}
