// Metrics of devices that were copied: how much of what was said before lay open by the keys that were
// still there (forward secrecy), and how much of what was said after, until the copy was worth nothing
// any more (recovery after a compromise). Whoever copied listens to everything and says nothing.

import type { TraceEvent } from '../trace/event.ts'
import type { Ledger, MessageEntry } from './ledger.ts'
import type { MakeReducer, Metrics, Phase, Reducer, Series } from './measure.ts'

const NEVER = Number.POSITIVE_INFINITY

interface Theft {
  readonly atUs: number
  readonly node: number
  readonly group: number
  /** Texts of before that open. */
  readonly before: readonly string[]
  readonly archived: number
  /** Texts said later that open. */
  readonly after: string[]
}

export const exposure: MakeReducer = (_, ledger) => new Exposure(ledger)

class Exposure implements Reducer {
  readonly #ledger: Ledger
  readonly #thefts: Theft[] = []

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  see(event: TraceEvent): void {
    const { t: atUs, n: node } = event
    if (event.k === 'leaked') {
      const { g: group, opens: before, archived } = event
      this.#thefts.push({ atUs, node, group, before, archived, after: [] })
    } else if (event.k === 'taken') {
      for (const theft of this.#thefts) if (theft.node === node) theft.after.push(event.m)
    }
  }

  /** Of the thefts of a phase, over the rest of the run; of several the worst. */
  metrics({ fromUs, toUs }: Phase): Metrics {
    const thefts = this.#thefts.filter(({ atUs }) => atUs >= fromUs && atUs < toUs)
    if (thefts.length === 0) return {}
    const most = (of: (theft: Theft) => number) => Math.max(...thefts.map(of))
    return {
      thefts: thefts.length,
      fs_texts: most(({ before }) => this.#texts(before).length),
      fs_age: most((theft) => this.#ageMs(theft)),
      fs_archived: most(({ archived }) => archived),
      pcs_texts: most(({ after }) => this.#texts(after).length),
      pcs_time: most((theft) => this.#healedMs(theft)),
    }
  }

  /** How many texts said so far the copies open, over time. */
  series(): readonly Series[] {
    return this.#thefts.map((theft): Series => {
      const times = this.#texts(theft.after).map(({ atUs }) => atUs)
      const points = times.map((atUs, k): [number, number] => [atUs / 1_000, k + 1])
      const start: [number, number] = [theft.atUs / 1_000, 0]
      return {
        name: `taken from ${theft.node}`,
        phase: 'all',
        units: ['ms', 'texts'],
        points: [start, ...points],
      }
    })
  }

  #texts(ids: readonly string[]): MessageEntry[] {
    return ids.flatMap((m) => this.#ledger.messages.get(m) ?? [])
  }

  #ageMs({ atUs, before }: Theft): number {
    const oldest = Math.min(...this.#texts(before).map((text) => text.atUs), atUs)
    return (atUs - oldest) / 1_000
  }

  /** Until the last text that opened; never, where nothing was said after it that does not open. */
  #healedMs({ atUs, group, after }: Theft): number {
    const lost = new Set(after)
    const later = [...this.#ledger.messages.values()].filter(
      (one) => one.text && one.group === group && one.atUs > atUs,
    )
    if (later.length === 0) return Number.NaN
    const last = later.findLastIndex(({ m }) => lost.has(m))
    if (last === later.length - 1) return NEVER
    return last === -1 ? 0 : ((later[last]?.atUs ?? atUs) - atUs) / 1_000
  }
}
