// A run as a history of operations in the manner of Jepsen: each asked for and, mostly, answered. A
// process there does one thing at a time, and is never heard of again once nobody knows what became of
// what it did; a node here may do several, so it is as many processes as it takes, numbered by
// remainder: node 3 of 8 is 3, 11, 19 and so on.

import type { TraceEvent, TraceReader } from '../trace/event.ts'

export interface HistoryEntry {
  readonly index: number
  readonly type: 'invoke' | 'ok' | 'fail' | 'info'
  readonly f: string
  /** The message that it made; who is to go; null where there is nothing to tell. */
  readonly value: string | number | null
  readonly process: number
  /** Nanoseconds since the run began. */
  readonly time: number
  readonly error?: string
}

export class History implements TraceReader {
  readonly #nodes: number
  readonly #entries: HistoryEntry[] = []
  /** Operation -> its process. */
  readonly #open = new Map<number, number>()
  readonly #busy = new Set<number>()

  constructor(nodes: number) {
    this.#nodes = nodes
  }

  see(event: TraceEvent): void {
    if (event.k !== 'op' || event.n < 0) return
    const { id, f, phase: type, n, t, m, target, reason: error } = event
    const process = type === 'invoke' ? this.#free(n) : this.#open.get(id)
    if (process === undefined) return
    if (type === 'invoke') {
      this.#open.set(id, process)
      this.#busy.add(process)
    } else if (type !== 'info') this.#busy.delete(process)
    const value = m ?? target ?? null
    const about = { index: this.#entries.length, type, f, value, process, time: t * 1_000 }
    this.#entries.push(error === undefined ? about : { ...about, error })
  }

  text(): string {
    return `[\n${this.#entries.map((entry) => JSON.stringify(entry)).join(',\n')}\n]\n`
  }

  #free(node: number): number {
    let process = node
    while (this.#busy.has(process)) process += this.#nodes
    return process
  }
}
