// Virtual time: everything that is going to happen, ordered by time and then by who asked first.
// Time is a whole number of microseconds, so no sum ever rounds; it moves only from one happening
// to the next. Every happening leaves a line in the trace before it is done.

import { Heap } from '../../base/heap.ts'
import type { Trace } from './trace.ts'

/** One thing that will happen. Cancelled ones leave no line and do nothing. */
export interface Happening {
  readonly atUs: number
  readonly sequence: number
  /** Which node it happens to, or -1 for the world itself. */
  readonly node: number
  readonly kind: string
  /** JSON members, such as `"bytes":12`, or empty. */
  readonly detail: string
  /** Undefined once cancelled. */
  act: (() => void) | undefined
}

/** Happenings at one instant after which the run is taken to be stuck. */
const INSTANT_MAX = 1_000_000

export class Timeline {
  readonly #trace: Trace
  readonly #heap = new Heap<Happening>(earlier)
  #nowUs = 0
  #sequence = 0
  #done = 0
  #inInstant = 0

  constructor(trace: Trace) {
    this.#trace = trace
  }

  /** Microseconds since the world began. */
  get nowUs(): number {
    return this.#nowUs
  }

  /** How many happenings were done. */
  get done(): number {
    return this.#done
  }

  /** Plans something for a time that is not past; a past time means now, after what is planned. */
  at(atUs: number, node: number, kind: string, detail: string, act: () => void): Happening {
    const happening: Happening = {
      atUs: atUs > this.#nowUs ? Math.ceil(atUs) : this.#nowUs,
      sequence: this.#sequence++,
      node,
      kind,
      detail,
      act,
    }
    this.#heap.push(happening)
    return happening
  }

  /** Adds a line about something that happens now as part of what is being done. */
  note(node: number, kind: string, detail: string): void {
    this.#trace.append(this.#nowUs, node, kind, detail)
  }

  /** When the next thing happens; undefined when nothing is planned. */
  nextUs(): number | undefined {
    for (;;) {
      const next = this.#heap.peek()
      if (next === undefined || next.act !== undefined) return next?.atUs
      this.#heap.pop()
    }
  }

  /** Does the next thing that happens until then; false when there is none. */
  step(untilUs: number): boolean {
    const nextUs = this.nextUs()
    if (nextUs === undefined || nextUs > untilUs) return false
    const { node, kind, detail, act } = this.#heap.pop() as Happening
    this.#enter(nextUs)
    this.#trace.append(nextUs, node, kind, detail)
    this.#done++
    act?.()
    return true
  }

  /** Lets time pass in which nothing happens. */
  rest(untilUs: number): void {
    if (untilUs > this.#nowUs) this.#nowUs = untilUs
  }

  #enter(atUs: number): void {
    this.#inInstant = atUs === this.#nowUs ? this.#inInstant + 1 : 0
    if (this.#inInstant > INSTANT_MAX) {
      throw new Error(`time stands still at ${atUs} us: something keeps causing itself`)
    }
    this.#nowUs = atUs
  }
}

function earlier(a: Happening, b: Happening): number {
  return a.atUs - b.atUs || a.sequence - b.sequence
}
