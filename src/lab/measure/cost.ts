// Metrics of what it cost: bytes and frames sent, signatures made and verified, for each text that came
// to somebody. Counted by the nodes over the whole run, so they are told of the phase `all` only.

import type { TraceEvent } from '../trace/event.ts'
import type { Ledger } from './ledger.ts'
import type { MakeReducer, Metrics, Phase, Reducer, Series } from './measure.ts'

export const cost: MakeReducer = (_, ledger) => new Cost(ledger)

class Cost implements Reducer {
  readonly #ledger: Ledger
  readonly #counts: Record<string, number> = {}
  #frames = 0
  #bytes = 0

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  see(event: TraceEvent): void {
    if (event.k === 'sent') {
      this.#frames += event.frames
      this.#bytes += event.bytes
    } else if (event.k === 'cr') {
      for (const [name, count] of Object.entries(event.counts)) {
        this.#counts[name] = (this.#counts[name] ?? 0) + count
      }
    }
  }

  metrics({ name }: Phase): Metrics {
    if (name !== 'all') return {}
    const texts = [...this.#ledger.messages.values()].filter(({ text }) => text)
    const copies = texts.reduce((sum, { readUs, author }) => {
      return sum + readUs.size - Number(readUs.has(author))
    }, 0)
    const payload = texts.reduce((sum, { bytes, audience }) => {
      return sum + bytes * Math.max(0, audience.length - 1)
    }, 0)
    return {
      bytes_per_copy: this.#bytes / copies,
      frames_per_text: this.#frames / texts.length,
      amplification: this.#bytes / payload,
      signs_per_text: (this.#counts['sign'] ?? 0) / texts.length,
      verifies_per_copy: (this.#counts['verify'] ?? 0) / copies,
    }
  }

  series(): readonly Series[] {
    return []
  }
}
