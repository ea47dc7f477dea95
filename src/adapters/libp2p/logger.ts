// libp2p's own log lines: off, or passed on as debug lines of ours. They are many, and formatting
// them costs more than most of what they report, so that off means: not even formatted.

import { format } from 'node:util'
import type { ComponentLogger, Logger } from '@libp2p/interface'
import type { Telemetry } from '../../ports/telemetry.ts'

function silence(): void {
  // Nobody listens.
}

const silent: Logger = Object.assign(silence, {
  error: silence,
  trace: silence,
  enabled: false,
  newScope: () => silent,
})

function passedOn(telemetry: Telemetry, name: string): Logger {
  const write = (template: unknown, ...values: unknown[]): void => {
    // %p, %a and their like are libp2p's own; all mean "as text".
    const plain = String(template).replace(/%[paebtmck]/g, '%s')
    telemetry.log('debug', format(plain, ...values), { part: name })
  }
  return Object.assign(write, {
    error: write,
    trace: silence,
    enabled: true,
    newScope: (scope: string) => passedOn(telemetry, `${name}:${scope}`),
  })
}

/** @param telemetry where lines go; undefined drops them */
export function componentLogger(telemetry: Telemetry | undefined): ComponentLogger {
  return {
    forComponent: (name) => (telemetry === undefined ? silent : passedOn(telemetry, name)),
  }
}
