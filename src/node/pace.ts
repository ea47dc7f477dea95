// Takes commands in portions. A program may send ten thousand texts in one breath; stepped at a
// stretch they would hold up everything else for a second: answers to pings, frames, and the end of
// the write under way. A portion shares one write, and while that goes on the next one is stepped.

import { Fifo } from './driver/fifo.ts'

/** Commands in a portion: a few milliseconds of work. */
const PORTION = 32

/** Acts in the order in which it was asked, a portion for each turn of the event loop. */
export class Pace {
  readonly #together: (give: () => void) => void
  readonly #waiting = new Fifo<() => void>()
  #scheduled = false

  /** @param together runs what takes one portion */
  constructor(together: (give: () => void) => void) {
    this.#together = together
  }

  /** Acts now when it is the first to ask in this turn, else with the others in the next. */
  enter(act: () => void): void {
    if (this.#scheduled) return this.#waiting.push(act)
    this.#schedule()
    act()
  }

  #schedule(): void {
    this.#scheduled = true
    setImmediate(() => this.#turn())
  }

  #turn(): void {
    this.#scheduled = false
    if (this.#waiting.size === 0) return
    this.#schedule()
    this.#together(() => {
      for (let taken = 0; taken < PORTION; taken++) this.#waiting.shift()?.()
    })
  }
}
