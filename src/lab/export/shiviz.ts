// A run as a ShiViz log: a regular expression in the first line, then two lines for each event, with the
// vector clock of its node. Texts, what they are read by, decisions and changes of epoch are events;
// a text that is taken in brings the clock of its author along. Feasible for some twenty nodes.

import type { TraceEvent, TraceReader } from '../trace/event.ts'

export const SHIVIZ_NODES_MAX = 20

/** What ShiViz reads each event with, and no delimiter of several executions. */
const HEAD = '(?<event>.*)\\n(?<host>\\S*) (?<clock>{.*})\n\n'

type Clock = Map<number, number>

export class Shiviz implements TraceReader {
  readonly #lines: string[] = []
  readonly #clocks = new Map<number, Clock>()
  /** What was known when a message was made. */
  readonly #made = new Map<string, Clock>()

  see(event: TraceEvent): void {
    const { n } = event
    if (n < 0) return
    switch (event.k) {
      case 'op':
        return this.#happen(n, `${event.f} ${event.id} ${event.phase}`)
      case 'msg':
        this.#happen(n, `${event.text ? 'says' : 'decides'} ${event.m} as number ${event.seq}`)
        return void this.#made.set(event.m, new Map(this.#clockOf(n)))
      case 'rx':
        return this.#happen(n, `takes in ${event.m} by ${event.how}`, this.#made.get(event.m))
      case 'epoch':
        return this.#happen(n, `uses epoch ${event.sending ?? 'none'}`)
      case 'life':
        return this.#happen(n, event.up ? 'runs' : 'is down')
      default:
    }
  }

  text(): string {
    return HEAD + this.#lines.map((line) => `${line}\n`).join('')
  }

  #happen(node: number, what: string, heard?: Clock): void {
    const clock = this.#clockOf(node)
    for (const [other, count] of heard ?? []) {
      if (other !== node) clock.set(other, Math.max(clock.get(other) ?? 0, count))
    }
    clock.set(node, (clock.get(node) ?? 0) + 1)
    const entries = [...clock].sort((a, b) => a[0] - b[0])
    const named = Object.fromEntries(entries.map(([other, count]) => [`n${other}`, count]))
    this.#lines.push(what, `n${node} ${JSON.stringify(named)}`)
  }

  #clockOf(node: number): Clock {
    const clock = this.#clocks.get(node) ?? new Map<number, number>()
    this.#clocks.set(node, clock)
    return clock
  }
}
