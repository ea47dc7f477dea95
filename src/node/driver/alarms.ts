// One alarm for each timer name. A timer fires only after the writes of the step that set it (while they
// go on, where it is set early), and never once a later step has replaced or cancelled it, even where it
// had already rung and waited its turn. A timer that is put off keeps its early alarm and looks again when
// that rings, because deadlines which move with every frame would otherwise fill the clock with dead alarms.

import type { Input } from '../../core/input.ts'
import type { Clock } from '../../ports/clock.ts'

type TimerInput = Extract<Input, { readonly kind: 'timer' }>

interface Timer {
  /** When it is to fire; undefined once it rang or was dropped. */
  wantedMs: number | undefined
  alarm: { readonly atMs: number; readonly cancel: () => void } | undefined
  /** Rung, and waiting to be stepped. */
  due: TimerInput | undefined
}

export class Alarms {
  readonly #clock: Clock
  readonly #emit: (input: TimerInput) => void
  readonly #timers = new Map<string, Timer>()

  /** @param emit queues an input; it is asked about again with `claim` before it is stepped */
  constructor(clock: Clock, emit: (input: TimerInput) => void) {
    this.#clock = clock
    this.#emit = emit
  }

  /** Replaces the timer; a time that is past emits at once. */
  set(name: string, atMs: number): void {
    const timer = this.#timer(name)
    timer.due = undefined
    timer.wantedMs = atMs
    if (atMs <= this.#clock.nowMs()) this.#fire(name, timer)
    else this.#arm(name, timer, atMs)
  }

  /** What was set so far shall not fire any more: said when a step replaces or cancels it. */
  drop(name: string): void {
    const timer = this.#timers.get(name)
    if (timer === undefined) return
    timer.wantedMs = undefined
    timer.due = undefined
  }

  /** Drops the timer and its alarm. */
  cancel(name: string): void {
    this.#timers.get(name)?.alarm?.cancel()
    this.#timers.delete(name)
  }

  /** Whether this firing still stands; it is used up by that. */
  claim(input: TimerInput): boolean {
    const timer = this.#timers.get(input.timer)
    if (timer === undefined || timer.due !== input) return false
    timer.due = undefined
    if (timer.alarm === undefined) this.#timers.delete(input.timer)
    return true
  }

  /** Cancels everything. */
  clear(): void {
    for (const timer of this.#timers.values()) timer.alarm?.cancel()
    this.#timers.clear()
  }

  #timer(name: string): Timer {
    const known = this.#timers.get(name)
    if (known !== undefined) return known
    const timer: Timer = { wantedMs: undefined, alarm: undefined, due: undefined }
    this.#timers.set(name, timer)
    return timer
  }

  #arm(name: string, timer: Timer, atMs: number): void {
    if (timer.alarm !== undefined && timer.alarm.atMs <= atMs) return
    timer.alarm?.cancel()
    const cancel = this.#clock.alarm(atMs, () => this.#rang(name, timer))
    timer.alarm = { atMs, cancel }
  }

  #rang(name: string, timer: Timer): void {
    timer.alarm = undefined
    if (timer.wantedMs === undefined) {
      if (timer.due === undefined) this.#timers.delete(name)
    } else if (timer.wantedMs <= this.#clock.nowMs()) this.#fire(name, timer)
    else this.#arm(name, timer, timer.wantedMs)
  }

  #fire(name: string, timer: Timer): void {
    timer.wantedMs = undefined
    timer.due = { kind: 'timer', timer: name }
    this.#emit(timer.due)
  }
}
