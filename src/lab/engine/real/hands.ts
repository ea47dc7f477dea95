// Real nodes that can be told to lie by bent ports, as engines give them to a run: which those are, what is
// said to them, and what no engine can make of a lie.

import type { Materialised } from '../../scenario/materialised.ts'
import type { Lie } from '../../world/lies.ts'
import type { Unfit } from '../engine.ts'
import type { Seen } from '../bent/words.ts'

/** How the nodes of an engine are told to lie. */
export interface Hands {
  /** It lies when it resolves. @param shunned peer ids of those whom one that is selective tells nothing */
  readonly begin: (
    node: number,
    lies: readonly Lie[],
    shunned: readonly string[],
  ) => Promise<unknown>
  readonly end: (node: number) => Promise<unknown>
  /** What an ear at the wire heard, which asks nobody what it does. */
  readonly look: (node: number) => Promise<Seen>
}

/** Lies that are made by bent ports. A second face is made otherwise. */
export const isBent = (lie: Lie): boolean => lie !== 'equivocate'

/** Nodes that a run may tell to lie so. Who is manager is open: then any leader. */
export function bentIn(scenario: Materialised): ReadonlySet<number> {
  return new Set(
    scenario.events.flatMap((event) => {
      if (event.kind !== 'fault' || event.fault?.do !== 'byzantine') return []
      if (!event.fault.lies.some(isBent)) return []
      return event.fault.nodes.flatMap((ref) =>
        typeof ref === 'number' ? [ref] : (scenario.groups[ref.managerOf]?.leaders ?? []),
      )
    }),
  )
}

/** What nobody says cannot be changed, nor kept from some. */
const silenced: readonly Lie[] = ['selective', 'forge']

/** Lies of one node of which one leaves nothing of another. */
export function unfitLies({ events }: Materialised): readonly Unfit[] {
  return events.flatMap((event): Unfit[] => {
    if (event.kind !== 'fault' || event.fault?.do !== 'byzantine') return []
    const { lies } = event.fault
    if (!lies.includes('withhold')) return []
    const why = 'nobody could see it of a node that withholds everything'
    return lies.filter((lie) => silenced.includes(lie)).map((what) => ({ id: event.id, what, why }))
  })
}
