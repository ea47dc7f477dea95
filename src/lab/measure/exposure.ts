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

  series(): readonly Series[] {
    if (this.#thefts.length === 0) return []
    return [this.#survival(), this.#exposed()]
  }

  /** After the copy was made: of all copies the share that some later text still opens with. */
  #survival(): Series {
    const livesMs = this.#thefts.map((theft) => this.#healedMs(theft)).sort((a, b) => a - b)
    const known = livesMs.filter((ms) => !Number.isNaN(ms))
    const ends = known.filter((ms) => ms < NEVER)
    const points = ends.map((ms, k): [number, number] => [ms, 1 - (k + 1) / known.length])
    const start: readonly [number, number][] = known.length === 0 ? [] : [[0, 1]]
    return { name: 'pcs', phase: 'all', units: ['ms', 'share'], points: [...start, ...points] }
  }

  /** When a device was copied: how many of the texts said before opened. */
  #exposed(): Series {
    const points = this.#thefts.map((theft): [number, number] => [
      theft.atUs / 1_000,
      this.#texts(theft.before).length,
    ])
    return { name: 'fs', phase: 'all', units: ['ms', 'texts'], points }
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
