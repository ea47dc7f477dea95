// What can be seen of a lie from outside, by nobody's word but that of those who hear it: the local
// interfaces of the others, and of the liar itself only what it holds and has signed. A repetition alone
// nobody tells of, because a peer takes it in silence: it is seen where frames leave the liar.

import { DAY_MS } from '../../world/hand.ts'
import type { Lie } from '../../world/lies.ts'

/** A text that the lab had the liar say, and what became of it after a while. */
export interface Trial {
  /** Who could have heard it, and by whose hand it came to each who did. */
  readonly hearers: readonly { readonly node: number; readonly from: string | undefined }[]
  /** How far ahead of the lab its author says to have written it, in ms. */
  readonly aheadMs: number
}

/** What others said, as far as the liar could have heard it in time. */
export interface Others {
  readonly said: number
  /** How much of that the liar tells to hold. */
  readonly taken: number
}

export interface Sightings {
  readonly liar: string
  readonly shunned: ReadonlySet<number>
  readonly trials: readonly Trial[]
  readonly others: Others
  /** Why others dropped what came from the liar. */
  readonly dropped: readonly string[]
  readonly repeated: number
}

/** More than one, because a text may also come another way first. */
const TRIALS_MIN = 2

/** Reasons for which something of an honest peer may be dropped, too. */
const innocent: ReadonlySet<string> = new Set([
  'batch-gap',
  'author-unknown',
  'queue-full',
  'gone',
  'gone-withdrawn',
  'not-gone',
])

/** Whether a lie was seen. */
export function isSeen(lie: Lie, seen: Sightings): boolean {
  const last = seen.trials.at(-1)
  switch (lie) {
    case 'withhold':
      return last !== undefined && isUnheard(last)
    case 'selective':
      return isSelective(seen)
    case 'forge':
      return seen.dropped.some((reason) => !innocent.has(reason))
    case 'time':
      return last !== undefined && last.aheadMs > DAY_MS / 2
    case 'stale':
      return seen.others.said > 0 && seen.others.taken === 0
    case 'replay':
      return seen.repeated > 0
    case 'equivocate':
      // By the links: `faces.ts`.
      return true
  }
}

/** Somebody could have heard it, and nobody did. */
const isUnheard = ({ hearers }: Trial): boolean =>
  hearers.length > 0 && hearers.every(({ from }) => from === undefined)

/** Some have something from the liar, and of those whom it shuns, who could have, nobody has anything. */
function isSelective({ liar, shunned, trials }: Sightings): boolean {
  const told = trials.flatMap(({ hearers }) => hearers.filter(({ from }) => from === liar))
  const passedOver = trials.filter(({ hearers }) => hearers.some(({ node }) => shunned.has(node)))
  return (
    passedOver.length >= TRIALS_MIN &&
    told.length > 0 &&
    told.every(({ node }) => !shunned.has(node))
  )
}
