// Facts of real nodes, gathered while the run lasts and told in order at its end. News of different
// nodes race each other to the bench by a millisecond or two, and who is killed tells nothing of its last
// words, so what cannot be otherwise is put right here: a message was made before anybody held it, built
// on it or was told that it is accepted, and nobody displays it before it is held.

import type { Fact, Tell } from '../../trace/event.ts'

interface Entry {
  tUs: number
  readonly n: number
  readonly fact: Fact
}

type Made = Entry & { readonly fact: Extract<Fact, { k: 'msg' }> }

export class FactLog {
  readonly #entries: Entry[] = []
  #lastUs = -1

  /** @param nowUs since the run began; what is added later comes later */
  add(nowUs: number, n: number, fact: Fact): void {
    this.#lastUs = Math.max(this.#lastUs + 1, Math.round(nowUs))
    this.#entries.push({ tUs: this.#lastUs, n, fact })
  }

  /** A fact that is known only now, of a moment that is over. */
  addBack(thenUs: number, n: number, fact: Fact): void {
    this.#entries.push({ tUs: Math.max(0, Math.round(thenUs)), n, fact })
  }

  /** Several facts of one instant. */
  addAt(nowUs: number, facts: readonly (readonly [number, Fact])[]): void {
    this.#lastUs = Math.max(this.#lastUs + 1, Math.round(nowUs))
    for (const [n, fact] of facts) this.#entries.push({ tUs: this.#lastUs, n, fact })
  }

  /** Tells everything and forgets it. */
  flush(tell: Tell): void {
    const made = new Map(
      this.#entries.flatMap((entry) => (isMade(entry) ? [[entry.fact.m, entry] as const] : [])),
    )
    makeInTime(this.#entries, made)
    showInTime(this.#entries, made)
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

const isMade = (entry: Entry): entry is Made => entry.fact.k === 'msg'

/** A message is as old as the first sign of it, and its audience was known by then. */
function makeInTime(entries: readonly Entry[], made: ReadonlyMap<string, Made>): void {
  const notAfter = (m: string, tUs: number): boolean => {
    const entry = made.get(m)
    if (entry === undefined || entry.tUs <= tUs) return false
    entry.tUs = tUs
    return true
  }
  for (const { tUs, fact } of entries) {
    if (fact.k === 'rx') notAfter(fact.m, tUs)
    if (fact.k === 'op' && fact.phase === 'ok' && fact.m !== undefined) notAfter(fact.m, tUs)
  }
  // From each that moved on to what it builds on.
  const moved = [...made.values()]
  for (let one = moved.pop(); one !== undefined; one = moved.pop()) {
    for (const parent of one.fact.parents) {
      const before = made.get(parent)
      if (before !== undefined && notAfter(parent, one.tUs)) moved.push(before)
    }
  }
  const audiences = new Map<string, number>()
  for (const { tUs, fact } of made.values()) {
    audiences.set(fact.aud, Math.min(tUs, audiences.get(fact.aud) ?? tUs))
  }
  for (const entry of entries) {
    if (entry.fact.k !== 'aud') continue
    entry.tUs = Math.min(entry.tUs, audiences.get(entry.fact.id) ?? entry.tUs)
  }
}

function showInTime(entries: readonly Entry[], made: ReadonlyMap<string, Made>): void {
  const held = new Map<string, number>()
  for (const { tUs, n, fact } of entries) if (fact.k === 'rx') held.set(`${n} ${fact.m}`, tUs)
  for (const entry of entries) {
    const { fact, n } = entry
    if (fact.k !== 'dec' && fact.k !== 'show' && fact.k !== 'hide' && fact.k !== 'utd') continue
    const since = held.get(`${n} ${fact.m}`) ?? made.get(fact.m)?.tUs ?? 0
    entry.tUs = Math.max(entry.tUs, since)
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
