// What the lab says to a node whose ports can be bent, and what it hears back: the same words in one process
// and between two.

import type { Lie } from '../../world/lies.ts'

export type Ask =
  | {
      readonly do: 'begin'
      readonly lies: readonly Lie[]
      /** Peer ids of those whom one that is selective tells nothing. */
      readonly shunned: readonly string[]
    }
  | { readonly do: 'end' }
  | { readonly do: 'look' }

export interface Seen {
  /** How often an old frame left the node by itself, since it started. */
  readonly repeated: number
}
