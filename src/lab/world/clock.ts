// The clocks of one node: a monotonic one with its own origin and its own drift, and a wall clock
// that may be plainly wrong. Both can change during a run; the monotonic one never runs backwards.

import type { Clock } from '../../ports/clock.ts'
import type { Timeline } from './timeline.ts'

/** How wrong a node's clocks are. */
export interface ClockFault {
  /** Milliseconds by which the wall clock is ahead; negative is behind. Default: 0. */
  readonly skewMs?: number
  /** Microseconds gained in each second, on both clocks; negative is slow. Default: 0. */
  readonly driftPpm?: number
}

const MILLION = 1_000_000

export class NodeClock {
  readonly #timeline: Timeline
  readonly #node: number
  readonly #originMs: number
  readonly #wallStartMs: number
  #skewMs = 0
  #driftPpm = 0
  /** Local time ran with the present drift since this moment of virtual and of local time. */
  #sinceUs = 0
  #localUs = 0

  constructor(parts: { timeline: Timeline; node: number; originMs: number; wallStartMs: number }) {
    this.#timeline = parts.timeline
    this.#node = parts.node
    this.#originMs = parts.originMs
    this.#wallStartMs = parts.wallStartMs
  }

  /** Sets both figures; one left out is zero. */
  set(fault: ClockFault): void {
    this.#localUs = this.#elapsedUs()
    this.#sinceUs = this.#timeline.nowUs
    this.#driftPpm = fault.driftPpm ?? 0
    this.#skewMs = fault.skewMs ?? 0
  }

  nowMs(): number {
    return this.#originMs + Math.floor(this.#elapsedUs() / 1_000)
  }

  wallMs(): number {
    return this.#wallStartMs + this.#skewMs + Math.floor(this.#elapsedUs() / 1_000)
  }

  /** The port for one life of the node; alarms of a life that ended do not ring. */
  port(life: { readonly alive: boolean }): Clock {
    return {
      nowMs: () => this.nowMs(),
      wallMs: () => this.wallMs(),
      alarm: (atMs, ring) => this.#alarm(atMs, () => life.alive && ring()),
    }
  }

  #alarm(atMs: number, ring: () => void): () => void {
    // The drift may have changed since: look again rather than ring early.
    const look = () => {
      if (this.nowMs() >= atMs) ring()
      else happening = this.#plan(atMs, look)
    }
    let happening = this.#plan(atMs, look)
    return () => {
      happening.act = undefined
    }
  }

  #plan(atMs: number, look: () => void) {
    // Clocks show whole milliseconds: half of one more is reached with the next.
    const leftUs = (Math.ceil(atMs) - this.#originMs) * 1_000 - this.#elapsedUs()
    const waitUs = leftUs <= 0 ? 0 : Math.ceil((leftUs * MILLION) / (MILLION + this.#driftPpm))
    return this.#timeline.at(this.#timeline.nowUs + waitUs, this.#node, 'alarm', '', look)
  }

  #elapsedUs(): number {
    const passedUs = this.#timeline.nowUs - this.#sinceUs
    return this.#localUs + passedUs + Math.floor((passedUs * this.#driftPpm) / MILLION)
  }
}
