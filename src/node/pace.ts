// Takes commands in small portions. A program may send ten thousand texts in one breath; stepped at
// a stretch they would hold up everything else for a second: answers to pings, frames, and the end of
// the write under way, so that writing and stepping would take turns instead of going side by side.

import { Fifo } from './driver/fifo.ts'

/** Commands taken before others get their turn: a few milliseconds of work. */
const AT_ONCE = 32

/** Acts in the order in which it was asked, a portion for each turn of the event loop. */
export class Pace {
  readonly #waiting = new Fifo<() => void>()
  #left = AT_ONCE
  #scheduled = false

  /** Acts now, or in a later turn when this one has had its portion. */
  enter(act: () => void): void {
    this.#schedule()
    if (this.#left === 0) return this.#waiting.push(act)
    this.#left -= 1
    act()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#turn())
  }

  #turn(): void {
    this.#scheduled = false
    this.#left = Math.max(0, AT_ONCE - this.#waiting.size)
    for (let taken = 0; taken < AT_ONCE; taken++) {
      const act = this.#waiting.shift()
      if (act === undefined) return
      this.#schedule()
      act()
    }
  }
}
