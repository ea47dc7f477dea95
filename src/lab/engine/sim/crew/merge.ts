// One trace of what several populations told. It is ordered by time, at one time by population: so it
// does not depend on who was run when, where and beside whom. What is told of the run itself (faults,
// links) each population tells alike; it stands once, after what all have told before it. All ended the
// run at moments of their own: what they hold at the end is told at the last of these.

import { toHex, utf8 } from '../../../../base/bytes.ts'
import { createNativeCrypto } from '../../../../crypto/native.ts'
import type { Materialised } from '../../../scenario/materialised.ts'
import type { Fact, Tell } from '../../../trace/event.ts'
import type { Told } from './spool.ts'

type End = Extract<Fact, { k: 'end' }>

/** What one population told, read from its beginning. */
class Stream {
  head: Told | undefined
  /** What it holds at its end. */
  readonly last: Told[] = []
  end: { readonly t: number; readonly fact: End } | undefined
  readonly #told: Iterator<Told>
  #quiet = false

  constructor(told: Iterator<Told>) {
    this.#told = told
    this.next()
  }

  next(): void {
    for (;;) {
      const next = this.#told.next()
      this.head = next.done === true ? undefined : next.value
      if (this.head === undefined) return
      const { t, fact } = this.head
      if (fact.k === 'end') this.end = { t, fact }
      else if (this.#quiet && isLast(fact)) this.last.push(this.head)
      else {
        if (fact.k === 'quiesce') this.#quiet = true
        return
      }
    }
  }
}

const isLast = ({ k }: Fact): boolean => k === 'digest' || k === 'sent' || k === 'cr'

/** Tells all that was told, as one run. */
export function merge(scenario: Materialised, told: readonly Iterator<Told>[], tell: Tell): void {
  const streams = told.map((one) => new Stream(one))
  for (;;) {
    const next = nextOf(streams)
    if (next?.head === undefined) break
    const { t, n, fact } = next.head
    if (n >= 0) {
      next.next()
      tell(t, n, fact)
      continue
    }
    const same = streams.filter(({ head }) => head?.t === t && isAlike(head.fact, fact))
    tell(
      t,
      n,
      ofAll(
        scenario,
        same.flatMap(({ head }) => head?.fact ?? []),
        fact,
      ),
    )
    for (const stream of same) stream.next()
  }
  conclude(streams, tell)
}

/** The stream with the earliest fact; at one time what nodes tell comes before what the run tells. */
function nextOf(streams: readonly Stream[]): Stream | undefined {
  let best: Stream | undefined
  for (const stream of streams) {
    const [one, other] = [stream.head, best?.head]
    if (one === undefined) continue
    const earlier = other === undefined || one.t < other.t
    if (earlier || (one.t === other.t && one.n >= 0 && other.n < 0)) best = stream
  }
  return best
}

/** Whether two facts of the run are the same one, as found by different populations. */
function isAlike(one: Fact, other: Fact): boolean {
  if (one.k !== 'fault' || other.k !== 'fault') return one.k === other.k
  return (
    one.id === other.id && one.part === other.part && phaseOf(one.state) === phaseOf(other.state)
  )
}

const phaseOf = (state: string): string => (state === 'unverified' ? 'verified' : state)

/** What all populations together say: a fault is in force only where all of them found it so. */
function ofAll(scenario: Materialised, all: readonly Fact[], first: Fact): Fact {
  if (first.k === 'run') return { ...first, groups: scenario.groups.map(({ members }) => members) }
  const doubted = all.find((fact) => fact.k === 'fault' && fact.state === 'unverified')
  return doubted ?? first
}

function conclude(streams: readonly Stream[], tell: Tell): void {
  const ends = streams.flatMap(({ end }) => end ?? [])
  if (ends.length === 0) return
  const t = Math.max(...ends.map((end) => end.t))
  for (const { last } of streams) for (const { n, fact } of last) tell(t, n, fact)
  const whys = ends.map(({ fact }) => fact.why)
  const cut = ends.length < streams.length || whys.includes('interrupted')
  const why = cut ? 'interrupted' : whys.includes('bound') ? 'bound' : 'quiet'
  const worlds = ends.map(({ fact }) => `${fact.world ?? ''}\n`).join('')
  tell(t, -1, { k: 'end', why, world: toHex(createNativeCrypto().sha256(utf8(worlds))) })
}
