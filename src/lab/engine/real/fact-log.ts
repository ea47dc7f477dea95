// Facts of real nodes, gathered while the run lasts and told in order at its end. News of different
// nodes race each other to the bench by a millisecond or two, so what cannot be otherwise is put right
// here: nobody holds a message before it is made, or displays it before it is held.

import type { Fact, Tell } from '../../trace/event.ts'

interface Entry {
  tUs: number
  readonly n: number
  readonly fact: Fact
}

export class FactLog {
  readonly #entries: Entry[] = []
  #lastUs = -1

  /** @param nowUs since the run began; what is added later comes later */
  add(nowUs: number, n: number, fact: Fact): void {
    this.#lastUs = Math.max(this.#lastUs + 1, Math.round(nowUs))
    this.#entries.push({ tUs: this.#lastUs, n, fact })
  }

  /** Several facts of one instant. */
  addAt(nowUs: number, facts: readonly (readonly [number, Fact])[]): void {
    this.#lastUs = Math.max(this.#lastUs + 1, Math.round(nowUs))
    for (const [n, fact] of facts) this.#entries.push({ tUs: this.#lastUs, n, fact })
  }

  /** Tells everything and forgets it. */
  flush(tell: Tell): void {
    const made = new Map<string, number>()
    const held = new Map<string, number>()
    for (const { tUs, fact } of this.#entries) if (fact.k === 'msg') made.set(fact.m, tUs)
    for (const entry of this.#entries) {
      if (entry.fact.k !== 'rx') continue
      entry.tUs = Math.max(entry.tUs, made.get(entry.fact.m) ?? 0)
      held.set(`${entry.n} ${entry.fact.m}`, entry.tUs)
    }
    for (const entry of this.#entries) {
      const { fact, n } = entry
      if (fact.k !== 'dec' && fact.k !== 'show' && fact.k !== 'hide' && fact.k !== 'utd') continue
      const since = held.get(`${n} ${fact.m}`) ?? made.get(fact.m) ?? 0
      entry.tUs = Math.max(entry.tUs, since)
    }
    const inTime = this.#entries
      .map((entry, place) => ({ entry, place }))
      .sort(
        (a, b) =>
          a.entry.tUs - b.entry.tUs || rank(a.entry.fact) - rank(b.entry.fact) || a.place - b.place,
      )
    for (const { entry } of inTime) tell(entry.tUs, entry.n, entry.fact)
    this.#entries.length = 0
  }
}

/** Within one instant: a message before its copies, those before what is shown of them. */
function rank({ k }: Fact): number {
  switch (k) {
    case 'aud':
      return 0
    case 'msg':
      return 1
    case 'rx':
      return 2
    case 'end':
      return 9
    default:
      return 3
  }
}
